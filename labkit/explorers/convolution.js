// Step through a 2-D convolution: window over the input, patch × kernel = sum, one output cell.
import {
  clamp, colourScale, decimals, element, floats, icon, inkOn, isDark, keepKeys, onceAFrame, parseNumber,
  reducedMotion, setText, table, watchTheme, write,
} from "./explorer.js";
import { axes, code, convolve, step } from "./convolution_steps.js";
import { Picture } from "./convolution_picture.js";

const MOST = { stride: 16, padding: 16, dilation: 16 };
const LEAST = { stride: 1, padding: 0, dilation: 1 };
const LONGEST_SUM = 25; // terms written out in one line of text
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// Weights leave the darkest colours free, so that a kernel of equal weights is not a black square.
const weightScale = (weights) => colourScale([1.4 * Math.max(...weights.map(Math.abs))], true);

const sameKernel = (a, b) => a.length === b.length &&
  a.every((row, i) => row.length === b[i].length && row.every((value, j) => value === b[i][j]));

// ---- the view ------------------------------------------------------------------------------------

class ConvolutionView {
  constructor(model, host) {
    Object.assign(this, { model, host, hover: null, tap: null, timer: 0, stale: true, known: new Set() });
    this.image = floats(model.get("pixels"));
    this.ask = onceAFrame(() => this.draw());
    this.build();
    host.append(this.root);
    this.listen();
    this.ask();
  }

  // ---- state

  listen() {
    const restate = () => { this.stale = true; this.ask(); };
    const moved = () => { this.ask(); };
    this.handlers = { position: moved };
    for (const name of ["kernel", "stride", "padding", "dilation", "predict"]) this.handlers[name] = restate;
    for (const [name, handler] of Object.entries(this.handlers)) this.model.on(`change:${name}`, handler);
    this.resize = new ResizeObserver(restate);
    this.resize.observe(this.stage);
    this.unwatchTheme = watchTheme(restate);
  }

  remove() {
    this.pause();
    this.ask.cancel();
    for (const [name, handler] of Object.entries(this.handlers)) this.model.off(`change:${name}`, handler);
    this.resize.disconnect();
    this.unwatchTheme();
    this.root.remove();
  }

  read() {
    const get = (name) => this.model.get(name);
    return { image: this.image, shape: get("shape"), kernel: get("kernel"), stride: get("stride"),
      padding: get("padding"), dilation: get("dilation") };
  }

  get position() {
    return clamp(this.model.get("position"), 0, this.output.length - 1);
  }

  set(changes) {
    for (const [name, value] of Object.entries(changes)) this.model.set(name, value);
    this.model.save_changes();
  }

  goTo(position) {
    this.hover = null;
    this.set({ position: clamp(position, 0, this.output.length - 1) });
    this.ask();
  }

  // Change kernel or options, unless the window would no longer fit; then say why.
  adjust(changes) {
    const next = { ...this.state, ...changes };
    const [rows, columns] = axes(next);
    const tight = [rows, columns].find((side) => !side.fits);
    if (tight) {
      this.say(`Not possible: the window would be ${tight.span} wide, and only ${tight.n + 2 * next.padding} cells are there. Add padding, or choose a smaller dilation or kernel.`, true);
      this.stale = true;
      this.ask();
      return;
    }
    this.pause();
    this.set({ ...changes, position: clamp(this.position, 0, rows.size * columns.size - 1) });
    this.say(`Output ${rows.size} × ${columns.size}.`);
  }

  refresh() {
    this.state = this.read();
    [this.rows, this.columns] = axes(this.state);
    const inputs = JSON.stringify([this.state.kernel, this.state.stride, this.state.padding, this.state.dilation]);
    if (inputs !== this.inputs) this.known.clear();
    this.inputs = inputs;
    this.output = convolve(this.state);
    const weights = this.state.kernel.flat();
    this.scales = { input: colourScale(this.image), output: colourScale(this.output), kernel: weightScale(weights) };
    const { low, high } = this.scales.input;
    const most = Math.max(Math.abs(low), Math.abs(high)) * Math.max(...weights.map(Math.abs));
    this.scales.product = colourScale([-most, most]);
    this.places = { input: decimals(this.image), kernel: decimals(weights) };
    this.places.output = decimals(this.output) || (this.places.input || this.places.kernel ? 2 : 0);
    this.places.product = Math.max(this.places.input && 2, this.places.kernel && 2);
    this.predicting = Boolean(this.model.get("predict"));
  }

