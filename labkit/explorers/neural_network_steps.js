// The arithmetic of one example in a small network: forward, the loss, the way back, and a step of descent.
import { subscript } from "./curves.js";
import { pythonFloat } from "./numbers.js";

const logistic = (z) => 1 / (1 + Math.exp(-z));

// f, and its slope f′ at a weighted sum z.
export const FUNCTIONS = {
  relu: { name: "ReLU", of: (z) => Math.max(0, z), slope: (z) => (z > 0 ? 1 : 0) },
  tanh: { name: "tanh", of: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2 },
  sigmoid: { name: "σ", of: logistic, slope: (z) => logistic(z) * (1 - logistic(z)) },
  identity: { name: "identity", of: (z) => z, slope: () => 1 },
};

export const sizesOf = (parameters) => [parameters[0][0][0].length, ...parameters.map(([, bias]) => bias.length)];

// ---- which steps there are -----------------------------------------------------------------------

// In the order of the computation: neurons, loss; then back, at each neuron its slope, its weights, its bias.
export function stepsOf(sizes) {
  const forwards = [], back = [];
  for (let layer = 0; layer < sizes.length - 1; layer++) for (let unit = 0; unit < sizes[layer + 1]; unit++) forwards.push({ kind: "sum", layer, unit, source: 0 });
  for (let layer = sizes.length - 2; layer >= 0; layer--) for (let unit = 0; unit < sizes[layer + 1]; unit++) {
    back.push({ kind: "slope", layer, unit, source: 0 });
    for (let source = 0; source <= sizes[layer]; source++) back.push({ kind: "weight", layer, unit, source });
  }
  return [...forwards, { kind: "loss", layer: 0, unit: 0, source: 0 }, ...back];
}

export const stepKey = ({ kind, layer, unit, source }) => `${kind} ${layer} ${unit} ${source}`;

// x for inputs, y for outputs, h and g between them; counted from 1, as books do.
export function nodeName(sizes, column, unit) {
  const letter = column === sizes.length - 1 ? "y" : "xhg"[column];
  return sizes[column] === 1 ? letter : letter + subscript(unit + 1);
}

// ---- forwards and backwards ----------------------------------------------------------------------

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

// values[k] comes into layer k, the last of them is the output. arrived[k] is the loss's gradient at
// the values that layer k gives, slopes[k] at its sums, gradients[k] at its weights and biases.
export function workOut({ parameters, x, target, activation }) {
  const { of, slope } = FUNCTIONS[activation], last = parameters.length - 1;
  const values = [x], sums = [];
  parameters.forEach(([weight, bias], k) => {
    sums.push(weight.map((row, i) => dot(row, values[k]) + bias[i]));
    values.push(k === last ? sums[k] : sums[k].map(of));
  });
  const away = values[last + 1].map((value, i) => value - target[i]);
  const arrived = [], slopes = [], gradients = [];
  for (let k = last; k >= 0; k--) {
    arrived[k] = k === last ? away.map((error) => 2 * error) : values[k + 1].map((_, j) => dot(slopes[k + 1], parameters[k + 1][0].map((row) => row[j])));
    slopes[k] = k === last ? arrived[k] : arrived[k].map((gradient, j) => gradient * slope(sums[k][j]));
    gradients[k] = [slopes[k].map((delta) => values[k].map((value) => delta * value)), slopes[k]];
  }
  return { values, sums, away, loss: dot(away, away), arrived, slopes, gradients };
}

export function valueOf({ kind, layer, unit, source }, passes) {
  if (kind === "loss") return passes.loss;
  if (kind === "slope") return passes.slopes[layer][unit];
  if (kind === "sum") return passes.values[layer + 1][unit];
  const [weight, bias] = passes.gradients[layer];
  return source === weight[unit].length ? bias[unit] : weight[unit][source];
}

// ---- gradient descent ----------------------------------------------------------------------------

export const LARGEST = 1e6, MOST_STEPS = 500;

// Some steps: all weights against their gradients, by lr times as much. It stops before weights grow
// beyond a million. taken: how many steps were.
export function descend(state, count = 1) {
  let { parameters } = state;
  const losses = [...state.losses];
  let taken = 0;
  for (; taken < count; taken++) {
    const { loss, gradients } = workOut({ ...state, parameters });
    const moved = parameters.map(([weight, bias], k) => [
      weight.map((row, i) => row.map((value, j) => value - state.lr * gradients[k][0][i][j])),
      bias.map((value, i) => value - state.lr * gradients[k][1][i])]);
    if (!moved.flat(3).every((value) => Math.abs(value) <= LARGEST)) break;
    losses.push(loss);
    parameters = moved;
  }
  return { parameters, losses, taken };
}

// ---- the same state as code ----------------------------------------------------------------------

const list = (values) => `[${values.map((value) => (Array.isArray(value) ? list(value) : pythonFloat(value))).join(", ")}]`;
const APPLIED = { relu: "torch.relu(sums[-1])", tanh: "torch.tanh(sums[-1])", sigmoid: "torch.sigmoid(sums[-1])", identity: "sums[-1]" };

function expression(parameters, { kind, layer, unit, source }) {
  if (kind === "loss") return "loss";
  if (kind === "slope") return `sums[${layer}].grad[${unit}]`;
  if (kind === "sum") return layer === parameters.length - 1 ? `output[${unit}]` : `values[${layer + 1}][${unit}]`;
  return gradientName(parameters, layer, unit, source);
}

function gradientName(parameters, layer, unit, source) {
  const isBias = source === parameters[layer][0][0].length;
  return isBias ? `network[${layer}][1].grad[${unit}]` : `network[${layer}][0].grad[${unit}, ${source}]`;
}

// The same text as NeuralNetworkExplorer.code writes in Python.
export function code({ parameters, x, target, activation, lr }, step) {
  const layers = parameters.map(([weight, bias]) => `    (torch.tensor(${list(weight)}), torch.tensor(${list(bias)})),`);
  return `import torch

x = torch.tensor(${list(x)})
target = torch.tensor(${list(target)})
network = [
${layers.join("\n")}
]
lr = ${pythonFloat(lr)}

parameters = [p.requires_grad_() for layer in network for p in layer]
values, sums = [x], []
for weight, bias in network:
    sums.append(weight @ values[-1] + bias)
    sums[-1].retain_grad()
    values.append(${APPLIED[activation]})
output = sums[-1]  # no activation follows the last layer
loss = ((output - target) ** 2).sum()
loss.backward()
print(${expression(parameters, step)})

with torch.no_grad():
    for parameter in parameters:
        parameter -= lr * parameter.grad
`;
}
