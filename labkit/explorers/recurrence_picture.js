// The picture of a recurrent layer: states and changes as maps of unit × time, and below each its curve.
import { inkOn } from "./colours.js";
import { CurvePicture, powerOfTen, subscript } from "./curves.js";
import { clamp, write } from "./numbers.js";
import { colourBar } from "./picture.js";

const GUTTER = 40, TITLE = 26, LABELS = 26, SCALE = 44, PLOT = 88, BETWEEN = 34;
const LABEL = 17; // the middle of a label over its map: the marker of the change has room below
const FADED = 18; // pixels under a map for the line that says how far a change reaches

export class RecurrencePicture extends CurvePicture {
  // ---- where everything lies

  measure(width) {
    const { count, hidden } = this;
    const two = width >= 720;
    const gap = two ? 28 : 0;
    const panel = (width - gap) / (two ? 2 : 1);
    const ratio = window.devicePixelRatio || 1;
    const column = Math.max(1, Math.floor(Math.min(56, (panel - GUTTER - 4) / count) * ratio)) / ratio;
    const row = Math.round(clamp((two ? 264 : 208) / hidden, 13, 34));
    const left = GUTTER + Math.floor((panel - GUTTER - 4 - column * count) / (two ? 2 : 4));
    const map = (x, y) => ({ x: x + left, y: y + TITLE + LABELS, width: column * count, height: row * hidden });
    const states = map(0, 0);
    const trace = { ...states, y: states.y + states.height + SCALE + BETWEEN, height: PLOT };
    const bottom = trace.y + PLOT;
    const changes = two ? map(panel + gap, 0) : map(0, bottom + 20);
        const gradient = { ...changes, y: changes.y + changes.height + SCALE + BETWEEN, height: PLOT };
    return { width, height: Math.round(gradient.y + PLOT + 12), column, row, panel, states, trace, changes, gradient };
  }

  middle(panel, t) {
    return panel.x + (t + 0.5) * this.layout.column;
  }

  cellBox(panel, t, unit) {
    const { column, row } = this.layout;
    return { x: panel.x + t * column, y: panel.y + unit * row, width: column, height: row };
  }

  // What lies under the pointer: a step, in a map also a unit; and whether it is a label of the changes.
  at(event) {
    const [x, y] = this.pointAt(event);
    const { column, row, states, trace, changes, gradient } = this.layout;
    for (const [panel, above] of [[states, LABELS], [trace, 0], [changes, LABELS], [gradient, 0]]) {
      if (x < panel.x || x >= panel.x + panel.width || y < panel.y - above || y >= panel.y + panel.height) continue;
      const isMap = above > 0 && y >= panel.y;
      return { position: Math.floor((x - panel.x) / column), unit: isMap ? Math.floor((y - panel.y) / row) : null, isLabel: panel === changes && y < panel.y };
    }
    return { position: null, unit: null, isLabel: false };
  }

  // ---- what stays while the cursor moves

  paintStill(pen) {
    const { states, changes } = this.layout;
    this.paintCells(pen, states, (t, unit) => this.states[t][unit], this.scales.states, this.places.states);
    this.paintCells(pen, changes, (t, unit) => (t < this.state.perturbed ? null : this.differences[t][unit]), this.scales.changes, this.places.changes);
    for (const panel of [states, changes]) this.paintUnits(pen, panel);
    this.paintHeading(pen, states, "Hidden states", [`${this.hidden} units × ${this.count} steps`], { above: LABELS });
    this.paintHeading(pen, changes, "Change of the states", this.cause, { above: LABELS });
    this.paintScale(pen, states, this.scales.states, this.places.states);
    this.paintScale(pen, changes, this.scales.changes, this.places.changes);
    this.paintReach(pen);
    this.paintGradient(pen);
  }

  paintCells(pen, panel, value, scale, places) {
    const { column, row } = this.layout;
    const [right, bottom] = [column >= 7 ? 1 : 0, row >= 7 ? 1 : 0];
    const size = Math.min(this.numberSize(pen, scale, places, column), row * 0.62);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (let t = 0; t < this.count; t++) for (let unit = 0; unit < this.hidden; unit++) {
      const { x, y } = this.cellBox(panel, t, unit), number = value(t, unit);
      const rgb = number === null ? null : scale.rgb(number);
      pen.fillStyle = rgb ? `rgb(${rgb})` : this.palette.sunken;
      pen.fillRect(x, y, column - right, row - bottom);
      if (size < 8.5 || !rgb) continue;
      pen.font = this.font(size);
      pen.fillStyle = inkOn(rgb);
      pen.fillText(write(number, places), x + (column - 1) / 2, y + (row + 1) / 2);
    }
  }

