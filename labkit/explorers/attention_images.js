// The picture of attention where vectors are images: values, their weighted sum, and query × key, as images.
import { AttentionPicture, snap } from "./attention_picture.js";
import { clamp } from "./numbers.js";

const UNDER = 40, TITLE_ROOM = 22, ARROW = 64, SIGN = 40;

export class AttentionImages extends AttentionPicture {
  measure(width) {
    const layout = super.measure(width);
    const [rows, columns] = this.state.picture;
    const [, T, S] = this.state.shape;
    const row = snap(clamp((T * layout.cell) / S, 26, 46)), pixel = snap((row - 3) / Math.max(rows, columns));
    const image = (x, y, side) => ({ x, y, column: side, row: side, width: side * columns, height: side * rows });
    const values = { ...image(layout.values.x, layout.values.y, pixel), row, height: row * S };
    const left = values.x + values.width + ARROW;
    const side = snap(Math.min((width - left - 4) / columns, Math.max(S * row, 130) / rows, 30));
    const output = image(left, values.y + Math.max(0, (S * row - side * rows) / 2), side);
    const below = Math.max(layout.bottom, values.y + values.height, output.y + output.height) + UNDER;
    const small = snap(Math.min((width - layout.map.x - 2 * SIGN - 4) / (3 * columns), 120 / rows));
    const terms = image(layout.map.x, below + TITLE_ROOM, small);
    return { ...layout, values, output, terms, height: Math.round(terms.y + terms.height + 14) };
  }

  at(event) {
    const { output } = this.layout, [x, y] = this.pointAt(event);
    const [rows, columns] = this.state.picture;
    const [r, c] = [Math.floor((y - output.y) / output.row), Math.floor((x - output.x) / output.column)];
    const inside = r >= 0 && r < rows && c >= 0 && c < columns;
    return { ...super.at(event), component: inside ? r * columns + c : null };
  }

  paintImage(pen, { x, y, column }, numbers, scale) {
    const [, columns] = this.state.picture;
    numbers.forEach((number, i) => {
      pen.fillStyle = number === null ? this.palette.sunken : scale.css(number);
      pen.fillRect(x + (i % columns) * column, y + Math.floor(i / columns) * column, column, column);
    });
  }

  paintValues(pen) {
    const { values, output } = this.layout;
    const { shape: [, , S], picture } = this.state;
    const size = picture.join(" × ");
    this.valuesHeading(pen, [`${S} images of ${size}, and their weighted sum`, `${S} images of ${size}`]);
    const inset = Math.round((values.row - 1 - picture[0] * values.column) / 2);
    for (let j = 0; j < S; j++) this.paintImage(pen, { ...values, y: values.y + j * values.row + inset }, Array.from(this.values[j]), this.scales.values);
    this.valuesBar(pen, output.x, output.y + output.height + 9, output.width);
  }

  paintOutput(pen, position, component, hidden) {
    const { output } = this.layout, [, columns] = this.state.picture;
    this.sign(pen, "Σ", output.x - ARROW / 2, output.y + output.height / 2);
    this.paintImage(pen, output, Array.from(this.outputs[position], (value) => (hidden ? null : value)), this.scales.values);
    const [r, c] = [Math.floor(component / columns), component % columns], air = output.column < 10 ? 1.5 : 0;
    this.frame(pen, { x: output.x + c * output.column - air, y: output.y + r * output.row - air, width: output.column + 2 * air, height: output.row + 2 * air }, 2);
  }

  // Query times key, pixel by pixel.
  paintTerms(pen, position, key, hidden) {
    const { terms, width } = this.layout;
    const { query, key: other, parts } = this.terms(position, key);
    const words = this.termWords(position, key, hidden), total = `Σ ${words.at(-1)}`;
    this.heading(pen, terms.x, terms.y - 9, "q·k", words, width - terms.x);
    [[query, this.scales.vectors, "×"], [other, this.scales.vectors, "="], [parts, this.scales.parts, ""]].forEach(([numbers, scale, then], i) => {
      const x = terms.x + i * (terms.width + SIGN);
      this.paintImage(pen, { ...terms, x }, Array.from(numbers), scale);
      this.sign(pen, then, x + terms.width + SIGN / 2, terms.y + terms.height / 2);
    });
    const end = terms.x + 3 * terms.width + 2 * SIGN + 70;
    if (end + 60 < width) this.sign(pen, total, end, terms.y + terms.height / 2);
  }

  sign(pen, text, x, y) {
    pen.font = this.font(20);
    pen.fillStyle = this.palette.muted;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(text, x, y);
  }
}
