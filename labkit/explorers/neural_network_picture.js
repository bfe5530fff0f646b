// The picture of a network: neurons, weighted lines, the loss; slopes that come back; and the curve of losses.
import { colourScale, inkOn } from "./colours.js";
import { CurvePicture } from "./curves.js";
import { clamp } from "./numbers.js";
import { nodeName } from "./neural_network_steps.js";
import { brief, neat } from "./neural_network_terms.js";

const HEAD = 40, CURVE = 132, BADGE = 17;
const PLACES = [0.32, 0.68, 0.38, 0.62, 0.45, 0.55, 0.75, 0.25]; // where on a line its number may stand
const SIGNED = colourScale([-1, 1]);

const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const inside = ([x, y], box) => box && x >= box.x - 3 && x <= box.x + box.width + 3 && y >= box.y - 5 && y <= box.y + box.height + 5;

export class NetworkPicture extends CurvePicture {
  // ---- where everything lies

  measure(width) {
    const { sizes } = this, most = Math.max(...sizes);
    const two = width >= 720;
    const net = two ? width - 292 : width;
    const radius = two ? (most > 4 ? 22 : 28) : sizes.length > 3 || most > 4 ? 18 : 20;
    const pitch = 2 * radius + (most > 4 ? 28 : most > 3 ? 34 : 48);
    const half = two ? 36 : 27; // of the box of the loss
    const top = HEAD + 14, high = Math.max(most * pitch, two ? 230 : 0);
    const left = radius + 8, across = net - left - half - 4;
    const column = (k) => left + (across * k) / sizes.length;
    const nodes = sizes.map((size, k) => Array.from({ length: size }, (_, i) => ({ x: column(k), y: top + high / 2 + (i - (size - 1) / 2) * pitch })));
    const loss = { x: column(sizes.length), y: top + high / 2 };
    const bottom = top + high + 10;
    const curve = two ? { x: net + 64, y: HEAD + 21, width: width - net - 76, height: Math.min(high - 30, 210) } : { x: 46, y: bottom + HEAD + 10, width: width - 60, height: CURVE };
    return { width, height: Math.round(Math.max(bottom, curve.y + curve.height + 30)), net, radius, half, nodes, loss, curve };
  }

  lossBox({ x, y } = this.layout.loss) {
    const { half } = this.layout;
    return { x: x - half, y: y - 26, width: 2 * half, height: 52 };
  }

  badge(pen, x, y, text) {
    pen.font = this.font(11, 500);
    const width = Math.ceil(pen.measureText(text).width) + 11;
    return { x: Math.round(x - width / 2), y: Math.round(y - BADGE / 2), width, height: BADGE };
  }

  biasBox(pen, layer, unit, text) {
    const { nodes, radius } = this.layout, { x, y } = nodes[layer + 1][unit];
    return this.badge(pen, x, y + radius + 3, text);
  }

  // Numbers on some lines of one layer, each where it covers no neuron and no other number; null for those without room,
  // unless they must be shown anyway.
  place(pen, layer, lines, text, anyway = false) {
    const { nodes, radius } = this.layout, taken = [];
    const about = [...nodes[layer], ...nodes[layer + 1]].map(({ x, y }) => ({ x: x - radius - 2, y: y - radius - 8, width: 2 * radius + 4, height: 2 * radius + 20 }));
    return lines.map(({ unit, source }) => {
      const from = nodes[layer][source], to = nodes[layer + 1][unit];
      for (const share of PLACES) {
        const box = this.badge(pen, from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share, text(unit, source));
        const room = { x: box.x - 2, y: box.y - 2, width: box.width + 4, height: box.height + 4 };
        if ([...about, ...taken].some((other) => overlap(room, other))) continue;
        taken.push(room);
        return { unit, source, box };
      }
      return anyway ? { unit, source, box: this.badge(pen, (from.x + to.x) / 2, (from.y + to.y) / 2, text(unit, source)) } : null;
    });
  }

  // ---- what lies under a pointer: a part of the network

  at(event) {
    const point = this.pointAt(event), [px, py] = point;
    const { nodes, radius } = this.layout;
    if (inside(point, this.lossBox())) return { kind: "loss", layer: 0, unit: 0, source: 0 };
    for (const { box, layer, unit, source } of this.drawn ?? []) if (inside(point, box)) return { kind: "weight", layer, unit, source };
    for (let k = 1; k < nodes.length; k++) for (const [unit, { x, y }] of nodes[k].entries()) {
      if (Math.hypot(px - x, py - y) <= radius + 4) return { kind: "neuron", layer: k - 1, unit, source: 0 };
    }
    return nodes[0].some(({ x, y }) => Math.hypot(px - x, py - y) <= radius) ? null : this.lineAt(point);
  }

