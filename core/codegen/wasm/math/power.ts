/**
 * Powers on four floats at a time, computed in doubles.
 *
 * @module
 */
import { EXP2_DOUBLE, LOG2_DOUBLE } from "../../coefficients.ts";
import { f32x4, f64x2 } from "../assembler/module.ts";
import type { Term, VectorExpressions } from "./vector_expression.ts";

/** Adding this to a double rounds it to an integer, which then is in the low bits. */
export const ROUND_DOUBLE = 1.5 * 2 ** 52;
const SIGN_BIT = 0x80000000;

/** Upper half of the double √½. */
const ROOT_HALF_HIGH_WORD = 0x3fe6a09e;
const DOUBLE_MANTISSA_HIGH_BITS = 20;

/** Raises x to y as 2^(y log2 |x|) in doubles, because the exponent multiplies the error of the logarithm. */
export function power(v: VectorExpressions, x: Term, y: Term): Term {
  const magnitude = v.keep(v.abs(x));
  const half = (words: readonly [number, number, number, number]): Term => {
    const wide = (term: Term): Term =>
      v.unary(f64x2.promote_low_f32x4, v.shuffle(term, term, words));
    const log2 = log2Double(v, v.keep(wide(magnitude)));
    return v.keep(
      v.unary(
        f32x4.demote_f64x2_zero,
        exp2Double(v, v.binary(f64x2.mul, wide(y), log2)),
      ),
    );
  };
  const low = half([0, 1, 0, 1]);
  const high = half([2, 3, 2, 3]);
  const joined = v.shuffle(low, high, [0, 1, 4, 5]);
  const isZeroOrInfinite = v.or(
    v.binary(f32x4.eq, magnitude, v.number(0)),
    v.binary(f32x4.eq, magnitude, v.number(Infinity)),
  );
  // 0 and ∞ are raised by the sign of the exponent alone.
  const isPositive = v.binary(f32x4.gt, y, v.number(0));
  const limit = v.select(
    v.binary(f32x4.eq, magnitude, v.number(0)),
    v.number(0),
    v.number(Infinity),
  );
  const inverse = v.select(
    v.binary(f32x4.eq, magnitude, v.number(0)),
    v.number(Infinity),
    v.number(0),
  );
  const orNan = v.select(
    v.binary(f32x4.eq, y, y),
    v.select(isPositive, limit, inverse),
    y,
  );
  const unsigned = v.select(isZeroOrInfinite, orNan, joined);
  const isInteger = v.binary(f32x4.eq, v.unary(f32x4.nearest, y), y);
  const halved = v.keep(v.mul(y, v.number(0.5)));
  const isOdd = v.and(
    isInteger,
    v.binary(f32x4.ne, v.unary(f32x4.nearest, halved), halved),
  );
  const signed = v.xor(unsigned, v.and(isOdd, v.and(x, v.integer(SIGN_BIT))));
  const isFiniteNegative = v.and(
    v.binary(f32x4.lt, x, v.number(0)),
    v.binary(f32x4.gt, x, v.number(-Infinity)),
  );
  const valid = v.select(
    isFiniteNegative,
    v.select(isInteger, signed, v.number(NaN)),
    signed,
  );
  // x⁰, 1ʸ and (−1) to the power ±∞ are 1, whatever the other is.
  const isOne = v.or(
    v.or(v.binary(f32x4.eq, y, v.number(0)), v.binary(f32x4.eq, x, v.number(1))),
    v.and(
      v.binary(f32x4.eq, magnitude, v.number(1)),
      v.binary(f32x4.eq, v.abs(y), v.number(Infinity)),
    ),
  );
  return v.select(isOne, v.number(1), valid);
}

/** log2 of two positive doubles that were single floats: always normal. */
function log2Double(v: VectorExpressions, x: Term): Term {
  // The exponent sits in the upper half of each double; take both halves' upper words as integers.
  const highWords = v.shuffle(x, x, [1, 3, 1, 3]);
  const exponent = v.keep(
    v.shiftRight(
      v.subIntegers(highWords, v.integer(ROOT_HALF_HIGH_WORD)),
      DOUBLE_MANTISSA_HIGH_BITS,
    ),
  );
  const e = v.keep(v.unary(f64x2.convert_low_i32x4_s, exponent));
  const inPlace = v.keep(v.shiftLeft(exponent, DOUBLE_MANTISSA_HIGH_BITS));
  // Words 0 and 2 come from a zero vector, words 1 and 3 are the exponents.
  const exponentBits = v.shuffle(v.integer(0), inPlace, [0, 4, 0, 5]);
  const m = v.keep(v.subLongIntegers(x, exponentBits));
  const s = v.keep(
    v.binary(
      f64x2.div,
      v.binary(f64x2.sub, m, v.double(1)),
      v.binary(f64x2.add, m, v.double(1)),
    ),
  );
  const s2 = v.keep(v.binary(f64x2.mul, s, s));
  const fraction = v.binary(f64x2.mul, v.doublePolynomial(s2, LOG2_DOUBLE), s);
  const log2 = v.keep(v.binary(f64x2.add, fraction, e));
  // A NaN has an exponent too; adding what is NaN for it alone brings it back.
  return v.binary(f64x2.add, log2, v.binary(f64x2.sub, x, x));
}

/** 2^x of two doubles, for a result that will be rounded to a single float. */
function exp2Double(v: VectorExpressions, x: Term): Term {
  const clamped = v.keep(
    v.binary(
      f64x2.pmin,
      v.binary(f64x2.pmax, x, v.double(-200)),
      v.double(200),
    ),
  );
  const shifted = v.keep(v.binary(f64x2.add, clamped, v.double(ROUND_DOUBLE)));
  const f = v.keep(
    v.binary(
      f64x2.sub,
      clamped,
      v.binary(f64x2.sub, shifted, v.double(ROUND_DOUBLE)),
    ),
  );
  const n = v.shuffle(shifted, shifted, [0, 2, 0, 2]);
  const biased = v.keep(
    v.shiftLeft(v.addIntegers(n, v.integer(1023)), DOUBLE_MANTISSA_HIGH_BITS),
  );
  const scale = v.shuffle(v.integer(0), biased, [0, 4, 0, 5]);
  return v.binary(f64x2.mul, v.doublePolynomial(f, EXP2_DOUBLE), scale);
}
