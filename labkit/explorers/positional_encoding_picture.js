// The picture of positional encodings: all numbers as a map, one dimension as a wave, each pair as the
// hand of a clock, and how alike any two positions are, for each kind of encoding.
import { CurvePicture } from "./curves.js";
import { clamp, write } from "./numbers.js";
import { KINDS } from "./positional_encoding_steps.js";
import { colourBar } from "./picture.js";

const GUTTER = 38, TITLE = 30, WAVE = 104, BAR = 34;

// A frame must not hide what it frames: around thin rows and columns it stands off.
function around({ x, y, width, height }) {
  const [across, down] = [width, height].map((size) => Math.max(0, (9 - size) / 2));
  return { x: x - across, y: y - down, width: width + 2 * across, height: height + 2 * down };
}

// facts: state, encoding, alike (similarities by kind), scales and places (of encoding and alike), names
// (of the kinds), about (each of them),
// wave(dimension): what a curve is called, longest: the length of the longest pair, and dark.
export class EncodingPicture extends CurvePicture {
  // ---- where everything lies

  measure(width) {
    const { length, d_model: rows } = this.state;
    const two = width >= 640;
    const left = two ? Math.round(width * 0.62) : width;
    const ratio = window.devicePixelRatio || 1;
    const column = Math.max(1, Math.floor(((left - GUTTER - 4) / length) * ratio)) / ratio;
    const row = Math.round(clamp(176 / rows, 3, 16));
    const map = { x: GUTTER, y: TITLE, width: column * length, height: row * rows };
    const wave = { ...map, y: map.y + map.height + BAR + TITLE + 8, height: WAVE };
    const bottom = wave.y + WAVE;
    const clocks = two ? this.placeClocks(left + 30, TITLE, width - left - 30, bottom - TITLE) : this.placeClocks(2, bottom + TITLE + 14, width - 4, 116);
    const gap = two ? 34 : 10;
    const room = Math.min((width - 2 * gap - 4) / 3, 288) / length;
    const cell = room * ratio < 1 ? room : Math.floor(room * ratio) / ratio;
    const side = cell * length;
    const first = Math.round((width - 3 * side - 2 * gap) / 2), top = (two ? bottom : clocks.bottom) + TITLE + 30;
    const maps = KINDS.map((kind, i) => ({ kind, x: first + i * (side + gap), y: top, rows: length, columns: length }));
    return { width, height: Math.round(top + side + BAR + 4), column, row, map, wave, clocks, maps, cell };
  }

  // As many columns as make the clocks largest, one clock for each pair of dimensions.
  placeClocks(x, y, width, height) {
    const count = Math.ceil(this.state.d_model / 2);
    const size = (columns) => Math.min(width / columns, height / Math.ceil(count / columns), 112);
    let columns = 1;
    for (let more = 2; more <= count; more++) if (size(more) > size(columns)) columns = more;
    const each = size(columns), rows = Math.ceil(count / columns);
    const at = Array.from({ length: count }, (_, i) => ({ x: x + ((i % columns) + 0.5) * each, y: y + (Math.floor(i / columns) + 0.5) * each, radius: each * 0.34 }));
    return { x, y, at, size: each, bottom: y + rows * each };
  }

  middle(position) {
    return this.layout.map.x + (position + 0.5) * this.layout.column;
  }

  // What lies under the pointer: a position, a dimension, or both.
  at(event) {
    const { map, wave, column, row, maps, clocks } = this.layout;
    const [x, y] = this.pointAt(event);
    const within = (panel) => x >= panel.x && x < panel.x + panel.width && y >= panel.y && y < panel.y + panel.height;
    const position = Math.floor((x - map.x) / column);
    if (within(map)) return { position, dimension: Math.floor((y - map.y) / row) };
    if (within(wave)) return { position, dimension: null };
    const clock = clocks.at.findIndex((place) => Math.hypot(place.x - x, place.y - y) < clocks.size / 2);
    if (clock >= 0) return { position: null, dimension: 2 * clock };
    const found = maps.map((one) => this.cellAt([x, y], one)).find(Boolean);
    return { position: found ? found[0] : null, dimension: null };
  }

  // ---- what stays while the cursor moves

  paintStill(pen) {
    const { map, column, row, maps, cell, clocks } = this.layout;
    const { length, d_model: width, kind } = this.state;
    for (let p = 0; p < length; p++) for (let d = 0; d < width; d++) {
      pen.fillStyle = this.scales.encoding.css(this.encoding[p * width + d]);
      pen.fillRect(map.x + p * column, map.y + d * row, column - (column >= 7 ? 1 : 0), row - (row >= 7 ? 1 : 0));
    }
    this.paintHeading(pen, map, "Encoding", [`${this.names[kind].toLowerCase()}, ${length} positions × ${width} dimensions`, `${length} × ${width}`]);
    this.paintDimensions(pen);
    const style = { width: 150, ink: this.palette.muted, font: this.font(11) };
    colourBar(pen, this.scales.encoding, { ...style, x: map.x, y: map.y + map.height + 10, places: this.places.encoding });
    this.paintHeading(pen, { x: clocks.x, y: clocks.y, width: 400 }, "Pairs as hands", [kind === "learned" ? "two numbers each" : "each turns at its own speed"]);
    for (const one of maps) {
      this.paintMap(pen, one, (p, q) => this.alike[one.kind][p * length + q], this.scales.alike, 2, () => "");
      this.paintTitle(pen, one, this.names[one.kind], cell * length > 200 ? this.about[one.kind] : "", null);
    }
    colourBar(pen, this.scales.alike, { ...style, x: maps[0].x, y: maps[0].y + cell * length + 9, places: 0, width: Math.min(150, cell * length) });
    if (maps[1].x + 260 < this.layout.width) {
      pen.textAlign = "left";
      pen.textBaseline = "top";
      pen.font = this.font(12);
      pen.fillStyle = this.palette.muted;
      pen.fillText("cosine between the encodings of two positions: row p, column q", maps[1].x, maps[0].y + cell * length + 12);
    }
  }

