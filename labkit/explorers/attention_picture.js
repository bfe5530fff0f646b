// The picture of attention: the map of a head with the entropy of each row; the values that a query's
// weights add up; and the products whose sum is one score.
import { inkOn } from "./colours.js";
import { clamp, write } from "./numbers.js";
import { colourBar, Picture } from "./picture.js";

// The largest size of whole device pixels, so that cells are sharp.
export const snap = (size) => { const ratio = window.devicePixelRatio || 1; return Math.max(1, Math.floor(size * ratio)) / ratio; };

const HEADING = 22, ENTROPY = 46, WEIGHTS = 62, SUMGAP = 14, FOOT = 40, TERM = 21, STACKED = 26;

export class AttentionPicture extends Picture {
  // ---- where everything lies

  measure(width) {
    const [, T, S, E, W] = this.state.shape;
    const two = width >= 720;
    const pen = this.canvas.getContext("2d");
    pen.font = this.font(12);
    const widest = (labels) => Math.max(...labels.map((label) => pen.measureText(label).width));
    const gutters = [this.queryLabels, this.keyLabels].map((labels) => Math.ceil(clamp(widest(labels) + 14, 26, width < 500 ? 62 : 96)));
    const room = (two ? width * 0.5 : width) - gutters[0] - ENTROPY - 18;
    const cell = snap(Math.min(46, room / S, (two ? 420 : 360) / T));
    const labelWidth = widest(this.keyLabels), turned = this.named && labelWidth > cell - 2;
    const above = turned ? Math.min(84, labelWidth + 8) : 18;
    const map = { x: gutters[0], y: HEADING + above, rows: T, columns: S };
    const right = map.x + S * cell, bottom = map.y + T * cell;
    const entropy = { x: right + 12, y: map.y, width: ENTROPY };
    const left = two ? entropy.x + ENTROPY + 34 + gutters[1] : gutters[1];
    const top = two ? map.y : bottom + FOOT + STACKED + 8;
    const row = snap(clamp((T * cell - SUMGAP - 6) / (S + 1), S > 8 ? 13 : 24, 30));
    const column = snap(Math.min(46, (width - left - WEIGHTS - 2) / W));
    const values = { x: left + WEIGHTS, y: top, row, column, width: column * W, height: row * S };
    const output = { ...values, y: top + values.height + SUMGAP, height: row };
    const below = Math.max(bottom, output.y + row) + FOOT;
    const unit = snap(Math.min(46, (width - Math.max(46, map.x) - 4) / E));
    const terms = { x: Math.max(46, map.x), y: below + STACKED - 4, column: unit, width: unit * E };
    return { width, bottom, height: Math.round(terms.y + 3 * TERM + 10), two, cell, above, turned, labelWidth, map, entropy, values, output, terms, gutters };
  }

  // What lies under the pointer: in the map a query and a key, beside the values a key, in them a component too.
  at(event) {
    const point = this.pointAt(event);
    const { cell, map, entropy, values, output } = this.layout;
    const [x, y] = point;
    const inMap = this.cellAt(point, map);
    if (inMap) return { position: inMap[0], key: inMap[1], component: null };
    const row = Math.floor((y - map.y) / cell);
    if (row >= 0 && row < map.rows && x < entropy.x + entropy.width && (x < map.x || x >= entropy.x)) return { position: row, key: null, component: null };
    const component = x >= values.x && x < values.x + values.width ? Math.floor((x - values.x) / values.column) : null;
    const inside = (panel) => y >= panel.y && y < panel.y + panel.height && x >= values.x - WEIGHTS - this.layout.gutters[1] && x < values.x + values.width;
    if (inside(values)) return { position: null, key: Math.floor((y - values.y) / values.row), component };
    return { position: null, key: null, component: inside(output) ? component : null };
  }

  // ---- what stays while the query and the key change

  paintStill(pen) {
    const { map, cell, entropy, above } = this.layout;
    const [, T, S] = this.state.shape;
    const weight = (i, j) => (this.hidden(i) || !this.rows[i].open[j] ? null : this.rows[i].weights[j]);
    this.paintMap(pen, map, weight, this.scales.weights, 2, () => "");
    this.heading(pen, map.x, map.y - above - 9, "Attention", this.caption, S * cell + ENTROPY + 12);
    colourBar(pen, this.scales.weights, { x: map.x, y: map.y + T * cell + 9, width: clamp(S * cell, 56, 150), places: 2, ink: this.palette.muted, font: this.font(11) });
    this.paintEntropies(pen);
    this.paintValues(pen);
    pen.font = this.font(11);
    pen.fillStyle = this.palette.muted;
    pen.textAlign = "left";
    pen.textBaseline = "alphabetic";
    pen.fillText("entropy", entropy.x, map.y - 6);
  }

