// Step through a 2-D pooling: the window and its winner, a shift and what it leaves, the way of the gradient.
import { cellGrid, cellSize, fillCell, group, sign, Total } from "./cells.js";
import { colourScale } from "./colours.js";
import { Choice, Stepper, Toggle } from "./controls.js";
import { ExplorerView } from "./explorer.js";
import { clamp, decimals, floats, write } from "./numbers.js";
import { element, setText } from "./page.js";
import { PoolingPicture } from "./pooling_picture.js";
import { axes, code, differs, gradient, pool, readers, shifted, step, windows } from "./pooling_steps.js";
import { changes, formula, sentence } from "./pooling_words.js";
import { exact, mapTable, table } from "./tables.js";

const LIMITS = { kernel_size: [1, 7, "kernel"], stride: [1, 16, "stride"], padding: [0, 3, "padding"] };
const NOUNS = { max: "maximum", average: "average" };
const GRIDS = { window: ["window"], shift: ["before", "window"], gradient: ["window", "share", "windows", "gradient"] };
const NAMES = { before: "before", window: "window", share: "share", windows: "readers", gradient: "gradient" };
const UNIT = colourScale([0, 1]);

class PoolingView extends ExplorerView {
  constructor(model, host) {
    const traits = [...Object.keys(LIMITS), "kind", "ceil_mode", "count_include_pad", "view", "shift"];
    super(model, host, { name: "pooling", title: "Pooling", slider: "Window position", quantity: "output", traits });
    this.fixed = { image: floats(model.get("pixels")), shape: model.get("shape") };
    this.picture = new PoolingPicture(this.canvas);
    this.buildHead();
    this.sum = element("div", { class: "lk-sum" });
    this.equation = element("div", { class: "lk-equation" });
    this.buildSettings();
    this.open(this.head, this.stage, this.transport.node, this.sum, this.equation, this.live, this.settings, this.twin.node);
  }

  // ---- what the state makes

  refresh() {
    const { image, view, kind } = this.state;
    [this.rows, this.columns] = axes(this.state);
    this.moved = view === "shift" ? shifted(this.state) : image;
    this.seen = { ...this.state, image: this.moved };
    this.before = pool(this.state);
    this.output = view === "shift" ? pool(this.seen) : this.before;
    this.count = this.output.length;
    this.rowLength = this.columns.size;
    this.changed = differs(this.output, this.before);
    const places = Math.max(decimals(image), kind === "max" ? 0 : 2);
    this.changes = { input: changes(this.moved, image, places), output: changes(this.output, this.before, places) };
    this.slopes = gradient(this.state);
    this.windows = windows(this.state);
    this.places = { value: decimals(image), output: places, gradient: decimals(this.slopes), windows: 0, share: kind === "max" ? 0 : 2 };
    this.places.input = view === "gradient" ? this.places.gradient : this.places.value;
    const values = colourScale([...image, 0]);
    this.scales = { value: values, output: values, gradient: colourScale([0, ...this.slopes]), windows: colourScale([0, ...this.windows]), share: UNIT };
    this.scales.input = view === "gradient" ? this.scales.gradient : values;
    this.answerPlaces = view === "gradient" ? this.places.gradient : this.places.output;
    this.quantity = { window: NOUNS[kind], shift: `${NOUNS[kind]} after the shift`, gradient: "gradient at the ringed cell" }[view];
    this.buildSum();
    this.showSettings();
  }

  outlook(next) {
    const [rows, columns] = axes(next);
    const tight = [rows, columns].find((side) => !side.fits);
    if (tight) {
      return { refusal: `the window would be ${tight.span} wide, and only ${tight.n + 2 * next.padding} cells are there. Add padding, or choose a smaller kernel.` };
    }
    if (2 * next.padding > next.kernel_size) {
      return { refusal: `a padding of ${next.padding} is more than half of the kernel: a window could lie wholly outside the image. Choose a larger kernel or less padding.` };
    }
    return { count: rows.size * columns.size, words: `Output ${rows.size} × ${columns.size}.` };
  }

