/**
 * Mean and spread of several results.
 *
 * @module
 */

/** Mean and spread of the runs that are done. */
export interface Spread {
  /** Mean. */
  readonly mean: number;
  /** Standard deviation, by n − 1; 0 for one run. */
  readonly deviation: number;
  /** Least. */
  readonly min: number;
  /** Greatest. */
  readonly max: number;
}

/** Computes mean and spread; `undefined` of nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0,
    min: Math.min(...values),
    max: Math.max(...values),
  };
}
