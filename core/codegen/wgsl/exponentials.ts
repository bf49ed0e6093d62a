/**
 * Exponentials, logarithms and powers in WGSL, whose own may be hundreds of units in the last place off,
 * a logarithm near 1 all of its digits.
 *
 * Compilers may fuse, regroup and flush what these compute. So what must be rounded before it is used
 * passes through `kept`, products that must be exact have factors of 12 bits, and subnormal numbers are
 * read as the integers that they are.
 *
 * @module
 */
import { EXP, LN2_HIGH, LN2_LOW, LOG, LOG2_DOUBLE, LOG2_E } from "../coefficients.ts";

/** A polynomial in a variable, by Horner's rule. */
function polynomial(x: string, coefficients: readonly number[]): string {
  return coefficients.reduceRight((text, c) => text ? `(${text} * ${x} + ${c})` : `${c}`, "");
}

/** The first number of two parts, in a single float, and what it leaves. */
function inParts(value: number): readonly [number, number] {
  return [Math.fround(value), value - Math.fround(value)];
}
const [LOG2_0, LOG2_0_LOW] = inParts(LOG2_DOUBLE[0]);
const [LOG2_1, LOG2_1_LOW] = inParts(LOG2_DOUBLE[1]);

/** Helper functions, by name. */
export const EXPONENTIALS: Readonly<Record<string, string>> = {
  // The number itself (but for a few NaNs), of which no compiler knows where it comes from.
  kept: `fn kept(x: f32) -> f32 {
  return bitcast<f32>(min(bitcast<u32>(x), 0xfffffff0u));
}`,
  // The upper 12 bits.
  upper_half: `fn upper_half(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}`,
  // 2ⁿ of −126 ≤ n ≤ 127.
  power_of_two: `fn power_of_two(n: i32) -> f32 {
  return bitcast<f32>(u32(n + 127) << 23u);
}`,
  // x · 2ⁿ in two steps, as 2ⁿ need not be a normal number.
  scaled: `fn scaled(x: f32, n: i32) -> f32 {
  return kept(x * power_of_two(n >> 1u)) * power_of_two(n - (n >> 1u));
}`,
  // eʳ − 1 for |r| ≤ ln 2 / 2.
  short_exponential: `fn short_exponential(r: f32) -> f32 {
  return ${polynomial("r", EXP)} * (r * r) + r;
}`,
  // x = n ln 2 + r
  without_ln2: `fn without_ln2(x: f32, n: f32) -> f32 {
  return kept(x - n * ${LN2_HIGH}) - n * ${LN2_LOW};
}`,
  exponential: `fn exponential(x: f32) -> f32 {
  let size = clamp(x, -104.0, 89.0);
  let n = round(size * ${LOG2_E});
  let y = scaled(short_exponential(without_ln2(size, n)) + 1.0, i32(n));
  return select(y, x, is_nan(x));
}`,
  // 1 / (1 + e⁻ˣ), and for negative x eˣ / (1 + eˣ).
  logistic: `fn logistic(x: f32) -> f32 {
  let y = exponential(-abs(x));
  return select(1.0, y, x < 0.0) / (1.0 + y);
}`,
  // (e²ˣ − 1) / (e²ˣ + 1), where e²ˣ − 1 = 2ⁿ (eʳ − 1) + (2ⁿ − 1) keeps what e²ˣ would lose.
  stable_tanh: `fn stable_tanh(x: f32) -> f32 {
  let size = 2.0 * min(abs(x), 9.1);
  let n = round(size * ${LOG2_E});
  let scale = power_of_two(i32(n));
  let y = short_exponential(without_ln2(size, n)) * scale + kept(scale - 1.0);
  let sign = bitcast<u32>(x) & 0x80000000u;
  return select(bitcast<f32>(bitcast<u32>(y / (y + 2.0)) | sign), x, is_nan(x));
}`,
  // The bits of a positive number, those of a subnormal one times 2¹⁴⁹, less those of √½: above the
  // 23rd the exponent.
  from_root_half: `fn from_root_half(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  return select(bits, bitcast<u32>(f32(bits)), bits < 0x00800000u) - 0x3f3504f3u;
}`,
  // x = 2ᵉ m with √½ ≤ m < √2.
  exponent_of: `fn exponent_of(x: f32) -> f32 {
  let e = bitcast<i32>(from_root_half(x)) >> 23u;
  return f32(e - select(0, 149, bitcast<u32>(x) < 0x00800000u));
}`,
  mantissa_of: `fn mantissa_of(x: f32) -> f32 {
  return bitcast<f32>((from_root_half(x) & 0x007fffffu) + 0x3f3504f3u);
}`,
  logarithm: `fn logarithm(x: f32) -> f32 {
  let e = exponent_of(x);
  let f = mantissa_of(x) - 1.0;
  let p = ${polynomial("f", LOG)};
  let y = e * ${LN2_HIGH} + (f + (kept(f * f * f * p + e * ${LN2_LOW}) - 0.5 * f * f));
  let bits = bitcast<u32>(x);
  if ((bits << 1u) == 0u) { return -infinity(); }
  return select(select(y, x, bits == 0x7f800000u), not_a_number(), bits > 0x7f800000u);
}`,
  // log₂ x in two parts, to 2⁻³⁴: s p(s²) with s = (m − 1) / (m + 1) to twice the digits of a float, and
  // so the first two terms of p.
  logarithm_2: `fn logarithm_2(x: f32) -> vec2<f32> {
  let m = mantissa_of(x);
  let sum_high = upper_half(m + 1.0);
  let sum_low = m - kept(sum_high - 1.0);
  let s_high = upper_half((m - 1.0) / (m + 1.0));
  let s_low = (kept(kept(m - 1.0) - s_high * sum_high) - s_high * sum_low) / (m + 1.0);
  let square = kept(s_high * s_high);
  let z_high = upper_half(square);
  let z_low = kept(square - z_high) + s_low * (s_high + s_high + s_low);
  let z = z_high + z_low;
  let rest = z * ${polynomial("z", LOG2_DOUBLE.slice(2))};
  let p_high = upper_half(rest + ${LOG2_1});
  let p_low = kept(kept(${LOG2_1} - p_high) + rest) + ${LOG2_1_LOW};
  let product = kept(z_high * p_high);
  let q_high = upper_half(product + ${LOG2_0});
  let q_low = kept(kept(${LOG2_0} - q_high) + product) +
    (z_high * p_low + z_low * (p_high + p_low) + ${LOG2_0_LOW});
  let y = kept(s_high * q_high);
  let e = exponent_of(x);
  let high = upper_half(e + y);
  let low = kept(kept(e - high) + y) + (s_high * q_low + s_low * (q_high + q_low));
  return vec2<f32>(high, low);
}`,
  // 2^(y log₂ |x|), by the sign of y alone where x is 0 or infinite.
  power: `fn power(x: f32, y: f32) -> f32 {
  let base = bitcast<u32>(x) & 0x7fffffffu;
  let exponent = bitcast<u32>(y) & 0x7fffffffu;
  if (exponent == 0u || bitcast<u32>(x) == 0x3f800000u) { return 1.0; }
  if (base == 0x3f800000u && exponent == 0x7f800000u) { return 1.0; }
  if (is_nan(x) || is_nan(y)) { return not_a_number(); }
  // By their bits, as a comparison may take a subnormal number for 0.
  let has_sign = bitcast<u32>(x) >> 31u == 1u;
  let is_inverse = bitcast<u32>(y) >> 31u == 1u;
  let is_whole = exponent >= 0x3f800000u && floor(y) == y;
  var size = 0.0;
  if (base == 0u || base == 0x7f800000u) {
    size = select(0.0, infinity(), (base == 0u) == is_inverse);
  } else if (has_sign && !is_whole) {
    return not_a_number();
  } else {
    let log = logarithm_2(bitcast<f32>(base));
    // Beyond 2³³ the result is 0 or infinite for all x but 1.
    let times = clamp(y, -8589934592.0, 8589934592.0);
    let times_high = upper_half(times);
    let high = kept(times_high * log.x);
    let low = times_high * log.y + (times - times_high) * (log.x + log.y);
    let total = clamp(high + low, -152.0, 129.0);
    let n = round(total);
    let r = (kept(high - n) + low) * ${Math.LN2};
    size = select(scaled(short_exponential(r) + 1.0, i32(n)), infinity(), total == 129.0);
    size = select(size, 0.0, total == -152.0);
  }
  let is_odd = is_whole && floor(y * 0.5) * 2.0 != y;
  return select(size, -size, is_odd && has_sign);
}`,
};
