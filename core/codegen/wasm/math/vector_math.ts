/**
 * Exponentials, logarithms and their kin on four floats at a time, written into the current function.
 *
 * Each takes its operands from the stack and leaves its result there. A small recurrent network spends its
 * time waiting for these, one after the other, so they are built for short chains of dependent instructions:
 * polynomials are evaluated in pairs (Estrin's scheme), rounding to an integer is one addition of a large
 * constant, and branches are selections. One value is computed as a vector of which one lane counts.
 *
 * Every function is accurate to the number of units in the last place (ULP) that `VECTOR_FUNCTIONS` states, with
 * fused multiply-add and without, over all finite inputs; NaN gives NaN. The coefficients are those of all
 * devices; the reductions are those of Cody and Waite, "Software Manual for the Elementary Functions", 1980.
 *
 * @module
 */
import type { ElementwiseName } from "../../../ir/operation_names.ts";
import {
  COS,
  EXP,
  EXP_SHORT,
  HALF_PI_HIGH,
  HALF_PI_LOW,
  LN2_HIGH,
  LN2_LOW,
  LOG,
  LOG2_E,
  SIN,
  TWO_BY_PI,
} from "../../coefficients.ts";
import { f32x4, f64x2, type FunctionBuilder, i32x4 } from "../assembler/module.ts";
import { power, ROUND_DOUBLE } from "./power.ts";
import { type Term, VectorExpressions } from "./vector_expression.ts";

/** A function on vectors of four floats. */
export interface VectorFunction {
  /** Number of operands it takes from the stack. */
  readonly arity: 1 | 2;
  /** Bound of its error in units in the last place of the exact result. */
  readonly ulp: number;
  /** Writes it into a function: operands on the stack, then the result. */
  readonly emit: (code: FunctionBuilder) => void;
}

/** All functions, by the operation that each is. */
export const VECTOR_FUNCTIONS = {
  /** Subnormal results are exact to the same bound; overflow is infinity. */
  exp: unary(1.5, exp),
  /** Subnormal inputs are handled; `log(0)` is -∞, of a negative number NaN. */
  log: unary(1, log),
  tanh: unary(3, tanh),
  /** Results below the smallest normal number become zero. */
  sigmoid: unary(4, sigmoid),
  /** Of infinity NaN. */
  sin: unary(2, (v, x) => sine(v, x, 0)),
  /** Of infinity NaN. */
  cos: unary(2, (v, x) => sine(v, x, 1)),
  /** Negative bases take integer exponents; `pow(x, 0)` and `pow(1, y)` are 1, as IEEE 754 has it. */
  pow: {
    arity: 2,
    ulp: 1,
    emit: (code) =>
      code.scope(() => {
        const v = new VectorExpressions(code);
        const y = v.get(code.take("v128"));
        const x = v.get(code.take("v128"));
        power(v, x, y)();
      }),
  },
} satisfies Partial<Record<ElementwiseName, VectorFunction>>;

/** Names of the functions. */
export type VectorFunctionName = keyof typeof VECTOR_FUNCTIONS;

function unary(
  ulp: number,
  formula: (v: VectorExpressions, x: Term) => Term,
): VectorFunction {
  return {
    arity: 1,
    ulp,
    emit: (code) =>
      code.scope(() => {
        const v = new VectorExpressions(code);
        formula(v, v.get(code.take("v128")))();
      }),
  };
}

/** Adding this to a float rounds it to an integer, which then is in the low bits. */
const ROUND = 1.5 * 2 ** 23;
const EXPONENT_BIAS = 127;
const MANTISSA_BITS = 23;

/** `c0 + c1 x`. */
function pair(v: VectorExpressions, x: Term, c0: number, c1: number): Term {
  return v.multiplyAdd(v.number(c1), x, v.number(c0));
}

/** `r = x - n ln 2`, for an integer `n`. */
function reduceByLn2(v: VectorExpressions, x: Term, n: Term): Term {
  return v.keep(
    v.subtractProduct(
      n,
      v.number(LN2_LOW),
      v.subtractProduct(n, v.number(LN2_HIGH), x),
    ),
  );
}

function exp(v: VectorExpressions, x: Term): Term {
  // Outside this range the result is zero or infinity anyway; inside, n fits in nine bits.
  const clamped = v.keep(v.atMost(v.atLeast(x, v.number(-104)), v.number(89)));
  // 2^n in two factors, each a normal number, so that subnormal and overflowing results come out right. The
  // biases of both exponents are part of the rounding constant, whose upper bits the shifts push out.
  const round = ROUND + 2 * EXPONENT_BIAS;
  const shifted = v.keep(
    v.multiplyAdd(clamped, v.number(LOG2_E), v.number(round)),
  );
  const n = v.keep(v.sub(shifted, v.number(round)));
  const r = reduceByLn2(v, clamped, n);
  const r2 = v.keep(v.mul(r, r));
  const high = v.multiplyAdd(v.number(EXP[4]), r2, pair(v, r, EXP[2], EXP[3]));
  const q = v.multiplyAdd(high, r2, pair(v, r, EXP[0], EXP[1]));
  const power = v.add(v.multiplyAdd(q, r2, r), v.number(1));
  const half = v.keep(v.shiftRight(shifted, 1));
  const scaled = v.mul(power, v.shiftLeft(half, MANTISSA_BITS));
  return v.mul(scaled, v.shiftLeft(v.subIntegers(shifted, half), MANTISSA_BITS));
}

