// Step through attention: a query's products with the keys, scale, mask, softmax, and the sum of the values.
import { AttentionImages } from "./attention_images.js";
import { AttentionPicture } from "./attention_picture.js";
import { Heads, RowPanel, weightedTerms } from "./attention_row.js";
import { attend, code, factor, products, queryAndKey, valueOf, weightedSum } from "./attention_steps.js";
import { colourScale } from "./colours.js";
import { Choice, Range, Stepper, Toggle } from "./controls.js";
import { ExplorerView } from "./explorer.js";
import { clamp, decimals, floats, parseNumber, plural, write } from "./numbers.js";
import { element, setText } from "./page.js";
import { exact, mapTable, table } from "./tables.js";

const MASK_WORDS = { none: "no mask", causal: "causal mask", padding: "padding mask", given: "given mask" };
const two = (value) => write(value, 2);
const warmth = (exponent) => Number((10 ** exponent).toPrecision(2));

class AttentionView extends ExplorerView {
  constructor(model, host) {
    super(model, host, { name: "attention", title: "Attention", quantity: "key that gets most", slider: "Query",
      hint: "← → ↑ ↓ a query, Home and End, Page Up and Page Down",
      traits: ["head", "temperature", "scaled", "mask", "padding"] });
    const [queries, keys, values] = ["queries", "keys", "values"].map((name) => floats(model.get(`${name}_bytes`)));
    const given = model.get("allowed_bytes");
    this.fixed = { shape: model.get("shape"), picture: model.get("picture"), queries, keys, values, allowed: new Uint8Array(given.buffer, given.byteOffset, given.byteLength) };
    const [, T, S] = this.fixed.shape;
    this.count = T;
    const spoken = (text) => text.replace(/^\s*$/, "␣");
    this.tokens = { query: model.get("tokens").map(spoken), key: model.get("key_tokens").map(spoken) };
    this.labels = { query: this.tokens.query.length ? this.tokens.query : [...Array(T).keys()].map(String), key: this.tokens.key.length ? this.tokens.key : [...Array(S).keys()].map(String) };
    this.products = Array.from({ length: this.fixed.shape[0] }, (_, head) => products({ ...this.fixed, head }));
    this.picture = new (this.fixed.picture.length ? AttentionImages : AttentionPicture)(this.canvas);
    this.canvas.addEventListener("click", (event) => this.choose(event));
    this.panel = new RowPanel(this.prediction, (j) => this.column(j));
    this.heads = new Heads(this.fixed.shape, (head) => this.adjust({ head }));
    this.buildSettings();
    this.open(this.heads.node, this.stage, this.transport.node, this.panel.node, this.panel.equation, this.live, this.settings, this.twin.node);
    for (const name of ["key", "component"]) {
      this.handlers[name] = this.ask;
      model.on(`change:${name}`, this.ask);
    }
  }

  // ---- what the state makes

  refresh() {
    const { state } = this;
    const { shape: [heads, , S], head } = state;
    this.maps = Array.from({ length: heads }, (_, h) => this.products[h].map((raw, i) => attend({ ...state, head: h }, raw, i)));
    this.rows = this.maps[head];
    this.outputs = this.rows.map((row) => weightedSum(state, row.weights));
    this.values = Array.from({ length: S }, (_, j) => valueOf(state, j));
    const all = (rows) => rows.flatMap((row) => [...row]);
    const weights = this.heads.show(this.maps, head, (i) => !this.hidden(i), getComputedStyle(this.root).getPropertyValue("--lk-sunken"));
    const raw = all(this.products[head]), scores = raw.map((product) => product * factor(state)), values = all(this.values);
    this.scales = { weights, products: colourScale(raw, true), scores: colourScale(scores, true), values: colourScale(values), ...this.vectorScales(head) };
    this.places = { products: decimals(raw), scores: decimals(scores), values: decimals(values) };
    this.showSettings();
  }

