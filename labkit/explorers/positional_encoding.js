// Step through positional encodings: one number of one position, as a wave, as a hand, as a table entry;
// and how alike positions are, for sinusoids, turned pairs and a table side by side.
import { cellGrid, fillCell, group, sign, Total } from "./cells.js";
import { colourScale } from "./colours.js";
import { Choice, Range, Stepper } from "./controls.js";
import { ExplorerView } from "./explorer.js";
import { clamp, decimals, floats, write } from "./numbers.js";
import { element, isDark, setText } from "./page.js";
import { EncodingPicture } from "./positional_encoding_picture.js";
import { atDistance, code, encode, isSine, KINDS, similarities, step } from "./positional_encoding_steps.js";
import { exact, mapTable, table } from "./tables.js";

const CLOSE_BY_EYE = 0.1; // a guess that is read off a wave
const ALIKE = colourScale([-1, 1]);
const figures = (value) => String(Number(value.toPrecision(4)));
const grouped = (value) => Math.round(value).toLocaleString("en-GB");

class EncodingView extends ExplorerView {
  constructor(model, host) {
    super(model, host, { name: "positional_encoding", title: "Positional encoding", slider: "Position", traits: ["kind", "base", "dimension"],
      hint: "← → a position, Home and End, Page Up and Page Down" });
    const fixed = (name) => model.get(name);
    this.fixed = { length: fixed("length"), d_model: fixed("d_model"), trained: fixed("trained"), table: floats(fixed("numbers")) };
    this.count = this.fixed.length;
    this.picture = new EncodingPicture(this.canvas);
    this.canvas.addEventListener("click", () => { if (this.part !== null) this.adjust({ dimension: this.part }); });
    this.buildControls();
    this.sum = element("div", { class: "lk-sum" });
    this.equation = element("div", { class: "lk-equation lk-finding" });
    this.open(this.head, this.stage, this.transport.node, this.sum, this.equation, this.live, this.settings, this.twin.node);
  }

  // ---- what the state makes

  refresh() {
    const { d_model: width, trained, kind, dimension } = this.state;
    const encodings = Object.fromEntries(KINDS.map((one) => [one, encode(this.state, one)]));
    this.encoding = encodings[kind];
    this.longest = Math.max(...Array.from(this.encoding, (value, i) => Math.hypot(value, i % width % 2 ? this.encoding[i - 1] : 0)));
    this.learned ??= similarities(encodings.learned, width); // whatever the base
    this.alike = { learned: this.learned };
    for (const one of ["sinusoidal", "rotary"]) this.alike[one] = similarities(encodings[one], width);
    this.scales = { encoding: kind === "learned" ? colourScale(this.encoding, true) : ALIKE, alike: ALIKE };
    this.places = { encoding: kind === "learned" ? decimals([this.scales.encoding.high]) : 0 };
    this.names = { sinusoidal: "Sinusoidal", rotary: "Rotary", learned: "Learned" };
    this.about = { sinusoidal: "is added", rotary: "turns queries and keys", learned: trained ? "a trained table" : "a random table, not trained" };
    this.answerPlaces = 2;
    this.tolerance = CLOSE_BY_EYE;
    this.quantity = `value of dimension ${dimension}`;
    this.buildSum();
    this.showControls();
  }

  outlook({ kind, dimension, base }) {
    const words = kind === "learned" ? `${this.about.learned}.` : `dimension ${dimension}, base ${grouped(base)}.`;
    return { count: this.count, words: `${this.names[kind]}: ${words}` };
  }

  answer(position) {
    return step(this.state, position, this.state.dimension).value;
  }

  code(position) {
    return code(this.state, position);
  }

  // ---- building

  buildControls() {
    const { d_model: width } = this.fixed;
    this.kind = new Choice("kind of encoding", KINDS.map((kind) => [kind, kind]), (kind) => this.adjust({ kind }));
    this.dimension = new Stepper("dimension", { least: 0, most: width - 1, change: (dimension) => this.adjust({ dimension }) });
    this.head = element("div", { class: "lk-head" }, this.kind.node, this.dimension.node);
    this.base = new Range("base", { least: 0.5, most: 6, step: 0.25, say: () => grouped(this.state.base), change: (power) => this.adjust({ base: Math.round(10 ** power) }) });
    this.formula = element("div", { class: "lk-formula lk-wide" });
    this.settings = element("div", { class: "lk-settings" }, element("div", { class: "lk-line" }, this.base.node), this.formula);
  }

  // position × frequency = angle → sine or cosine; a table has no arithmetic.
  buildSum() {
    const { kind, dimension } = this.state;
    const built = kind === "learned" ? kind : String(isSine(kind, dimension));
    if (this.built === built) return;
    this.built = built;
    this.root.style.setProperty("--lk-cell", "78px");
    this.total = new Total(this.prediction);
    const one = (name) => cellGrid(name, 1, 1, () => element("span", { class: "lk-cell" }));
    this.cells = kind === "learned" ? [one("position"), one("dimension")] : [one("position"), one("frequency"), one("angle")];
    const [first, second, third] = this.cells.map(({ node }) => node);
    for (const { node } of this.cells) node.setAttribute("aria-hidden", "true");
    if (kind === "learned") this.sum.replaceChildren(group(first, second, sign("→"), this.total.node));
    else this.sum.replaceChildren(group(first, sign("×"), second), group(sign("="), third, sign(built === "true" ? "sin" : "cos"), this.total.node));
  }

  // ---- showing