  lineAt([px, py]) {
    const { nodes } = this.layout;
    let nearest = null, least = 6;
    nodes.slice(1).forEach((ends, layer) => ends.forEach((to, unit) => nodes[layer].forEach((from, source) => {
      const [dx, dy] = [to.x - from.x, to.y - from.y];
      const share = clamp(((px - from.x) * dx + (py - from.y) * dy) / (dx * dx + dy * dy), 0, 1);
      const away = Math.hypot(px - from.x - share * dx, py - from.y - share * dy);
      if (away < least) [least, nearest] = [away, { kind: "weight", layer, unit, source }];
    })));
    return nearest;
  }

  // ---- the curve of losses

  paintStill(pen) {
    const { curve } = this.layout, { losses, earlier } = this;
    const all = [...losses, ...earlier].filter((value) => value !== null);
    const high = this.high = niceAbove(Math.max(...all, 1e-12));
    this.paintGrid(pen, curve, [0, 0.5, 1].map((share) => [curve.y + curve.height * (1 - share), neat(high * share)]));
    const steps = this.last = Math.max(losses.length - 1, earlier.length - 1, 5);
    pen.textBaseline = "top";
    pen.fillStyle = this.palette.muted;
    for (const t of [0, steps]) { pen.textAlign = t ? "right" : "left"; pen.fillText(t ? `${t} steps` : "0", curve.x + (curve.width * t) / steps, curve.y + curve.height + 7); }
    const points = (values) => values.map((value, t) => (value === null ? null : this.pointOf(t, value)));
    if (earlier.length) this.paintCurve(pen, points(earlier), "purple");
    this.paintCurve(pen, points(losses), "blue");
    pen.fillStyle = this.lineColour("blue");
    if (losses.length <= 30) for (const point of points(losses)) if (point) this.dot(pen, ...point, 2.5);
    this.paintHeading(pen, { ...curve, y: curve.y - 29 }, "Loss", [this.lossWords]);
    if (earlier.length) this.paintLegend(pen, { ...curve, y: curve.y + 2 }, curve.x - 14, [["blue", "now"], ["purple", "before"]]);
    const now = points(losses).at(-1);
    if (now) this.paintDot(pen, ...now);
  }

  pointOf(t, value) {
    const { curve } = this.layout;
    return [curve.x + (curve.width * t) / this.last, curve.y + curve.height * (1 - clamp(value / this.high, 0, 1))];
  }

  // ---- the network

  // now: step, backward, shown(step) whether a number is there to be seen, hidden whether the present one is kept back
  paint(now) {
    const pen = this.startFrame();
    this.drawn = [];
    this.paintPhase(pen, now);
    this.paintLines(pen, now);
    this.paintNumbers(pen, now);
    this.layout.nodes.forEach((column, k) => column.forEach((_, unit) => this.paintNode(pen, now, k, unit)));
    this.paintLoss(pen, now);
  }

  paintPhase(pen, { backward }) {
    const { net } = this.layout;
    this.paintHeading(pen, { x: 2, y: HEAD - 8, width: net - 8 }, backward ? "← Backward" : "Forward →",
      backward ? ["slopes of the loss come back; each weight gets its gradient", "each weight gets its gradient", "gradients"] : ["values flow through the weights to the loss", "values flow to the loss", "values"]);
  }

  // The lines that take part in the present step: those into a neuron, out of it, or one alone.
  takesPart({ kind, layer, unit, source }, k, to, from) {
    if (kind === "sum") return k === layer && to === unit;
    if (kind === "slope") return k === layer + 1 && from === unit;
    return kind === "weight" && k === layer && to === unit && from === source;
  }

  lineStyle(weight) {
    const share = Math.min(1, Math.abs(weight) / this.scales.weight.high);
    const deep = (this.dark ? [0.5, 0.62] : [0.58, 0.8]);
    return { width: 1.25 + 5.5 * share, colour: `rgb(${SIGNED.rgb(Math.sign(weight) * (deep[0] + (deep[1] - deep[0]) * share))})` };
  }

