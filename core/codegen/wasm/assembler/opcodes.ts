/**
 * The WebAssembly instructions the generators use, as numbers.
 *
 * An instruction without a prefix is its byte; one with a prefix is `prefix << 16 | number`. The tables are
 * split by what follows an instruction (nothing, a memory offset, a lane), so that the type checker refuses
 * an instruction whose immediate is forgotten.
 *
 * Numbers from the WebAssembly core specification 3.0, appendix "Index of Instructions" (relaxed SIMD
 * included), and from the threads proposal.
 *
 * @module
 */

/** Instructions on 32-bit integers. */
export const i32 = {
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  lt_s: 0x48,
  lt_u: 0x49,
  gt_s: 0x4a,
  gt_u: 0x4b,
  le_s: 0x4c,
  le_u: 0x4d,
  ge_s: 0x4e,
  ge_u: 0x4f,
  clz: 0x67,
  ctz: 0x68,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  div_s: 0x6d,
  div_u: 0x6e,
  rem_s: 0x6f,
  rem_u: 0x70,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shr_s: 0x75,
  shr_u: 0x76,
  rotl: 0x77,
  rotr: 0x78,
  wrap_i64: 0xa7,
  trunc_f32_s: 0xa8,
  trunc_f32_u: 0xa9,
  reinterpret_f32: 0xbc,
  trunc_sat_f32_s: 0xfc0000,
  trunc_sat_f32_u: 0xfc0001,
} as const;

/** Instructions on single floats. */
export const f32 = {
  eq: 0x5b,
  ne: 0x5c,
  lt: 0x5d,
  gt: 0x5e,
  le: 0x5f,
  ge: 0x60,
  abs: 0x8b,
  neg: 0x8c,
  ceil: 0x8d,
  floor: 0x8e,
  trunc: 0x8f,
  nearest: 0x90,
  sqrt: 0x91,
  add: 0x92,
  sub: 0x93,
  mul: 0x94,
  div: 0x95,
  min: 0x96,
  max: 0x97,
  copysign: 0x98,
  convert_i32_s: 0xb2,
  convert_i32_u: 0xb3,
  demote_f64: 0xb6,
  reinterpret_i32: 0xbe,
} as const;

/** Instructions on 128 bits, whatever they mean. */
export const v128 = {
  not: 0xfd004d,
  and: 0xfd004e,
  andnot: 0xfd004f,
  or: 0xfd0050,
  xor: 0xfd0051,
  /** `(a, b, mask)`: the bits of `a` where the mask is one, those of `b` elsewhere. */
  bitselect: 0xfd0052,
  any_true: 0xfd0053,
} as const;

/** Instructions on four single floats. */
export const f32x4 = {
  splat: 0xfd0013,
  eq: 0xfd0041,
  ne: 0xfd0042,
  lt: 0xfd0043,
  gt: 0xfd0044,
  le: 0xfd0045,
  ge: 0xfd0046,
  demote_f64x2_zero: 0xfd005e,
  ceil: 0xfd0067,
  floor: 0xfd0068,
  trunc: 0xfd0069,
  nearest: 0xfd006a,
  abs: 0xfd00e0,
  neg: 0xfd00e1,
  sqrt: 0xfd00e3,
  add: 0xfd00e4,
  sub: 0xfd00e5,
  mul: 0xfd00e6,
  div: 0xfd00e7,
  min: 0xfd00e8,
  max: 0xfd00e9,
  /** `b < a ? b : a`: one machine instruction, where `min` is several. */
  pmin: 0xfd00ea,
  /** `a < b ? b : a`: one machine instruction, where `max` is several. */
  pmax: 0xfd00eb,
  convert_i32x4_s: 0xfd00fa,
  convert_i32x4_u: 0xfd00fb,
  /** Relaxed: `a * b + c`, rounded once or twice. */
  relaxed_madd: 0xfd0105,
  /** Relaxed: `-(a * b) + c`, rounded once or twice. */
  relaxed_nmadd: 0xfd0106,
  relaxed_min: 0xfd010d,
  relaxed_max: 0xfd010e,
} as const;

/** Instructions on two double floats. */
export const f64x2 = {
  splat: 0xfd0014,
  lt: 0xfd0049,
  gt: 0xfd004a,
  promote_low_f32x4: 0xfd005f,
  nearest: 0xfd0094,
  abs: 0xfd00ec,
  neg: 0xfd00ed,
  sqrt: 0xfd00ef,
  add: 0xfd00f0,
  sub: 0xfd00f1,
  mul: 0xfd00f2,
  div: 0xfd00f3,
  min: 0xfd00f4,
  max: 0xfd00f5,
  pmin: 0xfd00f6,
  pmax: 0xfd00f7,
  convert_low_i32x4_s: 0xfd00fe,
  relaxed_madd: 0xfd0107,
  relaxed_nmadd: 0xfd0108,
} as const;

