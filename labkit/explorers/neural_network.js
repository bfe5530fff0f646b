// Step through a small network: each neuron, the loss, every slope back; then let gradient descent lower the loss.
import { colourScale } from "./colours.js";
import { button, Choice } from "./controls.js";
import { ExplorerView } from "./explorer.js";
import { clamp, parseNumber, plural } from "./numbers.js";
import { element } from "./page.js";
import { table } from "./tables.js";
import { NetworkPicture } from "./neural_network_picture.js";
import { code, descend, FUNCTIONS, LARGEST, MOST_STEPS, nodeName, sizesOf, stepKey, stepsOf, valueOf, workOut } from "./neural_network_steps.js";
import { neat, termsOf, TermsPanel } from "./neural_network_terms.js";

const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
const QUANTITIES = { sum: "value", loss: "loss", slope: "slope", weight: "gradient" };
const NEW_CURVE = { losses: [], earlier: [] };

// A number that may be any, with smaller and larger beside it: x₁ − 2.5 +
class Amount {
  constructor(name, label, change) {
    this.input = element("input", { type: "number", step: "any", min: -100, max: 100, "aria-label": name });
    const set = (value) => change(Number.isNaN(value) ? this.value : clamp(value, -100, 100));
    this.input.addEventListener("change", () => set(parseNumber(this.input.value)));
    this.input.addEventListener("keydown", (event) => {
      const by = { ArrowUp: 0.5, ArrowDown: -0.5 }[event.key];
      if (by) { event.preventDefault(); set(this.value + by); }
    });
    const nudge = (text, by, word) => button(text, () => set(this.value + by), { "aria-label": `${word} ${name}` });
    this.node = element("div", { class: "lk-stepper lk-amount" }, element("span", { "aria-hidden": "true" }, label), nudge("−", -0.5, "smaller"), this.input, nudge("+", 0.5, "larger"));
  }

  show(value) {
    this.value = value;
    this.input.value = Number(value.toPrecision(4));
  }
}

class NeuralNetworkView extends ExplorerView {
  constructor(model, host) {
    super(model, host, { name: "neural_network", title: "Neural network", quantity: "value", slider: "Step",
      hint: "← → a step, Home and End, Page Up and Page Down", traits: ["parameters", "x", "target", "activation", "lr", "losses", "earlier"] });
    this.sizes = sizesOf(model.get("start"));
    this.steps = stepsOf(this.sizes);
    this.places = new Map(this.steps.map((step, position) => [stepKey(step), position]));
    this.count = this.steps.length;
    this.lossAt = this.steps.findIndex(({ kind }) => kind === "loss");
    this.answerPlaces = 2;
    this.picture = new NetworkPicture(this.canvas);
    this.panel = new TermsPanel(this.prediction);
    this.buildSettings();
    this.open(this.stage, this.transport.node, this.panel.node, this.panel.equation, this.live, this.settings, this.twin.node);
  }

  // ---- what the state makes

  refresh() {
    const { state } = this, { parameters, target } = state;
    const passes = this.passes = workOut(state);
    const weights = parameters.flat(3), values = [...passes.values.flat(), ...target];
    const terms = parameters.flatMap(([weight, bias], k) => [...passes.sums[k], ...bias, ...weight.flatMap((row) => row.map((w, j) => w * passes.values[k][j]))]);
    // One scale for all numbers of a kind, so that they can be compared.
    const wide = (numbers) => colourScale([1.25 * Math.max(...numbers.map(Math.abs), 1e-9)], true);
    this.scales = { weight: wide(weights), value: wide(values), term: wide(terms), slope: wide([...passes.slopes.flat(), ...passes.arrived.flat()]),
      gradient: wide(passes.gradients.flat(3)), loss: wide([passes.loss]), gate: wide([1]) };
    this.showSettings();
  }

  outlook(next) {
    const { count } = this;
    if (next.lr !== this.state.lr) return { count, words: `Learning rate ${neat(next.lr)}.` };
    return { count, words: this.hidden(this.lossAt) ? "Changed: the loss is hidden." : `The loss is now ${neat(workOut(next).loss)}.` };
  }

  answer(position) {
    return valueOf(this.steps[position], this.passes);
  }

  answerText(value) {
    return neat(value);
  }

  code(position) {
    return code(this.state, this.steps[position]);
  }

  // ---- where it stands

  // A number that was passed goes into the next ones, so it is kept back no longer.
  hidden(position) {
    return super.hidden(position) && position >= this.position;
  }

  get backward() {
    return this.position > this.lossAt;
  }

