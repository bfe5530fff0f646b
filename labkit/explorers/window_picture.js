// Input and output as maps of cells, a window that slides over the input, and the beam between them.
import { clamp } from "./numbers.js";
import { Picture } from "./picture.js";

// facts: state (with image, shape, stride, padding), rows and columns (each axis: n, span, size, left,
// and over: cells beyond the padding that the last window reaches), output, scales and places (each
// with input and output), hidden(position); beside: whether a second map lies beside the output.
export class WindowPicture extends Picture {
  measure(width) {
    const { shape: [height, across], padding } = this.state;
    const input = { rows: height + 2 * padding + (this.rows.over ?? 0), columns: across + 2 * padding + (this.columns.over ?? 0) };
    const output = { rows: this.rows.size, columns: this.columns.size };
    const beside = this.beside ? { ...output } : null;
    const tallest = Math.max(input.rows, output.rows);
    const gap = Math.round(clamp(width * 0.14, 40, 150));
    const ratio = window.devicePixelRatio || 1;
    const gaps = gap + (beside ? Math.round(clamp(width * 0.06, 20, 60)) : 0);
    const cells = input.columns + output.columns * (beside ? 2 : 1);
    const room = Math.min((width - gaps - 8) / cells, clamp(width * 0.46, 200, 430) / tallest, 46);
    const cell = Math.max(1, Math.floor(room * ratio)) / ratio;
    const left = Math.round((width - gaps - cell * cells) / 2);
    const middle = (map) => 28 + Math.round(((tallest - map.rows) * cell) / 2);
    Object.assign(input, { x: left, y: middle(input) });
    Object.assign(output, { x: left + cell * input.columns + gap, y: middle(output) });
    if (beside) Object.assign(beside, { x: output.x + cell * output.columns + gaps - gap, y: output.y });
    return { width, height: Math.round(28 + tallest * cell + 36), cell, input, output, beside };
  }

  // The output position under the pointer; over the input, the nearest window and the cell [row, column].
  at(event) {
    const { input, output, beside } = this.layout;
    const there = this.cellAt(this.pointAt(event), output) ?? (beside && this.cellAt(this.pointAt(event), beside));
    if (there) return { position: there[0] * output.columns + there[1], cell: null };
    const here = this.cellAt(this.pointAt(event), input);
    if (!here) return { position: null, cell: null };
    const nearest = (at, side) => clamp(Math.round((at - (side.span - 1) / 2) / this.state.stride), 0, side.size - 1);
    const position = nearest(here[0], this.rows) * this.columns.size + nearest(here[1], this.columns);
    return { position, cell: here.map((at) => at - this.state.padding) };
  }

  inputBox({ y, x }) {
    const { padding } = this.state;
    return this.box(this.layout.input, y + padding, x + padding);
  }

  outputBox(position) {
    const { output } = this.layout;
    return this.box(output, Math.floor(position / output.columns), position % output.columns);
  }

  // What the input shows at (y, x): a number, or null and then a text; and the titles of both maps.
  inputValue(y, x) {
    const { image, shape: [rows, columns] } = this.state;
    return y >= 0 && y < rows && x >= 0 && x < columns ? image[y * columns + x] : null;
  }

  inputText() {
    return "0";
  }

  titles() {
    return ["Input", "Output"];
  }

  // Input and output do not change while the window moves.
  paintStill(pen) {
    const { cell, input, output } = this.layout;
    const { shape: [rows, columns], padding } = this.state;
    const pixel = (r, c) => this.inputValue(r - padding, c - padding);
    const result = (r, c) => (this.hidden(r * output.columns + c) ? null : this.output[r * output.columns + c]);
    this.paintMap(pen, input, pixel, this.scales.input, this.places.input, (r, c) => this.inputText(r - padding, c - padding));
    this.paintMap(pen, output, result, this.scales.output, this.places.output, () => "?");
    this.paintLeftOver(pen);
    const padded = padding ? (input.columns * cell < 200 ? ` + ${padding}` : `, padded by ${padding}`) : "";
    const [from, to] = this.titles();
    this.paintTitle(pen, input, from, `${rows} × ${columns}${padded}`, this.scales.input, this.places.input);
    this.paintTitle(pen, output, to, `${output.rows} × ${output.columns}`, this.scales.output, this.places.output);
  }

  // Rows and columns that no window reads because the stride steps past them.
  paintLeftOver(pen) {
    const { cell, input } = this.layout;
    const [down, right] = [this.rows.left, this.columns.left];
    if (!down && !right) return;
    const edge = new Path2D();
    if (down) edge.rect(input.x, input.y + (input.rows - down) * cell, input.columns * cell, down * cell);
    if (right) edge.rect(input.x + (input.columns - right) * cell, input.y, right * cell, (input.rows - down) * cell);
    pen.save();
    pen.clip(edge);
    pen.fillStyle = this.palette.surface;
    pen.globalAlpha = 0.6;
    pen.fill(edge);
    pen.globalAlpha = 1;
    pen.strokeStyle = this.palette.wrong;
    pen.lineWidth = 1.5;
    pen.beginPath();
    const reach = (input.rows + input.columns) * cell;
    for (let at = -reach; at < reach; at += 11) {
      pen.moveTo(input.x + at, input.y);
      pen.lineTo(input.x + at + reach, input.y + reach);
    }
    pen.stroke();
    pen.restore();
  }

  // The maps, the beam from the window to its output cell, what over() adds, and both frames.
  paintWindow({ position, row, column }, { playing, over }) {
    const { stride } = this.state;
    const pen = this.startFrame();
    if (playing) this.paintFuture(pen, position);
    const from = this.box(this.layout.input, row * stride, column * stride, this.rows.span, this.columns.span);
    const to = this.outputBox(position);
    this.paintBeam(pen, from, to);
    over(pen);
    this.frame(pen, from, 3);
    this.frame(pen, to, 3);
  }

  // While it plays, the outputs to come are still empty.
  paintFuture(pen, position) {
    const { cell, output } = this.layout;
    const row = Math.floor(position / output.columns), column = position % output.columns;
    const cover = (r, c, rows, columns) => {
      pen.fillRect(output.x + c * cell, output.y + r * cell, columns * cell, rows * cell);
    };
    pen.fillStyle = this.palette.sunken;
    cover(row, column + 1, 1, output.columns - column - 1);
    cover(row + 1, 0, output.rows - row - 1, output.columns);
  }

  paintBeam(pen, from, to) {
    const lines = [[from.y, to.y], [from.y + from.height, to.y + to.height]];
    const right = from.x + from.width;
    pen.save();
    // Behind what is drawn: a tint over the cells would change what their colours say.
    pen.globalCompositeOperation = "destination-over";
    pen.beginPath();
    pen.moveTo(right, lines[0][0]);
    pen.lineTo(to.x, lines[0][1]);
    pen.lineTo(to.x, lines[1][1]);
    pen.lineTo(right, lines[1][0]);
    pen.closePath();
    pen.fillStyle = this.palette.accent;
    pen.globalAlpha = 0.2;
    pen.fill();
    pen.globalCompositeOperation = "source-over";
    pen.globalAlpha = 0.6;
    pen.strokeStyle = this.palette.accent;
    pen.lineWidth = 1;
    pen.beginPath();
    for (const [start, end] of lines) {
      pen.moveTo(right, start);
      pen.lineTo(to.x, end);
    }
    pen.stroke();
    pen.restore();
  }
}