  // The winner; for the average, the first cell of the image: whose gradient is asked for.
  ringed({ taps, real, winner }) {
    return winner === null ? real[0] : taps[winner];
  }

  answer(position) {
    if (this.state.view !== "gradient") return this.output[position];
    return this.slopeAt(this.ringed(step(this.state, position)));
  }

  slopeAt({ y, x }) {
    return this.slopes[y * this.state.shape[1] + x];
  }

  // A cell's gradient is out as soon as it was worked out for one of the windows that read it.
  slopeHidden(y, x) {
    return this.predicting && !readers(this.state, y, x).some((position) => this.known.has(position));
  }

  code(position) {
    return code(this.state, position);
  }

  // ---- building

  buildHead() {
    const choice = (name, options) => new Choice(name, options, (value) => this.adjust({ [this.choices[name]]: value }));
    this.choices = { "kind of pooling": "kind", "what to look at": "view" };
    this.kind = choice("kind of pooling", [["max", "max"], ["average", "average"]]);
    this.view = choice("what to look at", [["window", "the window"], ["shift", "a shift"], ["gradient", "the gradient"]]);
    this.shifts = ["down", "right"].map((name, axis) => new Stepper(`shift ${name}`, { least: -8, most: 8, empty: 0,
      change: (by) => this.adjust({ shift: this.state.shift.map((old, i) => (i === axis ? by : old)) }) }));
    this.shiftRow = element("div", { class: "lk-row", role: "group", "aria-label": "shift the input" }, ...this.shifts.map((shift) => shift.node));
    this.head = element("div", { class: "lk-head" }, this.kind.node, this.view.node, this.shiftRow);
  }

  buildSettings() {
    this.steppers = Object.entries(LIMITS).map(([name, [least, most, label]]) => [name, new Stepper(label, { least, most, change: (value) => this.adjust({ [name]: value }) })]);
    const toggle = (name, title) => new Toggle(name.replaceAll("_", " "), title, () => this.adjust({ [name]: !this.state[name] }));
    this.ceil = toggle("ceil_mode", "Round the size up: keep a last window that reaches over the edge");
    this.counted = toggle("count_include_pad", "Count the padding when the sum is divided");
    this.formula = element("div", { class: "lk-formula" });
    this.settings = element("div", { class: "lk-settings" },
      element("div", { class: "lk-options" }, ...this.steppers.map(([, stepper]) => stepper.node), element("div", { class: "lk-presets" }, this.ceil.node, this.counted.node)), this.formula);
  }

  // The grids of a view: rebuilt when it, or the size of the window, changes.
  buildSum() {
    const { view, kernel_size: k, kind } = this.state;
    const built = `${view} ${k} ${kind}`;
    if (this.built === built) return;
    this.built = built;
    const cell = (i) => this.touch(element("span", { class: "lk-cell" }), i);
    this.grids = Object.fromEntries(GRIDS[view].map((name) => [name, cellGrid(NAMES[name], k, k, cell)]));
    for (const { node } of Object.values(this.grids)) node.setAttribute("aria-hidden", "true");
    this.total = new Total(this.prediction);
    const { before, window, share, windows: counts, gradient: slopes } = this.grids;
    const word = () => sign(kind === "max" ? "max" : "mean");
    if (view === "shift") {
      this.earlier = new Total();
      this.earlier.value.classList.add("lk-plain");
      this.sum.replaceChildren(group(before.node, word(), this.earlier.node), group(window.node, word(), this.total.node));
    } else if (view === "gradient") this.sum.replaceChildren(group(window.node, share.node), group(counts.node, slopes.node, this.total.node));
    else this.sum.replaceChildren(group(window.node, word(), this.total.node));
    if (view === "shift") setText(this.grids.window.label, "after");
  }

