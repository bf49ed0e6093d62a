/**
 * The C that every printed program begins with: vectors of 4, 8 and 16 numbers, and the operations on them
 * that C has no word for. They are those of `wasm/math`, with the same coefficients, and where C leaves a
 * result undefined (casts, division by zero, shifts) they say what it is.
 *
 * @module
 */
import { COS, EXP, LN2_HIGH, LN2_LOW, LOG, LOG2_DOUBLE, LOG2_E, SIN } from "../coefficients.ts";
import { EXP2_DOUBLE, EXP_SHORT, HALF_PI_HIGH, HALF_PI_LOW, TWO_BY_PI } from "../coefficients.ts";
import { cDouble, cFloat } from "./literals.ts";

/** Copies of the operands of products. */
const PANELS = `#ifdef __clang__
#define mix(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define mix(a, b, ...) __builtin_shuffle(a, b, (i8){ __VA_ARGS__ })
#endif
/* Rows of eight numbers become columns: three times the first half is interleaved with the second. */
static inline void transpose(f8 rows[8]) {
  for (int stage = 0; stage < 3; stage++) {
    f8 next[8];
    for (int i = 0; i < 4; i++) {
      next[2 * i] = mix(rows[i], rows[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
      next[2 * i + 1] = mix(rows[i], rows[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i++) rows[i] = next[i];
  }
}
/* Copies columns next to each other: term by term, so many numbers apart, zeros where there is no column. */
static NEVER_INLINE void copy_panel(
    const float *from, long inner, long column, float *to, long width, long columns, long terms) {
  if (column == 1) {
    /* What is too much is written again with the next term; after the last there is room, see \`SLACK_BYTES\`. */
    for (long p = 0; p < terms; p++, from += inner, to += width) {
      for (long c = 0; c < columns; c += 8) *(f8m *)(to + c) = *(const f8m *)(from + c);
      for (long c = columns; c < width; c++) to[c] = 0;
    }
    return;
  }
  const long whole = inner == 1 && terms >= 8 ? width / 8 * 8 : 0;
  for (long p = 0; whole > 0 && p < terms; p += 8) {
    /* The last eight terms, some of them again. */
    if (p > terms - 8) p = terms - 8;
    for (long first = 0; first < whole; first += 8) {
      f8 rows[8];
      for (int i = 0; i < 8; i++) {
        rows[i] = (f8){ 0 };
        if (first + i < columns) rows[i] = *(const f8m *)(from + (first + i) * column + p);
      }
      transpose(rows);
      for (int i = 0; i < 8; i++) *(f8m *)(to + (p + i) * width + first) = rows[i];
    }
  }
  for (long p = 0; whole < width && p < terms; p++) {
    for (long c = whole; c < width; c++) to[p * width + c] = c < columns ? from[p * inner + c * column] : 0;
  }
}
/* Copies rows next to each other in tiles of so many: term by term. */
static NEVER_INLINE void copy_rows(
    const float *from, long inner, float *to, long rows, long count, long terms) {
  /* Some tiles at a time, so that whole lines of the cache are read, and few written to. */
  for (long first = 0; first < count; first += 8 * rows) {
    const long end = first + 8 * rows < count ? first + 8 * rows : count;
    for (long p = 0; p < terms; p++) {
      for (long r = first; r < end; r += rows) {
        const long n = r + rows < count ? rows : count - r;
        const float *row = from + p * inner + r;
        float *copy = to + r * terms + p * n;
        /* What is too much is written again with the next term. */
        if (p + 1 < terms) for (long i = 0; i < n; i += 8) *(f8m *)(copy + i) = *(const f8m *)(row + i);
        else for (long i = 0; i < n; i++) copy[i] = row[i];
      }
    }
  }
}
`;

/** The C of a program before its kernels, for a processor whose vector registers hold so many numbers. */
export function preludeOf(lanes: number): string {
  const widths = [4, 8, 16].filter((width) => width <= Math.max(8, lanes));
  return `#include <stdint.h>
typedef uint32_t word;
#define NEVER_INLINE __attribute__((noinline))
${scalars()}
${widths.map(vectors).join("\n")}
${PANELS}`;
}

