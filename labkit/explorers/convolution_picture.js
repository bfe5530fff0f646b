// The picture of a convolution: input and output as maps of cells, the window, and the beam between.
import { clamp, colourBar, inkOn, sharpen, write } from "./explorer.js";
import { readers, step } from "./convolution_steps.js";

// facts: state, rows, columns, output, scales, places and hidden(position), as the view works them out.
export class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.maps = document.createElement("canvas");
    this.layout = null;
  }

  fit(facts, width) {
    Object.assign(this, facts);
    this.measure(width);
    this.paintMaps();
  }

  measure(width) {
    const { shape: [height, across], padding } = this.state;
    const input = { rows: height + 2 * padding, columns: across + 2 * padding };
    const output = { rows: this.rows.size, columns: this.columns.size };
    const tallest = Math.max(input.rows, output.rows);
    const gap = Math.round(clamp(width * 0.14, 40, 150));
    const ratio = window.devicePixelRatio || 1;
    const room = Math.min((width - gap - 8) / (input.columns + output.columns), clamp(width * 0.46, 200, 430) / tallest, 46);
    const cell = Math.max(1, Math.floor(room * ratio)) / ratio;
    const left = Math.round((width - gap - cell * (input.columns + output.columns)) / 2);
    const middle = (map) => 28 + Math.round(((tallest - map.rows) * cell) / 2);
    Object.assign(input, { x: left, y: middle(input) });
    Object.assign(output, { x: left + cell * input.columns + gap, y: middle(output) });
    this.layout = { width, height: Math.round(28 + tallest * cell + 36), cell, gap, input, output };
    const style = getComputedStyle(this.canvas);
    this.family = style.fontFamily;
    this.palette = Object.fromEntries(["ink", "muted", "surface", "sunken", "line", "accent", "wrong"].map((name) => [name, style.getPropertyValue(`--lk-${name}`).trim()]));
  }

  // ---- what lies under the pointer: an output position, and for an input cell also its tap

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const { cell, input, output } = this.layout;
    const inside = (map) => {
      const column = Math.floor((event.clientX - box.left - map.x) / cell), row = Math.floor((event.clientY - box.top - map.y) / cell);
      return row >= 0 && row < map.rows && column >= 0 && column < map.columns ? [row, column] : null;
    };
    const there = inside(output);
    if (there) return { position: there[0] * output.columns + there[1], tap: null };
    const here = inside(input);
    if (!here) return { position: null, tap: null };
    const nearest = (at, side) => clamp(Math.round((at - (side.span - 1) / 2) / this.state.stride), 0, side.size - 1);
    const position = nearest(here[0], this.rows) * this.columns.size + nearest(here[1], this.columns);
    return { position, tap: this.tapOf(here, position) };
  }

  tapOf([row, column], position) {
    const { padding } = this.state;
    const found = step(this.state, position).taps.findIndex((tap) => tap.y + padding === row && tap.x + padding === column);
    return found < 0 ? null : found;
  }

  font(size, weight = 400) {
    return `${weight} ${size}px ${this.family}`;
  }

  // Input and output do not change while the window moves: they are drawn once and kept.
  paintMaps() {
    const { width, height, input, output } = this.layout;
    const pen = sharpen(this.maps, width, height);
    this.pen = sharpen(this.canvas, width, height);
    pen.clearRect(0, 0, width, height);
    const { shape: [rows, columns], padding } = this.state;
    const inside = (r, c) => r >= padding && r < rows + padding && c >= padding && c < columns + padding;
    const pixel = (r, c) => (inside(r, c) ? this.state.image[(r - padding) * columns + c - padding] : null);
    const result = (r, c) => (this.hidden(r * output.columns + c) ? null : this.output[r * output.columns + c]);
    this.paintMap(pen, input, pixel, this.scales.input, this.places.input, "0");
    this.paintMap(pen, output, result, this.scales.output, this.places.output, "?");
    this.paintLeftOver(pen);
    const padded = padding ? (input.columns * this.layout.cell < 200 ? ` + ${padding}` : `, padded by ${padding}`) : "";
    this.paintTitle(pen, input, "Input", `${rows} × ${columns}${padded}`, this.scales.input, this.places.input);
    this.paintTitle(pen, output, "Output", `${output.rows} × ${output.columns}`, this.scales.output, this.places.output);
  }

  paintMap(pen, map, value, scale, places, empty) {
    const { cell } = this.layout;
    const line = cell >= 8 ? 1 : 0;
    const size = this.numberSize(pen, scale, places);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = this.palette.surface;
    pen.fillRect(map.x, map.y, map.columns * cell - line, map.rows * cell - line);
    for (let r = 0; r < map.rows; r++) for (let c = 0; c < map.columns; c++) {
      const [x, y, number] = [map.x + c * cell, map.y + r * cell, value(r, c)];
      const rgb = number === null ? null : scale.rgb(number);
      pen.fillStyle = rgb ? `rgb(${rgb})` : this.palette.sunken;
      pen.fillRect(x, y, cell - line, cell - line);
      if (!size) continue;
      pen.font = this.font(size);
      pen.fillStyle = rgb ? inkOn(rgb) : this.palette.muted;
      pen.fillText(rgb ? write(number, places) : empty, x + (cell - 1) / 2, y + (cell + 1) / 2);
    }
  }

  // The font size at which every number of this map fits into a cell; 0 when none does.
  numberSize(pen, scale, places) {
    const { cell } = this.layout;
    const texts = [scale.low, scale.high].map((value) => write(value, places));
    pen.font = this.font(10);
    const widest = Math.max(...texts.map((text) => pen.measureText(text).width)) / 10;
    const size = Math.min(13, cell * 0.36, (cell - 6) / widest);
    return size >= 8.5 ? size : 0;
  }

  paintTitle(pen, map, name, size, scale, places) {
    const { cell } = this.layout;
    pen.textAlign = "left";
    pen.textBaseline = "alphabetic";
    pen.font = this.font(13, 600);
    pen.fillStyle = this.palette.ink;
    pen.fillText(name, map.x, map.y - 9);
    const after = map.x + pen.measureText(name).width + 8;
    pen.font = this.font(12);
    pen.fillStyle = this.palette.muted;
    pen.fillText(size, after, map.y - 9);
    const width = Math.max(56, Math.min(150, map.columns * cell));
    colourBar(pen, scale, { x: map.x, y: map.y + map.rows * cell + 9, width, places, ink: this.palette.muted, font: this.font(11) });
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

  paint(now, { tap, playing }) {
    const { width, height, cell, input, output } = this.layout;
    const { stride } = this.state;
    const pen = this.pen;
    pen.clearRect(0, 0, width, height);
    pen.drawImage(this.maps, 0, 0, width, height);
    if (playing) this.paintFuture(pen, now.position);
    const from = { x: input.x + now.column * stride * cell, y: input.y + now.row * stride * cell, width: this.columns.span * cell, height: this.rows.span * cell };
    const to = { x: output.x + now.column * cell, y: output.y + now.row * cell, width: cell, height: cell };
    this.paintBeam(pen, from, to);
    this.paintTaps(pen, now.taps, tap);
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

  // With dilation the window has holes: frame the cells that are read. And the cell pointed at.
  paintTaps(pen, taps, touched) {
    const { cell, input, output } = this.layout;
    const { padding, dilation } = this.state;
    const box = ({ y, x }) => ({ x: input.x + (x + padding) * cell, y: input.y + (y + padding) * cell, width: cell, height: cell });
    if (dilation > 1) for (const tap of taps) this.frame(pen, box(tap), 1.5);
    const tap = taps[touched];
    if (!tap) return;
    for (const position of readers(this.state, tap.y, tap.x)) {
      const [row, column] = [Math.floor(position / output.columns), position % output.columns];
      this.frame(pen, { x: output.x + column * cell, y: output.y + row * cell, width: cell, height: cell }, 1.25);
    }
    this.frame(pen, box(tap), 2);
  }

  // An outline that stands off from any colour beneath it: accent between two light lines.
  frame(pen, { x, y, width, height }, thickness) {
    const inset = 0.5;
    pen.lineJoin = "round";
    for (const [colour, extra] of [["rgba(255, 255, 255, 0.95)", 2.5], [this.palette.accent, 0]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = thickness + extra;
      pen.strokeRect(x - inset, y - inset, width, height);
    }
  }
}
