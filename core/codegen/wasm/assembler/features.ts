/**
 * What this engine's WebAssembly can do, found out by validating modules of a few bytes.
 *
 * @module
 */

/** Optional features of WebAssembly. */
export interface Features {
  /** Vectors of 128 bits. Everything here needs them. */
  readonly simd: boolean;
  /** Fused multiply-add and its relatives, whose rounding the engine may choose. */
  readonly relaxedSimd: boolean;
  /** Shared memory and atomic instructions. */
  readonly threads: boolean;
}

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const NO_PARAMETERS_NO_RESULTS = [1, 4, 1, 0x60, 0, 0];
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
      0xfd,
      0x85,
      0x02,
    ]),
    threads: validates([0x41, 0, 0xfe, 0x10, 2, 0], true),
  };
  return detected;
}