function sigmoid(v: VectorExpressions, x: Term): Term {
  // 1 / (1 + e^z) with z = -x. At the ends of the range 2^n is exactly zero and exactly infinity.
  const max = 128 * Math.LN2;
  const clamped = v.keep(
    v.atMost(
      v.atLeast(v.unary(f32x4.neg, x), v.number(-127 * Math.LN2)),
      v.number(max),
    ),
  );
  // The bias is part of the rounding constant: one shift makes 2^n.
  const round = ROUND + EXPONENT_BIAS;
  const shifted = v.keep(
    v.multiplyAdd(clamped, v.number(LOG2_E), v.number(round)),
  );
  const r = reduceByLn2(v, clamped, v.keep(v.sub(shifted, v.number(round))));
  const r2 = v.keep(v.mul(r, r));
  const q = v.multiplyAdd(
    pair(v, r, EXP_SHORT[2], EXP_SHORT[3]),
    r2,
    pair(v, r, EXP_SHORT[0], EXP_SHORT[1]),
  );
  const power = v.multiplyAdd(q, r2, v.add(r, v.number(1)));
  const scale = v.shiftLeft(shifted, MANTISSA_BITS);
  return v.div(v.number(1), v.multiplyAdd(power, scale, v.number(1)));
}

/** Beyond this, tanh is 1 in single precision. */
const TANH_LIMIT = 9.1;

function tanh(v: VectorExpressions, x: Term): Term {
  // (e^2x - 1) / (e^2x + 1), where e^2x - 1 = 2^n (e^r - 1) + 2^n - 1 keeps the small values that e^2x would lose.
  const clamped = v.keep(
    v.atMost(v.atLeast(x, v.number(-TANH_LIMIT)), v.number(TANH_LIMIT)),
  );
  const round = ROUND + EXPONENT_BIAS;
  const shifted = v.keep(
    v.multiplyAdd(clamped, v.number(2 * LOG2_E), v.number(round)),
  );
  const n = v.keep(v.sub(shifted, v.number(round)));
  // h = r / 2 saves doubling x; the powers of two go into the coefficients.
  const coarse = v.subtractProduct(n, v.number(LN2_HIGH / 2), clamped);
  const h = v.keep(v.subtractProduct(n, v.number(LN2_LOW / 2), coarse));
  const h2 = v.keep(v.mul(h, h));
  const c = EXP.map((coefficient, i) => coefficient * 2 ** (i + 2));
  const q = v.multiplyAdd(
    v.multiplyAdd(v.number(c[4]), h2, pair(v, h, c[2], c[3])),
    h2,
    pair(v, h, c[0], c[1]),
  );
  const scale = v.keep(v.shiftLeft(shifted, MANTISSA_BITS));
  const excess = v.multiplyAdd(q, h2, v.add(h, h));
  const numerator = v.keep(
    v.multiplyAdd(excess, scale, v.sub(scale, v.number(1))),
  );
  return v.div(numerator, v.add(numerator, v.number(2)));
}

const SMALLEST_NORMAL = 2 ** -126;
const SUBNORMAL_SCALE_BITS = 24;

function log(v: VectorExpressions, x: Term): Term {
  const isSubnormal = v.keep(v.binary(f32x4.lt, x, v.number(SMALLEST_NORMAL)));
  const normal = v.select(
    isSubnormal,
    v.mul(x, v.number(2 ** SUBNORMAL_SCALE_BITS)),
    x,
  );
  // x = 2^e (1 + f): the exponent counts from √½ instead of 1, which leaves the mantissa around 1.
  const fromRoot = v.keep(
    v.subIntegers(normal, v.integer(bitsOf(Math.SQRT1_2))),
  );
  const exponent = v.shiftRight(fromRoot, MANTISSA_BITS);
  const e = v.keep(
    v.sub(
      v.unary(f32x4.convert_i32x4_s, exponent),
      v.and(isSubnormal, v.number(SUBNORMAL_SCALE_BITS)),
    ),
  );
  const mantissa = v.addIntegers(
    v.and(fromRoot, v.integer((1 << MANTISSA_BITS) - 1)),
    v.integer(bitsOf(Math.SQRT1_2)),
  );
  const f = v.keep(v.sub(mantissa, v.number(1)));
  const f2 = v.keep(v.mul(f, f));
  const f4 = v.keep(v.mul(f2, f2));
  const low = v.multiplyAdd(
    pair(v, f, LOG[2], LOG[3]),
    f2,
    pair(v, f, LOG[0], LOG[1]),
  );
  const high = v.multiplyAdd(
    pair(v, f, LOG[6], LOG[7]),
    f2,
    pair(v, f, LOG[4], LOG[5]),
  );
  const p = v.multiplyAdd(high, f4, low);
  // The small parts first, the large ones last.
  const cubic = v.multiplyAdd(v.mul(f, f2), p, v.mul(e, v.number(LN2_LOW)));
  const correction = v.subtractProduct(f2, v.number(0.5), cubic);
  const finite = v.multiplyAdd(e, v.number(LN2_HIGH), v.add(f, correction));
  const orInfinite = v.select(
    v.binary(f32x4.lt, x, v.number(Infinity)),
    finite,
    x,
  );
  const orZero = v.select(
    v.binary(f32x4.eq, x, v.number(0)),
    v.number(-Infinity),
    v.number(NaN),
  );
  return v.select(v.binary(f32x4.gt, x, v.number(0)), orInfinite, orZero);
}