/** Instructions on four 32-bit integers. */
export const i32x4 = {
  splat: 0xfd0011,
  eq: 0xfd0037,
  ne: 0xfd0038,
  lt_s: 0xfd0039,
  lt_u: 0xfd003a,
  gt_s: 0xfd003b,
  gt_u: 0xfd003c,
  le_s: 0xfd003d,
  le_u: 0xfd003e,
  ge_s: 0xfd003f,
  ge_u: 0xfd0040,
  abs: 0xfd00a0,
  neg: 0xfd00a1,
  all_true: 0xfd00a3,
  bitmask: 0xfd00a4,
  shl: 0xfd00ab,
  shr_s: 0xfd00ac,
  shr_u: 0xfd00ad,
  add: 0xfd00ae,
  sub: 0xfd00b1,
  mul: 0xfd00b5,
  min_s: 0xfd00b6,
  min_u: 0xfd00b7,
  max_s: 0xfd00b8,
  max_u: 0xfd00b9,
  trunc_sat_f32x4_s: 0xfd00f8,
  trunc_sat_f32x4_u: 0xfd00f9,
} as const;

/** Instructions on two 64-bit integers. */
export const i64x2 = {
  splat: 0xfd0012,
  shl: 0xfd00cb,
  shr_s: 0xfd00cc,
  shr_u: 0xfd00cd,
  add: 0xfd00ce,
  sub: 0xfd00d1,
} as const;

/** Reads of memory; a constant byte offset follows. */
export const load = {
  i32: 0x28,
  i64: 0x29,
  f32: 0x2a,
  f64: 0x2b,
  i32_8u: 0x2d,
  i32_16u: 0x2f,
  v128: 0xfd0000,
  /** One 32-bit word, copied to all four lanes. */
  v128_splat32: 0xfd0009,
  /** Two 32-bit words, copied to both halves. */
  v128_splat64: 0xfd000a,
  /** One 32-bit word in lane 0; the other lanes are zero. */
  v128_zero32: 0xfd005c,
  /** Two 32-bit words in lanes 0 and 1; the others are zero. */
  v128_zero64: 0xfd005d,
} as const;

/** Writes of memory; a constant byte offset follows. */
export const store = {
  i32: 0x36,
  i64: 0x37,
  f32: 0x38,
  f64: 0x39,
  i32_8: 0x3a,
  v128: 0xfd000b,
} as const;

/** Reads of memory into one lane of a vector on the stack; an offset and a lane follow. */
export const loadLane = {
  lane32: 0xfd0056,
  lane64: 0xfd0057,
} as const;

/** Writes of one lane of a vector to memory; an offset and a lane follow. */
export const storeLane = {
  lane32: 0xfd005a,
  lane64: 0xfd005b,
} as const;

/** Instructions that name a lane. */
export const lane = {
  i32x4_extract: 0xfd001b,
  i32x4_replace: 0xfd001c,
  f32x4_extract: 0xfd001f,
  f32x4_replace: 0xfd0020,
  f64x2_extract: 0xfd0021,
  f64x2_replace: 0xfd0022,
} as const;

/** Atomic instructions on 32-bit words of shared memory; a constant byte offset follows. */
export const atomic = {
  /** `(address, count)`: wakes up to `count` waiters, gives how many. */
  notify: 0xfe0000,
  /** `(address, expected, timeout in ns as i64)`: sleeps while the word is `expected`. */
  wait32: 0xfe0001,
  load: 0xfe0010,
  store: 0xfe0017,
  add: 0xfe001e,
  sub: 0xfe0025,
  exchange: 0xfe0041,
  compareExchange: 0xfe0048,
} as const;

type ValueOf<T> = T[keyof T];

/** An instruction without immediates. */
export type PlainOpcode =
  | ValueOf<typeof i32>
  | ValueOf<typeof f32>
  | ValueOf<typeof v128>
  | ValueOf<typeof f32x4>
  | ValueOf<typeof f64x2>
  | ValueOf<typeof i32x4>
  | ValueOf<typeof i64x2>;

/** An instruction that reads memory. */
export type LoadOpcode = ValueOf<typeof load>;

/** An instruction that writes memory. */
export type StoreOpcode = ValueOf<typeof store>;

/** An instruction that reads memory into a lane. */
export type LoadLaneOpcode = ValueOf<typeof loadLane>;

/** An instruction that writes a lane to memory. */
export type StoreLaneOpcode = ValueOf<typeof storeLane>;

/** An instruction that names a lane. */
export type LaneOpcode = ValueOf<typeof lane>;

/** An atomic instruction. */
export type AtomicOpcode = ValueOf<typeof atomic>;