  hidden(position) {
    return this.predicting && !this.known.has(position);
  }

  // ---- building the page

  build() {
    this.root = element("div", { class: "lk", role: "group", "aria-label": "Convolution explorer", "data-labkit-explorer": "convolution" });
    keepKeys(this.root);
    this.buildStage();
    this.buildTransport();
    this.sum = element("div", { class: "lk-sum" });
    this.equation = element("div", { class: "lk-equation" });
    this.buildPrediction();
    this.buildSettings();
    this.buildTwin();
    this.live = element("div", { class: "lk-live", role: "status", "aria-live": "polite" });
    this.root.append(this.stage, this.transport, this.sum, this.equation, this.live, this.settings, this.twin);
  }

  buildStage() {
    this.canvas = element("canvas", { class: "lk-canvas", role: "img" });
    this.stage = element("div", { class: "lk-stage" }, this.canvas);
    this.picture = new Picture(this.canvas);
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => { this.hover = null; this.tap = null; this.ask(); });
    this.canvas.addEventListener("click", (event) => {
      this.point(event);
      if (this.hover !== null) { this.pause(); this.goTo(this.hover); }
    });
  }

  buildTransport() {
    const button = (label, path, act) => element("button", { type: "button", class: "lk-button lk-round", "aria-label": label, title: label, onclick: act }, icon(path));
    const nudge = (by) => () => { this.pause(); this.goTo(this.position + by); };
    this.play = button("Play", "M4.5 2.5v11l9-5.5z", () => (this.timer ? this.pause() : this.start()));
    this.slider = element("input", { type: "range", class: "lk-slider", min: 0, step: 1, "aria-label": "Window position",
      title: "← → a column, ↑ ↓ a row, Home and End, Page Up and Page Down" });
    this.slider.addEventListener("input", () => { this.pause(); this.goTo(Number(this.slider.value)); });
    this.slider.addEventListener("keydown", (event) => this.key(event));
    this.readout = element("span", { class: "lk-readout", "aria-hidden": "true" }, element("span"), element("span"));
    this.predictButton = element("button", { type: "button", class: "lk-button lk-toggle", "aria-pressed": "false",
      title: "Hide the answer and work it out first", onclick: () => this.set({ predict: !this.predicting }) }, "Predict");
    this.transport = element("div", { class: "lk-transport" },
      element("div", { class: "lk-buttons" },
        button("Step back", "M12 2.5v11L5.5 8zM3 2.5h2v11H3z", nudge(-1)), this.play,
        button("Step forward", "M4 2.5v11L10.5 8zM11 2.5h2v11h-2z", nudge(1))),
      this.slider, this.readout, this.predictButton);
  }

  buildPrediction() {
    this.guess = element("input", { class: "lk-guess", type: "text", inputmode: "decimal", placeholder: "?", autocomplete: "off", "aria-label": "Your prediction of the sum" });
    this.guess.addEventListener("keydown", (event) => { if (event.key === "Enter") this.judge(); });
    this.checkButton = element("button", { type: "button", class: "lk-button lk-small", onclick: () => this.judge() }, "Check");
    this.revealButton = element("button", { type: "button", class: "lk-button lk-small", onclick: () => this.reveal() }, "Reveal");
    this.prediction = element("div", { class: "lk-prediction" }, this.guess,
      element("div", { class: "lk-row" }, this.checkButton, this.revealButton));
  }

  buildSettings() {
    this.presets = element("div", { class: "lk-presets", role: "group", "aria-label": "Kernel presets" });
    this.steppers = Object.fromEntries(Object.keys(LEAST).map((name) => [name, this.buildStepper(name)]));
    this.formula = element("div", { class: "lk-formula" });
    this.settings = element("div", { class: "lk-settings" }, this.presets,
      element("div", { class: "lk-options" }, ...Object.values(this.steppers).map((stepper) => stepper.node)), this.formula);
    for (const [name, kernel] of this.model.get("presets")) this.presets.append(this.buildPreset(name, kernel));
  }

  buildPreset(name, kernel) {
    const chip = element("button", { type: "button", class: "lk-button lk-chip", "aria-pressed": "false",
      onclick: () => this.adjust({ kernel: kernel.map((row) => [...row]) }) });
    const scale = weightScale(kernel.flat());
    const swatch = element("span", { class: "lk-swatch", "aria-hidden": "true", style: `grid-template-columns: repeat(${kernel[0].length}, 1fr)` });
    swatch.append(...kernel.flat().map((value) => element("i", { style: `background: ${scale.css(value)}` })));
    chip.append(swatch, name);
    chip.kernel = kernel;
    return chip;
  }

  buildStepper(name) {
    const input = element("input", { type: "number", min: LEAST[name], max: MOST[name], step: 1, "aria-label": name });
    const change = (value) => this.adjust({ [name]: clamp(Math.round(value) || LEAST[name], LEAST[name], MOST[name]) });
    input.addEventListener("change", () => change(input.valueAsNumber));
    const button = (label, sign, by) => element("button", { type: "button", class: "lk-button", "aria-label": `${label} ${name}`, onclick: () => change(this.state[name] + by) }, sign);
    const less = button("smaller", "−", -1), more = button("larger", "+", 1);
    const node = element("div", { class: "lk-stepper" }, element("span", { "aria-hidden": "true" }, name), less, input, more);
    return { node, input, less, more };
  }

  buildTwin() {
    this.dataPanel = element("div", { class: "lk-panel", tabindex: "0", role: "region", "aria-label": "Data table" });
    this.codeText = element("pre", { class: "lk-code", tabindex: "0", "aria-label": "Python code" });
    const copy = element("button", { type: "button", class: "lk-button lk-small lk-copy", onclick: () => this.copy() }, "Copy as Python");
    this.data = element("details", { ontoggle: () => this.ask() }, element("summary", {}, "Data table"), this.dataPanel);
    this.python = element("details", { ontoggle: () => this.ask() }, element("summary", {}, "Python"), this.codeText);
    this.twin = element("div", { class: "lk-twin" }, this.data, this.python, copy);
  }

  // The grids of patch, kernel and products: rebuilt when the kernel changes its shape.
  buildSum() {
    const [height, width] = [this.rows.k, this.columns.k];
    if (this.sumShape === `${height}×${width}`) return;
    this.sumShape = `${height}×${width}`;
    const grid = (name, make) => {
      const cells = Array.from({ length: height * width }, (_, i) => make(i));
      const label = element("div", { class: "lk-label" }, name);
      return { cells, node: element("div", { class: "lk-block" }, label, element("div", { class: "lk-grid", style: `--lk-columns: ${width}` }, ...cells)) };
    };
    const cell = (i) => this.touch(element("span", { class: "lk-cell" }), i);
    this.patchGrid = grid("patch", cell);
    this.kernelGrid = grid("kernel", (i) => this.buildWeight(i, width));
    this.productGrid = grid("products", cell);
    for (const { node } of [this.patchGrid, this.productGrid]) node.setAttribute("aria-hidden", "true");
    this.total = element("div", { class: "lk-total" });
    this.totalLabel = element("div", { class: "lk-label" });
    this.totalBlock = element("div", { class: "lk-block" }, this.totalLabel, this.total, this.prediction);
    const sign = (text) => element("span", { class: "lk-sign", "aria-hidden": "true" }, text);
    const group = (...nodes) => element("div", { class: "lk-group" }, ...nodes);
    this.sum.replaceChildren(group(this.patchGrid.node, sign("×"), this.kernelGrid.node), group(sign("="), this.productGrid.node, sign("Σ"), this.totalBlock));
  }

  buildWeight(i, width) {
    const [row, column] = [Math.floor(i / width), i % width];
    const input = element("input", { class: "lk-cell lk-weight", type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-label": `kernel row ${row}, column ${column}` });
    const commit = () => {
      const value = parseNumber(input.value);
      if (Number.isNaN(value)) return this.refuse(input);
      const kernel = this.state.kernel.map((weights) => [...weights]);
      if (kernel[row][column] === value) return undefined;
      kernel[row][column] = value + 0;
      return this.adjust({ kernel });
    };
    input.addEventListener("focus", () => { input.value = String(this.state.kernel[row][column]); input.select(); });
    input.addEventListener("change", commit);
    input.addEventListener("blur", () => { input.removeAttribute("aria-invalid"); this.stale = true; this.ask(); });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") commit();
      if (event.key === "Escape") input.value = String(this.state.kernel[row][column]);
    });
    return this.touch(input, i);
  }

  refuse(input) {
    input.setAttribute("aria-invalid", "true");
    this.say(`“${input.value}” is not a number. Write 2, −0.5 or 1/9.`, true);
  }

  // Pointing at (or focusing) one cell of the sum shows where it lies in input and output.
  touch(node, tap) {
    const on = () => { this.tap = tap; this.ask(); };
    const off = () => { this.tap = null; this.ask(); };
    for (const [name, act] of [["pointerenter", on], ["focus", on], ["pointerleave", off], ["blur", off]]) node.addEventListener(name, act);
    return node;
  }

  // ---- acting

  key(event) {
    const { size } = this.columns;
    const page = size * Math.max(1, Math.round(this.rows.size / 4));
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -size, ArrowDown: size, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    this.pause();
    const target = this.position + moves[event.key];
    const vertical = Math.abs(moves[event.key]) >= size && Number.isFinite(target) && size > 1;
    if (vertical && (target < 0 || target >= this.output.length)) {
      const row = target < 0 ? 0 : this.rows.size - 1;
      this.goTo(row * size + (this.position % size));
    } else this.goTo(target);
  }

  point(event) {
    if (!this.picture.layout) return;
    const { position, tap } = this.picture.at(event);
    Object.assign(this, { hover: position, tap });
    this.ask();
  }

  start() {
    if (this.position === this.output.length - 1) this.goTo(0);
    const pace = Math.max(reducedMotion() ? 1000 : 0, clamp(30000 / this.output.length, 60, 420));
    const advance = () => {
      if (!this.root.isConnected || this.position >= this.output.length - 1) return this.pause();
      this.goTo(this.position + 1);
      this.timer = setTimeout(advance, pace);
      return undefined;
    };
    this.timer = setTimeout(advance, pace);
    this.showPlaying();
  }

  pause() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = 0;
    this.showPlaying();
    this.ask();
  }

  showPlaying() {
    const label = this.timer ? "Pause" : "Play";
    this.play.setAttribute("aria-label", label);
    this.play.title = label;
    this.play.querySelector("path").setAttribute("d", this.timer ? "M4 2.5h3v11H4zM9 2.5h3v11H9z" : "M4.5 2.5v11l9-5.5z");
  }

  judge() {
    const guess = parseNumber(this.guess.value);
    if (Number.isNaN(guess)) return this.refuse(this.guess);
    this.guess.removeAttribute("aria-invalid");
    const { sum } = step(this.state, this.position);
    const tolerance = Math.max(0.6 * 10 ** -this.places.output, 0.01 * Math.abs(sum));
    if (Math.abs(guess - sum) <= tolerance) return this.reveal(`Right: the sum is ${this.sumText(sum)}.`);
    return this.say(`Not yet: ${write(guess, decimals([guess]))} is too ${guess > sum ? "large" : "small"}. Try again, or reveal it.`, true);
  }

  reveal(words) {
    this.known.add(this.position);
    const { sum } = step(this.state, this.position);
    this.say(typeof words === "string" ? words : `The sum is ${this.sumText(sum)}.`);
    this.guess.value = "";
    this.stale = true;
    this.ask();
    this.slider.focus({ preventScroll: true });
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(code(this.state, this.position));
      this.say("Copied. Paste it into a cell.");
    } catch {
      this.python.open = true;
      this.say("This page may not use the clipboard: the code is shown below, select and copy it.");
    }
  }

  say(words, wrong = false) {
    setText(this.live, words);
    this.live.classList.toggle("lk-wrong", wrong);
  }

  sumText(sum) {
    return write(sum, this.places.output);
  }

  // ---- showing: words and numbers

  draw() {
    if (this.stale) this.renew();
    if (!this.picture.layout) return;
    const position = this.hover ?? this.position;
    const now = { position, hidden: this.hidden(position), ...step(this.state, position) };
    this.picture.paint(now, { tap: this.tap, playing: this.timer !== 0 });
    this.showSum(now);
    this.showWords(now);
  }

  renew() {
    this.stale = false;
    this.refresh();
    this.root.toggleAttribute("data-dark", isDark(this.host));
    this.buildSum();
    this.showSettings();
    const width = this.stage.clientWidth;
    if (!width) return;
    this.sizeCells(width);
    const { state, rows, columns, output, scales, places } = this;
    this.picture.fit({ state, rows, columns, output, scales, places, hidden: (position) => this.hidden(position) }, width);
  }

  // Patch, kernel, products and sum in one line where they fit, else in two or three.
  sizeCells(width) {
    const k = this.columns.k;
    const inRow = (grids, rest) => (width - rest) / (grids * k);
    const cell = inRow(3, 230) >= 32 ? inRow(3, 230) : inRow(2, 60) >= 28 ? inRow(2, 60) : inRow(1, 20);
    this.root.style.setProperty("--lk-cell", `${Math.floor(clamp(cell, 26, 54))}px`);
  }

  showSettings() {
    for (const [name, { input, less, more }] of Object.entries(this.steppers)) {
      input.value = this.state[name];
      less.disabled = this.state[name] <= LEAST[name];
      more.disabled = this.state[name] >= MOST[name];
    }
    for (const chip of this.presets.children) chip.setAttribute("aria-pressed", sameKernel(chip.kernel, this.state.kernel));
    this.kernelGrid.cells.forEach((input, i) => {
      const weight = this.state.kernel.flat()[i];
      const rgb = this.scales.kernel.rgb(weight);
      input.style.backgroundColor = `rgb(${rgb})`;
      input.style.color = inkOn(rgb);
      if (document.activeElement !== input) input.value = write(weight, this.places.kernel);
    });
    this.predictButton.setAttribute("aria-pressed", this.predicting);
    this.showFormula();
  }

  showFormula() {
    const { stride, padding, dilation } = this.state;
    const line = (name, side, left) => {
      const size = left ? String(Number(side.exact.toFixed(2))) : element("b", {}, String(side.size));
      const sum = element("div", {}, element("b", {}, name), ` (${side.n} + 2·${padding} − ${dilation}·(${side.k} − 1) − 1) / ${stride} + 1 = `, size);
      if (!left) return sum;
      return element("div", { class: "lk-wrong" }, sum, element("div", {}, `Not whole: ${left} left over. The size is `, element("b", {}, String(side.size)), "."));
    };
    const { rows, columns } = this;
    const down = rows.left && `${plural(rows.left, "row")} at the bottom`;
    const right = columns.left && `${plural(columns.left, "column")} at the right`;
    const square = rows.n === columns.n && rows.k === columns.k;
    const lines = square ? [line("height, width", rows, down && `${down} and ${right}`)] : [line("height", rows, down), line("width", columns, right)];
    this.formula.replaceChildren(element("div", { class: "lk-rule" }, "size = (input + 2·padding − dilation·(kernel − 1) − 1) / stride + 1"), ...lines);
  }

  showSum({ taps, sum, hidden, row, column }) {
    taps.forEach((tap, i) => {
      this.fill(this.patchGrid.cells[i], i, tap.inside && this.scales.input.rgb(tap.pixel), tap.inside ? write(tap.pixel, this.places.input) : "0");
      this.fill(this.productGrid.cells[i], i, !hidden && this.scales.product.rgb(tap.product), hidden ? "·" : write(tap.product, this.places.product));
      this.kernelGrid.cells[i].classList.toggle("lk-touched", this.tap === i);
    });
    setText(this.totalLabel, `output[${row}, ${column}]`);
    this.total.hidden = hidden;
    this.prediction.hidden = !hidden || this.hover !== null && this.hover !== this.position;
    if (!hidden) {
      const rgb = this.scales.output.rgb(sum);
      this.total.style.cssText = `background: rgb(${rgb}); color: ${inkOn(rgb)}`;
    }
    setText(this.total, hidden ? "?" : this.sumText(sum));
    // A sum of 49 terms is no easier to read than the grid of products above it, and slow to lay out.
    const terms = taps.length > LONGEST_SUM ? [`sum of ${taps.length} products`] : taps.map((tap) => this.term(tap));
    setText(this.equation, `${terms.join(" + ")} = ${hidden ? "?" : this.sumText(sum)}`);
  }

  term({ pixel, weight }) {
    const bracket = (value, text) => (value < 0 ? `(${text})` : text);
    return `${bracket(pixel, write(pixel, this.places.input))}\u00a0×\u00a0${bracket(weight, write(weight, this.places.kernel))}`;
  }

  fill(node, i, rgb, text) {
    const colour = rgb ? `rgb(${rgb})` : "";
    if (node.colour !== colour) {
      node.colour = colour;
      node.style.backgroundColor = colour;
      node.style.color = rgb ? inkOn(rgb) : "";
      node.classList.toggle("lk-empty", !rgb);
    }
    node.classList.toggle("lk-touched", this.tap === i);
    setText(node, text);
  }

  showWords(now) {
    const { row, column, sum, hidden } = now;
    const said = hidden ? "sum hidden" : `sum ${this.sumText(sum)}`;
    this.slider.max = this.output.length - 1;
    if (Number(this.slider.value) !== this.position) this.slider.value = this.position;
    const own = now.position === this.position ? said : null;
    if (own) this.slider.setAttribute("aria-valuetext", `row ${row}, column ${column}: ${own}`);
    setText(this.readout.firstChild, `row ${row}, column ${column}`);
    setText(this.readout.lastChild, `step ${now.position + 1} of ${this.output.length}`);
    const { shape: [height, width], padding, kernel } = this.state;
    const padded = padding ? ` padded by ${padding}` : "";
    this.canvas.setAttribute("aria-label", `Input ${height} × ${width}${padded}, kernel ${kernel.length} × ${kernel[0].length}, output ${this.rows.size} × ${this.columns.size}. The window makes output row ${row}, column ${column}: ${said}.`);
    if (this.python.open) setText(this.codeText, code(this.state, this.position));
    if (this.data.open) this.showData(now);
  }

  showData({ taps, sum, hidden }) {
    const exact = (value) => write(value, 4).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
    const step = table("This step", ["input row, column", "pixel", "weight", "product"], [
      ...taps.map((tap) => [tap.inside ? `${tap.y}, ${tap.x}` : "padding", exact(tap.pixel), exact(tap.weight), hidden ? "hidden" : exact(tap.product)]),
      ["sum", "", "", hidden ? "hidden" : exact(sum)]]);
    const { shape: [height, width], stride, padding } = this.state;
    const row = Math.floor(this.position / this.columns.size), column = this.position % this.columns.size;
    const input = this.mapTable("Input", height, width, row * stride - padding, column * stride - padding, (r, c) => exact(this.image[r * width + c]),
      (r, c) => taps.some((tap) => tap.y === r && tap.x === c));
    const output = this.mapTable("Output", this.rows.size, this.columns.size, row, column, (r, c) => (this.hidden(r * this.columns.size + c) ? "hidden" : exact(this.output[r * this.columns.size + c])),
      (r, c) => r === row && c === column);
    this.dataPanel.replaceChildren(step, input, output);
  }

  // At most 16 rows and columns around the window: a reader is not sent through 16,384 cells.
  mapTable(name, height, width, row, column, value, current) {
    const from = (at, size) => clamp(at - 6, 0, Math.max(0, size - 16));
    const [top, left] = [from(row, height), from(column, width)];
    const rows = Array.from({ length: Math.min(16, height) }, (_, i) => top + i);
    const columns = Array.from({ length: Math.min(16, width) }, (_, i) => left + i);
    const part = rows.length * columns.length < height * width ? `, rows ${rows[0]}–${rows.at(-1)}, columns ${columns[0]}–${columns.at(-1)}` : "";
    const cell = (r, c) => element("td", current(r, c) ? { "aria-current": "true" } : {}, value(r, c));
    return table(`${name} ${height} × ${width}${part}`, ["row", ...columns], rows.map((r) => [r, ...columns.map((c) => cell(r, c))]));
  }
}

function render({ model, el }) {
  const view = new ConvolutionView(model, el);
  return () => view.remove();
}

export default { render };
