/**
 * What this engine's WebAssembly can do, found out by validating and running modules of a few bytes.
 *
 * @module
 */

/** Optional features of WebAssembly. */
export interface Features {
  /** Vectors of 128 bits. Everything here needs them. */
  readonly simd: boolean;
  /** Multiply-add and its relatives, whose rounding the engine may choose; see {@linkcode roundsOnce}. */
  readonly relaxedSimd: boolean;
  /** Shared memory and atomic instructions. */
  readonly threads: boolean;
}

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const NO_PARAMETERS_NO_RESULTS = [1, 4, 1, 0x60, 0, 0];
const THREE_FLOATS_TO_ONE = [1, 8, 1, 0x60, 3, 0x7d, 0x7d, 0x7d, 1, 0x7d];
const RUN = [7, 5, 1, 1, 0x72, 0, 0];
const F32X4_SPLAT = [0xfd, 0x13];
const F32X4_EXTRACT_LANE_ZERO = [0xfd, 0x1f, 0];
const RELAXED_MADD = [0xfd, 0x85, 0x02];
const ONE_FUNCTION = [3, 2, 1, 0];
const V128_CONST_ZERO = [0xfd, 12, ...new Array<number>(16).fill(0)];
const DROP = 0x1a;

/** Returns whether a module whose only function has this body is valid. */
function validates(body: readonly number[], sharedMemory = false): boolean {
  const memory = sharedMemory ? [5, 4, 1, 3, 1, 1] : [];
  const code = [0, ...body, DROP, 0x0b];
  const bytes = [
    ...PREAMBLE,
    ...NO_PARAMETERS_NO_RESULTS,
    ...ONE_FUNCTION,
    ...memory,
    ...[10, code.length + 2, 1, code.length, ...code],
  ];
  return WebAssembly.validate(new Uint8Array(bytes));
}

let detected: Features | undefined;

/** Detects the features of this engine; the same object each time. */
export function detectFeatures(): Features {
  detected ??= {
    simd: validates(V128_CONST_ZERO),
    relaxedSimd: validates([
      ...V128_CONST_ZERO,
      ...V128_CONST_ZERO,
      ...V128_CONST_ZERO,
      ...RELAXED_MADD,
    ]),
    threads: validates([0x41, 0, 0xfe, 0x10, 2, 0], true),
  };
  return detected;
}

/**
 * Tries whether the engine rounds a multiplication and an addition once, as one. Some that know the instruction
 * round twice.
 */
export function roundsOnce(): boolean {
  if (!detectFeatures().relaxedSimd) return false;
  const splats = [0, 1, 2].flatMap((parameter) => [0x20, parameter, ...F32X4_SPLAT]);
  const code = [0, ...splats, ...RELAXED_MADD, ...F32X4_EXTRACT_LANE_ZERO, 0x0b];
  const body = [10, code.length + 2, 1, code.length, ...code];
  const bytes = [...PREAMBLE, ...THREE_FLOATS_TO_ONE, ...ONE_FUNCTION, ...RUN, ...body];
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)));
  // (1 + ε)² = 1 + 2ε + ε², of which a product by itself loses ε².
  const epsilon = 2 ** -13;
  const multiplyAdd = exports.r as (x: number, y: number, z: number) => number;
  return multiplyAdd(1 + epsilon, 1 + epsilon, -1 - 2 * epsilon) !== 0;
}