  paintLines(pen, { step }) {
    const { nodes, loss } = this.layout, calm = step.kind === "loss" || (step.kind === "slope" && step.layer === nodes.length - 2);
    const ends = (from, to) => { pen.beginPath(); pen.moveTo(from.x, from.y); pen.lineTo(to.x, to.y); pen.stroke(); };
    pen.save();
    pen.lineCap = "round";
    this.state.parameters.forEach(([weight], k) => weight.forEach((row, to) => row.forEach((value, from) => {
      const part = this.takesPart(step, k, to, from), { width, colour } = this.lineStyle(value);
      const line = [nodes[k][from], nodes[k + 1][to]];
      if (part) { pen.globalAlpha = 0.3; pen.strokeStyle = this.palette.accent; pen.lineWidth = width + 9; ends(...line); }
      pen.globalAlpha = part ? 1 : 0.5;
      pen.lineWidth = value === 0 ? 1 : width;
      pen.strokeStyle = value === 0 ? this.palette.muted : colour;
      pen.setLineDash(value < 0 ? [7, 6] : value === 0 ? [1, 5] : []);
      ends(...line);
      pen.setLineDash([]);
    })));
    nodes.at(-1).forEach((from, unit) => {
      const part = calm && (step.kind === "loss" || step.unit === unit);
      pen.globalAlpha = part ? 1 : 0.7;
      pen.strokeStyle = part ? this.palette.accent : this.palette.line;
      pen.lineWidth = part ? 3 : 2;
      ends(from, loss);
    });
    pen.restore();
  }

  // On each line its weight; once the way back has reached it, its gradient, filled with colour.
  paintNumbers(pen, now) {
    const { parameters } = this.state;
    parameters.forEach(([weight, bias], layer) => {
      const text = (unit, source) => this.lineNumber(now, layer, unit, source).text;
      const lines = weight.flatMap((row, unit) => row.map((_, source) => ({ unit, source })));
      let places = this.place(pen, layer, lines, text);
      if (places.includes(null)) places = this.place(pen, layer, lines.filter(({ unit, source }) => this.takesPart(now.step, layer, unit, source)), text, now.step.kind === "weight").filter(Boolean);
      for (const { unit, source, box } of places) this.paintNumber(pen, now, { layer, unit, source, box });
      bias.forEach((_, unit) => {
        const source = weight[unit].length, { text: number } = this.lineNumber(now, layer, unit, source);
        this.paintNumber(pen, now, { layer, unit, source, box: this.biasBox(pen, layer, unit, `b ${number}`), name: "b " });
      });
    });
  }

  lineNumber({ step, backward, shown }, layer, unit, source) {
    const [weight, bias] = this.state.parameters[layer], isBias = source === weight[unit].length;
    const needed = step.kind === "slope" && this.takesPart(step, layer, unit, source); // the weight that a slope comes back through
    const gradient = { kind: "weight", layer, unit, source };
    if (!backward || needed || !shown(gradient, true)) {
      const now = this.same(step, gradient) && !shown(gradient, true);
      return { text: now ? "?" : brief(isBias ? bias[unit] : weight[unit][source]), rgb: null };
    }
    const [ofWeight, ofBias] = this.passes.gradients[layer];
    const value = isBias ? ofBias[unit] : ofWeight[unit][source];
    return { text: brief(value), rgb: this.scales.gradient.rgb(value) };
  }

  same(a, b) {
    return a.kind === b.kind && a.layer === b.layer && a.unit === b.unit && a.source === b.source;
  }

  paintNumber(pen, now, { layer, unit, source, box, name = "" }) {
    const { text, rgb } = this.lineNumber(now, layer, unit, source);
    const current = now.step.kind === "weight" && this.same(now.step, { kind: "weight", layer, unit, source });
    this.drawn.push({ layer, unit, source, box });
    // The bias takes part in its neuron's sum as any weight does.
    const part = current || this.takesPart(now.step, layer, unit, source) || (name && now.step.kind === "sum" && now.step.layer === layer && now.step.unit === unit);
    this.paintBadge(pen, box, name + text, rgb, { current, strong: part });
  }

  paintBadge(pen, box, text, rgb, { current = false, strong = false } = {}) {
    pen.beginPath();
    pen.roundRect(box.x, box.y, box.width, box.height, 5);
    pen.fillStyle = rgb ? `rgb(${rgb})` : this.palette.surface;
    pen.fill();
    pen.strokeStyle = current ? this.palette.accent : this.palette.line;
    pen.lineWidth = current ? 2.5 : 1;
    pen.stroke();
    pen.font = this.font(11, strong || current ? 700 : 500);
    pen.fillStyle = rgb ? inkOn(rgb) : strong ? this.palette.ink : this.palette.muted;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(text, box.x + box.width / 2, box.y + box.height / 2 + 1);
  }

