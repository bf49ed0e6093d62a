/**
 * Whole numbers of the invocations of a workgroup.
 *
 * @module
 */

/** Invocations of a workgroup. */
export const WORKGROUP = 256;
/** A number of all invocations, or one of each; NaN if it is not known. */
export type Lanes = number | Float64Array;

/** The number of an invocation. */
export function at(lanes: Lanes, i: number): number {
  return typeof lanes === "number" ? lanes : lanes[i];
}

/** Computes an operation for all invocations. */
export function combine(
  operation: (...inputs: number[]) => number,
  inputs: readonly Lanes[],
): Lanes {
  if (inputs.every((input) => typeof input === "number")) return operation(...inputs as number[]);
  return Float64Array.from(
    { length: WORKGROUP },
    (_, i) => operation(...inputs.map((input) => at(input, i))),
  );
}

/** A comparison, of which NaN knows nothing. */
function compared(holds: (x: number, y: number) => boolean): (x: number, y: number) => number {
  return (x, y) => Number.isNaN(x + y) ? NaN : Number(holds(x, y));
}

/** What operations on whole numbers give. */
export const VALUES: Readonly<Record<string, (...inputs: number[]) => number>> = {
  "+": (x, y) => x + y,
  "-": (x, y) => y === undefined ? -x : x - y,
  "*": (x, y) => x * y,
  "/": (x, y) => Math.trunc(x / y),
  "%": (x, y) => x % y,
  "<": compared((x, y) => x < y),
  "<=": compared((x, y) => x <= y),
  ">": compared((x, y) => x > y),
  ">=": compared((x, y) => x >= y),
  "==": compared((x, y) => x === y),
  "!=": compared((x, y) => x !== y),
  "&&": (x, y) => x === 0 || y === 0 ? 0 : x * y,
  "||": (x, y) => x === 1 || y === 1 ? 1 : x + y,
  "!": (x) => 1 - x,
  min: Math.min,
  max: Math.max,
};
