// The arithmetic of 2-D pooling, position by position; its gradient; a shift; the state as Python code.
import { clamp } from "./numbers.js";

// One axis of n cells under windows of k: how many there are, cells left over, and cells beyond the edge.
export function axis(n, { kernel_size: k, stride, padding, ceil_mode: ceil }) {
  const room = n + 2 * padding - k;
  const rounded = Math.floor((room + (ceil ? stride - 1 : 0)) / stride) + 1;
  // The last window must begin in the image, or in the padding before it.
  const dropped = ceil && (rounded - 1) * stride >= n + padding;
  const size = rounded - (dropped ? 1 : 0);
  const reach = (size - 1) * stride + k;
  return { n, k, span: k, fits: size >= 1, size, exact: room / stride + 1, dropped,
    left: Math.max(0, n + 2 * padding - reach), over: Math.max(0, reach - n - 2 * padding) };
}

export function axes({ shape: [height, width], ...options }) {
  return [axis(height, options), axis(width, options)];
}

// One window: the cells that it reads (taps), the one that wins, and each one's share of the gradient.
export function step(state, position) {
  const { image, shape: [height, width], kind, kernel_size: k, stride, padding, count_include_pad: all } = state;
  const columns = axes(state)[1].size;
  const row = Math.floor(position / columns), column = position % columns;
  const taps = Array.from({ length: k * k }, (_, i) => {
    const y = row * stride + Math.floor(i / k) - padding, x = column * stride + (i % k) - padding;
    const inside = y >= 0 && y < height && x >= 0 && x < width;
    const beyond = y >= height + padding || x >= width + padding;
    return { y, x, inside, beyond, value: inside ? image[y * width + x] : null, share: 0 };
  });
  const real = taps.filter((tap) => tap.inside);
  if (kind === "max") {
    const output = real.reduce((most, tap) => Math.max(most, tap.value), -Infinity);
    const winner = taps.findIndex((tap) => tap.value === output);
    taps[winner].share = 1;
    return { row, column, taps, real, winner, output, ties: real.filter((tap) => tap.value === output).length };
  }
  const divisor = all ? taps.filter((tap) => !tap.beyond).length : real.length;
  for (const tap of real) tap.share = 1 / divisor;
  return { row, column, taps, real, winner: null, divisor, output: real.reduce((sum, tap) => sum + tap.value, 0) / divisor, ties: 0 };
}

// Every window, cut to the image: visit(position, top, bottom, left, right, divisor); ends are excluded.
function eachWindow(state, visit) {
  const { shape: [height, width], kernel_size: k, stride, padding, count_include_pad: all } = state;
  const [rows, columns] = axes(state);
  const cut = (i, n) => {
    const start = i * stride - padding;
    return { from: Math.max(start, 0), to: Math.min(start + k, n), counted: Math.min(start + k, n + padding) - start };
  };
  for (let r = 0; r < rows.size; r++) for (let c = 0; c < columns.size; c++) {
    const [down, across] = [cut(r, height), cut(c, width)];
    const real = (down.to - down.from) * (across.to - across.from);
    visit(r * columns.size + c, down.from, down.to, across.from, across.to, all ? down.counted * across.counted : real);
  }
}

function winnerIn({ image, shape: [, width] }, top, bottom, left, right) {
  let winner = top * width + left;
  for (let y = top; y < bottom; y++) for (let i = y * width + left; i < y * width + right; i++) {
    if (image[i] > image[winner]) winner = i;
  }
  return winner;
}

export function pool(state) {
  const { image, shape: [, width], kind } = state;
  const [rows, columns] = axes(state);
  const output = new Float64Array(rows.size * columns.size);
  eachWindow(state, (position, top, bottom, left, right, divisor) => {
    if (kind === "max") {
      output[position] = image[winnerIn(state, top, bottom, left, right)];
      return;
    }
    let sum = 0;
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += image[y * width + x];
    output[position] = sum / divisor;
  });
  return output;
}

// What arrives at each input cell when each output sends back a gradient of 1.
export function gradient(state) {
  const { shape: [height, width], kind } = state;
  const sum = new Float64Array(height * width);
  eachWindow(state, (_, top, bottom, left, right, divisor) => {
    if (kind === "max") sum[winnerIn(state, top, bottom, left, right)] += 1;
    else for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum[y * width + x] += 1 / divisor;
  });
  return sum;
}

// How many windows read each input cell: those that read its row times those that read its column.
export function windows(state) {
  const { shape: [height, width], kernel_size: k, stride, padding } = state;
  const [down, across] = axes(state).map((side) => {
    const counts = new Float64Array(side.n);
    // A tap in the padding counts nowhere: outside a typed array, nothing is kept.
    for (let i = 0; i < side.size; i++) for (let tap = 0; tap < k; tap++) counts[i * stride + tap - padding] += 1;
    return counts;
  });
  return Float64Array.from({ length: height * width }, (_, i) => down[Math.floor(i / width)] * across[i % width]);
}

// The outputs whose window reads the input cell (y, x).
export function readers(state, y, x) {
  const { kernel_size: k, stride, padding } = state;
  const [rows, columns] = axes(state);
  const along = (at, side) => Array.from({ length: side.size }, (_, i) => i)
    .filter((i) => i * stride <= at + padding && at + padding < i * stride + k);
  return along(y, rows).flatMap((r) => along(x, columns).map((c) => r * columns.size + c));
}

// The image moved down and to the right; the cells that come in hold 0.
export function shifted({ image, shape: [height, width], shift: [down, right] }) {
  return Float32Array.from(image, (_, i) => {
    const y = Math.floor(i / width) - down, x = (i % width) - right;
    return y >= 0 && y < height && x >= 0 && x < width ? image[y * width + x] : 0;
  });
}

// Which values differ by more than rounding: torch.isclose with its own tolerances.
export function differs(after, before) {
  return Array.from(after, (value, i) => Math.abs(value - before[i]) > 1e-8 + 1e-5 * Math.abs(before[i]));
}

// ---- the same text as PoolingExplorer.code writes in Python

const python = (flag) => (flag ? "True" : "False");

function slices([height, width], [down, right]) {
  const part = (size, by) => `${Math.max(by, 0)}:${size + Math.min(by, 0)}`;
  const along = (size, by) => part(size, clamp(by, -size, size));
  return `${along(height, down)}, ${along(width, right)}`;
}

const VIEWS = {
  window: () => "",
  shift: ({ shape, shift }) => `
shifted = torch.zeros_like(image)
shifted[${slices(shape, shift)}] = image[${slices(shape, shift.map((by) => -by))}]
after = pool(shifted)
print((~torch.isclose(after, output)).sum().item(), "of", output.numel(), "outputs change")
`,
  gradient: () => `
image = image.clone().requires_grad_()
pool(image).sum().backward()
print(image.grad)
`,
};

export function code(state, position) {
  const { shape, kind, kernel_size: k, stride, padding, ceil_mode: ceil, count_include_pad: all } = state;
  const { row, column } = step(state, position);
  const more = kind === "max" ? "" : `\n        count_include_pad=${python(all)},`;
  return `import torch
import torch.nn.functional as F

# image: the ${shape[0]} × ${shape[1]} tensor that this explorer shows


def pool(image):
    return F.${kind === "max" ? "max_pool2d" : "avg_pool2d"}(
        image[None],
        kernel_size=${k},
        stride=${stride},
        padding=${padding},
        ceil_mode=${python(ceil)},${more}
    )[0]


output = pool(image)
print(output[${row}, ${column}])
${VIEWS[state.view](state)}`;
}