  // Colours for queries, keys and their products, component by component; they depend on the head alone.
  vectorScales(head) {
    this.vectors ??= new Map();
    if (!this.vectors.has(head)) {
      const state = { ...this.fixed, head }, { shape: [, T, S, E] } = state;
      const numbers = [], most = (at) => Array.from({ length: E }, (_, e) => Math.max(...at.map((vector) => Math.abs(vector[e]))));
      const queries = Array.from({ length: T }, (_, i) => queryAndKey(state, i, 0).query), keys = Array.from({ length: S }, (_, j) => queryAndKey(state, 0, j).key);
      for (const vector of [...queries, ...keys]) numbers.push(...vector);
      const keyTops = most(keys);
      this.vectors.set(head, { vectors: colourScale(numbers, true), parts: colourScale(most(queries).map((top, e) => top * keyTops[e]), true) });
    }
    return this.vectors.get(head);
  }

  outlook(next) {
    const row = attend(next, this.products[next.head][this.position], this.position);
    const secret = Boolean(this.model.get("predict")) && row.seen > 0;
    return { count: this.count, words: secret ? "Predict again." : row.seen ? this.spread(row) : "This query may look at no key: it gets zeros." };
  }

  spread({ entropy, seen }) {
    return `Entropy ${two(entropy)} of at most ln ${seen} = ${two(Math.log(seen))}: as an even look at ${write(Math.exp(entropy), 1)} of ${plural(seen, "key")}.`;
  }

  answer(position) {
    return this.rows[position].most;
  }

  answerText(key) {
    return this.labels.key[key];
  }

  // A query that may look nowhere has no answer to be predicted.
  hidden(position) {
    return super.hidden(position) && (this.rows?.[position]?.seen ?? 1) > 0;
  }

  code(position) {
    return code(this.state, position);
  }

  // ---- predicting: a key, by its label or its number

  judge() {
    const { guess } = this.prediction;
    const text = guess.value.trim(), S = this.labels.key.length;
    const key = this.keyNamed(text);
    if (Number.isNaN(key)) return this.refuse(guess);
    guess.removeAttribute("aria-invalid");
    if (key < 0 || key >= S) return this.say(`Not yet: ${text} is too ${key < 0 ? "small" : "large"}. Keys are 0 to ${S - 1}. Try again, or reveal it.`, true);
    const { scores, most, open } = this.rows[this.position];
    if (open[key] && scores[key] === scores[most]) return this.reveal(true);
    return this.say(`Not yet: ${open[key] ? `another key gets more than ${this.keyPlace(key)}` : `${this.keyPlace(key)} is masked`}. Try again, or reveal it.`, true);
  }

  // The number of a key; of several keys with one label, the one that gets most.
  keyNamed(text) {
    const { scores } = this.rows[this.position];
    const named = this.tokens.key.flatMap((label, j) => (label === text ? [j] : []));
    if (named.length) return named.reduce((best, j) => (scores[j] > scores[best] ? j : best));
    const number = parseNumber(text);
    return Number.isInteger(number) ? number : NaN;
  }

  refuse(input) {
    input.setAttribute("aria-invalid", "true");
    this.say(`“${input.value}” is not a number of a key${this.tokens.key.length ? ", nor the label of one" : ""}. Keys are 0 to ${this.labels.key.length - 1}.`, true);
  }

  // ---- where it stands

  get chosen() {
    return clamp(this.part ?? this.model.get("key"), 0, this.labels.key.length - 1);
  }

  at(event) {
    const { position, key } = this.picture.at(event);
    return { position, part: key };
  }

  choose(event) {
    if (!this.fitted) return;
    const { key, component } = this.picture.at(event);
    if (key !== null) this.chooseKey(key);
    if (component !== null) this.chooseComponent(component);
  }

  chooseKey(key) {
    this.set({ key });
    const { raw, weights, open } = this.rows[this.position];
    const words = `q·k = ${write(raw[key], this.places.products)}, weight ${open[key] ? two(weights[key]) : "0, masked"}`;
    this.say(`${this.queryPlace(this.position)}, ${this.keyPlace(key)}: ${this.hidden(this.position) ? "hidden" : words}.`);
    this.ask();
  }

  chooseComponent(component) {
    this.set({ component });
    this.ask();
  }

  // A cell in the column of a key: pointing shows it, a click chooses it, or is a guess while one is asked for.
  column(j) {
    const node = this.touch(element("span", { class: "lk-cell lk-pick" }), j);
    node.addEventListener("click", () => {
      if (!this.guessing) return this.chooseKey(j);
      this.prediction.guess.value = this.labels.key[j];
      return this.judge();
    });
    return node;
  }

  // ---- building

