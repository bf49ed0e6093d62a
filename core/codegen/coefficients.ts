/**
 * Numbers of which every device makes its exponentials, logarithms, sines and cosines: the parts of ln 2,
 * and our own minimax fits, see `wasm/math/fit_coefficients.py`.
 *
 * @module
 */

/** 1 / ln 2 */
export const LOG2_E = 1.4426950408889634;
/** ln 2 in two parts; the first has so few bits that its product with an exponent is exact. */
export const LN2_HIGH = 0.693359375;
/** What `LN2_HIGH` leaves. */
export const LN2_LOW = -2.12194440054690583e-4;

/** e^r = 1 + r + r² q(r) for |r| ≤ ln 2 / 2, to 2^-28. */
export const EXP = [
  0.4999999403953552,
  0.1666652113199234,
  0.04166838899254799,
  0.008368710055947304,
  0.001381461275741458,
] as const;

/** log(1 + f) = f - f²/2 + f³ p(f) for √½ - 1 ≤ f ≤ √2 - 1, to 2^-27. */
export const LOG = [
  0.3333333134651184,
  -0.2500081956386566,
  0.20001226663589478,
  -0.16623356938362122,
  0.14201757311820984,
  -0.13160182535648346,
  0.1276157796382904,
  -0.07634497433900833,
] as const;

/** log2 m = s p(s²) with s = (m - 1) / (m + 1) for √½ ≤ m ≤ √2, in doubles to 2^-45. */
export const LOG2_DOUBLE = [
  2.8853900817778504,
  0.9617966941130689,
  0.5770779424262419,
  0.41220924697108696,
  0.31990590286386655,
  0.28289732889467983,
] as const;

/** sin r = r + r³ s(r²) for |r| ≤ π/4, to 2^-28. */
export const SIN = [-0.16666655242443085, 0.00833216030150652, -0.0001951528392964974] as const;
/** cos r = 1 - r²/2 + r⁴ c(r²) for |r| ≤ π/4, to 2^-33. */
export const COS = [0.04166664555668831, -0.0013887316454201937, 2.44331567955669e-5] as const;
