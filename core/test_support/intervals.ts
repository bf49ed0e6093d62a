/**
 * Intervals that hold what a device may make of a number, and the elementwise operations on them.
 *
 * @module
 */
import type { ElementwiseName } from "../ir/operation_names.ts";
import type { DType } from "../ir/tensor_type.ts";
import { ELEMENTWISE } from "../language/primitives/elementwise.ts";

/** Where a number lies. One that is NaN for certain has bounds of NaN. */
export interface Interval {
  /** The least it may be. */
  readonly lo: number;
  /** The greatest it may be. */
  readonly hi: number;
  /** Sum of the magnitudes of all that was added up to it: what rounding is relative to. */
  readonly scale: number;
  /** Whether it may be NaN. */
  readonly nan: boolean;
}

/** How a device computes with real numbers. */
export interface Arithmetic {
  /** How often the loops around repeat what is computed; once if left out. */
  readonly repeats?: number;
  /** Half a unit in the last place of 1. */
  readonly roundoff: number;
  /** The greatest finite number. */
  readonly greatest: number;
  /** Error of results that are too small to be held relatively. */
  readonly least: number;
  /** Whether subnormal numbers of f32 may be zeros. */
  readonly flushes: boolean;
  /** Operations that may make a number of NaN. */
  readonly losesNan?: readonly ElementwiseName[];
  /** What operations may be off beyond the units of their rows: from the argument and the result. */
  readonly allowed?: Readonly<
    Partial<Record<ElementwiseName, (x: number, result: number, y: number) => number>>
  >;
}

/** IEEE 754 in single precision, as WebAssembly has it. */
export const SINGLE: Arithmetic = {
  roundoff: 2 ** -24,
  greatest: (2 - 2 ** -23) * 2 ** 127,
  least: 2 ** -149,
  flushes: false,
};

/** Double precision: what the interpreter makes of a graph that passes have rewritten. */
export const DOUBLE: Arithmetic = {
  roundoff: 2 ** -53,
  greatest: Number.MAX_VALUE,
  least: Number.MIN_VALUE,
  flushes: false,
};

/** May be whatever a real number may be. */
export const ANYTHING: Interval = { lo: -Infinity, hi: Infinity, scale: Infinity, nan: true };
const NOT_A_NUMBER: Interval = { lo: NaN, hi: NaN, scale: NaN, nan: true };

/** What a number of a type may be if nothing is known of it. */
export function anyOf(dtype: DType): Interval {
  if (dtype === "f32") return ANYTHING;
  const [lo, hi] = dtype === "bool"
    ? [0, 1]
    : dtype === "i32"
    ? [-(2 ** 31), 2 ** 31 - 1]
    : [0, 2 ** 32 - 1];
  return { lo, hi, scale: hi, nan: false };
}

/** A number that is known; f32 cannot hold each. */
export function exactly(x: number, dtype: DType, { roundoff, flushes }: Arithmetic): Interval {
  if (Number.isNaN(x)) return NOT_A_NUMBER;
  const near = dtype === "f32" && roundoff > 1e-9 ? Math.fround(x) : x;
  let [lo, hi] = [Math.min(x, near), Math.max(x, near)];
  if (dtype === "f32" && flushes && Math.abs(x) < 2 ** -126) {
    [lo, hi] = [Math.min(lo, 0), Math.max(hi, 0)];
  }
  return { lo, hi, scale: Math.abs(x), nan: false };
}

/** Whether a number is known exactly, be it NaN. */
export function isPoint({ lo, hi, nan }: Interval): boolean {
  return Number.isNaN(lo) || (lo === hi && !nan);
}

/** What may be one or the other. */
export function hull(x: Interval, y: Interval): Interval {
  if (Number.isNaN(x.lo)) return { ...y, nan: true };
  if (Number.isNaN(y.lo)) return { ...x, nan: true };
  return {
    lo: Math.min(x.lo, y.lo),
    hi: Math.max(x.hi, y.hi),
    scale: Math.max(x.scale, y.scale),
    nan: x.nan || y.nan,
  };
}

const sizeOf = ({ lo, hi }: Interval) => Math.max(Math.abs(lo), Math.abs(hi));

