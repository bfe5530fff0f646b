// Numbers: as a reader is shown them, as a learner types them, as Python writes them.

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

export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
