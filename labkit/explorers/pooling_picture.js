// The picture of a pooling: the winner of each window, the map before a shift, the way of the gradient.
import { readers } from "./pooling_steps.js";
import { WindowPicture } from "./window_picture.js";

export class PoolingPicture extends WindowPicture {
  paint(now, { tap, playing }) {
    this.paintWindow(now, { playing, over: (pen) => {
      if (this.state.view === "gradient" && !now.hidden) this.paintRoutes(pen, now);
      this.paintTouched(pen, now.taps[tap]);
      if (now.ringed) this.ring(pen, this.inputBox(now.ringed));
    } });
    const { beside } = this.layout;
    if (beside) this.frame(this.pen, this.box(beside, now.row, now.column), 2);
  }

  // facts.input: what the input shows instead of the image, a shifted one or the gradient.
  inputValue(y, x) {
    const { shape: [rows, columns], padding } = this.state;
    if (y >= rows + padding || x >= columns + padding) return undefined;
    if (y < 0 || y >= rows || x < 0 || x >= columns) return null;
    return this.input[y * columns + x];
  }

  inputText(y, x) {
    const { shape: [rows, columns], kind, view } = this.state;
    if (y >= 0 && y < rows && x >= 0 && x < columns) return "?";
    if (view === "gradient") return "";
    return kind === "max" ? "−∞" : "0";
  }

  titles() {
    return { window: ["Input", "Output"], shift: ["Shifted", "After"], gradient: ["Gradient", "Output"] }[this.state.view];
  }

  paintStill(pen) {
    super.paintStill(pen);
    const { beside } = this.layout;
    if (!beside) return;
    const places = this.places.output;
    this.paintMap(pen, beside, (r, c) => this.before[r * beside.columns + c], this.scales.output, places, () => "?");
    this.paintTitle(pen, beside, "Before", "", null);
    this.changed.forEach((changed, position) => { if (changed && !this.hidden(position)) this.markChange(pen, this.outputBox(position)); });
  }

  // A dot in the corner of an output that is another than before.
  markChange(pen, { x, y, width }) {
    const size = Math.max(1, Math.min(5, width * 0.13));
    this.dot(pen, x + width - 1.7 * size - 1, y + 1.7 * size, size);
  }

  dot(pen, x, y, size) {
    for (const [colour, radius] of [["rgba(255, 255, 255, 0.95)", size + Math.min(1.5, size / 2)], [this.palette.accent, size]]) {
      pen.fillStyle = colour;
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.fill();
    }
  }

  ring(pen, { x, y, width, height }) {
    const inset = width > 14 ? 3.5 : 0.5;
    for (const [colour, thick] of [["rgba(255, 255, 255, 0.95)", 5], [this.palette.accent, 2.5]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = thick;
      pen.beginPath();
      pen.ellipse(x + (width - 1) / 2, y + (height - 1) / 2, width / 2 - inset, height / 2 - inset, 0, 0, 2 * Math.PI);
      pen.stroke();
    }
  }

  // From the output back to each cell that has a share: bold between the maps, faint over the numbers
  // of the window, and nowhere else.
  paintRoutes(pen, { position, row, column, real }) {
    const { cell, input, output, height } = this.layout;
    const { stride } = this.state;
    const to = this.outputBox(position), window = this.box(input, row * stride, column * stride, this.rows.span, this.columns.span);
    const right = input.x + (input.columns - this.columns.over) * cell;
    const takers = real.filter((tap) => tap.share > 0).map((tap) => {
      const { x, y } = this.inputBox(tap);
      return tap.share === 1 ? { x: x + cell, y: y + cell / 2, whole: true } : { x: x + cell * 0.84, y: y + cell * 0.14, whole: false };
    });
    const strokes = (area, width, alpha) => {
      const open = new Path2D();
      open.rect(area.x, area.y, area.width, area.height);
      pen.save();
      pen.clip(open);
      pen.globalAlpha = alpha;
      pen.strokeStyle = this.palette.accent;
      pen.lineWidth = width;
      for (const { x, y } of takers) {
        pen.beginPath();
        pen.moveTo(to.x, to.y + cell / 2);
        pen.lineTo(x, y);
        pen.stroke();
      }
      pen.restore();
    };
    strokes({ x: right, y: 0, width: output.x - right, height }, takers[0].whole ? 2.5 : 1.25, 1);
    if (takers[0].whole) strokes(window, 2, 0.5);
    if (cell < 9) return;
    for (const { x, y, whole } of takers) {
      if (whole) this.arrow(pen, to, { x, y });
      else this.dot(pen, x, y, Math.min(3, cell * 0.1));
    }
  }

  // A head that points from the output to (x, y).
  arrow(pen, to, { x, y }) {
    const { cell } = this.layout;
    const size = Math.min(9, cell * 0.3);
    pen.save();
    pen.translate(x - 2, y);
    pen.rotate(Math.atan2(y - to.y - cell / 2, x - to.x));
    pen.beginPath();
    pen.moveTo(0, 0);
    pen.lineTo(-size, -size * 0.6);
    pen.lineTo(-size, size * 0.6);
    pen.closePath();
    pen.lineJoin = "round";
    pen.strokeStyle = "rgba(255, 255, 255, 0.95)";
    pen.lineWidth = 3;
    pen.stroke();
    pen.fillStyle = this.palette.accent;
    pen.fill();
    pen.restore();
  }

  // The cell pointed at, and every output whose window reads it.
  paintTouched(pen, tap) {
    if (!tap?.inside) return;
    for (const position of readers(this.state, tap.y, tap.x)) this.frame(pen, this.outputBox(position), 1.25);
    this.frame(pen, this.inputBox(tap), 2);
  }
}