  // Beside the map, as many dimensions as there is room for.
  paintDimensions(pen) {
    const { map, row } = this.layout;
    const every = Math.ceil(12 / row);
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.font = this.font(10);
    pen.fillStyle = this.palette.muted;
    for (let d = 0; d < this.state.d_model; d += every) pen.fillText(String(d), map.x - 7, map.y + (d + 0.5) * row);
  }

  // ---- what follows the cursor

  // now: position, dimension, hidden
  paint(now) {
    const pen = this.startFrame();
    const { map, column, row, maps } = this.layout;
    const { length, d_model: width } = this.state;
    this.paintWave(pen, now);
    this.paintClocks(pen, now);
    if (now.hidden) {
      pen.fillStyle = this.palette.sunken;
      pen.fillRect(map.x + now.position * column, map.y + now.dimension * row, column, row);
    }
    this.frame(pen, around({ x: map.x, y: map.y + now.dimension * row, width: length * column, height: row }), 1.25);
    this.frame(pen, around({ x: map.x + now.position * column, y: map.y, width: column, height: width * row }), 2.5);
    for (const one of maps) this.frame(pen, around(this.box(one, now.position, 0, 1, length)), one.kind === this.state.kind ? 2.5 : 1.25);
    if (!now.hidden) return;
    // An answer kept back: neither the curve nor its partner is seen at this position.
    const { wave } = this.layout;
    pen.fillStyle = this.palette.sunken;
    pen.fillRect(this.middle(now.position) - column * 0.75, wave.y - 2, column * 1.5, wave.height + 4);
  }

  paintWave(pen, { position, dimension, hidden }) {
    const { wave } = this.layout;
    const { low, high } = this.scales.encoding;
    const { length, d_model: width } = this.state;
    const y = (value) => wave.y + 4 + ((high - value) / (high - low)) * (wave.height - 8);
    const curve = (d) => Array.from({ length }, (_, p) => [this.middle(p), y(this.encoding[p * width + d])]);
    const partner = dimension + (dimension % 2 ? -1 : 1);
    this.paintGrid(pen, wave, [high, 0, low].map((value) => [y(value), write(value, Math.min(1, this.places.encoding))]));
    const after = this.paintHeading(pen, wave, `Dimension ${dimension}`, wave.width > 420 ? [`over ${length} positions`] : [""]);
    const entries = [["blue", this.wave(dimension)], ["green", partner < width ? this.wave(partner) : ""]].filter(([, name]) => name);
    this.paintLegend(pen, wave, after, entries);
    if (partner < width) this.paintCurve(pen, curve(partner), "green");
    this.paintCurve(pen, curve(dimension), "blue");
    if (hidden) return;
    this.paintCursor(pen, wave, this.middle(position));
    this.paintDot(pen, this.middle(position), y(this.encoding[position * width + dimension]));
  }

  // The pair (cosine, sine) as a hand; a learned pair as an arrow of its own length.
  paintClocks(pen, { position, dimension, hidden }) {
    const { clocks } = this.layout;
    const { kind, d_model: width } = this.state;
    clocks.at.forEach(({ x, y, radius }, i) => {
      const chosen = i === Math.floor(dimension / 2);
      pen.lineWidth = chosen ? 2.5 : 1;
      pen.strokeStyle = chosen ? this.palette.accent : this.palette.line;
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.stroke();
      if (clocks.size >= 46) this.paintNumber(pen, x, y + radius + 8, 2 * i + 1 < width ? `${2 * i}, ${2 * i + 1}` : String(2 * i), chosen);
      if (hidden && chosen) {
        this.paintNumber(pen, x, y, "?", true);
        return;
      }
      const pair = [this.encoding[position * width + 2 * i], 2 * i + 1 < width ? this.encoding[position * width + 2 * i + 1] : 0];
      const [across, up] = kind === "sinusoidal" ? [pair[1], pair[0]] : pair;
      const reach = (radius * 0.94) / this.longest;
      pen.strokeStyle = pen.fillStyle = chosen ? this.palette.accent : this.lineColour("blue");
      pen.lineWidth = chosen ? 3 : 2;
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x + across * reach, y - up * reach);
      pen.stroke();
      this.dot(pen, x + across * reach, y - up * reach, chosen ? 4 : 2.5);
    });
  }

  paintNumber(pen, x, y, text, strong) {
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = this.font(11, strong ? 700 : 400);
    pen.fillStyle = strong ? this.palette.ink : this.palette.muted;
    pen.fillText(text, x, y);
  }
}
