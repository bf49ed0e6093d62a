/**
 * Hidden states as numbers.
 *
 * @module
 */

/** What was in the units at each step. */
export interface HiddenStates {
  /** f32[time, units], row-major. */
  readonly values: Float32Array;
  /** Steps. */
  readonly time: number;
  /** Units. */
  readonly units: number;
}

/**
 * Whether values have a sign, as those of tanh have, so that 0 is their middle.
 *
 * @param values The values of units.
 * @returns Whether any is below nothing.
 */
export function isSigned(values: Float32Array): boolean {
  return values.some((value) => value < 0);
}
