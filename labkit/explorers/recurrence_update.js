// One update written out for one unit: weights × values for a gate, the gates, and the state they make.
import { cellSize, fillCell, group, sign, Total } from "./cells.js";
import { colourScale } from "./colours.js";
import { button } from "./controls.js";
import { decimals, write } from "./numbers.js";
import { element, setText } from "./page.js";
import { GATES, rowOf } from "./recurrence_steps.js";

const OPEN = colourScale([0, 1]), SIGNED = colourScale([-1, 1]);
export const three = (value) => write(value, Math.abs(value) < 100 ? 3 : 1);

// "0.21 + 0.10" or "0.21 − 0.10"
const plus = (a, b) => `${three(a)} ${b < 0 && three(b) !== three(0) ? "−" : "+"} ${three(Math.abs(b))}`;

// Values, the weights that read them, and their products, in columns; the last column is the bias.
class Strip {
  constructor(names) {
    this.names = names;
    this.label = element("div", { class: "lk-label" });
    this.node = element("div", { class: "lk-block lk-strip", "aria-hidden": "true" });
    this.count = 0;
  }

  // At most `across` columns side by side; the others go into a line of their own.
  fit(count, across) {
    if (this.count === count && this.across === across) return;
    Object.assign(this, { count, across });
    const lines = Math.ceil(count / across), long = Math.ceil(count / lines);
    this.columns = Array.from({ length: count }, () => this.names.map(() => element("span", { class: "lk-cell" })));
    const line = (start) => {
      const part = this.columns.slice(start, start + long);
      const rows = this.names.flatMap((name, row) => [element("span", { class: "lk-row-name" }, name), ...part.map((cells) => cells[row])]);
      return element("div", { class: "lk-grid lk-named", style: `--lk-columns: ${part.length}` }, ...rows);
    };
    this.node.replaceChildren(this.label, ...Array.from({ length: lines }, (_, i) => line(i * long)));
  }

  show(words, values, { weights, bias }, { value: valueScale, weight: weightScale }) {
    setText(this.label, words);
    const products = [...weights.map((weight, i) => weight * values[i]), bias];
    const scale = colourScale([1, ...products].map(Math.abs), true), places = decimals(values);
    this.columns.forEach(([value, weight, product], i) => {
      const last = i === weights.length;
      fillCell(value, !last && valueScale.rgb(values[i]), last ? "1" : write(values[i], places));
      fillCell(weight, weightScale.rgb(last ? bias : weights[i]), write(last ? bias : weights[i], 2));
      fillCell(product, scale.rgb(products[i]), write(products[i], 2));
    });
  }
}

export class UpdatePanel {
  // choose(gate) is called with the number of the gate whose sum is to be shown.
  constructor(prediction, choose) {
    this.choose = choose;
    this.input = new Strip(["x", "W", "W·x"]);
    this.state = new Strip(["h", "U", "U·h"]);
    this.total = new Total(prediction);
    this.gates = element("div", { class: "lk-gates" });
    this.arrow = sign("→");
    this.node = element("div", { class: "lk-sum" }, group(this.input.node, this.state.node), group(this.gates, this.arrow, this.total.node));
    this.equation = element("div", { class: "lk-equation" });
  }

  fit(layer, width) {
    const columns = layer.width + layer.hidden + 2;
    const across = Math.max(3, Math.floor((width - 46) / 31));
    this.input.fit(layer.width + 1, across);
    this.state.fit(layer.hidden + 1, across);
    const longest = Math.min(across, Math.max(layer.width, layer.hidden) + 1);
    this.size = cellSize(width, [columns, 120, 34], [longest, 46]);
    if (this.kind === layer.kind) return;
    this.kind = layer.kind;
    this.cards = GATES[layer.kind].map((gate, k) => this.card(gate, k));
    this.gates.replaceChildren(...this.cards.map((card) => card.node));
  }