/** Functions that are computed number by number, in doubles: the rare ones. */
function scalars(): string {
  const list = (numbers: readonly number[]) => numbers.map(cDouble).join(", ");
  return `
/* The nearest whole number of what is less than 2^51; greater ones are whole. */
static inline double nearest(double x) {
  const double round = 0x1.8p52;
  return __builtin_fabs(x) < 0x1p51 ? (x + round) - round : x;
}
/* sin(x + quarters pi/2). */
static float sine(float x, int quarters) {
  if (!(__builtin_fabsf(x) < __builtin_inff())) return __builtin_nanf("");
  double n = 0, r;
  if (__builtin_fabsf(x) <= 0x1p20f) {
    n = nearest(x * ${cDouble(2 / Math.PI)});
    r = ((double)x - n * ${cDouble(HALF_PI_HIGH)}) - n * ${cDouble(HALF_PI_LOW)};
  } else {
    static const double parts[] = { ${list(TWO_BY_PI)} };
    double rest = 0;
    for (int i = 0; i < ${TWO_BY_PI.length}; i++) {
      const double product = x * parts[i], turns = 4 * nearest(product * 0.25);
      const double within = product - turns, whole = nearest(within);
      const double sum = rest + (within - whole), carried = nearest(sum);
      n += whole + carried;
      rest = sum - carried;
    }
    r = rest * ${cDouble(Math.PI / 2)};
  }
  const int quadrant = (int)n + quarters;
  const float f = (float)r, z = f * f;
  const float s = f + z * f * (${cFloat(SIN[0])} + z * (${cFloat(SIN[1])} + z * ${cFloat(SIN[2])}));
  const float c = 1 + (z * -0.5f + z * z * (${cFloat(COS[0])} + z * (${cFloat(COS[1])} + z * ${
    cFloat(COS[2])
  })));
  const float y = quadrant & 1 ? c : s;
  return quadrant & 2 ? -y : y;
}
/* The logarithm to base 2 of a positive float, in doubles. */
static double binary_logarithm(double x) {
  union { double value; int64_t bits; } m = { x };
  const int64_t exponent = (m.bits - 0x3fe6a09e667f3bcdLL) >> 52;
  m.bits -= exponent << 52;
  const double s = (m.value - 1) / (m.value + 1), z = s * s;
  static const double c[] = { ${list(LOG2_DOUBLE)} };
  double p = c[${LOG2_DOUBLE.length - 1}];
  for (int i = ${LOG2_DOUBLE.length - 2}; i >= 0; i--) p = p * z + c[i];
  return p * s + exponent;
}
/* x to the power y, by IEEE 754. */
static float power(float x, float y) {
  const float size = __builtin_fabsf(x), inf = __builtin_inff();
  if (y == 0 || x == 1 || (size == 1 && __builtin_fabsf(y) == inf)) return 1;
  if (x != x || y != y) return x + y;
  const int whole = y == nearest(y), odd = whole && y * 0.5f != nearest(y * 0.5f);
  float z;
  if (size == 0 || size == inf) z = (size == 0) == (y > 0) ? 0 : inf;
  else if (x < 0 && !whole) return __builtin_nanf("");
  else {
    double e = y * binary_logarithm(size);
    e = e < -200 ? -200 : e > 200 ? 200 : e;
    const double n = nearest(e), f = e - n;
    static const double c[] = { ${list(EXP2_DOUBLE)} };
    double p = c[${EXP2_DOUBLE.length - 1}];
    for (int i = ${EXP2_DOUBLE.length - 2}; i >= 0; i--) p = p * f + c[i];
    union { int64_t bits; double value; } scale = { (int64_t)(n + 1023) << 52 };
    z = (float)(p * scale.value);
  }
  return odd && __builtin_signbit(x) ? -z : z;
}
/* Not inline: of x / x and a test GCC 12 makes a comparison of vectors, whose truth is -1. */
static NEVER_INLINE int32_t quotient_i(int32_t x, int32_t y) {
  return y == 0 ? 0 : y == -1 ? (int32_t)(0u - (word)x) : x / y;
}
static NEVER_INLINE int32_t remainder_i(int32_t x, int32_t y) {
  return y == 0 || y == -1 ? 0 : x % y;
}
/* Adds to a sum and takes off what was added too much before; see \`StoreMode\`. */
static inline void compensate(float *sum, float *excess, float term) {
  const float before = *sum, added = term - *excess, after = before + added;
  const float extra = (after - before) - added;
  *sum = after;
  *excess = extra - extra == 0 ? extra : 0;
}
static NEVER_INLINE word quotient_u(word x, word y) { return y == 0 ? 0 : x / y; }
static NEVER_INLINE word remainder_u(word x, word y) { return y == 0 ? 0 : x % y; }`;
}

