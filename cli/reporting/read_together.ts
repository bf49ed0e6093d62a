/**
 * What all units tell together that none tells alone: Fisher's linear discriminant of a flag.
 *
 * @module
 */

import type { Evidence } from "./hidden_states.ts";

/** A direction in which units together tell a flag. */
export interface Reading {
  /** A weight for each unit. */
  readonly weights: Float64Array;
  /** Sums above this are on. */
  readonly middle: number;
  /** How far the mean of on is above the middle. */
  readonly clear: number;
  /**
   * In what share of the steps it is right that it was not made from: of those where the flag is 1, or of those where it
   * is 0, whichever is less.
   */
  readonly right: number;
}

/** More units than this would take long. */
const UNITS = 256;
/** The covariance within is taken for so much larger, in shares of its mean, so that few steps do. */
const RIDGE = 1e-3;

/**
 * Finds how all units together tell a flag. It is made from every second sequence (or the first half of one alone) and
 * tried on the others.
 *
 * @param evidence Many steps.
 * @param values 0 or 1 for each.
 * @returns How; `undefined` where there are too many units, or too few steps of one of both.
 */
export function readTogether(evidence: Evidence, values: Int32Array): Reading | undefined {
  const { states: { values: all, units, time }, sequences } = evidence;
  if (units > UNITS) return undefined;
  const isMade = (t: number) => sequences > 1 ? t % sequences % 2 === 0 : t < time / 2;
  const means = [new Float64Array(units), new Float64Array(units)];
  const counts = [0, 0];
  for (let t = 0; t < time; t++) {
    if (!isMade(t)) continue;
    counts[values[t]]++;
    for (let u = 0; u < units; u++) means[values[t]][u] += all[t * units + u];
  }
  if (Math.min(...counts) < CLASS) return undefined;
  means.forEach((mean, value) => mean.forEach((sum, u) => mean[u] = sum / counts[value]));
  const within = Array.from({ length: units }, () => new Float64Array(units));
  const off = new Float64Array(units);
  for (let t = 0; t < time; t++) {
    if (!isMade(t)) continue;
    for (let u = 0; u < units; u++) off[u] = all[t * units + u] - means[values[t]][u];
    for (let u = 0; u < units; u++) {
      const row = within[u];
      for (let v = 0; v <= u; v++) row[v] += off[u] * off[v];
    }
  }
  const trace = within.reduce((sum, row, u) => sum + row[u], 0) / units;
  within.forEach((row, u) => {
    row[u] += RIDGE * trace + 1e-9;
    for (let v = 0; v < u; v++) within[v][u] = row[v];
  });
  const weights = solve(within, Float64Array.from(means[1], (mean, u) => mean - means[0][u]));
  const [low, high] = means.map((mean) => mean.reduce((sum, x, u) => sum + x * weights[u], 0));
  const reading = { weights, middle: (low + high) / 2, clear: (high - low) / 2 };
  const [right, tried] = [[0, 0], [0, 0]];
  for (let t = 0; t < time; t++) {
    if (isMade(t)) continue;
    tried[values[t]]++;
    if (marginAt(reading, all, t * units) > 0 === (values[t] === 1)) right[values[t]]++;
  }
  if (Math.min(...tried) < CLASS) return undefined;
  return { ...reading, right: Math.min(right[0] / tried[0], right[1] / tried[1]) };
}

/** Steps of each value, at least. */
const CLASS = 8;

/**
 * Reads units together: 1 is as clearly on as on average, 0 on the edge, −1 as clearly off.
 *
 * @param reading How.
 * @param values States.
 * @param start Where those of the step begin.
 */
export function marginAt(
  { weights, middle, clear }: Pick<Reading, "weights" | "middle" | "clear">,
  values: Float32Array,
  start: number,
): number {
  let sum = 0;
  for (let u = 0; u < weights.length; u++) sum += weights[u] * values[start + u];
  return (sum - middle) / clear;
}

/** Solves a system whose matrix is symmetric and positive definite, by elimination; both are used up. */
function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const n = right.length;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const factor = matrix[j][i] / matrix[i][i];
      for (let k = i; k < n; k++) matrix[j][k] -= factor * matrix[i][k];
      right[j] -= factor * right[i];
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) right[i] -= matrix[i][k] * right[k];
    right[i] /= matrix[i][i];
  }
  return right;
}
