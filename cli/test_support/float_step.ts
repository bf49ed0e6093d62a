/**
 * A step of a network in float32, with sums in any order and fused or not as chance has it, and with tanh and sigmoid
 * as far off as they may be: what a verified network must withstand.
 *
 * @module
 */
import type { Network, Weights } from "../proof/network.ts";

const { fround } = Math;

/**
 * Takes a step.
 *
 * @param net A network of one layer, which does not round its states.
 * @param state f32[hidden], and the memory of an LSTM behind it.
 * @param symbol What it reads.
 * @param random Draws.
 * @returns The next state.
 */
export function floatStep(
  net: Network,
  state: Float32Array,
  symbol: number,
  random: () => number,
): Float32Array {
  const { hidden: n, cell, layers: [{ input, recurrent }] } = net;
  const off = (value: number, ulps: number) => {
    const far = fround(value) + (2 * random() - 1) * (ulps - 0.5) * 2 ** -23 * Math.abs(value) / 2;
    return fround(far);
  };
  const tanh = (v: number) => off(Math.tanh(v), 3);
  const sigmoid = (v: number) => off(1 / (1 + Math.exp(-v)), 4);
  const phi = net.activation === "tanh" ? tanh : sigmoid;
  const sum = (terms: readonly (readonly [number, number])[]) => {
    const left = [...terms];
    let total = 0;
    while (left.length > 0) {
      const [[a, b]] = left.splice(Math.floor(random() * left.length), 1);
      total = random() < 0.5 ? fround(total + a * b) : fround(total + fround(a * b));
    }
    return total;
  };
  const product = ({ weight, columns, bias }: Weights, x: ArrayLike<number>, column: number) =>
    sum([
      ...Array.from(x, (value, k) => [value, weight[k * columns + column]] as const),
      [bias?.[column] ?? 0, 1],
    ]);
  const h = state.subarray(0, n);
  const symbols = Array.from({ length: net.inputs }, (_, k) => Number(k === symbol));
  const given = (column: number) => product(input, symbols, column);
  const kept = (column: number, from: ArrayLike<number> = h) => product(recurrent, from, column);
  const gate = (i: number, j: number) => sigmoid(fround(given(i * n + j) + kept(i * n + j)));
  const units = Array.from({ length: n }, (_, j) => j);
  if (cell === "rnn") return Float32Array.from(units, (j) => phi(fround(given(j) + kept(j))));
  if (cell === "gru") {
    const r = units.map((j) => gate(0, j));
    return Float32Array.from(units, (j) => {
      const inner = net.reset === "after"
        ? fround(r[j] * kept(2 * n + j))
        : kept(2 * n + j, r.map((value, k) => fround(value * h[k])));
      const candidate = phi(fround(given(2 * n + j) + inner));
      return fround(candidate + fround(gate(1, j) * fround(h[j] - candidate)));
    });
  }
  const memory = units.map((j) => {
    const candidate = phi(fround(given(2 * n + j) + kept(2 * n + j)));
    return fround(fround(gate(1, j) * state[n + j]) + fround(gate(0, j) * candidate));
  });
  return Float32Array.from([...units.map((j) => fround(gate(3, j) * phi(memory[j]))), ...memory]);
}
