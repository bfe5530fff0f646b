// Small grids of numbers in the page: a cell is a <span> or an <input>, coloured by its value.
import { inkOn } from "./colours.js";
import { clamp } from "./numbers.js";
import { element, setText } from "./page.js";

// A labelled grid: make(i) gives the cell i, row by row.
export function cellGrid(name, rows, columns, make) {
  const cells = Array.from({ length: rows * columns }, (_, i) => make(i));
  const label = element("div", { class: "lk-label" }, name);
  const grid = element("div", { class: "lk-grid", style: `--lk-columns: ${columns}` }, ...cells);
  return { cells, label, node: element("div", { class: "lk-block" }, label, grid) };
}

// Colour a cell and write its text; without a colour it holds no value of its own.
export function fillCell(node, rgb, text, touched = false) {
  const colour = rgb ? `rgb(${rgb})` : "";
  if (node.colour !== colour) {
    node.colour = colour;
    node.style.backgroundColor = colour;
    node.style.color = rgb ? inkOn(rgb) : "";
    node.classList.toggle("lk-empty", !rgb);
  }
  node.classList.toggle("lk-touched", touched);
  setText(node, text);
}

export const sign = (text) => element("span", { class: "lk-sign", "aria-hidden": "true" }, text);
export const group = (...nodes) => element("div", { class: "lk-group" }, ...nodes);

// The widest cells, from 26 to 54 pixels, with which one of these lines fits: each is
// [cells in the line, pixels between them, least size that is worth it]. The last one is taken anyway.
export function cellSize(width, ...lines) {
  const sizes = lines.map(([cells, between]) => (width - between) / cells);
  const first = sizes.findIndex((size, i) => size >= (lines[i][2] ?? 0));
  return Math.floor(clamp(sizes[first < 0 ? sizes.length - 1 : first], 26, 54));
}

// The answer of a step, large; or, while it is to be predicted, the place to write a guess.
export class Total {
  constructor(prediction = null) {
    this.prediction = prediction;
    this.label = element("div", { class: "lk-label" });
    this.value = element("div", { class: "lk-total" });
    this.node = element("div", { class: "lk-block" }, this.label, this.value, prediction?.node ?? "");
  }

  // guessing: whether the place for a guess is shown; it belongs to the position, not to what is pointed at.
  show({ label, text, rgb, hidden = false, guessing = false }) {
    setText(this.label, label);
    this.value.hidden = hidden;
    if (this.prediction) this.prediction.node.hidden = !guessing;
    if (!hidden) this.value.style.cssText = `background: rgb(${rgb}); color: ${inkOn(rgb)}`;
    setText(this.value, hidden ? "?" : text);
  }
}