/** Widens by an error, and beyond the greatest number to infinity. */
function widened(
  lo: number,
  hi: number,
  scale: number,
  nan: boolean,
  error: number,
  { greatest, flushes }: Arithmetic,
): Interval {
  if (Number.isNaN(lo) || Number.isNaN(hi)) return ANYTHING;
  if (lo === hi && !Number.isFinite(lo)) return { lo, hi, scale: Infinity, nan };
  let [least, most] = [lo - error, hi + error];
  const beyond = most > greatest || least < -greatest;
  // Sums in another order may leave the range on the way.
  if (scale > greatest && !beyond) return ANYTHING;
  if (most > greatest) [least, most] = [Math.min(least, greatest), Infinity];
  if (least < -greatest) [least, most] = [-Infinity, Math.max(most, -greatest)];
  if (flushes && least > 0 && least < 2 ** -126) least = 0;
  if (flushes && most < 0 && most > -(2 ** -126)) most = 0;
  return { lo: least, hi: most, scale: beyond ? Infinity : scale, nan };
}

/** Whether numbers are multiples of 2⁻¹⁰ so small that sums of them are exact in any order. */
function isGrained(scale: number, ...numbers: readonly number[]): boolean {
  return scale < 2 ** 13 && numbers.every((x) => Number.isInteger(x * 1024));
}

/** Corners of a function that is monotone in each of two arguments. */
function corners(x: Interval, y: Interval, f: (x: number, y: number) => number): [number, number] {
  const values = [f(x.lo, y.lo), f(x.lo, y.hi), f(x.hi, y.lo), f(x.hi, y.hi)];
  return [Math.min(...values), Math.max(...values)];
}

/** A sum, difference or product on intervals. */
function ring(
  x: Interval,
  y: Interval,
  f: (x: number, y: number) => number,
  scale: number,
  arithmetic: Arithmetic,
): Interval {
  if (Number.isNaN(x.lo) || Number.isNaN(y.lo)) return NOT_A_NUMBER;
  const { roundoff, least } = arithmetic;
  const [lo, hi] = corners(x, y, f);
  if (isPoint(x) && isPoint(y)) {
    if (Number.isNaN(lo)) return NOT_A_NUMBER;
    const fresh = x.scale === Math.abs(x.lo) && y.scale === Math.abs(y.lo);
    const normal = lo === 0 || Math.abs(lo) >= 2 ** -126;
    const held = roundoff > 1e-9 && Math.fround(lo) === lo && normal;
    if ((fresh && held) || isGrained(scale, x.lo, y.lo, lo)) {
      return widened(lo, hi, scale, false, 0, arithmetic);
    }
  }
  const error = 2 * roundoff * Math.min(scale, arithmetic.greatest) + least;
  return widened(lo, hi, scale, x.nan || y.nan, error, arithmetic);
}

/** A sum of two. */
export function add(x: Interval, y: Interval, arithmetic: Arithmetic): Interval {
  return ring(x, y, (x, y) => x + y, sumOfScales(x, y), arithmetic);
}

/** A little more than the sum: what was added up is exact in this order, and not in each. */
function sumOfScales(x: Interval, y: Interval): number {
  return x.scale === 0 || y.scale === 0 ? x.scale + y.scale : (x.scale + y.scale) * (1 + 2 ** -20);
}

/** A product of two. */
export function multiply(x: Interval, y: Interval, arithmetic: Arithmetic): Interval {
  const isZero = [x, y].some(({ lo, hi }) => lo === 0 && hi === 0);
  // Zero times infinity is no corner where zero is inside.
  const holdsZero = [x, y].some(({ lo, hi }) => lo < 0 && hi > 0);
  if (holdsZero && (sizeOf(x) === Infinity || sizeOf(y) === Infinity)) return ANYTHING;
  return ring(x, y, (x, y) => x * y, isZero ? 0 : x.scale * y.scale, arithmetic);
}

/** A sum of many, in any order. */
export function sumOf(list: readonly Interval[], dtype: DType, arithmetic: Arithmetic): Interval {
  if (dtype !== "f32") {
    if (!list.every(isPoint)) return anyOf(dtype);
    const sum = list.reduce((sum, { lo }) => (sum + lo) | 0, 0);
    return exactly(dtype === "u32" ? sum >>> 0 : sum, dtype, arithmetic);
  }
  if (list.length === 1) return list[0];
  if (list.some(({ lo }) => Number.isNaN(lo))) return NOT_A_NUMBER;
  let [lo, hi, scale, nan] = [0, 0, 0, false];
  // What some order adds up to on the way, without the terms of the other sign.
  let [below, above] = [0, 0];
  for (const x of list) {
    lo += x.lo;
    hi += x.hi;
    scale += x.scale;
    nan ||= x.nan;
    below += Math.min(x.lo, 0);
    above += Math.max(x.hi, 0);
  }
  if (list.every(isPoint)) {
    if (Number.isNaN(lo)) return NOT_A_NUMBER;
    if (isGrained(scale, ...list.map(({ lo }) => lo))) return { lo, hi, scale, nan };
  }
  const { roundoff, least, greatest } = arithmetic;
  const error = (list.length + 1) * (roundoff * Math.min(scale, greatest) + least);
  // What leaves the range at both ends may meet; a product fused into a sum does not leave it by itself.
  if (above + error > greatest && below - error < -greatest) return ANYTHING;
  const result = widened(lo, hi, scale, nan, error, arithmetic);
  // Sums of products may be taken as products of sums, where 0 meets what has left the range.
  return { ...result, nan: result.nan || !Number.isFinite(result.hi - result.lo) };
}

