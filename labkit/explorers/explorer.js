// What every explorer shares: colours, numbers, the page's theme, a sharp canvas, small DOM pieces.
// Python joins this file and those of one explorer into a single ES module (see explorer.py): an
// exported page has no server to import from.

// ---- colours: cividis for magnitudes, RdBu centred on zero for signed values ---------------------

const CIVIDIS = [[0, 34, 78], [8, 51, 112], [53, 69, 108], [79, 87, 108], [102, 105, 112],
  [125, 124, 120], [148, 142, 119], [174, 163, 113], [200, 184, 102], [229, 207, 82], [254, 232, 56]];
const DIVERGING = [[5, 48, 97], [32, 101, 171], [67, 147, 195], [144, 196, 221], [209, 229, 240],
  [247, 246, 246], [253, 219, 199], [243, 164, 129], [214, 96, 77], [177, 24, 43], [103, 0, 31]];

function between(stops, t) {
  const place = Math.max(0, Math.min(1, t)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(place));
  return stops[i].map((low, c) => Math.round(low + (stops[i + 1][c] - low) * (place - i)));
}

export function extremes(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

// A colour for each value: zero-centred as soon as one value is negative.
export function colourScale(values, signed = false) {
  let [low, high] = extremes(values);
  const diverging = signed || low < 0;
  if (diverging) {
    high = Math.max(Math.abs(low), Math.abs(high)) || 1;
    low = -high;
  } else if (low === high) {
    [low, high] = [Math.min(low, 0), Math.max(high, 1)];
  }
  const stops = diverging ? DIVERGING : CIVIDIS;
  const rgb = (value) => between(stops, (value - low) / (high - low));
  return { low, high, diverging, stops, rgb, css: (value) => `rgb(${rgb(value)})` };
}

// Black or white, whichever reads better on a colour (WCAG relative luminance).
export function inkOn([r, g, b]) {
  const linear = (c) => (c <= 10 ? c / 3294 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  return luminance > 0.179 ? "#14171c" : "#ffffff";
}

// ---- numbers -------------------------------------------------------------------------------------

export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

// How many decimals show these values apart: none for whole numbers, fewer for large ones.
export function decimals(values) {
  let top = 0, whole = true;
  for (const value of values) {
    top = Math.max(top, Math.abs(value));
    whole &&= Number.isInteger(value);
  }
  if (whole || top >= 100) return 0;
  if (top >= 10) return 1;
  return top >= 0.1 || top === 0 ? 2 : Math.min(6, 1 - Math.floor(Math.log10(top)));
}

export function write(value, places) {
  const far = Math.abs(value) >= 1e5;
  const text = far ? value.toExponential(1).replace("e+", "e") : value.toFixed(places);
  return text.replace(/^-(?=[0.]*$)/, "").replace("-", "−");
}

// "0.5", "−2", "1/9": what a learner types into a cell. NaN when it is none of these.
export function parseNumber(text) {
  const [top, bottom, ...rest] = text.trim().replace(/−/g, "-").replace(",", ".").split("/");
  const number = (part) => (/\d/.test(part) ? Number(part) : NaN);
  const value = bottom === undefined ? number(top) : number(top) / number(bottom);
  return rest.length === 0 && Number.isFinite(value) ? value : NaN;
}

// A float as Python's repr writes it, so that copied code reads the same from either side.
export function pythonFloat(value) {
  const [digits, exponent] = value.toExponential().split("e").map((part, i) => (i ? +part : part));
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

export function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

// ---- DOM -----------------------------------------------------------------------------------------

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export function icon(path) {
  const holder = element("span", { class: "lk-icon", "aria-hidden": "true" });
  holder.innerHTML = `<svg viewBox="0 0 16 16" width="16" height="16"><path d="${path}"/></svg>`;
  return holder;
}

// Writes into the text that is there: a new text node would have its cell laid out from nothing.
export function setText(node, text) {
  const words = node.firstChild;
  if (words?.nodeType !== Node.TEXT_NODE || words.nextSibling) node.textContent = text;
  else if (words.data !== text) words.data = text;
}

export function table(caption, head, rows) {
  const cell = (tag) => (value) =>
    value?.nodeType ? value : element(tag, tag === "th" ? { scope: "col" } : {}, String(value));
  return element("table", {}, element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...head.map(cell("th")))),
    element("tbody", {}, ...rows.map(([first, ...rest]) =>
      element("tr", {}, element("th", { scope: "row" }, String(first)), ...rest.map(cell("td"))))));
}

// JupyterLab listens on the document: without this, arrow keys walk through the notebook's cells
// and Enter on a button opens a cell's editor.
export function keepKeys(node) {
  const ours = /^(Arrow|Home$|End$|Page|Enter$| $)/;
  node.addEventListener("keydown", (event) => {
    const chord = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
    if (ours.test(event.key) && !chord) event.stopPropagation();
  });
}

// ---- drawing -------------------------------------------------------------------------------------

// Ask as often as you like: it draws once, in the next frame.
export function onceAFrame(draw) {
  let pending = 0;
  const ask = () => {
    pending ||= requestAnimationFrame(() => {
      pending = 0;
      draw();
    });
  };
  ask.cancel = () => cancelAnimationFrame(pending);
  return ask;
}

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// The page is dark where its text is light: true in every notebook front end and on a plain page.
export function isDark(node) {
  const colour = getComputedStyle(node).color;
  const scale = colour.startsWith("color") ? 255 : 1;
  const [r, g, b] = (colour.match(/[\d.]+/g) ?? [0, 0, 0]).map((part) => part * scale);
  return 0.299 * r + 0.587 * g + 0.114 * b > 140;
}

export function watchTheme(changed) {
  const observer = new MutationObserver(changed);
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-jp-theme-light", "data-jp-theme-name"] });
  }
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    media.removeEventListener("change", changed);
  };
}

// Give a canvas a size in CSS pixels and as many device pixels as the screen has.
export function sharpen(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

// A thin bar that says which colour means which value.
export function colourBar(pen, scale, { x, y, width, places, ink, font }) {
  const fill = pen.createLinearGradient(x, 0, x + width, 0);
  scale.stops.forEach((rgb, i) => fill.addColorStop(i / (scale.stops.length - 1), `rgb(${rgb})`));
  pen.fillStyle = fill;
  pen.beginPath();
  pen.roundRect(x, y, width, 6, 3);
  pen.fill();
  pen.fillStyle = ink;
  pen.font = font;
  pen.textBaseline = "top";
  const marks = scale.diverging ? [scale.low, 0, scale.high] : [scale.low, scale.high];
  marks.forEach((value, i) => {
    pen.textAlign = i === 0 ? "left" : i === marks.length - 1 ? "right" : "center";
    pen.fillText(write(value, value === 0 ? 0 : places), x + (width * i) / (marks.length - 1), y + 10);
  });
}
