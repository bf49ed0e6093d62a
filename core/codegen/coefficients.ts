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

/** `EXP` with a term less, to 2^-23: where the result is added to 1. */
export const EXP_SHORT = [
  0.499992311000824,
  0.16667114198207855,
  0.041890114545822144,
  0.008312525227665901,
] as const;

/** 2^f for |f| ≤ ½, to 2^-34. */
export const EXP2_DOUBLE = [
  0.9999999999616821,
  0.6931471807284484,
  0.24022651198156736,
  0.05550410353442234,
  0.009618027253755134,
  0.0013333922568330003,
  0.00015469291118247618,
  1.5201920435700877e-5,
] as const;

/** π/2 in doubles: a part of 33 bits, whose product with an integer of 20 is exact, and the rest. */
export const HALF_PI_HIGH = 1.57079632673412561417;
/** What `HALF_PI_HIGH` leaves. */
export const HALF_PI_LOW = 6.07710050650619224932e-11;

/**
 * 2/π in parts of 28 bits, whose product with a float is exact in doubles; 192 bits are enough for all
 * floats (Payne and Hanek, "Radian reduction for trigonometric functions", 1983).
 */
export const TWO_BY_PI: readonly number[] = [
  "a2f9836",
  "e4e4415",
  "29fc275",
  "7d1f534",
  "ddc0db6",
  "295993c",
  "4390410",
]
  .map((digits, i) => parseInt(digits, 16) * 2 ** (-28 * (i + 1)));
