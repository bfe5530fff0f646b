// One step written out: terms in columns, what they add up to, and the number that they make.
import { cellSize, fillCell, group, sign, Total } from "./cells.js";
import { element, setText } from "./page.js";
import { FUNCTIONS, nodeName } from "./neural_network_steps.js";

// Four digits, without zeros at the end.
export function neat(value, digits = 4) {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4) return value.toExponential(1).replace("e+", "e").replaceAll("-", "−");
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

// Three digits, where there is little room.
export const brief = (value) => neat(value, 3);

const bracket = (value) => (value < 0 ? `(${neat(value)})` : neat(value));
const product = (a, b) => `${bracket(a)}\u00a0×\u00a0${bracket(b)}`;

// What a step is made of. rows: the names of the rows of terms; columns: terms, as [number, scale] or a text;
// parts: [sign, label, number, scale] one after the other; then a sign and the answer.
export function termsOf(step, { sizes, state, passes, scales }) {
  const { kind, layer, unit } = step, { parameters, activation, target } = state;
  const { values, sums, arrived, slopes } = passes, last = layer === parameters.length - 1;
  const f = FUNCTIONS[activation], name = nodeName(sizes, layer + 1, unit);
  if (kind === "sum") {
    const [weight, bias] = [parameters[layer][0][unit], parameters[layer][1][unit]];
    const z = sums[layer][unit], plain = last || activation === "identity";
    const columns = weight.map((w, j) => [[values[layer][j], scales.value], [w, scales.weight], [w * values[layer][j], scales.term]]);
    const words = [...weight.map((w, j) => product(w, values[layer][j])), bracket(bias)].join(" + ");
    return { label: name, scale: scales.value, rows: ["in", "weight", "product"], heads: [...weight.map((_, j) => nodeName(sizes, layer, j)), "bias"],
      columns: [...columns, ["1", [bias, scales.weight], [bias, scales.term]]],
      parts: plain ? [] : [["=", "sum z", z, scales.term]], sign: plain ? "=" : `${f.name} →`,
      words: [`${name} = ${plain ? words : `${f.name}(${words})`}`, plain ? "" : `${f.name}(${neat(z)})`] };
  }
  if (kind === "loss") {
    const outputs = values.at(-1);
    return { label: "loss", scale: scales.loss, rows: ["output y", "target t", "(y − t)²"], heads: outputs.map((_, i) => nodeName(sizes, sizes.length - 1, i)),
      columns: outputs.map((y, i) => [[y, scales.value], [target[i], scales.value], [(y - target[i]) ** 2, scales.loss]]), parts: [], sign: "=",
      words: [`loss = ${outputs.map((y, i) => `(${neat(y)} − ${bracket(target[i])})²`).join(" + ")}`] };
  }
  if (kind === "slope" && last) {
    const y = values[layer + 1][unit], t = target[unit];
    return { label: `slope at ${name}`, scale: scales.slope, rows: ["output y", "target t", "y − t"], heads: [name],
      columns: [[[y, scales.value], [t, scales.value], [y - t, scales.slope]]], parts: [], sign: "× 2 =",
      words: [`∂loss / ∂${name} = 2 × (y − t) = 2 × (${neat(y)} − ${bracket(t)})`] };
  }
  if (kind === "slope") {
    const behind = slopes[layer + 1], weights = parameters[layer + 1][0].map((row) => row[unit]);
    const z = sums[layer][unit], came = arrived[layer][unit], gate = f.slope(z);
    return { label: `slope at ${name}`, scale: scales.slope, rows: ["slope", "weight", "product"], heads: behind.map((_, i) => nodeName(sizes, layer + 2, i)),
      columns: behind.map((delta, i) => [[delta, scales.slope], [weights[i], scales.weight], [delta * weights[i], scales.slope]]),
      parts: [["=", "from behind", came, scales.slope], ["×", `${f.name}′(${neat(z)})`, gate, scales.gate]], sign: "=",
      words: [`∂loss / ∂z = (${behind.map((delta, i) => product(delta, weights[i])).join(" + ")}) × ${f.name}′(${neat(z)})`, product(came, gate)] };
  }
  return weightTerms(step, { sizes, state, passes, scales });
}

