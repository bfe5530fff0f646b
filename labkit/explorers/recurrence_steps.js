// The arithmetic of one recurrent layer (plain, GRU, LSTM): a step, the whole sequence, and the ways back.
import { pythonFloat } from "./numbers.js";

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const { tanh } = Math;

// In the order in which PyTorch stacks their rows.
export const GATES = {
  rnn: [{ name: "h", words: "new state", curve: "tanh", squash: tanh }],
  gru: [
    { name: "r", words: "reset", curve: "σ", squash: sigmoid },
    { name: "z", words: "update", curve: "σ", squash: sigmoid },
    { name: "n", words: "candidate", curve: "tanh", squash: tanh },
  ],
  lstm: [
    { name: "i", words: "input", curve: "σ", squash: sigmoid },
    { name: "f", words: "forget", curve: "σ", squash: sigmoid },
    { name: "g", words: "candidate", curve: "tanh", squash: tanh },
    { name: "o", words: "output", curve: "σ", squash: sigmoid },
  ],
};

// ---- the weights ---------------------------------------------------------------------------------

// The layers lie one behind the other as input weights, state weights and the two biases.
export function unpack(kinds, width, numbers) {
  let start = 0;
  const take = (count) => numbers.subarray(start, (start += count));
  return Object.fromEntries(kinds.map(([kind, hidden]) => {
    const rows = GATES[kind].length * hidden;
    return [kind, { kind, hidden, width, fromInput: take(rows * width), fromState: take(rows * hidden),
      inputBias: take(rows), stateBias: take(rows) }];
  }));
}

// The row of weights with which a gate of one unit reads a vector, and its bias.
export function rowOf({ hidden, width, fromInput, fromState, inputBias, stateBias }, gate, unit) {
  const row = gate * hidden + unit;
  return {
    input: { weights: fromInput.subarray(row * width, (row + 1) * width), bias: inputBias[row] },
    state: { weights: fromState.subarray(row * hidden, (row + 1) * hidden), bias: stateBias[row] },
  };
}

const dot = ({ weights, bias }, values) => weights.reduce((sum, weight, i) => sum + weight * values[i], bias);

// ---- forwards ------------------------------------------------------------------------------------

// One unit: what each gate gets from the input and from the state before, and the state they make.
export function update(layer, x, h, cell, unit) {
  const gates = [];
  GATES[layer.kind].forEach(({ name, squash }, k) => {
    const { input, state } = rowOf(layer, k, unit);
    const [fromInput, fromState] = [dot(input, x), dot(state, h)];
    const share = layer.kind === "gru" && name === "n" ? gates[0].value : 1; // reset what the state says
    const sum = fromInput + share * fromState;
    gates.push({ name, fromInput, fromState, sum, value: squash(sum) });
  });
  return { gates, ...merge[layer.kind](gates.map((gate) => gate.value), h[unit], cell[unit]) };
}

const merge = {
  rnn: ([h]) => ({ cell: 0, state: h }),
  gru: ([, z, n], before) => ({ cell: 0, state: (1 - z) * n + z * before }),
  lstm([i, f, g, o], _, before) {
    const cell = f * before + i * g;
    return { cell, state: o * tanh(cell) };
  },
};

// The whole sequence. Step t reads states[t] and writes states[t + 1]: the first state is zero.
export function run(layer, inputs) {
  const { hidden, width } = layer;
  const units = Array.from({ length: hidden }, (_, unit) => unit);
  const states = [new Float64Array(hidden)], cells = [new Float64Array(hidden)], steps = [];
  for (let t = 0; t < inputs.length / width; t++) {
    const x = inputs.subarray(t * width, (t + 1) * width);
    const made = units.map((unit) => update(layer, x, states[t], cells[t], unit));
    steps.push(made);
    states.push(Float64Array.from(made, (one) => one.state));
    cells.push(Float64Array.from(made, (one) => one.cell));
  }
  return { states, cells, steps };
}

export const norm = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

// What changes when one number of one input does: the difference of each state, and its size.
export function perturb(layer, inputs, { states: before }, { perturbed, feature, amount }) {
  const changed = Float64Array.from(inputs); // in double precision, so that a small change survives
  changed[perturbed * layer.width + feature] += amount;
  const after = run(layer, changed).states.slice(1);
  const differences = after.map((state, t) => state.map((value, unit) => value - before[t + 1][unit]));
  return { states: after, differences, sizes: differences.map(norm) };
}

