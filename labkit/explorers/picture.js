// A picture on a canvas, as sharp as the screen: maps of coloured cells, their titles and scales, frames.
import { inkOn } from "./colours.js";
import { write } from "./numbers.js";

// Give a canvas a size in CSS pixels and as many device pixels as the screen has.
export function sharpen(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

// A thin bar that says which colour means which value.
export function colourBar(pen, scale, { x, y, width, places, ink, font }) {
  const fill = pen.createLinearGradient(x, 0, x + width, 0);
  scale.stops.forEach((rgb, i) => fill.addColorStop(i / (scale.stops.length - 1), `rgb(${rgb})`));
  pen.fillStyle = fill;
  pen.beginPath();
  pen.roundRect(x, y, width, 6, 3);
  pen.fill();
  pen.fillStyle = ink;
  pen.font = font;
  pen.textBaseline = "top";
  const ends = [scale.low, scale.high];
  const middle = scale.diverging && width > 40 + ends.reduce((sum, value) => sum + pen.measureText(write(value, places)).width, 0);
  const marks = middle ? [scale.low, 0, scale.high] : ends;
  marks.forEach((value, i) => {
    pen.textAlign = i === 0 ? "left" : i === marks.length - 1 ? "right" : "center";
    pen.fillText(write(value, value === 0 ? 0 : places), x + (width * i) / (marks.length - 1), y + 10);
  });
}

const COLOURS = ["ink", "muted", "surface", "sunken", "line", "accent", "wrong"];

// What stays while the position moves is painted once, by paintStill(pen), and kept on a canvas of its
// own; paint(…) starts with startFrame() and paints over it. A map is { x, y, rows, columns } with
// this.layout = { width, height, cell }; its left upper corner is in CSS pixels.
export class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.still = document.createElement("canvas");
    this.layout = null;
  }

  // facts: what the view works out and the picture shows. A subclass gives measure(width): the layout.
  fit(facts, width) {
    Object.assign(this, facts);
    const style = getComputedStyle(this.canvas);
    this.family = style.fontFamily;
    this.palette = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--lk-${name}`).trim()]));
    this.layout = this.measure(width);
    const pen = sharpen(this.still, this.layout.width, this.layout.height);
    this.pen = sharpen(this.canvas, this.layout.width, this.layout.height);
    pen.clearRect(0, 0, this.layout.width, this.layout.height);
    this.paintStill(pen);
  }

  startFrame() {
    const { width, height } = this.layout;
    this.pen.clearRect(0, 0, width, height);
    this.pen.drawImage(this.still, 0, 0, width, height);
    return this.pen;
  }

  font(size, weight = 400) {
    return `${weight} ${size}px ${this.family}`;
  }

  // The pixel that an event points at, from the upper left corner.
  pointAt(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  // The row and column of a map under a pixel; null outside.
  cellAt([x, y], map, cell = this.layout.cell) {
    const column = Math.floor((x - map.x) / cell), row = Math.floor((y - map.y) / cell);
    return row >= 0 && row < map.rows && column >= 0 && column < map.columns ? [row, column] : null;
  }

  box(map, row, column, rows = 1, columns = 1, cell = this.layout.cell) {
    return { x: map.x + column * cell, y: map.y + row * cell, width: columns * cell, height: rows * cell };
  }

  // value(row, column) is a number; null for a cell without one, which shows empty(row, column);
  // undefined where there is no cell at all.
  paintMap(pen, map, value, scale, places, empty, cell = this.layout.cell) {
    if (cell < 8) {
      this.paintPixels(pen, map, value, scale, cell);
      return;
    }
    const size = this.numberSize(pen, scale, places, cell);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (let r = 0; r < map.rows; r++) for (let c = 0; c < map.columns; c++) {
      const [x, y, number] = [map.x + c * cell, map.y + r * cell, value(r, c)];
      if (number === undefined) continue;
      // The lines between cells hide what is painted behind the map.
      pen.fillStyle = this.palette.surface;
      pen.fillRect(x, y, cell - (c === map.columns - 1), cell - (r === map.rows - 1));
      const rgb = number === null ? null : scale.rgb(number);
      pen.fillStyle = rgb ? `rgb(${rgb})` : this.palette.sunken;
      pen.fillRect(x, y, cell - 1, cell - 1);
      if (!size) continue;
      pen.font = this.font(size);
      pen.fillStyle = rgb ? inkOn(rgb) : this.palette.muted;
      pen.fillText(rgb ? write(number, places) : empty(r, c), x + (cell - 1) / 2, y + (cell + 1) / 2);
    }
  }

  // Cells without lines and numbers: a pixel each, enlarged, which is many times faster.
  paintPixels(pen, map, value, scale, cell) {
    const pixels = new ImageData(map.columns, map.rows);
    pen.fillStyle = this.palette.sunken;
    for (let r = 0; r < map.rows; r++) for (let c = 0; c < map.columns; c++) {
      const number = value(r, c);
      if (number === null) pen.fillRect(map.x + c * cell, map.y + r * cell, cell, cell);
      else if (number !== undefined) pixels.data.set([...scale.rgb(number), 255], 4 * (r * map.columns + c));
    }
    const small = document.createElement("canvas");
    [small.width, small.height] = [map.columns, map.rows];
    small.getContext("2d").putImageData(pixels, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, map.x, map.y, map.columns * cell, map.rows * cell);
  }

  // The font size at which every number of a map fits into a cell; 0 when none does.
  numberSize(pen, scale, places, cell) {
    const texts = [scale.low, scale.high].map((value) => write(value, places));
    pen.font = this.font(10);
    const widest = Math.max(...texts.map((text) => pen.measureText(text).width)) / 10;
    const size = Math.min(13, cell * 0.36, (cell - 6) / widest);
    return size >= 8.5 ? size : 0;
  }

  // The name of a map and its size in words above it, its scale below it.
  paintTitle(pen, map, name, size, scale, places, cell = this.layout.cell) {
    pen.textAlign = "left";
    pen.textBaseline = "alphabetic";
    pen.font = this.font(13, 600);
    pen.fillStyle = this.palette.ink;
    pen.fillText(name, map.x, map.y - 9);
    const after = map.x + pen.measureText(name).width + 8;
    pen.font = this.font(12);
    pen.fillStyle = this.palette.muted;
    pen.fillText(size, after, map.y - 9);
    if (!scale) return;
    const width = Math.max(56, Math.min(150, map.columns * cell));
    colourBar(pen, scale, { x: map.x, y: map.y + map.rows * cell + 9, width, places, ink: this.palette.muted, font: this.font(11) });
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