function weightTerms({ layer, unit, source }, { sizes, state: { parameters, lr }, passes: { values, slopes, gradients }, scales }) {
  const name = nodeName(sizes, layer + 1, unit), isBias = source === sizes[layer];
  const from = isBias ? "1, for a bias" : nodeName(sizes, layer, source), came = isBias ? 1 : values[layer][source];
  const delta = slopes[layer][unit];
  const [old, gradient] = isBias ? [parameters[layer][1][unit], gradients[layer][1][unit]] : [parameters[layer][0][unit][source], gradients[layer][0][unit][source]];
  return { label: "gradient", scale: scales.gradient, rows: [], heads: [], columns: [],
    parts: [["", `slope at ${name}`, delta, scales.slope], ["×", `in: ${from}`, came, scales.value]], sign: "=",
    words: [`∂loss / ∂${isBias ? "b" : "w"} = ${product(delta, came)}`],
    after: `A step of rate ${neat(lr)} takes ${isBias ? "the bias" : "the weight"} from ${neat(old)} to ${neat(old)} − ${product(lr, gradient)} = ${neat(old - lr * gradient)}.` };
}

export class TermsPanel {
  constructor(prediction) {
    this.grid = element("div", { class: "lk-block lk-strip", "aria-hidden": "true" });
    this.parts = [0, 1].map(() => {
      const label = element("div", { class: "lk-label" }), value = element("div", { class: "lk-part" });
      return { sign: sign(""), label, value, node: element("div", { class: "lk-block" }, label, value) };
    });
    this.arrow = sign("");
    this.total = new Total(prediction);
    this.node = element("div", { class: "lk-sum" }, this.grid, group(...this.parts.flatMap((part) => [part.sign, part.node]), this.arrow, this.total.node));
    this.equation = element("div", { class: "lk-equation" });
  }

  // widest: the most terms that any step has.
  fit(width, widest) {
    this.size = cellSize(width, [widest, 420, 36], [widest, 76]);
  }

  build({ rows, heads }) {
    const shape = `${rows.length} × ${heads.length}`;
    if (this.shape === shape) return;
    this.shape = shape;
    this.names = ["", ...rows].map(() => element("span", { class: "lk-row-name" }));
    this.heads = heads.map(() => element("span", { class: "lk-row-name lk-column-name" }));
    this.cells = rows.map(() => heads.map(() => element("span", { class: "lk-cell" })));
    const lines = rows.flatMap((_, i) => [this.names[i + 1], ...this.cells[i]]);
    this.grid.replaceChildren(element("div", { class: "lk-grid lk-terms", style: `--lk-columns: ${heads.length}` }, this.names[0], ...this.heads, ...lines));
  }

  show(terms, { value, text, hidden, guessing }) {
    this.build(terms);
    this.grid.hidden = terms.rows.length === 0;
    terms.rows.forEach((name, i) => setText(this.names[i + 1], name));
    terms.heads.forEach((name, j) => setText(this.heads[j], name));
    terms.columns.forEach((column, j) => column.forEach((cell, i) => {
      // The last of the terms of the loss is the answer, when there is one alone.
      const given = !(hidden && terms.label === "loss" && i === 2) && Array.isArray(cell);
      fillCell(this.cells[i][j], given && cell[1].rgb(cell[0]), given ? neat(cell[0]) : Array.isArray(cell) ? "?" : cell);
    }));
    this.parts.forEach((one, i) => this.showPart(one, terms.parts[i], hidden));
    setText(this.arrow, terms.sign);
    this.total.show({ label: terms.label, text, rgb: terms.scale.rgb(value), hidden, guessing });
    const [first, ...more] = terms.words.filter(Boolean);
    setText(this.equation, [first, ...(hidden ? [] : more), hidden ? "?" : text].join(" = ") + (terms.after && !hidden ? `.  ${terms.after}` : ""));
  }

  // A number on the way to the answer; one that would give it away is kept back with it.
  showPart({ sign: before, label, value, node }, part, hidden) {
    node.hidden = !part;
    before.hidden = !part?.[0];
    if (!part) return;
    const [text, name, number, scale] = part, secret = hidden && text === "=";
    setText(before, text);
    setText(label, name);
    fillCell(value, !secret && scale.rgb(number), secret ? "?" : neat(number));
  }
}