  // ---- showing

  fit(width) {
    const k = this.state.kernel_size;
    const grids = Object.keys(this.grids).length;
    const line = grids === 1 ? [k, 200] : [grids * k, grids === 2 ? 330 : 180];
    this.root.style.setProperty("--lk-cell", `${cellSize(width, [...line, 32], [2 * k, 60, 30], [k, 20])}px`);
    const { state, rows, columns, output, before, changed, scales, places } = this;
    const input = { window: this.moved, shift: this.moved, gradient: Array.from(this.slopes, (slope, i) => (this.slopeHidden(Math.floor(i / state.shape[1]), i % state.shape[1]) ? null : slope)) }[state.view];
    this.picture.fit({ state, rows, columns, input, output, before, changed, scales, places, beside: state.view === "shift",
      hidden: (position) => state.view !== "gradient" && this.hidden(position) }, width);
  }

  at(event) {
    const { position, cell } = this.picture.at(event);
    if (!cell) return { position };
    const part = step(this.seen, position).taps.findIndex((tap) => tap.y === cell[0] && tap.x === cell[1]);
    return { position, part: part < 0 ? null : part };
  }

  show(position) {
    const now = { position, hidden: this.hidden(position), ...step(this.seen, position) };
    const secret = now.hidden && this.state.view !== "gradient";
    now.ringed = secret || (now.winner === null && this.state.view !== "gradient") ? null : this.ringed(now);
    this.picture.paint(now, { tap: this.part, playing: this.playback.playing });
    this.showGrids(now);
    this.showTotal(now);
    setText(this.equation, sentence(this, now));
    this.equation.classList.toggle("lk-finding", this.state.view !== "window");
  }

  showGrids(now) {
    const { shape: [, width], kind } = this.state;
    const at = ({ y, x }) => y * width + x;
    const blank = (tap) => (tap.beyond ? "" : kind === "max" ? "−∞" : "0");
    const fill = (name, taps, value, hidden = () => false) => this.grids[name] && taps.forEach((tap, i) => {
      const { [name]: scale = this.scales.value } = this.scales;
      const { [name]: places = this.places.value } = this.places;
      const known = tap.inside && !hidden(tap);
      const number = known && value(tap);
      fillCell(this.grids[name].cells[i], known && scale.rgb(number), known ? write(number, places) : tap.inside ? "·" : name === "window" || name === "before" ? blank(tap) : "", this.part === i);
    });
    const ring = (name, taps, ringed) => this.grids[name]?.cells.forEach((cell, i) => cell.classList.toggle("lk-ringed", Boolean(ringed) && taps[i].y === ringed.y && taps[i].x === ringed.x));
    fill("window", now.taps, (tap) => tap.value);
    ring("window", now.taps, now.ringed);
    fill("share", now.taps, (tap) => tap.share);
    fill("windows", now.taps, (tap) => this.windows[at(tap)]);
    fill("gradient", now.taps, (tap) => this.slopeAt(tap), (tap) => this.slopeHidden(tap.y, tap.x));
    ring("gradient", now.taps, now.ringed);
    if (!this.grids.before) return;
    const then = step(this.state, now.position);
    fill("before", then.taps, (tap) => tap.value);
    ring("before", then.taps, then.winner === null ? null : then.taps[then.winner]);
    this.earlier.show({ label: `output[${now.row}, ${now.column}]`, text: write(then.output, this.places.output), rgb: this.scales.output.rgb(then.output) });
  }

  showTotal(now) {
    const { view } = this.state;
    const value = view === "gradient" ? this.slopeAt(now.ringed) : now.output;
    const scale = view === "gradient" ? this.scales.gradient : this.scales.output;
    const label = view === "gradient" ? `gradient[${now.ringed.y}, ${now.ringed.x}]` : `output[${now.row}, ${now.column}]`;
    this.total.show({ label, text: this.answerText(value), rgb: scale.rgb(value), hidden: now.hidden, guessing: this.guessing });
  }