  // The numbers of the units beside the rows.
  paintUnits(pen, panel) {
    const { row } = this.layout;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    pen.fillStyle = this.palette.muted;
    pen.font = this.font(Math.min(11, row - 2));
    for (let unit = 0; unit < this.hidden; unit++) pen.fillText(String(unit), panel.x - 7, panel.y + (unit + 0.5) * row);
  }

  // A token, or the number of the step, above its column.
  label(t) {
    return this.tokens.length ? this.tokens[t].replace(/^\s+$/, "␣") : String(t);
  }

  // As many labels as there is room for, and always the current one.
  paintLabels(pen, panel, position) {
    pen.textBaseline = "middle";
    pen.textAlign = "center";
    const y = panel.y - LABEL, { column } = this.layout;
    pen.font = this.font(12, 700);
    const current = this.label(position), room = pen.measureText(current).width / 2 + 4;
    const x = clamp(this.middle(panel, position), room, this.layout.width - room);
    pen.fillStyle = this.palette.ink;
    pen.fillText(current, x, y);
    pen.fillStyle = this.palette.muted;
    pen.font = this.font(12);
    const widths = Array.from({ length: this.count }, (_, t) => pen.measureText(this.label(t)).width);
    const every = Math.max(1, Math.ceil((Math.max(...widths) + (this.tokens.length ? 1 : 5)) / column));
    for (let t = 0; t < this.count; t += every) {
      const middle = this.middle(panel, t);
      if (Math.abs(middle - x) > room + widths[t] / 2) pen.fillText(this.label(t), middle, y);
    }
  }

  paintScale(pen, panel, scale, places) {
    const y = panel.y + panel.height + FADED;
    colourBar(pen, scale, { x: panel.x, y, width: clamp(panel.width, 56, 150), places, ink: this.palette.muted, font: this.font(11) });
  }

  // A line under the map of changes, from the changed input to where nothing is left of it.
  paintReach(pen) {
    const { changes: panel, column } = this.layout;
    const y = panel.y + panel.height + 9;
    const from = panel.x + this.state.perturbed * column;
    const to = this.reach === null ? panel.x + panel.width : from + this.reach * column;
    pen.strokeStyle = pen.fillStyle = this.lineColour("green");
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(from + 1, y - 4);
    pen.lineTo(from + 1, y + 4);
    pen.moveTo(from + 1, y);
    pen.lineTo(to - 1, y);
    if (this.reach === null) for (const side of [-4, 4]) { pen.moveTo(to - 6, y + side); pen.lineTo(to - 1, y); }
    else { pen.moveTo(to - 1, y - 4); pen.lineTo(to - 1, y + 4); }
    pen.stroke();
    this.paintMarker(pen, panel);
  }

  // A small triangle over the step whose input is changed.
  paintMarker(pen, panel) {
    const x = this.middle(panel, this.state.perturbed), y = panel.y - 2;
    pen.fillStyle = this.lineColour("green");
    pen.beginPath();
    pen.moveTo(x - 5, y - 6);
    pen.lineTo(x + 5, y - 6);
    pen.lineTo(x, y);
    pen.closePath();
    pen.fill();
  }

  // ---- curves

