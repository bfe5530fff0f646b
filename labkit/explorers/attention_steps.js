// The arithmetic of attention, one head at a time: products, scale, mask, softmax, weighted sum.
import { pythonFloat } from "./numbers.js";

// The i-th of `count` vectors of a head; they lie head by head, one behind the other.
export const vector = (numbers, count, width, head, i) => numbers.subarray((head * count + i) * width, (head * count + i + 1) * width);

export function queryAndKey({ shape: [, T, S, E], queries, keys, head }, i, j) {
  return { query: vector(queries, T, E, head, i), key: vector(keys, S, E, head, j) };
}

export const valueOf = ({ shape: [, , S, , W], values, head }, j) => vector(values, S, W, head, j);

// q·k for each query and key of a head.
export function products(state) {
  const { shape: [, T, S, E] } = state;
  return Array.from({ length: T }, (_, i) => Float64Array.from({ length: S }, (_, j) => {
    const { query, key } = queryAndKey(state, i, j);
    let sum = 0;
    for (let e = 0; e < E; e++) sum += query[e] * key[e];
    return sum;
  }));
}

// What q·k is multiplied by before the softmax.
export const factor = ({ shape: [, , , E], scaled, temperature }) => 1 / ((scaled ? Math.sqrt(E) : 1) * temperature);

// Whether query i may look at key j. A causal mask lets the last query see all keys, as labkit.ops.attention.
export function mayLook({ shape: [, T, S], mask, padding, allowed, head }, i, j) {
  if (mask === "causal") return j <= i + S - T;
  if (mask === "padding") return j < S - padding;
  return mask === "none" || allowed[(head * T + i) * S + j] === 1;
}

// Softmax over the keys that may be looked at; zeros where there is none.
export function softmaxOver(scores, open) {
  const top = scores.reduce((high, score, j) => (open[j] ? Math.max(high, score) : high), -Infinity);
  const powers = scores.map((score, j) => (open[j] ? Math.exp(score - top) : 0));
  const sum = powers.reduce((all, power) => all + power, 0);
  return { top, sum, weights: powers.map((power) => (sum ? power / sum : 0)) };
}

// In nats: 0 when all goes to one key, ln n when n keys get the same.
export const entropy = (weights) => weights.reduce((sum, weight) => (weight > 0 ? sum - weight * Math.log(weight) : sum), 0);

// One row of the map from its products. seen: how many keys the query may look at.
export function attend(state, raw, i) {
  const scale = factor(state);
  const scores = raw.map((product) => product * scale);
  const open = Array.from(raw, (_, j) => mayLook(state, i, j));
  const { top, sum, weights } = softmaxOver(scores, open);
  const most = scores.reduce((best, score, j) => (open[j] && (best === null || score > scores[best]) ? j : best), null);
  return { raw, scores, open, top, sum, weights, most, seen: open.filter(Boolean).length, entropy: entropy(weights) };
}

export function weightedSum(state, weights) {
  const output = new Float64Array(state.shape[4]);
  weights.forEach((weight, j) => valueOf(state, j).forEach((value, w) => { output[w] += weight * value; }));
  return output;
}

// ---- the same state as code ----------------------------------------------------------------------

const MASK_CODE = {
  none: () => "",
  causal: (T, S) => `mask = torch.ones(${T}, ${S}, dtype=torch.bool).tril(${S - T})  # the last query sees all keys\n`,
  padding: (T, S, padding) => `mask = torch.arange(${S}).expand(${T}, ${S}) < ${S} - ${padding}  # the last keys are padding\n`,
  given: (T, S, padding, heads, head) => (heads > 1 ? `mask = mask.expand(${heads}, ${T}, ${S})[${head}]\n` : ""),
};

// The same text as AttentionExplorer.code writes in Python.
export function code({ shape: [heads, T, S, E, W], mask, padding, temperature, scaled, head }, position) {
  const hidden = mask === "none" ? "" : ".masked_fill(~mask, -torch.inf)";
  const given = mask === "given" ? ", mask (True: may look)" : "";
  return `import torch
import torch.nn.functional as F

# ${heads > 1 ? `${heads} heads of ` : ""}queries (${T} × ${E}), keys (${S} × ${E}), values (${S} × ${W})${given}
query, key, value = ${heads > 1 ? `queries[${head}], keys[${head}], values[${head}]` : "queries, keys, values"}
${MASK_CODE[mask](T, S, padding, heads, head)}scale = 1 / ${scaled ? `(${E}**0.5 * ${pythonFloat(temperature)})` : pythonFloat(temperature)}
scores = (scale * query @ key.T)${hidden}
weights = scores.softmax(dim=-1)${mask === "none" ? "" : ".nan_to_num()  # no key to look at: zeros"}
output = F.scaled_dot_product_attention(query, key, value${mask === "none" ? "" : ", attn_mask=mask"}, scale=scale)
print(weights[${position}])
print(output[${position}])
`;
}