/** Bounds of an elementwise operation. */
export function boundElementwise(
  name: ElementwiseName,
  inputs: readonly Interval[],
  dtype: DType,
  to: DType,
  arithmetic: Arithmetic,
): Interval {
  const [x, y = x, z = x] = inputs;
  const { evaluate } = ELEMENTWISE[name];
  if (name === "select") {
    return isPoint(x) ? (x.lo ? y : z) : hull(y, z);
  }
  if (["eq", "ne", "lt", "le", "gt", "ge"].includes(name)) return compare(name, x, y, dtype);
  if (name === "stop_gradient") return x;
  if (name === "cast") return cast(x, dtype, to, arithmetic);
  if (arithmetic.losesNan?.includes(name) && inputs.some(({ nan }) => nan)) return ANYTHING;
  const points = inputs.every(isPoint);
  if (dtype !== "f32") {
    if (points) {
      return exactly(evaluate(x.lo, y.lo, z.lo, dtype, to), to, arithmetic);
    }
    if (name !== "max" && name !== "min") return anyOf(to);
  }
  switch (name) {
    case "neg":
      return { ...x, lo: -x.hi, hi: -x.lo };
    case "abs":
      if (Number.isNaN(x.lo)) return NOT_A_NUMBER;
      return { ...x, lo: Math.max(0, x.lo, -x.hi), hi: sizeOf(x) };
    case "add":
      return add(x, y, arithmetic);
    case "sub":
      return ring(x, y, (x, y) => x - y, sumOfScales(x, y), arithmetic);
    case "mul":
      return multiply(x, y, arithmetic);
    case "max":
    case "min": {
      const of = Math[name];
      const [lo, hi] = [of(x.lo, y.lo), of(x.hi, y.hi)];
      return { lo, hi, scale: Math.max(Math.abs(lo), Math.abs(hi)), nan: x.nan || y.nan };
    }
    case "floor":
    case "sign": {
      const [lo, hi] = [evaluate(x.lo, 0, 0, dtype), evaluate(x.hi, 0, 0, dtype)];
      return { lo, hi, scale: Math.max(Math.abs(lo), Math.abs(hi)), nan: x.nan };
    }
    default:
      return boundFunction(name, x, y, arithmetic);
  }
}

