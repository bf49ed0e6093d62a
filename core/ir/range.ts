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
  readonly least: number;
  /** Greatest value. */
  readonly most: number;
}

const TYPE_RANGES: Readonly<Record<DType, Range>> = {
  f32: { least: -Infinity, most: Infinity },
  i32: { least: -(2 ** 31), most: 2 ** 31 - 1 },
  u32: { least: 0, most: 2 ** 32 - 1 },
  bool: { least: 0, most: 1 },
};
const rangesKnown = new WeakMap<Expression, Range>();

/**
 * Least and greatest value that an expression can take. Integers wrap: what might leave its type can be
 * anything. Parts may be shared by many expressions, so each is looked at once.
 */
export function rangeOf(a: Expression): Range {
  const known = rangesKnown.get(a);
  if (known) return known;
  const whole = TYPE_RANGES[a.dtype];
  const exact = unwrappedRange(a) ?? whole;
  const range = exact.least < whole.least || exact.most > whole.most ? whole : exact;
  rangesKnown.set(a, range);
  return range;
}

/** The range of an expression if it does not wrap; `undefined` where nothing is known of it. */
function unwrappedRange(a: Expression): Range | undefined {
  // Real numbers may be no numbers at all, which no range says.
  if (a.dtype === "f32") return undefined;
  if (a.kind === "constant") return { least: a.value, most: a.value };
  if (a.kind === "axis") return { least: 0, most: a.axis.extent - 1 };
  if (a.kind !== "apply" || a.inputs.length !== 2) return undefined;
  const [x, y] = a.inputs.map(rangeOf);
  switch (a.operation) {
    case "add":
      return { least: x.least + y.least, most: x.most + y.most };
    case "max":
      return { least: Math.max(x.least, y.least), most: Math.max(x.most, y.most) };
    case "min":
      return { least: Math.min(x.least, y.least), most: Math.min(x.most, y.most) };
    case "mul": {
      const ends = [x.least, x.most].flatMap((end) => [end * y.least, end * y.most]);
      return { least: Math.min(...ends), most: Math.max(...ends) };
    }
    case "div": {
      if (y.least < 1) return undefined;
      const ends = [x.least, x.most].flatMap((end) => [end / y.least, end / y.most]);
      return { least: Math.trunc(Math.min(...ends)), most: Math.trunc(Math.max(...ends)) };
    }
    case "rem":
      if (y.least < 1) return undefined;
      return { least: x.least < 0 ? 1 - y.most : 0, most: y.most - 1 };
    default:
      return undefined;
  }
}