  buildSettings() {
    const [, , S, E, W] = this.fixed.shape;
    const masks = ["none", "causal", "padding", ...(this.fixed.allowed.length ? ["given"] : [])];
    this.mask = new Choice("Mask", masks.map((mask) => [mask, mask === "none" ? "no mask" : mask]), (mask) => this.adjust({ mask }));
    this.padding = new Stepper("keys hidden at the end", { least: 0, most: S, label: "last keys hidden", change: (padding) => this.adjust({ padding }) });
    this.scaled = new Toggle(`÷ √${E}`, "Divide the products by the root of their width", () => this.adjust({ scaled: !this.state.scaled }));
    this.temperature = new Range("temperature", { least: -2, most: 2, step: 0.05, say: (exponent) => String(Number((10 ** exponent).toPrecision(3))), change: (exponent) => this.adjust({ temperature: warmth(exponent) }) });
    this.keyStepper = new Stepper("key", { least: 0, most: S - 1, change: (key) => this.chooseKey(key) });
    this.componentStepper = new Stepper("component of the output", { least: 0, most: W - 1, label: "component", change: (component) => this.chooseComponent(component) });
    this.words = { spread: element("div"), scale: element("div") };
    this.settings = element("div", { class: "lk-settings" },
      element("div", { class: "lk-line" }, this.mask.node, this.padding.node, this.scaled.node, this.temperature.node),
      element("div", { class: "lk-line" }, this.keyStepper.node, this.componentStepper.node),
      element("div", { class: "lk-formula lk-wide" }, this.words.spread, this.words.scale));
  }

  showSettings() {
    const { mask, padding, scaled, temperature } = this.state;
    this.mask.show(mask);
    this.padding.show(padding);
    this.padding.node.hidden = mask !== "padding";
    this.scaled.show(scaled);
    this.temperature.show(Math.log10(temperature));
  }

  // ---- showing

  fit(width) {
    this.panel.fit(this.state, width);
    this.root.style.setProperty("--lk-cell", `${this.panel.size}px`);
    const { state, rows, values, outputs, scales, places, labels } = this;
    const { shape: [heads, T, S], head, mask } = state;
    const words = [...(heads > 1 ? [`head ${head}`] : []), `${T} queries × ${S} keys`, ...(mask === "none" ? [] : [`${MASK_WORDS[mask]} in grey`])];
    this.picture.fit({ state, rows, values, outputs, scales, places, queryLabels: labels.query, keyLabels: labels.key, named: this.tokens.key.length > 0,
      caption: [words.join(", "), `${T} × ${S}`], hidden: (i) => this.hidden(i),
      terms: (i, j) => { const { query, key } = queryAndKey(state, i, j); return { query, key, parts: query.map((q, e) => q * key[e]) }; },
      termWords: (...what) => this.termWords(...what) }, width);
  }

  termWords(i, j, hidden) {
    const sum = hidden ? "?" : write(this.rows[i].raw[j], Math.max(2, this.places.products)), count = plural(this.state.shape[3], "product");
    return [`of ${this.queryPlace(i)} and ${this.keyPlace(j)}: the sum of ${count} = ${sum}`, `${i} and ${j}: sum of ${count} = ${sum}`, `= ${sum}`];
  }

  show(position) {
    const { chosen: key, state, scales, places } = this;
    const component = clamp(this.model.get("component"), 0, state.shape[4] - 1);
    const hidden = this.hidden(position), row = this.rows[position];
    this.picture.paint({ position, key, component, hidden });
    this.keyStepper.show(key);
    this.componentStepper.show(component);
    this.panel.show({ row, labels: this.labels.key, key, hidden, guessing: this.guessing, scales, places, scoreName: this.scoreName,
      label: `row of ${this.queryPlace(position)}`, answer: this.most(row, hidden) });
    this.showWords(row, position, component, hidden);
  }

  most({ most, weights, seen }, hidden) {
    if (!seen) return { label: "no key to look at", text: "zeros", rgb: this.scales.weights.rgb(0) };
    return { label: hidden ? "which key gets most?" : `gets most: ${two(weights[most])}`, text: this.answerText(most), rgb: this.scales.weights.rgb(weights[most]) };
  }