  // Whether a number is to be seen: not while it is hidden, nor while it plays before its time; with
  // reached, not before its time at all.
  shown(step, reached, position) {
    const at = this.places.get(stepKey({ source: 0, ...step }));
    return !this.hidden(at) && !((reached || this.playback.playing) && at > position);
  }

  // Forwards a neuron is its value, and its lines lead to it; backwards it is its slope, and a line its gradient.
  at(event) {
    const part = this.picture.at(event);
    if (!part) return { position: null };
    const neuron = this.backward ? "slope" : "sum";
    const step = part.kind === "loss" || (part.kind === "weight" && this.backward) ? part : { ...part, kind: neuron, source: 0 };
    return { position: this.places.get(stepKey(step)) };
  }

  // ---- gradient descent

  take(count) {
    this.renew();
    const { state } = this, before = this.passes.loss;
    const room = Math.min(count, MOST_STEPS - state.losses.length);
    if (room <= 0) return this.say(`${MOST_STEPS} steps were taken: go back to the start.`, true);
    const { parameters, losses, taken } = descend(state, room);
    if (!taken) return this.say(`Not possible: weights would grow beyond ${LARGEST.toLocaleString("en")}. Go back to the start, and take a smaller learning rate.`, true);
    this.pause();
    this.set({ parameters, losses });
    const after = workOut({ ...state, parameters }).loss;
    if (this.hidden(this.lossAt)) return this.say(`${plural(taken, "step")} taken.`);
    const moved = after < before ? "fell" : after > before ? "rose" : "stayed";
    const halt = taken < room ? " There it stopped: weights would grow beyond all bounds." : "";
    return this.say(`${plural(taken, "step")} with learning rate ${neat(state.lr)}: the loss ${moved} ${moved === "stayed" ? "at" : `from ${neat(before)} to`} ${neat(after)}.${halt}`, moved === "rose");
  }

  restart() {
    const { losses } = this.state;
    this.pause();
    this.set({ parameters: this.model.get("start"), losses: [], earlier: losses.length ? [...losses, this.passes.loss] : [] });
    this.say("Back at the start.");
  }

  // ---- building

  buildSettings() {
    const { sizes } = this, names = (column) => Array.from({ length: sizes[column] }, (_, i) => nodeName(sizes, column, i));
    const amount = (trait, name, label, i) => new Amount(name, label, (value) => this.adjust({ [trait]: this.state[trait].map((old, j) => (i === j ? value : old)), ...NEW_CURVE }));
    const targets = names(sizes.length - 1);
    this.amounts = { x: names(0).map((name, i) => amount("x", `input ${name}`, name, i)),
      target: targets.map((name, i) => amount("target", `target of ${name}`, name.replace("y", "t"), i)) };
    this.activation = new Choice("Activation of the hidden neurons", Object.entries(FUNCTIONS).map(([value, { name }]) => [value, value === "sigmoid" ? "sigmoid" : name]), (activation) => this.adjust({ activation, ...NEW_CURVE }));
    this.rate = new Choice("Learning rate", RATES.map((rate) => [rate, String(rate)]), (lr) => this.adjust({ lr }));
    this.back = button("Back to the start", () => this.restart());
    const field = (words, node) => element("div", { class: "lk-field lk-over" }, element("span", { "aria-hidden": "true" }, words), node);
    const line = (label, ...nodes) => element("div", { class: "lk-line", role: "group", "aria-label": label }, ...nodes);
    const steps = [button("Take a step", () => this.take(1), { class: "lk-strong" }), button("10 steps", () => this.take(10)), this.back];
    this.settings = element("div", { class: "lk-settings" },
      line("Gradient descent", field("learning rate", this.rate.node), element("div", { class: "lk-row" }, ...steps)),
      line("Example", ...[...this.amounts.x, ...this.amounts.target].map(({ node }) => node), ...(sizes.length > 2 ? [field("activation", this.activation.node)] : [])));
  }

  showSettings() {
    const { state } = this;
    this.rate.show(state.lr);
    this.activation.show(state.activation);
    for (const trait of ["x", "target"]) this.amounts[trait].forEach((amount, i) => amount.show(state[trait][i]));
    this.back.disabled = !state.losses.length && JSON.stringify(state.parameters) === JSON.stringify(this.model.get("start"));
  }

  // ---- showing

  fit(width) {
    this.panel.fit(width, Math.max(...this.sizes) + 1);
    this.root.style.setProperty("--lk-cell", `${this.panel.size}px`);
    this.fitPicture(width);
  }

