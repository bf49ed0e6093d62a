/**
 * The machine's own peak, and how to time a loop.
 *
 * @module
 */

/** How to time. */
export interface Timing {
  /** Seconds that one round takes at least; 0.1 by default. */
  readonly minimum?: number;
  /** Number of rounds, of which the best counts; 3 by default. */
  readonly rounds?: number;
  /** Seconds after which two rounds are enough. */
  readonly limit?: number;
}

/**
 * Runs `body` often enough to time it; gives the best seconds a call.
 *
 * @param body Does its work as often as told.
 * @param timing How long and how often.
 */
export function secondsPerCall(body: (count: number) => void, timing: Timing = {}): number {
  const { minimum = 0.1, rounds = 3, limit = Infinity } = timing;
  let count = 1;
  for (;;) {
    const start = performance.now();
    body(count);
    const seconds = (performance.now() - start) / 1000;
    if (seconds > minimum) break;
    const factor = 1.2 * minimum / Math.max(seconds, 1e-6);
    count = Math.ceil(count * Math.min(10, Math.max(1.5, factor)));
  }
  let best = Infinity;
  const started = performance.now();
  for (let round = 0; round < rounds; round++) {
    if (round >= 2 && performance.now() - started > 1000 * limit) break;
    const start = performance.now();
    body(count);
    best = Math.min(best, (performance.now() - start) / 1000 / count);
  }
  return best;
}

/** Makes a call as often as told. */
export function repeated(call: () => void): (count: number) => void {
  return (count) => {
    for (let i = 0; i < count; i++) call();
  };
}

/**
 * Waits until the optimising compiler, which runs in the background, has replaced the function.
 *
 * @param run What to warm up.
 * @param limit Seconds after which three calls are enough.
 */
export async function warmUp(run: (count: number) => void, limit = Infinity): Promise<void> {
  const started = performance.now();
  for (let i = 0; i < 30; i++) {
    if (i >= 3 && performance.now() - started > 1000 * limit) return;
    run(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Independent chains of multiply-adds: enough that none waits for its own last one. */
const CHAINS = 12;
/** Multiply-adds of four floats of each chain in one call. */
const INNER = 1000;

/**
 * A module whose `run(count, x, y)` does `count` multiply-adds of vectors in each chain. Written in bytes,
 * so that the peak does not depend on the compiler that is measured by it.
 */
function peakModule(fused: boolean): Uint8Array<ArrayBuffer> {
  // Numbers below 16,384, the low seven bits first.
  const sized = (...bytes: number[]) => [bytes.length & 127 | 128, bytes.length >> 7, ...bytes];
  const [get, set, tee] = [0x20, 0x21, 0x22];
  const [x, y, first] = [3, 4, 5];
  const add = [0xfd, 0xe4, 0x01];
  const multiplyAdd = fused ? [0xfd, 0x85, 0x02] : [0xfd, 0xe6, 0x01];
  const chains = Array.from({ length: CHAINS }, (_, i) => first + i);
  const body = [
    ...[1, 2 + CHAINS, 0x7b],
    ...[get, 1, 0xfd, 0x13, set, x, get, 2, 0xfd, 0x13, set, y],
    ...[0x03, 0x40],
    ...chains.flatMap((chain) =>
      fused
        ? [get, x, get, y, get, chain, ...multiplyAdd, set, chain]
        : [get, x, get, y, ...multiplyAdd, get, chain, ...add, set, chain]
    ),
    ...[get, 0, 0x41, 1, 0x6b, tee, 0, 0x0d, 0, 0x0b],
    // The sum of all, so that none is left out.
    ...[get, first, ...chains.slice(1).flatMap((chain) => [get, chain, ...add])],
    ...[0xfd, 0x1f, 0, 0x0b],
  ];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, ...sized(1, 0x60, 3, 0x7f, 0x7d, 0x7d, 1, 0x7d)],
    ...[3, ...sized(1, 0)],
    ...[7, ...sized(1, 3, ...new TextEncoder().encode("run"), 0, 0)],
    ...[10, ...sized(1, ...sized(...body))],
  ]);
}

/**
 * Makes what measures GFLOP/s of one core on multiply-adds of registers: the most a kernel could reach.
 *
 * @returns Measures.
 */
export async function preparePeak(): Promise<(timing?: Timing) => number> {
  const fused = peakModule(true);
  const bytes = WebAssembly.validate(fused) ? fused : peakModule(false);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const loop = exports.run as (count: number, x: number, y: number) => number;
  const run = (count: number): void => void loop(count * INNER, 0.5, 0.25);
  await warmUp(run);
  return (timing) => INNER * CHAINS * 8 / secondsPerCall(run, timing) / 1e9;
}

/** Measures the GFLOP/s of one core, once. */
export async function peakGigaflops(): Promise<number> {
  return (await preparePeak())();
}
