/**
 * What values an expression can take: the ground on which index arithmetic is simplified and clamps are
 * left out.
 *
 * @module
 */
import type { DType } from "./tensor_type.ts";
import type { Expression } from "./expression_type.ts";

/** Least and greatest value of something. */
export interface Range {
  /** Least value. */
  readonly min: number;
  /** Greatest value. */
  readonly max: number;
}

const TYPE_RANGES: Readonly<Record<DType, Range>> = {
  f32: { min: -Infinity, max: Infinity },
  i32: { min: -(2 ** 31), max: 2 ** 31 - 1 },
  u32: { min: 0, max: 2 ** 32 - 1 },
  bool: { min: 0, max: 1 },
};
const rangesKnown = new WeakMap<Expression, Range>();

/**
 * Computes the least and greatest value that an expression can take. Integers wrap: what might leave its type can be
 * anything. Parts may be shared by many expressions, so each is looked at once.
 */
export function rangeOf(a: Expression): Range {
  const known = rangesKnown.get(a);
  if (known) return known;
  const whole = TYPE_RANGES[a.dtype];
  const exact = unwrappedRange(a) ?? whole;
  const range = exact.min < whole.min || exact.max > whole.max ? whole : exact;
  rangesKnown.set(a, range);
  return range;
}

/** The range of an expression if it does not wrap; `undefined` where nothing is known of it. */
function unwrappedRange(a: Expression): Range | undefined {
  // Real numbers may be no numbers at all, which no range says.
  if (a.dtype === "f32") return undefined;
  if (a.kind === "constant") return { min: a.value, max: a.value };
  if (a.kind === "axis") return { min: 0, max: a.axis.extent - 1 };
  if (a.kind !== "apply" || a.inputs.length !== 2) return undefined;
  const x = rangeOf(a.inputs[0]);
  const y = rangeOf(a.inputs[1]);
  switch (a.operation) {
    case "add":
      return { min: x.min + y.min, max: x.max + y.max };
    case "max":
      return { min: Math.max(x.min, y.min), max: Math.max(x.max, y.max) };
    case "min":
      return { min: Math.min(x.min, y.min), max: Math.min(x.max, y.max) };
    case "mul": {
      const ends = [x.min * y.min, x.min * y.max, x.max * y.min, x.max * y.max];
      return { min: Math.min(...ends), max: Math.max(...ends) };
    }
    case "div": {
      if (y.min < 1) return undefined;
      const ends = [x.min / y.min, x.min / y.max, x.max / y.min, x.max / y.max];
      return { min: Math.trunc(Math.min(...ends)), max: Math.trunc(Math.max(...ends)) };
    }
    case "rem":
      if (y.min < 1) return undefined;
      return { min: x.min < 0 ? 1 - y.max : 0, max: y.max - 1 };
    default:
      return undefined;
  }
}