/** Vectors of so many numbers: real \`fN\`, whole \`iN\` and \`uN\`; a bool is an \`iN\` of zeros and ones. */
function vectors(n: number): string {
  const [c0, c1, c2, c3, c4] = EXP.map(cFloat);
  const tanh = EXP.map((c, i) => cFloat(c * 2 ** (i + 2)));
  const short = EXP_SHORT.map(cFloat);
  const log = LOG.map(cFloat);
  const lanes = (body: string) => `for (int i = 0; i < N; i++) r[i] = ${body};`;
  const text = `
typedef float fN __attribute__((vector_size(${4 * n})));
typedef int32_t iN __attribute__((vector_size(${4 * n})));
typedef word uN __attribute__((vector_size(${4 * n})));
typedef double dN __attribute__((vector_size(${8 * n})));
typedef fN fNm __attribute__((aligned(4), may_alias));
typedef iN iNm __attribute__((aligned(4), may_alias));
typedef uN uNm __attribute__((aligned(4), may_alias));
typedef dN dNm __attribute__((aligned(8), may_alias));
static const iN placesN = { ${Array.from({ length: n }, (_, i) => i).join(", ")} };
#define splat_fN(x) ((x) - (fN){ 0 })
/* The first of the numbers of a longer vector. */
#define first_fN(x) (*(const fN *)&(x))
#define splat_iN(x) ((x) - (iN){ 0 })
#define splat_uN(x) ((x) - (uN){ 0 })
#define pick_fN(m, a, b) ((fN)(((iN)(a) & (m)) | ((iN)(b) & ~(m))))
#define pick_iN(m, a, b) (((a) & (m)) | ((b) & ~(m)))
#define pick_uN(m, a, b) ((uN)(((iN)(a) & (m)) | ((iN)(b) & ~(m))))
/* What WebAssembly calls pmax and pmin: a where b is no number. */
static inline fN over_fN(fN a, fN b) { return pick_fN(a < b, b, a); }
static inline fN under_fN(fN a, fN b) { return pick_fN(b < a, b, a); }
/* Of zeros the positive is the greater; what is no number stays. */
static inline fN max_fN(fN a, fN b) {
  const fN equal = (fN)((iN)a & (iN)b);
  return pick_fN(a == b, equal, pick_fN((a > b) | (a != a), a, b));
}
static inline fN min_fN(fN a, fN b) {
  const fN equal = (fN)((iN)a | (iN)b);
  return pick_fN(a == b, equal, pick_fN((a < b) | (a != a), a, b));
}
static inline iN max_iN(iN a, iN b) { return pick_iN(a > b, a, b); }
static inline iN min_iN(iN a, iN b) { return pick_iN(a < b, a, b); }
static inline uN max_uN(uN a, uN b) { return pick_uN(a > b, a, b); }
static inline uN min_uN(uN a, uN b) { return pick_uN(a < b, a, b); }
static inline fN abs_fN(fN x) { return (fN)((iN)x & 0x7fffffff); }
static inline iN abs_iN(iN x) { return pick_iN(x < 0, -x, x); }
static inline fN sign_fN(fN x) {
  const fN one = (fN)(((iN)x & (int32_t)0x80000000) | 0x3f800000);
  return pick_fN(abs_fN(x) > 0, one, x);
}
static inline iN sign_iN(iN x) { return (x < 0) - (x > 0); }
static inline fN floor_fN(fN x) { fN r; ${lanes("__builtin_floorf(x[i])")} return r; }
static inline fN sqrt_fN(fN x) { fN r; ${lanes("__builtin_sqrtf(x[i])")} return r; }
static inline fN sin_fN(fN x) { fN r; ${lanes("sine(x[i], 0)")} return r; }
static inline fN cos_fN(fN x) { fN r; ${lanes("sine(x[i], 1)")} return r; }
static inline fN pow_fN(fN x, fN y) { fN r; ${lanes("power(x[i], y[i])")} return r; }
static inline iN div_iN(iN x, iN y) { iN r; ${lanes("quotient_i(x[i], y[i])")} return r; }
static inline uN div_uN(uN x, uN y) { uN r; ${lanes("quotient_u(x[i], y[i])")} return r; }
static inline iN rem_iN(iN x, iN y) { iN r; ${lanes("remainder_i(x[i], y[i])")} return r; }
static inline uN rem_uN(uN x, uN y) { uN r; ${lanes("remainder_u(x[i], y[i])")} return r; }
/* Casts of real numbers round toward zero and saturate; what is no number becomes 0. */
static inline iN to_iN(fN x) {
  const iN low = x < -0x1p31f, high = x >= 0x1p31f;
  const fN inside = (fN)((iN)x & ((x >= -0x1p31f) & (x < 0x1p31f)));
  return __builtin_convertvector(inside, iN) | (low & (int32_t)0x80000000) | (high & 0x7fffffff);
}
static inline uN to_uN(fN x) {
  const iN upper = (x >= 0x1p31f) & (x < 0x1p32f), lower = (x > 0) & (x < 0x1p31f);
  const iN a = __builtin_convertvector((fN)((iN)x & lower), iN);
  const iN b = __builtin_convertvector((fN)((iN)(x - 0x1p31f) & upper), iN);
  return (uN)(a | ((b ^ (int32_t)0x80000000) & upper) | (x >= 0x1p32f));
}
/* What is added too much where a sum goes from before to after; of infinities nothing can be told. */
static inline fN excess_fN(fN after, fN before, fN added) {
  const fN extra = (after - before) - added;
  return (fN)((iN)extra & (extra - extra == 0));
}
${n > 4 ? halved(n / 2) : single()}
static inline fN exp_fN(fN x) {
  const fN c = under_fN(over_fN(x, splat_fN(-104.0f)), splat_fN(89.0f));
  const fN shifted = c * ${cFloat(LOG2_E)} + ${cFloat(1.5 * 2 ** 23 + 254)};
  const fN n = shifted - ${cFloat(1.5 * 2 ** 23 + 254)};
  const fN r = (c - n * ${cFloat(LN2_HIGH)}) - n * ${cFloat(LN2_LOW)}, z = r * r;
  const fN q = (${c4} * z + (${c3} * r + ${c2})) * z + (${c1} * r + ${c0});
  const fN power = (q * z + r) + 1.0f;
  const iN half = (iN)shifted >> 1;
  return power * (fN)(half << 23) * (fN)(((iN)shifted - half) << 23);
}
static inline fN sigmoid_fN(fN x) {
  const fN c = under_fN(over_fN(-x, splat_fN(${cFloat(-127 * Math.LN2)})), splat_fN(${
    cFloat(128 * Math.LN2)
  }));
  const fN shifted = c * ${cFloat(LOG2_E)} + ${cFloat(1.5 * 2 ** 23 + 127)};
  const fN n = shifted - ${cFloat(1.5 * 2 ** 23 + 127)};
  const fN r = (c - n * ${cFloat(LN2_HIGH)}) - n * ${cFloat(LN2_LOW)}, z = r * r;
  const fN q = (${short[3]} * r + ${short[2]}) * z + (${short[1]} * r + ${short[0]});
  const fN power = q * z + (r + 1.0f);
  return 1.0f / (power * (fN)((iN)shifted << 23) + 1.0f);
}
static inline fN tanh_fN(fN x) {
  const fN c = under_fN(over_fN(x, splat_fN(-9.1f)), splat_fN(9.1f));
  const fN shifted = c * ${cFloat(2 * LOG2_E)} + ${cFloat(1.5 * 2 ** 23 + 127)};
  const fN n = shifted - ${cFloat(1.5 * 2 ** 23 + 127)};
  const fN h = (c - n * ${cFloat(LN2_HIGH / 2)}) - n * ${cFloat(LN2_LOW / 2)}, z = h * h;
  const fN q = (${tanh[4]} * z + (${tanh[3]} * h + ${tanh[2]})) * z + (${tanh[1]} * h + ${tanh[0]});
  const fN scale = (fN)((iN)shifted << 23);
  const fN numerator = (q * z + (h + h)) * scale + (scale - 1.0f);
  return numerator / (numerator + 2.0f);
}
static inline fN log_fN(fN x) {
  const iN small = x < 0x1p-126f;
  const iN root = (iN)pick_fN(small, x * 0x1p24f, x) - 0x3f3504f3;
  const fN e = __builtin_convertvector(root >> 23, fN) - (fN)((iN)splat_fN(24.0f) & small);
  const fN f = (fN)((root & 0x7fffff) + 0x3f3504f3) - 1.0f, z = f * f, w = z * z;
  const fN low = (${log[3]} * f + ${log[2]}) * z + (${log[1]} * f + ${log[0]});
  const fN high = (${log[7]} * f + ${log[6]}) * z + (${log[5]} * f + ${log[4]});
  const fN p = high * w + low;
  const fN cubic = (f * z) * p + e * ${cFloat(LN2_LOW)};
  const fN finite = e * ${cFloat(LN2_HIGH)} + (f + (cubic - z * 0.5f));
  const fN above = pick_fN(x < __builtin_inff(), finite, x);
  const fN limit = pick_fN(x == 0, splat_fN(-__builtin_inff()), splat_fN(__builtin_nanf("")));
  return pick_fN(x > 0, above, limit);
}`;
  return text.replaceAll(/\bplacesN\b/g, `places_${n}`)
    .replaceAll(/(?<![A-Za-z])([fiud])N(m?)\b/g, `$1${n}$2`).replaceAll(/\bN\b/g, `${n}`);
}