/** Beyond this the number of quarters has more bits than `HALF_PI_HIGH` leaves room for. */
const LARGEST_ANGLE = 2 ** 20;
/** Where a double lies in quarters of a turn: the nearest one and the distance to it, in radians. */
function quartersNear(v: VectorExpressions, x: Term): { n: Term; distance: Term } {
  const shifted = v.keep(
    v.binary(
      f64x2.add,
      v.binary(f64x2.mul, x, v.double(2 / Math.PI)),
      v.double(ROUND_DOUBLE),
    ),
  );
  const n = v.keep(v.binary(f64x2.sub, shifted, v.double(ROUND_DOUBLE)));
  const coarse = v.binary(f64x2.sub, x, v.binary(f64x2.mul, n, v.double(HALF_PI_HIGH)));
  const fine = v.binary(f64x2.sub, coarse, v.binary(f64x2.mul, n, v.double(HALF_PI_LOW)));
  return { n: shifted, distance: fine };
}

/** The same for doubles of any size that were floats: product by product, without whole turns. */
function quartersFar(v: VectorExpressions, x: Term): { n: Term; distance: Term } {
  let [n, rest] = [v.double(ROUND_DOUBLE), v.double(0)];
  const addPart = (part: Term) => {
    const whole = v.keep(v.unary(f64x2.nearest, part));
    n = v.keep(v.binary(f64x2.add, n, whole));
    return v.binary(f64x2.sub, part, whole);
  };
  for (const part of TWO_BY_PI) {
    const product = v.keep(v.binary(f64x2.mul, x, v.double(part)));
    const turns = v.unary(f64x2.nearest, v.binary(f64x2.mul, product, v.double(0.25)));
    const withinTurn = v.keep(
      v.binary(f64x2.sub, product, v.binary(f64x2.mul, turns, v.double(4))),
    );
    const fraction = addPart(withinTurn);
    const sum = v.keep(v.binary(f64x2.add, rest, fraction));
    rest = v.keep(addPart(sum));
  }
  return { n, distance: v.binary(f64x2.mul, rest, v.double(Math.PI / 2)) };
}

/** sin(x + quarters π/2). */
function sine(v: VectorExpressions, x: Term, quarters: 0 | 1): Term {
  // The distance to the nearest multiple of π/2 needs doubles: it may be much smaller than x.
  const reduce = (formula: typeof quartersNear) => (): Term[] => {
    const half = (part: Term) => {
      const { n, distance } = formula(v, v.keep(v.unary(f64x2.promote_low_f32x4, part)));
      return { n, r: v.keep(v.unary(f32x4.demote_f64x2_zero, distance)) };
    };
    const low = half(x);
    const high = half(v.shuffle(x, x, [2, 3, 2, 3]));
    return [v.shuffle(low.r, high.r, [0, 1, 4, 5]), v.shuffle(low.n, high.n, [0, 2, 4, 6])];
  };
  const isFar = v.binary(f32x4.gt, v.abs(x), v.number(LARGEST_ANGLE));
  const [r, n] = v.choose(isFar, reduce(quartersFar), reduce(quartersNear));
  const quadrant = v.keep(v.addIntegers(n, v.integer(quarters)));
  const z = v.keep(v.mul(r, r));
  const cubic = v.multiplyAdd(
    v.number(SIN[2]),
    v.mul(z, z),
    pair(v, z, SIN[0], SIN[1]),
  );
  const sin = v.multiplyAdd(cubic, v.mul(z, r), r);
  const quartic = v.multiplyAdd(
    v.number(COS[2]),
    v.mul(z, z),
    pair(v, z, COS[0], COS[1]),
  );
  const cos = v.add(
    v.multiplyAdd(quartic, v.mul(z, z), v.mul(z, v.number(-0.5))),
    v.number(1),
  );
  const isOdd = v.binary(i32x4.ne, v.and(quadrant, v.integer(1)), v.integer(0));
  const sign = v.shiftLeft(v.and(quadrant, v.integer(2)), 30);
  return v.xor(v.select(isOdd, cos, sin), sign);
}

/** The bits of a single float, as an integer. */
function bitsOf(value: number): number {
  return new Uint32Array(new Float32Array([value]).buffer)[0];
}