  showSettings() {
    const { kind, view, shift, ceil_mode: ceil, count_include_pad: counted } = this.state;
    this.kind.show(kind);
    this.view.show(view);
    this.shiftRow.hidden = view !== "shift";
    this.shifts.forEach((stepper, i) => stepper.show(shift[i]));
    for (const [name, stepper] of this.steppers) stepper.show(this.state[name]);
    this.ceil.show(ceil);
    this.counted.show(counted);
    this.counted.node.hidden = kind === "max";
    this.formula.replaceChildren(...formula(this));
  }

  // ---- saying

  where(position) {
    return [Math.floor(position / this.columns.size), position % this.columns.size];
  }

  place(position) {
    const [row, column] = this.where(position);
    return `row ${row}, column ${column}`;
  }

  said(position) {
    const { view, kind } = this.state;
    const value = this.hidden(position) ? "hidden" : this.answerText(this.answer(position));
    if (view === "shift") return `${NOUNS[kind]} ${value}, before the shift ${write(this.before[position], this.places.output)}`;
    if (view === "window") return `${NOUNS[kind]} ${value}`;
    const { y, x } = this.ringed(step(this.state, position));
    return `gradient at input row ${y}, column ${x}: ${value}`;
  }

  label(position) {
    const { shape: [height, width], padding, kernel_size: k, stride, kind } = this.state;
    const padded = padding ? ` padded by ${padding}` : "";
    return `Input ${height} × ${width}${padded}, ${NOUNS[kind]} of ${k} × ${k} cells, stride ${stride}, output ${this.rows.size} × ${this.columns.size}. The window makes output ${this.place(position)}: ${this.said(position)}.`;
  }

  tables(position) {
    const { shape, stride, padding, view, kind } = this.state;
    const [height, width] = shape;
    const { taps, output } = step(this.seen, position);
    const hidden = this.hidden(position);
    const shown = (secret, value) => (secret ? "hidden" : exact(value));
    const empty = (tap) => (tap.beyond ? "nothing" : kind === "max" ? "−∞" : "0");
    const cells = table("This step", ["input row, column", "value", "share of the gradient", "windows that read it", "gradient"], [
      ...taps.map((tap) => (tap.inside ? [`${tap.y}, ${tap.x}`, exact(tap.value), shown(hidden && view !== "gradient", tap.share), this.windows[tap.y * width + tap.x], shown(view !== "gradient" ? hidden : this.slopeHidden(tap.y, tap.x), this.slopeAt(tap))]
        : [tap.beyond ? "beyond" : "padding", empty(tap), "", "", ""])),
      [NOUNS[kind], shown(hidden && view !== "gradient", output), "", "", ""]]);
    const [row, column] = this.where(position);
    const corner = [clamp(row * stride - padding, 0, height - 1), clamp(column * stride - padding, 0, width - 1)];
    const under = (r, c) => taps.some((tap) => tap.y === r && tap.x === c);
    const input = (name, value) => mapTable(name, shape, corner, value, under);
    const result = (name, values, secret) => mapTable(name, [this.rows.size, this.columns.size], [row, column],
      (r, c) => shown(secret(r * this.columns.size + c), values[r * this.columns.size + c]), (r, c) => r === row && c === column);
    const maps = [input(view === "shift" ? "Shifted input" : "Input", (r, c) => exact(this.moved[r * width + c])),
      result("Output", this.output, (at) => view !== "gradient" && this.hidden(at))];
    if (view === "shift") maps.push(result("Output before the shift", this.before, () => false));
    if (view === "gradient") maps.push(input("Gradient of the input", (r, c) => shown(this.slopeHidden(r, c), this.slopes[r * width + c])));
    return [cells, ...maps];
  }
}

function render({ model, el }) {
  const view = new PoolingView(model, el);
  return () => view.remove();
}

export default { render };
