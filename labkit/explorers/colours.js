// Colours of values: cividis for magnitudes, RdBu centred on zero for signed values.

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
  return luminance > 0.179 ? "#000000" : "#ffffff";
}