  paintValues(pen) {
    const { values, output } = this.layout;
    const [, , S, , W] = this.state.shape;
    this.valuesHeading(pen, [`${S} × ${W}, and their weighted sum`, `${S} × ${W}`]);
    for (let j = 0; j < S; j++) this.paintRow(pen, values, j, Array.from(this.values[j]), this.scales.values, this.places.values);
    this.valuesBar(pen, values.x, output.y + values.row + 9, values.width);
  }

  valuesHeading(pen, words) {
    const { values, two, turned, width } = this.layout;
    this.heading(pen, values.x - WEIGHTS, values.y - (two && !turned ? 27 : 12), "Values", words, width - values.x + WEIGHTS);
  }

  valuesBar(pen, x, y, width) {
    colourBar(pen, this.scales.values, { x, y, width: clamp(width, 56, 150), places: this.places.values, ink: this.palette.muted, font: this.font(11) });
  }

  // A name, and the first of some words that fits beside it.
  heading(pen, x, y, name, words, room) {
    pen.textAlign = "left";
    pen.textBaseline = "alphabetic";
    pen.font = this.font(13, 600);
    pen.fillStyle = this.palette.ink;
    pen.fillText(name, x, y);
    const after = pen.measureText(name).width + 8;
    pen.font = this.font(12);
    pen.fillStyle = this.palette.muted;
    pen.fillText([...words, ""].find((text) => pen.measureText(text).width <= room - after) ?? "", x + after, y);
  }

  // A line of rectangular cells, with numbers where they fit.
  paintRow(pen, panel, line, numbers, scale, places, rowHeight = panel.row) {
    const { x, column } = panel, y = panel.y + line * rowHeight;
    const size = Math.min(this.numberSize(pen, scale, places, column), rowHeight * 0.6);
    const gap = column >= 7 ? 1 : 0;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    numbers.forEach((number, c) => {
      const rgb = number === null ? null : scale.rgb(number);
      pen.fillStyle = rgb ? `rgb(${rgb})` : this.palette.sunken;
      pen.fillRect(x + c * column, y, column - gap, rowHeight - 1);
      if (size < 8.5 || !rgb) return;
      pen.font = this.font(size);
      pen.fillStyle = inkOn(rgb);
      pen.fillText(write(number, places), x + c * column + (column - 1) / 2, y + rowHeight / 2);
    });
  }

  // Beside each row of the map a bar: how spread out the look of its query is.
  paintEntropies(pen) {
    const { entropy, cell, map } = this.layout;
    const most = Math.log(map.columns) || 1;
    const high = clamp(cell * 0.42, 2, 12);
    this.rows.forEach((row, i) => {
      const y = map.y + (i + 0.5) * cell - high / 2 - 0.5;
      pen.fillStyle = this.palette.sunken;
      pen.fillRect(entropy.x, y, entropy.width, high);
      if (this.hidden(i)) return;
      pen.fillStyle = this.palette.muted;
      pen.fillRect(entropy.x, y, (entropy.width * row.entropy) / most, high);
    });
  }

  // ---- what moves

  paint({ position, key, component, hidden }) {
    const pen = this.startFrame();
    const { map, cell } = this.layout;
    this.paintLabels(pen, position, key);
    this.paintWeights(pen, position, key, hidden);
    this.paintOutput(pen, position, component, hidden);
    this.paintTerms(pen, position, key, hidden);
    if (hidden) this.paintQuestions(pen, position);
    const air = cell < 12 ? 1.5 : 0; // a frame must not hide a narrow row
    const row = this.box(map, position, 0, 1, map.columns);
    this.frame(pen, { ...row, y: row.y - air, height: row.height + 2 * air }, 2);
    this.frame(pen, this.box(map, position, key), 3);
  }

  paintQuestions(pen, position) {
    const { map, cell } = this.layout;
    pen.fillStyle = this.palette.ink;
    pen.font = this.font(Math.min(14, cell - 2), 600);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (let j = 0; j < map.columns; j++) pen.fillText("?", map.x + (j + 0.5) * cell, map.y + (position + 0.5) * cell);
  }

