/**
 * The machine's own peak, and how to time a WebAssembly loop.
 *
 * @module
 */
import { load, ModuleBuilder, store } from "../core/codegen/wasm/assembler/module.ts";

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
    count = Math.ceil(
      count *
        Math.min(
          10,
          Math.max(1.5, 1.2 * minimum / Math.max(seconds, 1e-6)),
        ),
    );
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

/** Instantiates a module whose function `run` does its work as often as told. */
export function instantiate(module: ModuleBuilder): (count: number) => void {
  const memory = module.createMemory();
  const floats = new Float32Array(memory.buffer);
  for (let i = 0; i < floats.length; i++) floats[i] = (i % 17 - 8) / 64;
  const instance = new WebAssembly.Instance(
    new WebAssembly.Module(module.finish()),
    { env: { memory } },
  );
  return instance.exports.run as (count: number) => void;
}

/** A call, made as often as told. */
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

/**
 * Makes what measures GFLOP/s of one core on multiply-adds of registers, `sums` independent chains: the most a kernel
 * could reach.
 *
 * @returns Measures.
 */
export async function preparePeak(sums = 12): Promise<(timing?: Timing) => number> {
  const module = new ModuleBuilder({ memory: { minimumPages: 1 } });
  const inner = 1000;
  module.addFunction({ parameters: ["i32"], exportAs: "run" }, (code) => {
    const [x, y, ...chains] = code.locals("v128", sums + 2);
    const base = code.local("i32");
    code.loadFrom(load.v128, base, 0);
    code.set(x);
    code.loadFrom(load.v128, base, 16);
    code.set(y);
    code.repeat({ to: { local: 0 } }, () =>
      code.repeat({ to: inner }, () => {
        for (const chain of chains) {
          code.get(x, y);
          code.multiplyAdd(() => code.get(chain));
          code.set(chain);
        }
      }));
    chains.forEach((chain, i) => code.storeTo(store.v128, base, 64 + 16 * i, chain));
  });
  const run = instantiate(module);
  await warmUp(run);
  return (timing) => inner * sums * 8 / secondsPerCall(run, timing) / 1e9;
}

/** GFLOP/s of one core, measured once. */
export async function peakGigaflops(): Promise<number> {
  return (await preparePeak())();
}
