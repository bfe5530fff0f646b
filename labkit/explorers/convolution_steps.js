// The arithmetic of a 2-D convolution, position by position, and the same state as Python code.
import { pythonFloat } from "./numbers.js";

// One axis of n cells under a kernel of k: how many windows it has, and how many cells are left over.
export function axis(n, k, { stride, padding, dilation }) {
  const span = dilation * (k - 1) + 1;
  const room = n + 2 * padding - span;
  return { n, k, span, fits: room >= 0, size: Math.floor(room / stride) + 1,
    exact: room / stride + 1, left: room % stride };
}

export function axes({ shape: [height, width], kernel, ...options }) {
  return [axis(height, kernel.length, options), axis(width, kernel[0].length, options)];
}

export function step(state, position) {
  const { image, shape: [height, width], kernel, stride, padding, dilation } = state;
  const columns = axes(state)[1].size;
  const row = Math.floor(position / columns), column = position % columns;
  const taps = kernel.flatMap((weights, i) => weights.map((weight, j) => {
    const y = row * stride + i * dilation - padding, x = column * stride + j * dilation - padding;
    const inside = y >= 0 && y < height && x >= 0 && x < width;
    const pixel = inside ? image[y * width + x] : 0;
    return { y, x, inside, pixel, weight, product: pixel * weight };
  }));
  return { row, column, taps, sum: taps.reduce((sum, tap) => sum + tap.product, 0) };
}

export function convolve(state) {
  const { image, shape: [height, width], kernel, stride, padding, dilation } = state;
  const [rows, columns] = axes(state).map((side) => side.size);
  const output = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    let sum = 0;
    for (let i = 0; i < kernel.length; i++) for (let j = 0; j < kernel[0].length; j++) {
      const y = r * stride + i * dilation - padding, x = c * stride + j * dilation - padding;
      if (y >= 0 && y < height && x >= 0 && x < width) sum += image[y * width + x] * kernel[i][j];
    }
    output[r * columns + c] = sum;
  }
  return output;
}

// The outputs that read the input cell (y, x): what one pixel spreads to.
export function readers(state, y, x) {
  const { kernel, stride, padding, dilation } = state;
  const [rows, columns] = axes(state);
  const along = (at, side) => Array.from({ length: side.k }, (_, tap) => at + padding - tap * dilation)
    .filter((start) => start >= 0 && start % stride === 0 && start / stride < side.size)
    .map((start) => start / stride);
  return along(y, rows).flatMap((r) => along(x, columns).map((c) => r * columns.size + c));
}

// The same text as ConvolutionExplorer.code writes in Python.
export function code(state, position) {
  const { kernel, stride, padding, dilation, shape } = state;
  const { row, column } = step(state, position);
  const rows = kernel.map((weights) => `    [${weights.map(pythonFloat).join(", ")}],\n`).join("");
  return `import torch
import torch.nn.functional as F

# image: the ${shape[0]} × ${shape[1]} tensor that this explorer shows
kernel = torch.tensor([
${rows}])
output = F.conv2d(
    image[None, None],
    kernel[None, None],
    stride=${stride},
    padding=${padding},
    dilation=${dilation},
)[0, 0]
print(output[${row}, ${column}])
`;
}
