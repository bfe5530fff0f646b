// Step through a 2-D convolution: window over the input, patch × kernel = sum, one output cell.
import { cellGrid, cellSize, fillCell, group, sign, Total } from "./cells.js";
import { colourScale, inkOn } from "./colours.js";
import { button, Stepper } from "./controls.js";
import { axes, code, convolve, step } from "./convolution_steps.js";
import { ConvolutionPicture } from "./convolution_picture.js";
import { ExplorerView } from "./explorer.js";
import { decimals, floats, parseNumber, plural, write } from "./numbers.js";
import { element, setText } from "./page.js";
import { exact, mapTable, table } from "./tables.js";

const LIMITS = { stride: [1, 16], padding: [0, 16], dilation: [1, 16] };
const LONGEST_SUM = 25; // terms written out in one line of text

// Weights leave the darkest colours free, so that a kernel of equal weights is not a black square.
const weightScale = (weights) => colourScale([1.4 * Math.max(...weights.map(Math.abs))], true);

const sameKernel = (a, b) => a.length === b.length &&
  a.every((row, i) => row.length === b[i].length && row.every((value, j) => value === b[i][j]));

class ConvolutionView extends ExplorerView {
  constructor(model, host) {
    super(model, host, { name: "convolution", title: "Convolution", slider: "Window position", traits: ["kernel", ...Object.keys(LIMITS)] });
    this.fixed = { image: floats(model.get("pixels")), shape: model.get("shape") };
    this.picture = new ConvolutionPicture(this.canvas);
    this.sum = element("div", { class: "lk-sum" });
    this.equation = element("div", { class: "lk-equation" });
    this.buildSettings();
    this.open(this.stage, this.transport.node, this.sum, this.equation, this.live, this.settings, this.twin.node);
  }

  // ---- what the state makes

  refresh() {
    const { image, kernel } = this.state;
    [this.rows, this.columns] = axes(this.state);
    this.output = convolve(this.state);
    this.count = this.output.length;
    this.rowLength = this.columns.size;
    const weights = kernel.flat();
    this.scales = { input: colourScale(image), output: colourScale(this.output), kernel: weightScale(weights) };
    const { low, high } = this.scales.input;
    const most = Math.max(Math.abs(low), Math.abs(high)) * Math.max(...weights.map(Math.abs));
    this.scales.product = colourScale([-most, most]);
    this.places = { input: decimals(image), kernel: decimals(weights) };
    this.places.output = decimals(this.output) || (this.places.input || this.places.kernel ? 2 : 0);
    this.places.product = Math.max(this.places.input && 2, this.places.kernel && 2);
    this.answerPlaces = this.places.output;
    this.buildSum();
    this.showSettings();
  }

  outlook(next) {
    const [rows, columns] = axes(next);
    const tight = [rows, columns].find((side) => !side.fits);
    if (tight) {
      return { refusal: `the window would be ${tight.span} wide, and only ${tight.n + 2 * next.padding} cells are there. Add padding, or choose a smaller dilation or kernel.` };
    }
    return { count: rows.size * columns.size, words: `Output ${rows.size} × ${columns.size}.` };
  }

  answer(position) {
    return step(this.state, position).sum;
  }

  code(position) {
    return code(this.state, position);
  }

  // ---- building

  buildSettings() {
    const presets = this.model.get("presets").map(([name, kernel]) => this.buildPreset(name, kernel));
    this.presets = element("div", { class: "lk-presets", role: "group", "aria-label": "Kernel presets" }, ...presets);
    this.steppers = Object.entries(LIMITS).map(([name, [least, most]]) => [name, new Stepper(name, { least, most, change: (value) => this.adjust({ [name]: value }) })]);
    this.formula = element("div", { class: "lk-formula" });
    this.settings = element("div", { class: "lk-settings" }, this.presets,
      element("div", { class: "lk-options" }, ...this.steppers.map(([, stepper]) => stepper.node)), this.formula);
  }

  buildPreset(name, kernel) {
    const scale = weightScale(kernel.flat());
    const swatch = element("span", { class: "lk-swatch", "aria-hidden": "true", style: `grid-template-columns: repeat(${kernel[0].length}, 1fr)` },
      ...kernel.flat().map((value) => element("i", { style: `background: ${scale.css(value)}` })));
    const chip = button(swatch, () => this.adjust({ kernel: kernel.map((row) => [...row]) }), { class: "lk-chip", "aria-pressed": "false" });
    chip.append(name);
    chip.kernel = kernel;
    return chip;
  }