  fit(width) {
    const { state, encoding, longest, alike, scales, places, names, about } = this;
    this.picture.fit({ state, encoding, longest, alike, scales, places, names, about, dark: Number(isDark(this.host)), wave: (dimension) => this.waveName(dimension) }, width);
  }

  waveName(dimension) {
    const { kind } = this.state;
    if (kind === "learned") return `dimension ${dimension}`;
    return `${dimension}: ${isSine(kind, dimension) ? "sine" : "cosine"}`;
  }

  at(event) {
    const { position, dimension } = this.picture.at(event);
    return { position, part: dimension };
  }

  show(position) {
    const now = { position, dimension: this.part ?? this.state.dimension, hidden: this.hidden(position) };
    this.picture.paint(now);
    this.showSum(now);
    setText(this.equation, this.sentence());
  }

  // The sum is that of the dimension that is chosen, whatever is pointed at.
  showSum({ position, hidden }) {
    const { kind, dimension } = this.state;
    const { frequency, angle, value } = step(this.state, position, dimension);
    const texts = kind === "learned" ? [position, dimension] : [position, figures(frequency), figures(angle)];
    this.cells.forEach(({ cells: [cell] }, i) => fillCell(cell, null, String(texts[i]).replace("-", "−")));
    const name = kind === "learned" ? "table" : kind === "rotary" ? "turned" : "PE";
    this.total.show({ label: `${name}[${position}, ${dimension}]`, text: this.answerText(value), rgb: this.scales.encoding.rgb(value), hidden, guessing: this.guessing });
  }

  showControls() {
    const { kind, base, dimension } = this.state;
    this.kind.show(kind);
    this.dimension.show(dimension);
    this.base.show(clamp(Math.round(4 * Math.log10(base)) / 4, 0.5, 6));
    this.base.input.disabled = kind === "learned";
    this.showFormula();
  }

  showFormula() {
    const { kind, base, dimension, d_model: width } = this.state;
    const pair = Math.floor(dimension / 2), turned = kind === "rotary" ? width - (width % 2) : width;
    const line = (...words) => element("div", {}, ...words);
    if (kind === "learned") {
      this.formula.replaceChildren(line("A table of numbers, one row for each position: nothing is computed, and there is no row beyond the last."));
      return;
    }
    const { frequency } = step(this.state, 0, dimension);
    const wave = frequency ? `${figures((2 * Math.PI) / frequency)} positions for a whole turn` : "without a partner: it is not turned";
    this.formula.replaceChildren(element("div", { class: "lk-rule" }, "frequency of pair i = base^(−2·i / d)"),
      line(element("b", {}, `pair ${pair}`), frequency ? ` ${grouped(base)}^(−2·${pair} / ${turned}) = ` : " ", element("b", {}, frequency ? figures(frequency) : ""), frequency ? `: ${wave}` : wave));
  }

  // ---- saying

  // Whether only the distance of two positions counts, as it must where they are encoded by angles.
  sentence() {
    const { length, kind } = this.state;
    const far = [1, Math.round(length / 4)].filter((distance, i) => distance > i && distance < length);
    const found = far.map((distance) => [distance, ...atDistance(this.alike[kind], length, distance)]);
    const even = found.every(([, least, most]) => most - least < 0.01);
    const words = found.map(([distance, least, most]) => `${distance} apart${distance === 1 ? " have a similarity" : ""} ${even ? `of ${write(least, 2)}` : `from ${write(least, 2)} to ${write(most, 2)}`}`);
    return `${even ? "Only the distance counts" : "More than the distance counts"}: positions ${words.join(", ")}.`;
  }

  place(position) {
    return `position ${position}`;
  }

  said(position) {
    const { dimension } = this.state;
    return `dimension ${dimension} is ${this.hidden(position) ? "hidden" : this.answerText(this.answer(position))}`;
  }

  label(position) {
    const { kind, length, d_model: width, base } = this.state;
    const how = kind === "learned" ? this.about.learned : `base ${grouped(base)}`;
    return `${this.names[kind]} encoding of ${length} positions in ${width} dimensions, ${how}. The cursor stands at ${this.place(position)}: ${this.said(position)}. ${this.sentence()}`;
  }

  tables(position) {
    const { length, d_model: width, dimension } = this.state;
    const hidden = this.hidden(position);
    const cell = (text, current) => element("td", current ? { "aria-current": "true" } : {}, text);
    const turn = (value) => (value === null ? "" : figures(value).replace("-", "−"));
    const numbers = table(`Encoding of position ${position}`, ["dimension", "frequency", "angle", "value"], Array.from({ length: width }, (_, d) => {
      const { frequency, angle, value } = step(this.state, position, d);
      const secret = hidden && Math.floor(d / 2) === Math.floor(dimension / 2);
      return [d, turn(frequency), turn(angle), cell(secret ? "hidden" : exact(value), d === dimension)];
    }));
    const alike = table(`Similarity of position ${position} to each position`, ["position", ...KINDS], Array.from({ length }, (_, q) =>
      [q, ...KINDS.map((kind) => cell(exact(this.alike[kind][position * length + q]), q === position))]));
    const all = mapTable("All encodings", [length, width], [position, dimension], (p, d) => (hidden && p === position && Math.floor(d / 2) === Math.floor(dimension / 2) ? "hidden" : exact(this.encoding[p * width + d])),
      (p, d) => p === position && d === dimension);
    return [numbers, alike, all];
  }
}

function render({ model, el }) {
  const view = new EncodingView(model, el);
  return () => view.remove();
}

export default { render };
