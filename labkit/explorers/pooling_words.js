// A pooling in words: what a window makes, what a shift changes, where a gradient goes, which size comes out.
import { plural, write } from "./numbers.js";
import { element } from "./page.js";
import { differs } from "./pooling_steps.js";

const LONGEST = 25; // cells written out in one line of text

// The size of each axis, and what is left over or reached beyond where it is not whole.
export function formula({ state, rows, columns }) {
  const { stride, padding, ceil_mode: ceil } = state;
  const line = (name, side, words) => {
    const whole = Number.isInteger(side.exact);
    const size = whole ? element("b", {}, String(side.size)) : String(Number(side.exact.toFixed(2)));
    const sum = element("div", {}, element("b", {}, name), ` (${side.n} + 2·${padding} − ${side.k}) / ${stride} + 1 = `, size);
    if (whole) return sum;
    return element("div", side.left ? { class: "lk-wrong" } : {}, sum, element("div", {}, `Not whole: ${words} The size is `, element("b", {}, String(side.size)), "."));
  };
  const words = (side, unit, edge) => {
    if (side.dropped) return `rounded up, a window would begin behind the image; it is left out.`;
    return side.over ? `rounded up, the last window reaches ${plural(side.over, unit)} over the edge.` : `${plural(side.left, unit)} at the ${edge} left over.`;
  };
  const lines = rows.n === columns.n ? [line("height, width", rows, words(rows, "cell", "end"))] :
    [line("height", rows, words(rows, "row", "bottom")), line("width", columns, words(columns, "column", "right"))];
  return [element("div", { class: "lk-rule" }, `size = (input + 2·padding − kernel) / stride + 1, rounded ${ceil ? "up" : "down"}`), ...lines];
}

export function sentence(view, now) {
  const { view: look } = view.state;
  return { window: windowSentence, shift: shiftSentence, gradient: gradientSentence }[look](view, now);
}

function windowSentence(view, { real, output, hidden, divisor, ties }) {
  const { kind } = view.state;
  const texts = real.map((tap) => write(tap.value, view.places.value));
  const cells = real.length > LONGEST ? `${real.length} cells` : kind === "max" ? texts.join(", ") : texts.map((text, i) => (real[i].value < 0 ? `(${text})` : text)).join(" + ");
  const result = hidden ? "?" : view.answerText(output);
  if (kind === "average") return `(${cells}) / ${divisor} = ${result}`;
  return `max(${cells}) = ${result}${ties > 1 && !hidden ? `, which ${ties} cells hold: the first of them wins` : ""}`;
}

// How many values a shift changes, and by how much on average; worked out once, not in every frame.
export function changes(after, before, places) {
  const differences = Array.from(after, (value, i) => Math.abs(value - before[i]));
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  return { count: differs(after, before).filter(Boolean).length, of: differences.length, mean: write(mean, Math.max(1, places)) };
}

function shiftSentence({ state: { shift: [down, right] }, changes: { input, output } }, { hidden }) {
  const along = (by, forth, back) => by && `${plural(Math.abs(by), "cell")} ${by > 0 ? forth : back}`;
  const moves = [along(down, "down", "up"), along(right, "to the right", "to the left")].filter(Boolean);
  const [count, mean] = hidden ? ["?", "?"] : [output.count, output.mean];
  return `${moves.length ? `Shifted ${moves.join(" and ")}` : "Not shifted"}: ${input.count} of ${input.of} input cells change, ${count} of ${output.of} outputs. Mean change: ${input.mean} in the input, ${mean} in the output.`;
}

function gradientSentence(view, { real, ringed, hidden, divisor }) {
  const { kind, shape: [, width] } = view.state;
  const count = view.windows[ringed.y * width + ringed.x];
  const there = `row ${ringed.y}, column ${ringed.x}`;
  if (kind === "average") return `Each of ${plural(real.length, "cell")} gets 1/${divisor} of this output's gradient. The ringed one, ${there}, is read by ${plural(count, "window")}.`;
  const wins = count === 1 ? "No other window reads it." : `Of the ${count} windows that read it, it wins ${hidden ? "?" : view.slopeAt(ringed)}.`;
  return `The winner, ${there}, gets the whole gradient of this output, the others none. ${wins}`;
}
