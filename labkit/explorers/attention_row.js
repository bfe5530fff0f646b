// One row of the map written out: for each key its product with the query, the score, the mask, the weight.
import { cellSize, fillCell, group, sign, Total } from "./cells.js";
import { colourScale } from "./colours.js";
import { decimals, write } from "./numbers.js";
import { element, setText } from "./page.js";

const NAMES = 92; // pixels before the first column

export class RowPanel {
  // cell(j): a new cell in the column of key j.
  constructor(prediction, cell) {
    this.cell = cell;
    this.label = element("div", { class: "lk-label" });
    this.ladder = element("div", { class: "lk-block", "aria-hidden": "true" });
    this.total = new Total(prediction);
    this.node = element("div", { class: "lk-sum" }, this.ladder, group(sign("→"), this.total.node));
    this.softmax = element("div");
    this.sum = element("div");
    this.equation = element("div", { class: "lk-equation" }, this.softmax, this.sum);
  }

  // At most as many columns side by side as there is room for; the others go into a line of their own.
  fit(state, width) {
    const keys = state.shape[2], masked = state.mask !== "none";
    const across = Math.max(3, Math.floor((width - NAMES - 10) / 31));
    this.size = cellSize(width, [Math.min(keys, across), NAMES + 190, 36], [Math.min(keys, across), NAMES + 10]);
    const built = `${keys} ${across} ${masked}`;
    if (this.built === built) return;
    this.built = built;
    this.steps = ["key", "q·k", "score", ...(masked ? ["mask"] : []), "weight"];
    this.names = this.steps.map(() => []);
    const lines = Math.ceil(keys / across), long = Math.ceil(keys / lines);
    this.columns = Array.from({ length: keys }, (_, j) => Object.fromEntries(this.steps.map((step) => [step, this.cell(j)])));
    this.ladder.replaceChildren(this.label, ...Array.from({ length: lines }, (_, i) => this.line(i * long, Math.min(keys, (i + 1) * long))));
  }

  line(from, to) {
    const cells = this.steps.flatMap((step, s) => {
      const name = element("span", { class: "lk-row-name" }, step);
      this.names[s].push(name);
      return [name, ...this.columns.slice(from, to).map((column) => column[step])];
    });
    return element("div", { class: "lk-grid lk-named lk-ladder", style: `--lk-columns: ${to - from}` }, ...cells);
  }

  // now: row (of attend), labels (of the keys), key, label, hidden, guessing, scales, scoreName, answer
  show({ row, labels, key, label, hidden, guessing, scales, places, scoreName, answer }) {
    setText(this.label, label);
    for (const name of this.names[this.steps.indexOf("score")]) setText(name, scoreName);
    this.columns.forEach((column, j) => {
      const open = row.open[j];
      fillCell(column.key, null, labels[j], j === key);
      fillCell(column["q·k"], !hidden && scales.products.rgb(row.raw[j]), hidden ? "?" : write(row.raw[j], places.products), j === key);
      fillCell(column.score, !hidden && scales.scores.rgb(row.scores[j]), hidden ? "?" : write(row.scores[j], places.scores), j === key);
      if (column.mask) fillCell(column.mask, null, open ? "+ 0" : "−∞", j === key);
      fillCell(column.weight, !hidden && open && scales.weights.rgb(row.weights[j]), hidden ? "?" : write(row.weights[j], 2), j === key);
    });
    this.total.show({ label: answer.label, text: answer.text, rgb: answer.rgb, hidden, guessing });
  }
}

// "0.41 × 1.20 + 0.30 × (−0.50) + … = 0.34": the largest terms of a weighted sum, in the order of the keys.
export function weightedTerms(weights, values, total, most = 6) {
  const places = Math.max(2, decimals([...values]));
  const bracket = (text) => (text.startsWith("−") ? `(${text})` : text);
  const visible = Array.from(weights, (weight, j) => j).filter((j) => weights[j] > 0);
  const kept = new Set([...visible].sort((a, b) => weights[b] - weights[a]).slice(0, most));
  const terms = visible.filter((j) => kept.has(j)).map((j) => `${write(weights[j], 2)} × ${bracket(write(values[j], places))}`);
  const rest = visible.filter((j) => !kept.has(j)).reduce((sum, j) => sum + weights[j] * values[j], 0);
  if (visible.length > kept.size) terms.push(`${bracket(write(rest, places))} from ${visible.length - kept.size} more`);
  return `${terms.join(" + ") || "0"} = ${write(total, places)}`;
}

// The heads side by side as small maps, each a button.
export class Heads {
  constructor(shape, choose) {
    const [heads, T, S] = shape;
    this.cell = Math.max(1, Math.min(12, Math.floor(64 / Math.max(T, S))));
    Object.assign(this, { T, S });
    this.buttons = Array.from({ length: heads }, (_, head) => this.make(head, choose));
    this.node = element("div", { class: "lk-heads", role: "group", "aria-label": "Head" }, ...this.buttons.map(({ node }) => node));
    this.node.hidden = heads === 1;
  }

  make(head, choose) {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.S * this.cell, this.T * this.cell];
    const canvas = element("canvas", { width: Math.round(width * ratio), height: Math.round(height * ratio), style: `width: ${width}px; height: ${height}px`, "aria-hidden": "true" });
    canvas.getContext("2d").scale(ratio, ratio);
    const words = element("span", {}, `head ${head}`), entropy = element("span", { class: "lk-muted" });
    const node = element("button", { type: "button", class: "lk-button lk-thumb", "aria-pressed": "false", onclick: () => choose(head) }, canvas, words, entropy);
    return { node, canvas, entropy };
  }

  // maps: of each head its rows; known(i): whether the row of query i is shown.
  show(maps, chosen, known, empty) {
    const high = Math.max(2 / this.S, ...maps.flatMap((rows) => rows.map((row) => Math.max(...row.weights))));
    const scale = colourScale([0, Math.min(1, high)]);
    this.buttons.forEach(({ node, canvas, entropy }, head) => {
      node.setAttribute("aria-pressed", head === chosen);
      const mean = maps[head].reduce((sum, row) => sum + row.entropy, 0) / this.T;
      const all = maps[head].every((_, i) => known(i));
      setText(entropy, all ? `entropy ${write(mean, 2)}` : "entropy ?");
      this.paint(canvas.getContext("2d"), maps[head], scale, known, empty);
    });
    return scale;
  }

  paint(pen, rows, scale, known, empty) {
    rows.forEach((row, i) => row.weights.forEach((weight, j) => {
      pen.fillStyle = known(i) && row.open[j] ? scale.css(weight) : empty;
      pen.fillRect(j * this.cell, i * this.cell, this.cell, this.cell);
    }));
  }
}
