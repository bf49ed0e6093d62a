/**
 * How far single floats are from exact results, and the inputs to find that out with.
 *
 * @module
 */
import { ieeePow } from "../language/primitives/elementwise.ts";
import { randomSource } from "../util/random_source.ts";

/** The smallest normal single float. */
export const SMALLEST_NORMAL = 2 ** -126;

/** Functions of real numbers that devices compute in their own way, in doubles. */
export const EXACT = {
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  sin: Math.sin,
  cos: Math.cos,
  pow: ieeePow,
} as const;

/** Name of such a function. */
export type ExactName = keyof typeof EXACT;

/** Where inputs are drawn from: an interval in which the function is interesting. */
const INTERVALS: Readonly<Record<ExactName, readonly [number, number]>> = {
  exp: [-110, 95],
  log: [0, 4],
  tanh: [-11, 11],
  sigmoid: [-100, 30],
  sin: [-20, 20],
  cos: [-20, 20],
  pow: [-3, 60],
};

const SPECIAL = [
  ...[0, 1, 0.5, 2, 3, 1e-10, 1e-30, 1e-45, SMALLEST_NORMAL, 3.4e38, Infinity, Math.SQRT2],
  ...[Math.SQRT1_2, 88.3, 88.72, 88.73, 87.3, 87.5, 103.2, 103.9, 104, 105, 9, 9.01, 9.02, 9.1],
  // The last is the float nearest to a multiple of π/2.
  ...[Math.PI, Math.PI / 2, 10, 1e6, 16367173 * 2 ** 72],
].flatMap((x) => [x, -x]).concat(NaN);

/** A quarter near 1, a quarter drawn from all finite floats, half of them from an interval. */
function draw(count: number, interval: readonly [number, number], seed: number): Float32Array {
  const random = randomSource(seed);
  const bits = new Uint32Array(count);
  const values = new Float32Array(bits.buffer);
  for (let i = 0; i < count; i++) {
    if (i % 4 === 0) {
      bits[i] = random() * 2 ** 32;
      if (!Number.isFinite(values[i])) values[i] = 1;
    } else if (i % 4 === 1) values[i] = 1 + (random() - 0.5) * 2 ** (-20 * random());
    else values[i] = interval[0] + random() * (interval[1] - interval[0]);
  }
  return values;
}

/**
 * Makes inputs of a function: special ones, for `pow` in all pairs, and random ones.
 *
 * @param name The function.
 * @param count How many; a few thousand at least.
 * @returns The inputs, the second only for `pow`.
 */
export function ulpInputs(name: ExactName, count: number): { x: Float32Array; y: Float32Array } {
  const x = draw(count, INTERVALS[name], 1);
  const y = draw(count, [-20, 20], 2);
  if (name !== "pow") {
    x.set(SPECIAL);
    return { x, y };
  }
  const random = randomSource(3);
  for (let i = 0; i < count; i++) {
    // Negative bases need whole exponents to be interesting, those near 1 large ones.
    if (i % 7 === 0) y[i] = Math.round(y[i] % 100);
    else if (i % 4 === 1) y[i] *= 2 ** (22 * random());
  }
  SPECIAL.forEach((a, i) =>
    SPECIAL.forEach((b, j) => {
      x[i * SPECIAL.length + j] = a;
      y[i * SPECIAL.length + j] = b;
    })
  );
  return { x, y };
}

/**
 * Measures how far a result is from the exact one.
 *
 * @param found The result.
 * @param exact The exact one.
 * @returns The distance, in units in the last place of a single float there.
 */
export function ulpError(found: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(found, rounded) || found === rounded) return 0;
  if (Number.isNaN(found) || Number.isNaN(exact) || !Number.isFinite(found)) {
    // One step beyond the largest float may round either way.
    return Math.abs(exact) > 3.4028233e38 && found === Math.sign(exact) * Infinity ? 1 : Infinity;
  }
  const magnitude = Math.min(Math.max(Math.abs(exact), SMALLEST_NORMAL), 3.4028235e38);
  return Math.abs(found - exact) / 2 ** (Math.floor(Math.log2(magnitude)) - 23);
}