// How many steps pass until the change stays below a share of its greatest size; null when it never does.
export function reach(sizes, { perturbed, threshold }) {
  const greatest = Math.max(...sizes);
  if (greatest === 0) return 0;
  const last = sizes.findLastIndex((size) => size >= threshold * greatest);
  return last === sizes.length - 1 ? null : last + 1 - perturbed;
}

// ---- backwards -----------------------------------------------------------------------------------

// ‖∂h_T / ∂h_t‖ for each t, over all pairs of units (Frobenius); for an LSTM also ‖∂h_T / ∂c_t‖.
export function gradientNorms(layer, { states, cells, steps }) {
  const { hidden } = layer, last = steps.length - 1;
  // One row for each unit of the last state, followed back together.
  let rows = Array.from({ length: hidden }, (_, i) => ({
    state: Float64Array.from({ length: hidden }, (_, j) => (i === j ? 1 : 0)), cell: new Float64Array(hidden) }));
  const whole = (name) => norm(rows.map((row) => norm(row[name])));
  const norms = { state: new Float64Array(last + 1), cell: new Float64Array(last + 1) };
  for (let t = last; t >= 0; t--) {
    if (layer.kind === "lstm") for (const row of rows) intoCell(row, steps[t]);
    norms.state[t] = whole("state");
    norms.cell[t] = whole("cell");
    rows = rows.map((row) => backStep(layer, row, steps[t], states[t], cells[t]));
  }
  return norms;
}

// h = o · tanh(c): what reaches the state reaches the cell too.
function intoCell(row, made) {
  made.forEach(({ gates, cell }, unit) => {
    row.cell[unit] += row.state[unit] * gates[3].value * (1 - tanh(cell) ** 2);
  });
}

// From the gradient at a step's state and cell to the gradient at the state and cell before.
function backStep(layer, row, made, h, c) {
  const { hidden } = layer;
  const back = { state: new Float64Array(hidden), cell: new Float64Array(hidden) };
  made.forEach(({ gates, cell }, unit) => {
    const now = { gates: gates.map((gate) => gate.value), tanhCell: tanh(cell), before: h[unit], cellBefore: c[unit], recalled: gates.at(-1).fromState };
    const { sums, state = 0, kept = 0 } = chain[layer.kind](now, row.state[unit], row.cell[unit]);
    back.state[unit] += state;
    back.cell[unit] += kept;
    sums.forEach((gradient, k) => {
      const row = (k * hidden + unit) * hidden;
      for (let j = 0; j < hidden; j++) back.state[j] += gradient * layer.fromState[row + j];
    });
  });
  return back;
}

// The chain rule within one unit: gradients at U·h of each gate, and what passes by the gates.
const chain = {
  rnn: ({ gates: [h] }, gradient) => ({ sums: [gradient * (1 - h * h)] }),
  gru({ gates: [r, z, n], before, recalled }, gradient) {
    const candidate = gradient * (1 - z) * (1 - n * n);
    return { sums: [candidate * recalled * r * (1 - r), gradient * (before - n) * z * (1 - z), candidate * r], state: gradient * z };
  },
  lstm({ gates: [i, f, g, o], tanhCell, cellBefore }, gradient, toCell) {
    return { sums: [toCell * g * i * (1 - i), toCell * cellBefore * f * (1 - f), toCell * i * (1 - g * g), gradient * tanhCell * o * (1 - o)], kept: toCell * f };
  },
};

// ---- the same state as code ----------------------------------------------------------------------

const CLASSES = { rnn: "RNN", gru: "GRU", lstm: "LSTM" };

// The same text as RecurrenceExplorer.code writes in Python.
export function code({ kind, shape, hidden, bias, perturbed, feature, amount }, position, unit) {
  const options = `${shape[1]}, ${hidden}${bias ? "" : ", bias=False"}`;
  return `import torch

# inputs: the ${shape[0]} × ${shape[1]} tensor, weights: the state_dict that this explorer shows
layer = torch.nn.${CLASSES[kind]}(${options})
layer.load_state_dict(weights)
changed = inputs.clone()
changed[${perturbed}, ${feature}] += ${pythonFloat(amount)}
with torch.no_grad():
    states = layer(inputs)[0]
    differences = layer(changed)[0] - states
print(states[${position}, ${unit}])
print(differences.norm(dim=1))
`;
}