  paintNode(pen, now, column, unit) {
    const { radius } = this.layout, { x, y } = this.layout.nodes[column][unit];
    const { step, shown } = now, last = this.sizes.length - 1;
    const known = column === 0 || shown({ kind: "sum", layer: column - 1, unit, source: 0 });
    const value = known ? this.passes.values[column][unit] : null, rgb = known ? this.scales.value.rgb(value) : null;
    const current = (step.kind === "sum" || step.kind === "slope") && step.layer === column - 1 && step.unit === unit;
    // Both factors of a weight's gradient: the slope at its end, and the value at its beginning.
    const factor = step.kind === "weight" && ((column === step.layer && unit === step.source) || (column === step.layer + 1 && unit === step.unit));
    this.disc(pen, x, y, radius, rgb ? `rgb(${rgb})` : this.palette.sunken, current ? 3.5 : factor ? 2 : 0);
    pen.fillStyle = rgb ? inkOn(rgb) : this.palette.muted;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = this.font(radius > 24 ? 12 : 10.5);
    pen.fillText(nodeName(this.sizes, column, unit), x, y - radius * 0.4);
    const text = known ? brief(value) : current && step.kind === "sum" ? "?" : "";
    pen.font = this.font(clamp((1.7 * radius) / Math.max(2.2, text.length * 0.6), 9, radius > 24 ? 16 : 13), 650);
    pen.fillText(text, x, y + radius * 0.18);
    if (column > 0) {
      const source = this.sizes[column - 1], layer = column - 1, { text: number } = this.lineNumber(now, layer, unit, source);
      this.paintNumber(pen, now, { layer, unit, source, box: this.biasBox(pen, layer, unit, `b ${number}`), name: "b " });
      if (now.backward) this.paintSlope(pen, now, layer, unit, current);
    }
    if (column === last) this.paintTarget(pen, unit);
  }

  // ring: how thick the accent around it is; none for a quiet one
  disc(pen, x, y, radius, fill, ring) {
    pen.fillStyle = this.palette.surface;
    this.dot(pen, x, y, radius + (ring ? ring + 2.5 : 3));
    pen.fillStyle = ring ? this.palette.accent : this.palette.line;
    this.dot(pen, x, y, radius + (ring || 1));
    if (ring) { pen.fillStyle = "#ffffff"; this.dot(pen, x, y, radius + 0.75); }
    pen.fillStyle = fill;
    this.dot(pen, x, y, radius);
  }

  // How the loss changes with a neuron's sum: on top of the neuron, once the way back has reached it.
  paintSlope(pen, { shown }, layer, unit, current) {
    const step = { kind: "slope", layer, unit, source: 0 }, known = shown(step, true);
    if (!known && !current) return;
    const { radius } = this.layout, { x, y } = this.layout.nodes[layer + 1][unit];
    const value = this.passes.slopes[layer][unit], text = `∂ ${known ? brief(value) : "?"}`;
    this.paintBadge(pen, this.badge(pen, x, y - radius - 6, text), text, known ? this.scales.slope.rgb(value) : null, { current, strong: true });
  }

  paintTarget(pen, unit) {
    const { radius, half, loss } = this.layout, { x, y } = this.layout.nodes.at(-1)[unit];
    const text = `t ${brief(this.state.target[unit])}`, { width } = this.badge(pen, 0, 0, text);
    const middle = Math.min(x + radius + 8 + width / 2, loss.x - half - width / 2 - 2);
    if (middle - width / 2 < x + radius) return; // it would cover the output; the field and the terms say it too
    this.paintBadge(pen, this.badge(pen, middle, y + (y > loss.y + 2 ? 11 : -11), text), text, this.scales.value.rgb(this.state.target[unit]), { strong: true });
  }

  paintLoss(pen, { step, shown }) {
    const box = this.lossBox(), known = shown({ kind: "loss", layer: 0, unit: 0, source: 0 }), current = step.kind === "loss";
    pen.beginPath();
    pen.roundRect(box.x, box.y, box.width, box.height, 9);
    pen.fillStyle = this.palette.sunken;
    pen.fill();
    pen.strokeStyle = current ? this.palette.accent : this.palette.line;
    pen.lineWidth = current ? 3.5 : 1.5;
    pen.stroke();
    pen.fillStyle = this.palette.muted;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = this.font(12);
    pen.fillText("loss", box.x + box.width / 2, box.y + 16);
    const text = known ? neat(this.passes.loss) : current ? "?" : "";
    pen.fillStyle = this.palette.ink;
    pen.font = this.font(clamp((1.5 * box.width) / Math.max(3, text.length), 10, 16), 650);
    pen.fillText(text, box.x + box.width / 2, box.y + 35);
  }
}

// The next of 1, 1.5, 2, 3, … times a power of ten.
export function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((times) => times * power >= value * 1.0001) * power;
}