/** Letters of the types of vectors, and their numbers. */
const SCALARS = [["f", "float"], ["i", "int32_t"], ["u", "word"]];

/** Folds of the numbers of a vector: of its halves first, which wait less for each other than one after the other. */
function halved(half: number): string {
  return SCALARS.map(([letter, scalar]) => {
    const type = `${letter}${half}`;
    const halves = `const ${type} a = *(const ${type} *)&x, b = *((const ${type} *)&x + 1);`;
    const greater = letter === "f" ? "(b > a) | (b != b)" : "b > a";
    return `static inline ${scalar} sum_${letter}N(${letter}N x) { ${halves} return sum_${type}(a + b); }
static inline ${scalar} greatest_${letter}N(${letter}N x) {
  ${halves}
  return greatest_${type}(pick_${type}(${greater}, b, a));
}`;
  }).join("\n") + `
static inline double wide_sum_fN(fN x) {
  const f${half} a = *(const f${half} *)&x, b = *((const f${half} *)&x + 1);
  return wide_sum_f${half}(a) + wide_sum_f${half}(b);
}`;
}

/** The same of the shortest vectors. */
function single(): string {
  return SCALARS.map(([letter, scalar]) => {
    const isGreater = letter === "f" ? "b > a || b != b" : "b > a";
    return `static inline ${scalar} greater_${letter}(${scalar} a, ${scalar} b) { return ${isGreater} ? b : a; }
static inline ${scalar} sum_${letter}N(${letter}N x) { return (x[0] + x[2]) + (x[1] + x[3]); }
static inline ${scalar} greatest_${letter}N(${letter}N x) {
  return greater_${letter}(greater_${letter}(x[0], x[2]), greater_${letter}(x[1], x[3]));
}`;
  }).join("\n") + `
static inline double wide_sum_fN(fN x) {
  return ((double)x[0] + (double)x[2]) + ((double)x[1] + (double)x[3]);
}`;
}