  // The grids of patch, kernel and products: rebuilt when the kernel changes its shape.
  buildSum() {
    const [height, width] = [this.rows.k, this.columns.k];
    if (this.sumShape === `${height}×${width}`) return;
    this.sumShape = `${height}×${width}`;
    const cell = (i) => this.touch(element("span", { class: "lk-cell" }), i);
    this.patchGrid = cellGrid("patch", height, width, cell);
    this.kernelGrid = cellGrid("kernel", height, width, (i) => this.buildWeight(i, width));
    this.productGrid = cellGrid("products", height, width, cell);
    for (const { node } of [this.patchGrid, this.productGrid]) node.setAttribute("aria-hidden", "true");
    this.total = new Total(this.prediction);
    this.sum.replaceChildren(group(this.patchGrid.node, sign("×"), this.kernelGrid.node), group(sign("="), this.productGrid.node, sign("Σ"), this.total.node));
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
    input.addEventListener("blur", () => { input.removeAttribute("aria-invalid"); this.renewSoon(); });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") commit();
      if (event.key === "Escape") input.value = String(this.state.kernel[row][column]);
    });
    return this.touch(input, i);
  }

  // ---- showing

  fit(width) {
    const k = this.columns.k;
    // Patch, kernel, products and sum in one line where they fit, else in two or three.
    this.root.style.setProperty("--lk-cell", `${cellSize(width, [3 * k, 230, 32], [2 * k, 60, 28], [k, 20])}px`);
    const { state, rows, columns, output, scales, places } = this;
    this.picture.fit({ state, rows, columns, output, scales, places, hidden: (position) => this.hidden(position) }, width);
  }

  at(event) {
    const { position, cell } = this.picture.at(event);
    if (!cell) return { position };
    const part = step(this.state, position).taps.findIndex((tap) => tap.y === cell[0] && tap.x === cell[1]);
    return { position, part: part < 0 ? null : part };
  }

  show(position) {
    const now = { position, hidden: this.hidden(position), ...step(this.state, position) };
    this.picture.paint(now, { tap: this.part, playing: this.playback.playing });
    this.showSum(now);
  }

  showSum({ taps, sum, hidden, row, column }) {
    taps.forEach((tap, i) => {
      const touched = this.part === i;
      fillCell(this.patchGrid.cells[i], tap.inside && this.scales.input.rgb(tap.pixel), tap.inside ? write(tap.pixel, this.places.input) : "0", touched);
      fillCell(this.productGrid.cells[i], !hidden && this.scales.product.rgb(tap.product), hidden ? "·" : write(tap.product, this.places.product), touched);
      this.kernelGrid.cells[i].classList.toggle("lk-touched", touched);
    });
    this.total.show({ label: `output[${row}, ${column}]`, text: this.answerText(sum), rgb: this.scales.output.rgb(sum), hidden, guessing: this.guessing });
    // A sum of 49 terms is no easier to read than the grid of products above it, and slow to lay out.
    const terms = taps.length > LONGEST_SUM ? [`sum of ${taps.length} products`] : taps.map((tap) => this.term(tap));
    setText(this.equation, `${terms.join(" + ")} = ${hidden ? "?" : this.answerText(sum)}`);
  }

  term({ pixel, weight }) {
    const bracket = (value, text) => (value < 0 ? `(${text})` : text);
    return `${bracket(pixel, write(pixel, this.places.input))}\u00a0×\u00a0${bracket(weight, write(weight, this.places.kernel))}`;
  }

  showSettings() {
    for (const [name, stepper] of this.steppers) stepper.show(this.state[name]);
    for (const chip of this.presets.children) chip.setAttribute("aria-pressed", sameKernel(chip.kernel, this.state.kernel));
    this.kernelGrid.cells.forEach((input, i) => {
      const weight = this.state.kernel.flat()[i];
      const rgb = this.scales.kernel.rgb(weight);
      input.style.backgroundColor = `rgb(${rgb})`;
      input.style.color = inkOn(rgb);
      if (document.activeElement !== input) input.value = write(weight, this.places.kernel);
    });
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

  // ---- saying

  where(position) {
    return [Math.floor(position / this.columns.size), position % this.columns.size];
  }

  place(position) {
    const [row, column] = this.where(position);
    return `row ${row}, column ${column}`;
  }

  said(position) {
    return this.hidden(position) ? "sum hidden" : `sum ${this.answerText(this.answer(position))}`;
  }

  label(position) {
    const { shape: [height, width], padding, kernel } = this.state;
    const padded = padding ? ` padded by ${padding}` : "";
    return `Input ${height} × ${width}${padded}, kernel ${kernel.length} × ${kernel[0].length}, output ${this.rows.size} × ${this.columns.size}. The window makes output ${this.place(position)}: ${this.said(position)}.`;
  }

  tables(position) {
    const { taps, sum } = step(this.state, position);
    const { shape: [height, width], stride, padding, image } = this.state;
    const hidden = this.hidden(position);
    const products = table("This step", ["input row, column", "pixel", "weight", "product"], [
      ...taps.map((tap) => [tap.inside ? `${tap.y}, ${tap.x}` : "padding", exact(tap.pixel), exact(tap.weight), hidden ? "hidden" : exact(tap.product)]),
      ["sum", "", "", hidden ? "hidden" : exact(sum)]]);
    const [row, column] = this.where(this.position);
    const input = mapTable("Input", [height, width], [row * stride - padding, column * stride - padding], (r, c) => exact(image[r * width + c]),
      (r, c) => taps.some((tap) => tap.y === r && tap.x === c));
    const result = (at) => (this.hidden(at) ? "hidden" : exact(this.output[at]));
    const output = mapTable("Output", [this.rows.size, this.columns.size], [row, column], (r, c) => result(r * this.columns.size + c),
      (r, c) => r === row && c === column);
    return [products, input, output];
  }
}

function render({ model, el }) {
  const view = new ConvolutionView(model, el);
  return () => view.remove();
}

export default { render };