  get scoreName() {
    const { scaled, temperature, shape: [, , , E] } = this.state;
    const by = [...(scaled ? [`√${E}`] : []), ...(temperature === 1 ? [] : [String(Number(temperature.toPrecision(3)))])];
    return by.length ? `÷ ${by.join(" ÷ ")}` : "score";
  }

  showWords(row, position, component, hidden) {
    const values = this.values.map((value) => value[component]), total = this.outputs[position][component];
    if (!row.seen) {
      setText(this.panel.softmax, "Every key is masked, so there is nothing to share out:");
      setText(this.panel.sum, "all weights are 0, and so is the output.");
      setText(this.words.spread, "No entropy: this query looks nowhere.");
      return setText(this.words.scale, "softmax alone would give 0 / 0 here.");
    }
    if (hidden) {
      setText(this.panel.softmax, "Which of the keys has the largest product with this query?");
      setText(this.panel.sum, `output[${component}] = ?`);
      setText(this.words.spread, "Entropy ?");
      return setText(this.words.scale, "");
    }
    const key = this.chosen;
    const [score, top, sum] = [row.scores[key], row.top, row.sum].map(two);
    const softmax = row.open[key] ? `exp(${score} − ${top.startsWith("−") ? `(${top})` : top}) / ${sum} = ${write(row.weights[key], 3)}` : "0, masked";
    setText(this.panel.softmax, `softmax: weight of ${this.keyPlace(key)} = ${softmax}`);
    setText(this.panel.sum, `output[${component}] = ${weightedTerms(row.weights, values, total)}`);
    setText(this.words.spread, this.spread(row));
    const { scaled, shape: [, , , E] } = this.state;
    const other = attend({ ...this.state, scaled: !scaled }, row.raw, position);
    return setText(this.words.scale, `${scaled ? "Without" : "With"} ÷ √${E} it would be ${two(other.entropy)}, and the greatest weight ${two(other.weights[row.most])}.`);
  }

  // ---- saying

  queryPlace(i) {
    return `query ${i}${this.tokens.query.length ? ` “${this.tokens.query[i]}”` : ""}`;
  }

  keyPlace(j) {
    return `key ${j}${this.tokens.key.length ? ` “${this.tokens.key[j]}”` : ""}`;
  }

  place(position) {
    return this.queryPlace(position);
  }

  said(position) {
    const { most, weights, seen } = this.rows[position];
    if (!seen) return "no key to look at, zeros";
    return this.hidden(position) ? "most to a key that is hidden" : `most to ${this.keyPlace(most)}, ${two(weights[most])}`;
  }

  label(position) {
    const { shape: [heads, T, S], head, mask } = this.state;
    const row = this.rows[position];
    const spread = this.hidden(position) || !row.seen ? "" : ` ${this.spread(row)}`;
    return `Attention, queries × keys: ${T} × ${S}${heads > 1 ? `, head ${head} of ${heads}` : ""}, ${MASK_WORDS[mask]}. ` +
      `${this.place(position)}: ${this.said(position)}.${spread}`;
  }

  tables(position) {
    const { shape: [, T, S] } = this.state;
    const row = this.rows[position], secret = (i, value) => (this.hidden(i) ? "hidden" : exact(value));
    const rows = this.labels.key.map((label, j) => {
      const mark = element("td", j === this.chosen ? { "aria-current": "true" } : {}, secret(position, row.weights[j]));
      return [`${j}${this.tokens.key.length ? ` ${label}` : ""}`, secret(position, row.raw[j]), secret(position, row.scores[j]), row.open[j] ? "may look" : "masked", mark];
    });
    const map = mapTable("Attention, queries × keys", [T, S], [position, this.chosen], (i, j) => secret(i, this.rows[i].weights[j]), (i, j) => i === position && j === this.chosen);
    const output = table(`Output of ${this.queryPlace(position)}`, ["component", "weighted sum"], Array.from(this.outputs[position], (value, c) => [c, secret(position, value)]));
    const spread = table("Entropy", ["query", "entropy", "keys it may look at"], this.rows.map((one, i) => [i, secret(i, one.entropy), one.seen]));
    return [table(`This row: ${this.place(position)}`, ["key", "q·k", this.scoreName, "mask", "weight"], rows), map, output, spread];
  }
}

function render({ model, el }) {
  const view = new AttentionView(model, el);
  return () => view.remove();
}

export default { render };