  // A gate with its sum and what it says; a plain RNN has a single sum, and nothing to choose.
  card({ name, words }, k) {
    const single = this.kind === "rnn";
    const sum = element("span", { class: "lk-gate-sum" }), value = element("span", { class: "lk-cell lk-gate-value" });
    const parts = [element("span", { class: "lk-gate-name" }, element("b", {}, single ? "a" : name), ` ${single ? "sum" : words}`), sum, value];
    const long = this.kind === "gru" && name === "n" ? "lk-gate lk-long" : "lk-gate"; // its sum has three numbers
    const node = single ? element("div", { class: "lk-gate" }) : button("", () => this.choose(k), { class: long, "aria-pressed": "false", title: `Show the sum of gate ${name}` });
    node.append(...parts);
    return { node, sum, value };
  }

  // now: layer, made (of this unit), x, before and cellBefore, unit, gate, scales, hidden, guessing, text and rgb of the state
  show(now) {
    const { layer, made, x, before, unit, gate, scales } = now;
    const { name } = GATES[layer.kind][gate], chosen = made.gates[gate];
    const row = rowOf(layer, gate, unit), of = layer.kind === "rnn" ? "" : ` for gate ${name}`;
    this.input.show(`input${of}: W·x + b = ${three(chosen.fromInput)}`, x, row.input, { value: scales.input, weight: scales.weight });
    this.state.show(`state${of}: U·h + b = ${three(chosen.fromState)}`, before, row.state, { value: scales.states, weight: scales.weight });
    made.gates.forEach((one, k) => this.showCard(now, one, k));
    setText(this.arrow, layer.kind === "rnn" ? "tanh →" : "→");
    this.total.show({ label: `new state of unit ${unit}`, text: now.text, rgb: now.rgb, hidden: now.hidden, guessing: now.guessing });
    setText(this.equation, equation[layer.kind](now));
  }

  showCard({ layer, made, gate }, { name, fromInput, fromState, sum, value }, k) {
    const { node, ...card } = this.cards[k];
    const { curve, words } = GATES[layer.kind][k];
    const reset = layer.kind === "gru" && name === "n";
    const terms = reset ? `${three(fromInput)} + ${three(made.gates[0].value)}\u00a0×\u00a0${bracket(fromState)}` : plus(fromInput, fromState);
    if (layer.kind === "rnn") {
      setText(card.sum, terms);
      return fillCell(card.value, colourScale([sum, 1], true).rgb(sum), three(sum));
    }
    setText(card.sum, `${curve}(${terms})`);
    fillCell(card.value, (curve === "σ" ? OPEN : SIGNED).rgb(value), three(value));
    node.setAttribute("aria-pressed", k === gate);
    node.setAttribute("aria-label", `gate ${name}, ${words}: ${curve}(${three(sum)}) = ${three(value)}`);
  }
}

const bracket = (value) => (value < 0 && three(value) !== three(0) ? `(${three(value)})` : three(value));

const equation = {
  rnn: ({ made: { gates: [h] }, hidden, text }) => `h′ = tanh(W·x + U·h + b) = tanh(${plus(h.fromInput, h.fromState)}) = ${hidden ? "?" : text}`,
  gru({ made: { gates: [, z, n] }, before, unit, hidden, text }) {
    const [keep, fresh] = [z, n].map((gate) => three(gate.value));
    return `h′ = (1 − z) · n + z · h = (1 − ${keep}) × ${bracket(n.value, fresh)} + ${keep} × ${bracket(before[unit])} = ${hidden ? "?" : text}`;
  },
  lstm({ made: { gates, cell }, cellBefore, unit, hidden, text }) {
    const [i, f, g, o] = gates.map((gate) => bracket(gate.value));
    return `c′ = f · c + i · g = ${f} × ${bracket(cellBefore[unit])} + ${i} × ${g} = ${hidden ? "?" : three(cell)};  ` +
      `h′ = o · tanh(c′) = ${o} × tanh(${hidden ? "?" : three(cell)}) = ${hidden ? "?" : text}`;
  },
};
