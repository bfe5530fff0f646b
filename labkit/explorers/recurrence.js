// Step through a recurrent layer: a token, the gates of one unit, its new state, and how far that reaches.
import { colourScale, extremes } from "./colours.js";
import { Choice, Range, Stepper } from "./controls.js";
import { powerOfTen } from "./curves.js";
import { ExplorerView } from "./explorer.js";
import { clamp, decimals, floats, plural, write } from "./numbers.js";
import { element } from "./page.js";
import { RecurrencePicture } from "./recurrence_picture.js";
import { code, GATES, gradientNorms, perturb, reach, rowOf, run, unpack } from "./recurrence_steps.js";
import { three, UpdatePanel } from "./recurrence_update.js";
import { exact, table } from "./tables.js";

const NAMES = { rnn: "RNN", gru: "GRU", lstm: "LSTM" };
const THRESHOLDS = [[0.2, "20 %"], [0.05, "5 %"], [0.01, "1 %"], [0.001, "0.1 %"]];
const percent = (share) => `${Number((100 * share).toPrecision(3))} %`;

// A number that may be very small: two digits, with a power of ten where zeros would hide them.
const magnitude = (value) => {
  if (value === 0 || (value >= 0.01 && value < 1000)) return String(Number(value.toPrecision(2)));
  const [digits, exponent] = value.toExponential(1).split("e");
  return `${digits} × ${powerOfTen(Number(exponent))}`;
};

// What becomes of a change, in a sentence.
function fate(sizes, change) {
  const far = reach(sizes, change), share = percent(change.threshold);
  if (Math.max(...sizes) === 0) return "The change reaches no state.";
  if (far === null) return `At the last step the change is still above ${share} of its greatest size.`;
  return `The change stays below ${share} of its greatest size after ${plural(far, "step")}.`;
}

class RecurrenceView extends ExplorerView {
  constructor(model, host) {
    super(model, host, { name: "recurrence", title: "Recurrence", quantity: "new state", slider: "Step",
      hint: "← → a step, ↑ ↓ a unit, Home and End, Page Up and Page Down",
      traits: ["kind", "unit", "perturbed", "feature", "amount", "threshold"] });
    const shape = model.get("shape"), kinds = model.get("kinds");
    this.fixed = { shape, inputs: floats(model.get("sequence")) };
    this.layers = unpack(kinds, shape[1], floats(model.get("parameters")));
    this.kinds = Object.fromEntries(kinds.map(([kind, hidden, bias, given]) => [kind, { hidden, bias, given }]));
    this.tokens = model.get("tokens");
    this.count = shape[0];
    this.answerPlaces = 2;
    this.gate = 0;
    this.picture = new RecurrencePicture(this.canvas);
    this.canvas.addEventListener("click", (event) => this.choose(event));
    this.panel = new UpdatePanel(this.prediction, (gate) => { this.gate = gate; this.ask(); });
    this.buildSettings();
    this.open(this.stage, this.transport.node, this.panel.node, this.panel.equation, this.live, this.settings, this.twin.node);
  }

  // ---- what the state makes

  refresh() {
    const { kind, inputs } = this.state;
    this.layer = this.layers[kind];
    if (this.traced !== kind) {
      this.traced = kind;
      this.trace = run(this.layer, inputs);
      this.norms = gradientNorms(this.layer, this.trace);
      this.gate = Math.min(this.gate, GATES[kind].length - 1);
    }
    this.states = this.trace.states.slice(1);
    this.effect = perturb(this.layer, inputs, this.trace, this.state);
    this.reach = reach(this.effect.sizes, this.state);
    this.fate = fate(this.effect.sizes, this.state);
    const all = (rows) => rows.flatMap((row) => [...row]);
    const states = all(this.states), changes = all(this.effect.differences);
    this.scales = { states: colourScale(states, true), changes: colourScale(changes, true), input: colourScale(inputs),
      trace: colourScale([...states, ...all(this.effect.states)], true), weight: this.weightScale() };
    this.places = { states: decimals(states), changes: decimals(changes) };
    this.showSettings();
  }

  // One scale for all weights of the layer, so that units and gates can be compared.
  weightScale() {
    const { fromInput, fromState, inputBias, stateBias } = this.layer;
    const [low, high] = extremes([...fromInput, ...fromState, ...inputBias, ...stateBias]);
    return colourScale([1.2 * Math.max(-low, high)], true);
  }

  outlook(next) {
    const { layer, trace, count } = this;
    if (next.kind !== this.state.kind) return { count, words: `${NAMES[next.kind]} of ${plural(this.kinds[next.kind].hidden, "unit")}.` };
    if (next.unit !== this.state.unit) return { count, words: `Unit ${next.unit}.` };
    return { count, words: fate(perturb(layer, next.inputs, trace, next).sizes, next) };
  }