  paintGradient(pen) {
    const { gradient: panel } = this.layout;
    const curves = [["blue", this.norms.state], ...(this.norms.cell.some(Boolean) ? [["purple", this.norms.cell]] : [])];
    const powers = curves.flatMap(([, values]) => [...values]).filter((value) => value > 0).map(Math.log10);
    const high = Math.ceil(Math.max(0, ...powers));
    const low = Math.max(high - 16, Math.min(high - 1, Math.floor(Math.min(0, ...powers))));
    const height = (power) => panel.y + panel.height * (1 - (clamp(power, low, high) - low) / (high - low));
    const every = Math.ceil((high - low) / 4);
    const powersShown = Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, i) => high - i * every);
    this.paintGrid(pen, panel, powersShown.map((power) => [height(power), powerOfTen(power)]));
    for (const [name, values] of curves) {
      const points = [...values].map((value, t) => (value > 0 ? [this.middle(panel, t), height(Math.log10(value))] : null));
      this.paintCurve(pen, points, name);
    }
    const end = this.paintHeading(pen, panel, "Gradient", [`‖∂h${subscript(this.count - 1)} / ∂hₜ‖, log scale`, `‖∂h${subscript(this.count - 1)} / ∂hₜ‖`], { legend: curves.length > 1 ? 100 : 0 });
    if (curves.length > 1) this.paintLegend(pen, panel, end, [["blue", "h"], ["purple", "c"]]);
    this.gradientHeight = (t) => height(Math.log10(this.norms.state[t] || 1e-300));
  }

  // ---- what moves

  // hidden(t): whether the state of the chosen unit after step t is kept back.
  paint({ position, unit, hidden, playing }) {
    const pen = this.startFrame();
    const { states, changes, trace, gradient } = this.layout;
    this.paintUnknown(pen, { position, unit, hidden, playing });
    this.paintTrace(pen, { position, unit, hidden, playing });
    for (const panel of [trace, gradient]) this.paintCursor(pen, panel, this.middle(panel, position));
    for (const panel of [states, changes]) {
      const cell = this.cellBox(panel, position, unit), air = cell.width < 12 ? 2 : 0; // a frame must not hide a narrow column
      const around = { ...cell, x: cell.x - air, width: cell.width + 2 * air };
      this.frame(pen, { ...around, y: panel.y, height: panel.height }, 1.25);
      this.frame(pen, around, panel === states ? 3 : 2);
      this.paintLabels(pen, panel, position);
      this.paintCurrentUnit(pen, panel, unit);
    }
    if (!hidden(position)) this.paintDot(pen, this.middle(trace, position), this.traceHeight(this.states[position][unit]));
    this.paintDot(pen, this.middle(gradient, position), this.gradientHeight(position));
  }

  // States that are to come while it plays, and answers that are kept back, are empty cells.
  paintUnknown(pen, { position, unit, hidden, playing }) {
    const { states, column, row } = this.layout;
    const cover = (t, units) => {
      pen.fillStyle = this.palette.sunken;
      for (const one of units) {
        const { x, y } = this.cellBox(states, t, one);
        pen.fillRect(x, y, column - (column >= 7 ? 1 : 0), row - (row >= 7 ? 1 : 0));
      }
    };
    const all = Array.from({ length: this.hidden }, (_, one) => one);
    for (let t = 0; t < this.count; t++) {
      if (playing && t > position) cover(t, all);
      else if (hidden(t)) cover(t, [unit]);
    }
    if (!hidden(position)) return;
    const { x, y } = this.cellBox(states, position, unit);
    pen.fillStyle = this.palette.ink;
    pen.font = this.font(Math.min(13, row - 3), 600);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText("?", x + column / 2, y + row / 2 + 1);
  }

  paintCurrentUnit(pen, panel, unit) {
    const { row } = this.layout;
    const middle = panel.y + (unit + 0.5) * row;
    pen.fillStyle = this.palette.surface;
    pen.fillRect(panel.x - 26, middle - row / 2, 23, row - 1);
    pen.textAlign = "right";
    pen.font = this.font(Math.min(12, row), 700);
    pen.fillStyle = this.palette.ink;
    pen.fillText(String(unit), panel.x - 7, middle);
  }

  traceHeight(value) {
    const { trace } = this.layout;
    const { high } = this.scales.trace;
    return trace.y + (trace.height * (1 - clamp(value / high, -1, 1))) / 2;
  }

  paintTrace(pen, { position, unit, hidden, playing }) {
    const { trace } = this.layout;
    const { high } = this.scales.trace;
    const places = high < 0.1 ? 3 : high < 10 ? 2 : 0;
    this.paintGrid(pen, trace, [high, 0, -high].map((value) => [this.traceHeight(value), write(value, value === 0 ? 0 : places)]));
    const known = (t) => !hidden(t) && !(playing && t > position);
    const line = (rows, from) => rows.map((row, t) => (t >= from && known(t) ? [this.middle(trace, t), this.traceHeight(row[unit])] : null));
    this.paintCurve(pen, line(this.changed, this.state.perturbed), "green");
    this.paintCurve(pen, line(this.states, 0), "blue");
    const end = this.paintHeading(pen, trace, `Unit ${unit}`, ["over time"], { legend: 176 });
    this.paintLegend(pen, trace, end, [["blue", "as it is"], ["green", "changed"]]);
  }

}