  // Tokens beside the rows and above the columns, as many as there is room for; the chosen ones bold.
  paintLabels(pen, position, key) {
    const { map, cell, turned, labelWidth, gutters, values } = this.layout;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    this.each(map.rows, cell, 13, position, (i, bold) => this.text(pen, this.queryLabels[i], map.x - 7, map.y + (i + 0.5) * cell, bold, gutters[0] - 9));
    this.each(map.columns, values.row, 12.5, key, (j, bold) => this.text(pen, this.keyLabels[j], values.x - WEIGHTS - 7, values.y + (j + 0.5) * values.row, bold, gutters[1] - 9));
    pen.textAlign = turned ? "left" : "center";
    this.each(map.columns, cell, turned ? 13 : labelWidth + 5, key, (j, bold) => {
      pen.save();
      pen.translate(map.x + (j + 0.5) * cell, map.y - (turned ? 6 : 10));
      if (turned) pen.rotate(-Math.PI / 2);
      this.text(pen, this.keyLabels[j], 0, 0, bold, turned ? 78 : 96);
      pen.restore();
    });
  }

  // Call paint(index, bold) for as many as fit at `least` pixels each, and for the chosen one.
  each(count, size, least, chosen, paint) {
    const every = Math.max(1, Math.ceil(least / size));
    for (let i = 0; i < count; i++) {
      if (i === chosen) paint(i, true);
      else if (i % every === 0 && Math.abs(i - chosen) >= every) paint(i, false);
    }
  }

  text(pen, text, x, y, bold, room) {
    pen.font = this.font(12, bold ? 700 : 400);
    pen.fillStyle = bold ? this.palette.ink : this.palette.muted;
    let short = text;
    while (short.length > 1 && pen.measureText(short).width > room) short = `${short.slice(0, -2)}…`;
    pen.fillText(short, x, y);
  }

  // The chosen query's weights, as a bar and a number before the value that each one multiplies.
  paintWeights(pen, position, key, hidden) {
    const { values } = this.layout;
    const left = values.x - WEIGHTS + 2, room = WEIGHTS - 8, thick = Math.max(3, values.row - 6);
    const { weights, open } = this.rows[position];
    weights.forEach((weight, j) => {
      const y = values.y + j * values.row + (values.row - 1 - thick) / 2;
      pen.fillStyle = this.palette.sunken;
      pen.fillRect(left, y, room, thick);
      if (hidden) return;
      pen.fillStyle = this.scales.weights.css(weight);
      pen.fillRect(left, y, room * weight, thick);
      pen.strokeStyle = this.palette.muted;
      pen.lineWidth = 1;
      if (weight > 0.004) pen.strokeRect(left + 0.5, y + 0.5, Math.max(1, room * weight - 1), thick - 1);
      if (values.row < 13) return;
      const text = open[j] ? write(weight, 2) : "masked";
      pen.font = this.font(Math.min(11, values.row - 3), j === key ? 700 : 400);
      pen.textBaseline = "middle";
      const inside = weight > 0.55;
      pen.textAlign = inside ? "left" : "right";
      pen.fillStyle = inside ? inkOn(this.scales.weights.rgb(weight)) : this.palette.ink;
      pen.fillText(text, inside ? left + 4 : left + room - 3, y + thick / 2 + 0.5);
    });
    this.frame(pen, { x: values.x, y: values.y + key * values.row, width: values.width, height: values.row }, 1.5);
  }

  paintOutput(pen, position, component, hidden) {
    const { output, values } = this.layout;
    const numbers = Array.from(this.outputs[position], (value) => (hidden ? null : value));
    this.paintRow(pen, { ...output }, 0, numbers, this.scales.values, this.places.values);
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.font = this.font(12, 600);
    pen.fillStyle = this.palette.ink;
    pen.fillText("sum", output.x - 9, output.y + output.height / 2);
    pen.strokeStyle = this.palette.line;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(values.x - WEIGHTS, output.y - SUMGAP / 2 + 0.5);
    pen.lineTo(values.x + values.width, output.y - SUMGAP / 2 + 0.5);
    pen.stroke();
    const air = output.column < 10 ? 1.5 : 0;
    this.frame(pen, { x: output.x + component * output.column - air, y: output.y, width: output.column + 2 * air, height: output.height }, 2);
  }

  // The query, the key and their products, component by component: their sum is q·k.
  paintTerms(pen, position, key, hidden) {
    const { terms, width } = this.layout;
    const { query, key: other, parts } = this.terms(position, key);
    const lines = [["q", query, this.scales.vectors], ["k", other, this.scales.vectors], ["q × k", parts, this.scales.parts]];
    this.heading(pen, terms.x, terms.y - 9, "q·k", this.termWords(position, key, hidden), width - terms.x);
    lines.forEach(([name, numbers, scale], line) => {
      this.paintRow(pen, terms, line, Array.from(numbers), scale, 2, TERM);
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      pen.font = this.font(12);
      pen.fillStyle = this.palette.muted;
      pen.fillText(name, terms.x - 8, terms.y + (line + 0.5) * TERM);
    });
  }
}
