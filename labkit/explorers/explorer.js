// What every explorer is: an operation with positions to step through, in one look; by keyboard, by
// ear and by pointer; live in a notebook and in an exported page. Python joins this file and those
// that it imports into a single ES module (see explorer.py): a page has no server to import from.
//
// What is shared, and where:
//   explorer.js        ExplorerView, below: the life of a view, moving, playing, predicting, saying
//   controls.js        Transport, Prediction, Stepper, Range, Choice, Toggle, Twin, button
//   cells.js           cellGrid, fillCell, sign, group, cellSize, Total: numbers in coloured cells
//   tables.js          table, mapTable, exact: what the data table holds
//   picture.js         Picture: a sharp canvas with the palette, maps of cells, titles, frames, scales
//   window_picture.js  WindowPicture: input and output, a window that slides, the beam between them
//   colours.js         colourScale, inkOn, extremes
//   numbers.js         clamp, decimals, write, parseNumber, pythonFloat, floats, plural
//   page.js            element, icon, setText, keepKeys, onceAFrame, reducedMotion, isDark, watchTheme
//   playback.js        Playback: one step after another
//
// A subclass makes its own nodes in its constructor, after super(…), and places all with open(…). It gives
//   refresh()              work out what this.state (the traits, and this.fixed) makes
//   count                  how many positions there are;  rowLength: how many ↑ and ↓ pass over (1)
//   fit(width)             lay the picture out, width in CSS pixels
//   show(position)         paint the picture and the numbers of a step
//   place(position)        "row 1, column 2";  said(position): "sum 5";  label(position): all, in a sentence
//   answer(position)       the number to be predicted;  this.answerPlaces: its decimals;  this.quantity:
//                          what it is;  this.tolerance: how near a guess must come, where not by rounding
//   code(position)         the state as Python, the text of Explorer.code;  tables(position): data tables
//   at(event)              what lies under the pointer: { position, part }
//   outlook(state)         what a change would lead to: { count, words } or { refusal }
import { Playback } from "./playback.js";
import { Prediction, Transport, Twin } from "./controls.js";
import { clamp, decimals, parseNumber, write } from "./numbers.js";
import { element, isDark, keepKeys, onceAFrame, setText, watchTheme } from "./page.js";

const GRID_KEYS = "← → a column, ↑ ↓ a row, Home and End, Page Up and Page Down";

export class ExplorerView {
  // name: as in Python; title: for the reader; traits: the small ones whose change makes another answer.
  constructor(model, host, { name, title, traits, quantity = "sum", slider = "Position", hint = GRID_KEYS }) {
    Object.assign(this, { model, host, traits, quantity, fixed: {}, hover: null, part: null, stale: true, known: new Set(), rowLength: 1 });
    this.ask = onceAFrame(() => this.draw());
    this.renewSoon = () => { this.stale = true; this.ask(); };
    this.root = element("div", { class: "lk", role: "group", "aria-label": `${title} explorer`, "data-labkit-explorer": name });
    keepKeys(this.root);
    this.buildStage();
    this.playback = new Playback(() => this.advance(), () => { this.transport.showPlaying(this.playback.playing); this.ask(); });
    this.transport = new Transport({ label: slider, hint, key: (event) => this.key(event),
      go: (position) => { this.pause(); this.goTo(position); }, nudge: (by) => { this.pause(); this.goTo(this.position + by); },
      play: () => (this.playback.playing ? this.pause() : this.start()), predict: () => this.set({ predict: !this.predicting }) });
    this.prediction = new Prediction({ judge: () => this.judge(), reveal: () => this.reveal() });
    this.live = element("div", { class: "lk-live", role: "status", "aria-live": "polite" });
    this.twin = new Twin({ opened: this.ask, code: () => this.code(this.position), say: (words) => this.say(words) });
  }