  // How much the last state depends on the state of the change, beside how much it depends on itself.
  slope(here, last) {
    const itself = `at the last step (${magnitude(last)} = √${this.layer.hidden})`;
    const ratio = last / here;
    const than = here === 0 ? `, unlike ${itself}` : ratio > 1.05 ? `, ${magnitude(ratio)} times smaller than ${itself}` : ratio < 0.95 ? `, ${magnitude(1 / ratio)} times larger than ${itself}` : `, as ${itself}`;
    return `At step ${this.state.perturbed} it is ${magnitude(here)}${than}.`;
  }

  answer(position) {
    return this.states[position][this.unit];
  }

  code(position) {
    return code({ ...this.state, ...this.kinds[this.state.kind] }, position, this.state.unit);
  }

  // ---- where it stands: a step and a unit

  get unit() {
    return clamp(this.part ?? this.state.unit, 0, this.layer.hidden - 1);
  }

  // A state that was passed is an input of the next one, so it is kept back no longer.
  hidden(position) {
    return super.hidden(position) && position >= this.position && this.unit === this.state.unit;
  }

  key(event) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return super.key(event);
    event.preventDefault();
    // Of the model, for the state is renewed once a frame: two keys in one frame are two steps.
    const from = this.model.get("unit"), unit = clamp(from + by, 0, this.layer.hidden - 1);
    if (unit !== from) this.adjust({ unit });
    return undefined;
  }

  at(event) {
    const { position, unit } = this.picture.at(event);
    return { position, part: unit };
  }

  // A click on a cell chooses its unit; on a label over the changes, the step whose input is changed.
  choose(event) {
    if (!this.fitted) return;
    const { position, unit, isLabel } = this.picture.at(event);
    if (isLabel) this.adjust({ perturbed: position });
    else if (unit !== null && unit !== this.state.unit) this.adjust({ unit });
  }

  // ---- building

  buildSettings() {
    const [steps, width] = this.fixed.shape;
    const some = Object.values(this.kinds).some(({ given }) => given);
    const kinds = Object.entries(this.kinds).map(([kind, { given }]) => [kind, some && !given ? `${NAMES[kind]}, random` : NAMES[kind]]);
    this.kind = new Choice("Kind of layer", kinds, (kind) => this.adjust({ kind, unit: Math.min(this.state.unit, this.kinds[kind].hidden - 1) }));
    const stepper = (name, label, most, trait) => new Stepper(name, { least: 0, most, label, change: (value) => this.adjust({ [trait]: value }) });
    this.steppers = [["unit", stepper("unit", "unit", 0, "unit")], ["perturbed", stepper("step of the change", "change step", steps - 1, "perturbed")]];
    if (width > 1) this.steppers.push(["feature", stepper("input that changes", "its input", width - 1, "feature")]);
    this.amount = new Range("amount of the change", { least: -3, most: 3, step: 0.1, label: "by", say: (value) => write(value, decimals([value])), change: (amount) => this.adjust({ amount }) });
    this.threshold = new Choice("Faded below", THRESHOLDS, (threshold) => this.adjust({ threshold }));
    this.words = element("div", { class: "lk-formula lk-wide" });
    const [unit, ...where] = this.steppers.map(([, one]) => one.node);
    const faded = element("div", { class: "lk-field" }, element("span", { "aria-hidden": "true" }, "faded below"), this.threshold.node);
    this.settings = element("div", { class: "lk-settings" }, element("div", { class: "lk-line" }, this.kind.node, unit),
      element("div", { class: "lk-line", role: "group", "aria-label": "Change one input" }, ...where, this.amount.node, faded), this.words);
  }

  // ---- showing

  fit(width) {
    this.panel.fit(this.layer, width);
    this.root.style.setProperty("--lk-cell", `${this.panel.size}px`);
    const { state, layer, count, tokens, states, effect, norms, scales, places } = this;
    const { feature, perturbed, amount } = state;
    const by = write(Math.abs(amount), decimals([amount])), which = state.shape[1] > 1 ? `input ${feature}` : "the input";
    const cause = [`${which} of step ${perturbed} ${amount < 0 ? "falls" : "grows"} by ${by}`, `step ${perturbed}: ${amount < 0 ? "−" : "+"}${by}`];
    this.picture.fit({ state, count, hidden: layer.hidden, tokens, states, changed: effect.states, differences: effect.differences, norms, scales, places,
      reach: this.reach, cause, dark: Number(this.root.hasAttribute("data-dark")) }, width);
  }

  show(position) {
    const { layer, unit, trace, scales } = this;
    const { inputs, shape: [, width] } = this.state;
    const now = { position, unit, hidden: (t) => this.hidden(t), playing: this.playback.playing };
    this.picture.paint(now);
    this.panel.show({ layer, unit, gate: this.gate, made: trace.steps[position][unit], x: inputs.subarray(position * width, (position + 1) * width),
      before: trace.states[position], cellBefore: trace.cells[position], scales,
      hidden: this.hidden(position), guessing: this.guessing, text: this.answerText(this.answer(position)), rgb: scales.states.rgb(this.answer(position)) });
  }

  showSettings() {
    const { kind, threshold, amount, perturbed } = this.state;
    this.kind.show(kind);
    this.threshold.show(threshold);
    this.amount.show(amount);
    for (const [name, stepper] of this.steppers) stepper.show(this.state[name], name === "unit" ? this.layer.hidden - 1 : undefined);
    const { norms: { state: norms } } = this;
    const first = element("div", {}, element("b", {}, "reach "), this.fate);
    const second = element("div", {}, element("b", {}, "gradient "), this.slope(norms[perturbed], norms.at(-1)));
    this.words.replaceChildren(first, second);
  }

  // ---- saying

  place(position) {
    const token = this.tokens.length ? ` “${this.tokens[position]}”` : "";
    return `t = ${position}${token}, unit ${this.unit}`;
  }

  said(position) {
    return this.hidden(position) ? "new state hidden" : `new state ${this.answerText(this.answer(position))}`;
  }

  label(position) {
    const { kind, perturbed } = this.state;
    return `${NAMES[kind]} of ${plural(this.layer.hidden, "unit")} over ${plural(this.count, "step")}. At ${this.place(position)}: ${this.said(position)}. ` +
      `An input of step ${perturbed} is changed. ${this.fate} Gradient of the last state by this one: ${magnitude(this.norms.state[position])}.`;
  }

  tables(position) {
    return [this.gateTable(position), this.stepTable(position), this.stateTable(position), this.termTable(position)];
  }

  gateTable(position) {
    const { gates, cell } = this.trace.steps[position][this.unit];
    const hidden = this.hidden(position), kept = (text) => (hidden ? "hidden" : text);
    const rows = gates.map(({ name, fromInput, fromState, sum, value }) => [name, three(fromInput), three(fromState), three(sum), this.state.kind === "rnn" ? kept(three(value)) : three(value)]);
    if (this.state.kind === "lstm") rows.push(["cell", "", "", "", kept(three(cell))]);
    rows.push(["new state", "", "", "", kept(exact(this.answer(position)))]);
    return table(`This update: ${this.place(position)}`, ["gate", "W·x + b", "U·h + b", "sum", "value"], rows);
  }

  stepTable(position) {
    const { sizes, differences } = this.effect;
    const rows = sizes.map((size, t) => {
      const mark = element("td", t === position ? { "aria-current": "true" } : {}, this.hidden(t) ? "hidden" : exact(this.states[t][this.unit]));
      return [t, this.tokens[t] ?? "", mark, exact(differences[t][this.unit]), magnitude(size), magnitude(this.norms.state[t])];
    });
    return table(`Each step, unit ${this.unit}`, ["step", "token", "state", "change", "size of all changes", "gradient"], rows);
  }

  // What the chosen gate adds up.
  termTable(position) {
    const { inputs, shape: [, width], kind } = this.state;
    const { input, state } = rowOf(this.layer, this.gate, this.unit);
    const terms = (name, { weights, bias }, values) => [
      ...Array.from(weights, (weight, i) => [`${name} ${i}`, exact(values[i]), exact(weight), exact(weight * values[i])]),
      [`bias of ${name}`, "1", exact(bias), exact(bias)]];
    const of = kind === "rnn" ? "the sum" : `gate ${GATES[kind][this.gate].name}`;
    return table(`Terms of ${of}`, ["read", "value", "weight", "product"], [
      ...terms("input", input, inputs.subarray(position * width, (position + 1) * width)), ...terms("state", state, this.trace.states[position])]);
  }

  // All units at this step and the one before.
  stateTable(position) {
    const rows = Array.from(this.states[position], (value, unit) => [unit, exact(this.trace.states[position][unit]), unit === this.unit && this.hidden(position) ? "hidden" : exact(value), exact(this.effect.differences[position][unit])]);
    return table(`All units at t = ${position}`, ["unit", "state before", "new state", "change"], rows);
  }
}

function render({ model, el }) {
  const view = new RecurrenceView(model, el);
  return () => view.remove();
}

export default { render };
