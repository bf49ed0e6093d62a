/**
 * The prover's own step, in float64: where a network's states go, without any bounds.
 *
 * @module
 */
import type { Network } from "./network.ts";

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

/** Where sequences start. */
export function plainStart(net: Network): Float64Array {
  const phi = net.activation === "tanh" ? Math.tanh : sigmoid;
  const parts = net.cell === "lstm" ? ["h", "c"] : ["h"];
  return Float64Array.from(net.layers.flatMap((_, l) =>
    parts.flatMap((part) => {
      const learned = net.initial?.[l][part];
      return Array.from({ length: net.hidden }, (_, j) => {
        if (!learned) return 0;
        return part === "h" ? phi(learned[j]) : learned[j];
      });
    })
  ));
}

/** One step of all layers. */
export function plainStep(net: Network, state: Float64Array, symbol: number): Float64Array {
  const { hidden: n, cell } = net;
  const phi = net.activation === "tanh" ? Math.tanh : sigmoid;
  const parts = cell === "lstm" ? 2 : 1;
  const next = new Float64Array(state.length);
  let below: Float64Array | undefined;
  for (const [l, { input, recurrent }] of net.layers.entries()) {
    const { columns } = input;
    const start = l * parts * n;
    const h = state.subarray(start, start + n);
    const times = (x: Float64Array, weight: Float32Array, column: number) => {
      let sum = 0;
      for (let k = 0; k < x.length; k++) sum += x[k] * weight[k * columns + column];
      return sum;
    };
    const given = (column: number) =>
      (input.bias?.[column] ?? 0) +
      (below
        ? times(below, input.weight, column)
        : net.inputs > 0
        ? input.weight[symbol * columns + column]
        : 0);
    const kept = (column: number, from = h) =>
      times(from, recurrent.weight, column) + (recurrent.bias?.[column] ?? 0);
    const made = next.subarray(start, start + parts * n);
    if (cell === "rnn") {
      for (let j = 0; j < n; j++) made[j] = phi(given(j) + kept(j));
    } else if (cell === "gru") {
      const r = h.map((_, j) => sigmoid(given(j) + kept(j)));
      const gated = h.map((value, j) => r[j] * value);
      for (let j = 0; j < n; j++) {
        const z = sigmoid(given(n + j) + kept(n + j));
        const inner = net.reset === "after" ? r[j] * kept(2 * n + j) : kept(2 * n + j, gated);
        const candidate = phi(given(2 * n + j) + inner);
        made[j] = candidate + z * (h[j] - candidate);
      }
    } else {
      for (let j = 0; j < n; j++) {
        const gate = (k: number) => given(k * n + j) + kept(k * n + j);
        const memory = sigmoid(gate(1)) * state[start + n + j] + sigmoid(gate(0)) * phi(gate(2));
        made[n + j] = memory;
        made[j] = sigmoid(gate(3)) * phi(memory);
      }
    }
    if (net.snap) made.forEach((value, j) => made[j] = Math.floor(value + 0.5));
    below = made.subarray(0, n);
  }
  return next;
}

/** How much greater the right logit is than all others; below 0 if it is not the greatest. */
export function plainAnswer(net: Network, state: Float64Array, answer: number): number {
  const { weight, bias, columns } = net.output;
  const top = state.length - (net.cell === "lstm" ? 2 : 1) * net.hidden;
  const logits = Array.from({ length: columns }, (_, j) => {
    let sum = bias?.[j] ?? 0;
    for (let k = 0; k < net.hidden; k++) sum += state[top + k] * weight[k * columns + j];
    return sum;
  });
  return logits[answer] - Math.max(...logits.filter((_, j) => j !== answer));
}