  buildStage() {
    this.canvas = element("canvas", { class: "lk-canvas", role: "img" });
    this.stage = element("div", { class: "lk-stage" }, this.canvas);
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => { this.hover = null; this.part = null; this.ask(); });
    this.canvas.addEventListener("click", (event) => {
      this.point(event);
      if (this.hover !== null) { this.pause(); this.goTo(this.hover); }
    });
  }

  // ---- the life of a view

  open(...nodes) {
    this.root.append(...nodes);
    this.host.append(this.root);
    this.handlers = { position: () => this.ask() };
    for (const name of ["predict", ...this.traits]) this.handlers[name] = this.renewSoon;
    for (const [name, handler] of Object.entries(this.handlers)) this.model.on(`change:${name}`, handler);
    this.resize = new ResizeObserver(this.renewSoon);
    this.resize.observe(this.stage);
    this.unwatchTheme = watchTheme(this.renewSoon);
    this.ask();
  }

  remove() {
    this.pause();
    this.ask.cancel();
    for (const [name, handler] of Object.entries(this.handlers)) this.model.off(`change:${name}`, handler);
    this.resize.disconnect();
    this.unwatchTheme();
    this.root.remove();
  }

  // Everything that does not change while the position moves is worked out once.
  renew() {
    if (!this.stale) return;
    this.stale = false;
    const given = Object.fromEntries(this.traits.map((name) => [name, this.model.get(name)]));
    const inputs = JSON.stringify(given);
    if (inputs !== this.inputs) this.known.clear();
    this.inputs = inputs;
    this.state = { ...this.fixed, ...given };
    this.predicting = Boolean(this.model.get("predict"));
    this.transport.predict.show(this.predicting);
    this.root.toggleAttribute("data-dark", isDark(this.host));
    this.refresh();
    this.prediction.name(this.quantity);
    const width = this.stage.clientWidth;
    if (!width) return;
    this.fit(width);
    this.fitted = true;
  }

  draw() {
    this.renew();
    if (!this.fitted) return;
    const position = this.hover ?? this.position;
    this.show(position);
    const [place, said] = [this.place(position), this.said(position)];
    this.transport.show({ position: this.position, last: this.count - 1, spoken: position === this.position ? `${place}: ${said}` : null,
      words: [place, `step ${position + 1} of ${this.count}`] });
    this.canvas.setAttribute("aria-label", this.label(position));
    this.twin.show(() => this.tables(position));
  }

  // ---- where it stands, and going elsewhere

  get position() {
    return clamp(this.model.get("position"), 0, this.count - 1);
  }

  // Worked out at once: the next change may come before the next frame, and starts from this one.
  set(changes) {
    for (const [name, value] of Object.entries(changes)) this.model.set(name, value);
    this.model.save_changes();
    this.renew();
  }

  goTo(position) {
    this.hover = null;
    this.set({ position: clamp(position, 0, this.count - 1) });
    this.ask();
  }

  // Change traits together, unless that cannot be; then say why.
  adjust(changes) {
    this.renew();
    const { refusal, count, words } = this.outlook({ ...this.state, ...changes });
    if (refusal) {
      this.say(`Not possible: ${refusal}`, true);
      this.renewSoon();
      this.renew();
      return;
    }
    this.pause();
    this.set({ ...changes, position: clamp(this.position, 0, count - 1) });
    this.say(words);
  }

  key(event) {
    const row = this.rowLength;
    const page = row * Math.max(1, Math.round(this.count / row / 4));
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    this.pause();
    const target = this.position + moves[event.key];
    const vertical = Math.abs(moves[event.key]) >= row && Number.isFinite(target) && row > 1;
    if (vertical && (target < 0 || target >= this.count)) {
      // The first or the last row, in the same column.
      this.goTo((target < 0 ? 0 : this.count - row) + (this.position % row));
    } else this.goTo(target);
  }

  point(event) {
    if (!this.fitted) return;
    const { position, part = null } = this.at(event);
    Object.assign(this, { hover: position, part });
    this.ask();
  }

  // Pointing at (or focusing) one part of the step shows where it lies in the picture.
  touch(node, part) {
    const on = () => { this.part = part; this.ask(); };
    const off = () => { this.part = null; this.ask(); };
    for (const [name, act] of [["pointerenter", on], ["focus", on], ["pointerleave", off], ["blur", off]]) node.addEventListener(name, act);
    return node;
  }

  // ---- playing

  start() {
    if (this.position === this.count - 1) this.goTo(0);
    this.playback.start(this.count);
  }

  advance() {
    if (!this.root.isConnected || this.position >= this.count - 1) return false;
    this.goTo(this.position + 1);
    return true;
  }

  pause() {
    this.playback.pause();
  }

  // ---- predicting

  hidden(position) {
    return this.predicting && !this.known.has(position);
  }

  // Whether the place for a guess is shown: it belongs to the position, not to what is pointed at.
  get guessing() {
    return this.hidden(this.position) && (this.hover === null || this.hover === this.position);
  }

  answerText(value) {
    return write(value, this.answerPlaces);
  }

  judge() {
    const { guess } = this.prediction;
    const value = parseNumber(guess.value);
    if (Number.isNaN(value)) return this.refuse(guess);
    guess.removeAttribute("aria-invalid");
    const truth = this.answer(this.position);
    const tolerance = Math.max(this.tolerance ?? 0.6 * 10 ** -this.answerPlaces, 0.01 * Math.abs(truth));
    if (Math.abs(value - truth) <= tolerance) return this.reveal(true);
    return this.say(`Not yet: ${write(value, decimals([value]))} is too ${value > truth ? "large" : "small"}. Try again, or reveal it.`, true);
  }

  reveal(guessed = false) {
    this.known.add(this.position);
    const words = `${this.quantity} is ${this.answerText(this.answer(this.position))}.`;
    this.say(guessed ? `Right: the ${words}` : `The ${words}`);
    this.prediction.guess.value = "";
    this.renewSoon();
    this.transport.slider.focus({ preventScroll: true });
  }

  // ---- saying

  refuse(input) {
    input.setAttribute("aria-invalid", "true");
    this.say(`“${input.value}” is not a number. Write 2, −0.5 or 1/9.`, true);
  }

  say(words, wrong = false) {
    setText(this.live, words);
    this.live.classList.toggle("lk-wrong", wrong);
  }
}
