// The arithmetic of positional encodings, number by number; how alike two positions are; Python code.
import { pythonFloat } from "./numbers.js";

export const KINDS = ["sinusoidal", "rotary", "learned"];

// How far a dimension turns from one position to the next, in radians; null where nothing turns.
export function frequency({ kind, d_model: width, base }, dimension) {
  if (kind === "learned") return null;
  const turned = kind === "rotary" ? width - (width % 2) : width;
  return dimension === turned ? 0 : base ** ((-2 * Math.floor(dimension / 2)) / turned);
}

// Sine in the even dimensions of a sinusoid; in the odd ones of the turned vector (1, 0, 1, 0, …).
export const isSine = (kind, dimension) => (dimension % 2 === 0) === (kind === "sinusoidal");

export function step(state, position, dimension) {
  const { kind, table, d_model: width } = state;
  if (kind === "learned") return { frequency: null, angle: null, value: table[position * width + dimension] };
  const turn = frequency(state, dimension), angle = position * turn;
  return { frequency: turn, angle, value: isSine(kind, dimension) ? Math.sin(angle) : Math.cos(angle) };
}

// One number after another: positions are rows.
export function encode(state, kind = state.kind) {
  const { length, d_model: width, table } = state;
  if (kind === "learned") return Float64Array.from(table);
  const encoding = new Float64Array(length * width);
  for (let d = 0; d < width; d++) {
    const turn = frequency({ ...state, kind }, d), wave = isSine(kind, d) ? Math.sin : Math.cos;
    for (let p = 0; p < length; p++) encoding[p * width + d] = wave(p * turn);
  }
  return encoding;
}

// The cosine between the encodings of any two positions; 0 beside a row of zeros.
export function similarities(encoding, width) {
  const length = encoding.length / width;
  const dot = (p, q) => {
    let sum = 0;
    for (let d = 0; d < width; d++) sum += encoding[p * width + d] * encoding[q * width + d];
    return sum;
  };
  const norms = Array.from({ length }, (_, p) => Math.sqrt(dot(p, p)));
  const alike = new Float64Array(length * length);
  for (let p = 0; p < length; p++) for (let q = 0; q <= p; q++) {
    const cosine = norms[p] && norms[q] ? dot(p, q) / (norms[p] * norms[q]) : 0;
    alike[p * length + q] = alike[q * length + p] = cosine;
  }
  return alike;
}

// The least and the greatest similarity of two positions that lie this far apart.
export function atDistance(similarity, length, distance) {
  const found = Array.from({ length: length - distance }, (_, p) => similarity[p * length + p + distance]);
  return [Math.min(...found), Math.max(...found)];
}

// ---- the same text as PositionalEncodingExplorer.code writes in Python

const MADE = {
  sinusoidal: ({ length, d_model: width, base }) => `
from labkit.ops.positional_encoding import sinusoidal_encoding

encoding = sinusoidal_encoding(${length}, ${width}, base=${pythonFloat(base)})
`,
  rotary: ({ length, d_model: width, base }) => `
from labkit.ops.positional_encoding import rotary_embedding

x = torch.tensor([1.0, 0.0] * ${width})[:${width}].expand(${length}, ${width})
encoding = rotary_embedding(x, base=${pythonFloat(base)}, rotary_dim=${width - (width % 2)})
`,
  trained: ({ length, d_model: width }) => `
# table: the ${length} × ${width} tensor that this explorer shows
encoding = table[:${length}]
`,
  random: ({ length, d_model: width }) => `
# random numbers: nothing has been learned here
encoding = torch.randn(${length}, ${width}, generator=torch.Generator().manual_seed(0))
`,
};

export function code(state, position) {
  const { kind, trained, dimension } = state;
  const made = kind === "learned" ? (trained ? "trained" : "random") : kind;
  return `import torch
from torch.nn.functional import cosine_similarity
${MADE[made](state)}print(encoding[${position}, ${dimension}])
similarity = cosine_similarity(encoding[:, None], encoding[None], dim=-1)
print(similarity[${position}])
`;
}
