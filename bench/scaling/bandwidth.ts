/**
 * How fast one core reads and copies memory, by how much of it there is: caches are faster than what lies behind them.
 *
 * @module
 */
import { f32x4, load, ModuleBuilder, store } from "../../core/codegen/wasm/assembler/module.ts";
import { instantiate, repeated, secondsPerCall, type Timing, warmUp } from "../peak.ts";

const TIMING: Timing = { minimum: 0.01, rounds: 8, limit: 0.2 };
/** Sizes measured, in bytes. */
const SIZES = [16, 128, 512, 2048, 8192, 32768, 131072].map((kibibytes) => kibibytes * 1024);

/** Bytes a second, by how many bytes are gone over again and again. */
export interface Bandwidth {
  /** The sizes measured, in bytes. */
  readonly sizes: readonly number[];
  /** Bytes read a second, of each size. */
  readonly read: readonly number[];
  /** Bytes copied a second, each read once and written once, of each size. */
  readonly copied: readonly number[];
}

/** Measures this machine. */
export async function measureBandwidth(): Promise<Bandwidth> {
  const read: number[] = [];
  const copied: number[] = [];
  for (const bytes of SIZES) {
    read.push(bytes / await secondsOf(readLoop(bytes)));
    const words = new Float32Array(bytes / 4).fill(1);
    const half = words.length / 2;
    copied.push(
      bytes / 2 / await secondsOf(repeated(() => void words.copyWithin(half, 0, half))),
    );
  }
  return { sizes: SIZES, read, copied };
}

/** Bytes a second for a working set of so many bytes: of the smallest size measured that is as large. */
export function rateFor(bandwidth: Bandwidth, kind: "read" | "copied", bytes: number): number {
  return bandwidth[kind].at(bandwidth.sizes.findIndex((size) => size >= bytes)) as number;
}

async function secondsOf(run: (count: number) => void): Promise<number> {
  await warmUp(run, 0.1);
  return secondsPerCall(run, TIMING);
}

/** Vectors an iteration, so that neither the loop nor the additions are what is timed. */
const UNROLLED = 8;
const PAGE = 65536;

/** Reads so many bytes, a vector at a time. */
function readLoop(bytes: number): (count: number) => void {
  const module = new ModuleBuilder({ memory: { minimumPages: Math.ceil(bytes / PAGE) } });
  module.addFunction({ parameters: ["i32"], exportAs: "run" }, (code) => {
    const sums = code.locals("v128", UNROLLED);
    const start = code.local("i32");
    code.repeat(
      { to: { local: 0 } },
      () =>
        code.repeat({ to: bytes, step: 16 * UNROLLED }, (at) =>
          sums.forEach((sum, i) => {
            code.get(sum);
            code.loadFrom(load.v128, at, 16 * i);
            code.op(f32x4.add);
            code.set(sum);
          })),
    );
    // What is read must be of use.
    code.i32Const(0);
    code.set(start);
    sums.forEach((sum, i) => code.storeTo(store.v128, start, 16 * i, sum));
  });
  return instantiate(module);
}