  // The curve stays while the position moves, unless the loss is kept back until its place.
  fitPicture(width) {
    const { sizes, state, passes, scales } = this, { losses, earlier } = state;
    this.lossShown = this.shown({ kind: "loss", layer: 0, unit: 0 }, false, this.position);
    const now = this.lossShown ? passes.loss : null;
    const after = losses.length ? ` after ${plural(losses.length, "step")}` : " at the start";
    this.picture.fit({ sizes, state, passes, scales, losses: [...losses, now], earlier, lossWords: `${now === null ? "?" : neat(now)}${after}`,
      dark: Number(this.root.hasAttribute("data-dark")) }, width);
  }

  show(position) {
    const step = this.steps[position], hidden = this.hidden(position);
    if (this.lossShown !== this.shown({ kind: "loss", layer: 0, unit: 0 }, false, this.position)) this.fitPicture(this.stage.clientWidth);
    this.picture.paint({ step, backward: this.backward, shown: (one, reached = false) => this.shown(one, reached, position) });
    this.quantity = QUANTITIES[step.kind];
    this.prediction.name(this.quantity);
    const value = this.answer(position);
    this.panel.show(termsOf(step, this), { value, text: neat(value), hidden, guessing: this.guessing });
  }

  // ---- saying

  place(position) {
    const { kind, layer, unit, source } = this.steps[position], { sizes } = this;
    const name = nodeName(sizes, layer + 1, unit);
    if (kind === "loss") return "squared error";
    if (kind === "slope") return `slope at ${name}`;
    if (kind === "sum") return layer === sizes.length - 2 ? `output ${name}` : `neuron ${name}`;
    return source === sizes[layer] ? `bias of ${name}` : `weight ${nodeName(sizes, layer, source)} → ${name}`;
  }

  said(position) {
    const quantity = QUANTITIES[this.steps[position].kind];
    return this.hidden(position) ? `${quantity} hidden` : `${quantity} ${neat(this.answer(position))}`;
  }

  label(position) {
    const { sizes, state: { activation, losses } } = this;
    const [inputs, ...hidden] = sizes.slice(0, -1);
    const layers = hidden.map((size) => `${plural(size, "neuron")} with ${FUNCTIONS[activation].name}`);
    const parts = [plural(inputs, "input"), ...layers, plural(sizes.at(-1), "output")];
    const loss = this.hidden(this.lossAt) ? "hidden" : neat(this.passes.loss);
    return `Network of ${parts.join(", ")}, ${this.backward ? "on the way back" : "on the way forward"}. ${this.place(position)}: ${this.said(position)}. The loss is ${loss} after ${plural(losses.length, "step")}.`;
  }

  tables(position) {
    return [this.neuronTable(position), this.weightTable(position), this.lossTable(position)];
  }

  cell(step, value, position) {
    const at = this.places.get(stepKey({ source: 0, ...step }));
    return element("td", at === position ? { "aria-current": "true" } : {}, this.hidden(at) ? "hidden" : neat(value));
  }

  neuronTable(position) {
    const { sizes, passes } = this;
    const rows = passes.sums.flatMap((sums, layer) => sums.map((z, unit) => {
      const sum = { kind: "sum", layer, unit };
      return [nodeName(sizes, layer + 1, unit), this.hidden(this.places.get(stepKey({ source: 0, ...sum }))) ? "hidden" : neat(z),
        this.cell(sum, passes.values[layer + 1][unit], position), this.cell({ kind: "slope", layer, unit }, passes.slopes[layer][unit], position)];
    }));
    return table("Neurons", ["neuron", "sum z", "value", "slope ∂loss / ∂z"], rows);
  }

  weightTable(position) {
    const { sizes, state: { parameters }, passes } = this;
    const rows = parameters.flatMap(([weight, bias], layer) => weight.flatMap((row, unit) => [...row, bias[unit]].map((value, source) => {
      const isBias = source === row.length, name = nodeName(sizes, layer + 1, unit);
      const [ofWeight, ofBias] = passes.gradients[layer];
      return [isBias ? `bias of ${name}` : `${nodeName(sizes, layer, source)} → ${name}`, isBias ? `layers[${layer}].bias[${unit}]` : `layers[${layer}].weight[${unit}, ${source}]`, neat(value),
        this.cell({ kind: "weight", layer, unit, source }, isBias ? ofBias[unit] : ofWeight[unit][source], position)];
    })));
    return table("Weights", ["from → to", "in Python", "weight", "gradient"], rows);
  }

  lossTable(position) {
    const { losses } = this.state, step = { kind: "loss", layer: 0, unit: 0 };
    const rows = losses.map((loss, t) => [t, neat(loss)]).slice(-16);
    return table("Loss after each step of gradient descent", ["steps", "loss"], [...rows, [losses.length, this.cell(step, this.passes.loss, position)]]);
  }
}

function render({ model, el }) {
  const view = new NeuralNetworkView(model, el);
  return () => view.remove();
}

export default { render };