/** Functions that are rounded to some units in the last place. */
function boundFunction(
  name: ElementwiseName,
  x: Interval,
  y: Interval,
  arithmetic: Arithmetic,
): Interval {
  const { evaluate, ulp = 1, arity } = ELEMENTWISE[name];
  const of = (x: number, y: number) => evaluate(x, y, 0, "f32");
  const { roundoff, least, allowed } = arithmetic;
  const point = isPoint(x) && (arity === 1 || isPoint(y));
  const finish = (lo: number, hi: number, nan = x.nan || y.nan, scale = 0) => {
    if (Number.isNaN(lo) && Number.isNaN(hi)) return point ? NOT_A_NUMBER : ANYTHING;
    const size = Math.max(Math.abs(lo), Math.abs(hi));
    const total = Math.max(size, scale);
    const extra = allowed?.[name];
    const most = Math.min(size, arithmetic.greatest);
    const more = extra ? Math.max(extra(x.lo, most, y.hi), extra(x.hi, most, y.hi)) : 0;
    const error = 2 * roundoff * ulp * Math.min(total, arithmetic.greatest) + least + more;
    const result = widened(lo, hi, total, nan, error, arithmetic);
    return name === "sqrt" || name === "exp" || name === "sigmoid"
      ? { ...result, lo: Math.max(0, result.lo) }
      : result;
  };
  if (name === "div") {
    if (Number.isNaN(x.lo) || Number.isNaN(y.lo)) return NOT_A_NUMBER;
    if (y.lo <= 0 && y.hi >= 0) {
      const mayBeNan = x.nan || y.nan || x.lo <= 0 && x.hi >= 0 ||
        (sizeOf(x) === Infinity && sizeOf(y) === Infinity);
      const surelyNan = point && x.lo === 0 && y.lo === 0;
      return surelyNan ? NOT_A_NUMBER : { ...ANYTHING, nan: mayBeNan };
    }
    const [lo, hi] = corners(x, y, of);
    if (point) return finish(lo, hi, false, x.scale / Math.abs(y.lo));
    return finish(lo, hi, x.nan || y.nan, x.scale / Math.min(Math.abs(y.lo), Math.abs(y.hi)));
  }
  if (name === "pow") {
    if (x.lo <= 0 && x.hi >= 0 && !(point && x.lo === 0 && y.lo > 0)) {
      // The sign of zero is not followed.
      if (point && Number.isNaN(of(x.lo, y.lo))) return NOT_A_NUMBER;
      if (!point || y.lo < 0) return ANYTHING;
    }
    if (point) return finish(of(x.lo, y.lo), of(x.lo, y.lo), false);
    if (!(x.lo > 0) || Number.isNaN(y.lo) || x.nan || y.nan) return ANYTHING;
    return finish(...corners(x, y, of));
  }
  if (name === "sin" || name === "cos") {
    if (point) return finish(of(x.lo, 0), of(x.lo, 0), false);
    const half = (x.hi - x.lo) / 2;
    const middle = x.lo + half;
    if (!Number.isFinite(half)) return ANYTHING;
    return finish(Math.max(-1, of(middle, 0) - half), Math.min(1, of(middle, 0) + half));
  }
  if (name === "log" || name === "sqrt") {
    if (x.hi < 0) return NOT_A_NUMBER;
    if (x.lo < 0) return finish(of(0, 0), of(Math.max(0, x.hi), 0), true);
  }
  return finish(of(x.lo, 0), of(x.hi, 0), x.nan);
}

function compare(name: ElementwiseName, x: Interval, y: Interval, dtype: DType): Interval {
  const { evaluate } = ELEMENTWISE[name];
  const bool = (mayBeFalse: boolean, mayBeTrue: boolean): Interval => ({
    lo: mayBeFalse ? 0 : 1,
    hi: mayBeTrue ? 1 : 0,
    scale: 1,
    nan: false,
  });
  if (Number.isNaN(x.lo) || Number.isNaN(y.lo) || (isPoint(x) && isPoint(y))) {
    const result = evaluate(x.lo, y.lo, 0, dtype) === 1;
    return bool(!result, result);
  }
  const overlap = x.lo <= y.hi && y.lo <= x.hi;
  const nan = x.nan || y.nan;
  switch (name) {
    case "eq":
      return bool(true, overlap);
    case "ne":
      return bool(overlap, true);
    case "lt":
      return bool(nan || x.hi >= y.lo, x.lo < y.hi);
    case "le":
      return bool(nan || x.hi > y.lo, x.lo <= y.hi);
    case "gt":
      return bool(nan || x.lo <= y.hi, x.hi > y.lo);
    default:
      return bool(nan || x.lo < y.hi, x.hi >= y.lo);
  }
}

function cast(x: Interval, from: DType, to: DType, arithmetic: Arithmetic): Interval {
  if (from === to) return x;
  const { evaluate } = ELEMENTWISE.cast;
  const of = (x: number) => evaluate(x, 0, 0, from, to);
  if (to === "f32") {
    if (isPoint(x)) return exactly(x.lo, to, arithmetic);
    return { ...x, lo: x.lo - 256, hi: x.hi + 256, scale: sizeOf(x) };
  }
  if (to === "bool") {
    if (isPoint(x)) return exactly(of(x.lo), to, arithmetic);
    return x.lo <= 0 && x.hi >= 0 ? anyOf("bool") : exactly(1, "bool", arithmetic);
  }
  if (isPoint(x)) return exactly(of(x.lo), to, arithmetic);
  if (from !== "f32" && from !== "bool") return anyOf(to);
  const [lo, hi] = [of(x.lo), of(x.hi)];
  const result = { lo, hi, scale: Math.max(Math.abs(lo), Math.abs(hi)), nan: false };
  return x.nan ? hull(result, { lo: 0, hi: 0, scale: 0, nan: false }) : result;
}
