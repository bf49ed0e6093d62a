/**
 * What is measured for the page on scaling: one number changed at a time, on one thread and on all.
 *
 * @module
 */
import { exp } from "@unroll/core";
import { type Backend, cpuBackend } from "@unroll/core/backends";
import { prepareCall, someNumbers } from "../calls.ts";
import { preparePeak, repeated, secondsPerCall } from "../peak.ts";
import { type Bandwidth, measureBandwidth, rateFor } from "./bandwidth.ts";
import {
  BASE,
  functionsOf,
  operationsOf,
  plannedBytes,
  secondsPerStep,
  type Size,
  SYMBOLS,
  trafficOf,
} from "./step.ts";

/** What was measured of a size. */
export interface Row {
  /** The size. */
  readonly size: Size;
  /** Best seconds of a step on one thread. */
  readonly seconds: number;
  /** Best seconds of a step on as many threads as the device takes by itself. */
  readonly shared: number;
  /** Seconds that products and functions take at least. */
  readonly arithmetic: number;
  /** Seconds that moving takes at least. */
  readonly moving: number;
  /** Bytes that the program keeps. */
  readonly planned: number;
}

/** What memory a model takes. */
export interface Memory {
  /** The model, and the size at which its memory was looked at. */
  readonly size: Size;
  /** Floats kept for each hidden unit of each sequence and step, where a step has up to 4096 of them. */
  readonly small: number;
  /** The same where a step has more. */
  readonly large: number;
  /** What each further layer adds to either. */
  readonly further: number;
  /** Bytes at that size. */
  readonly stored: number;
  /** Bytes at that size, with about the root of time as segment. */
  readonly recomputed: number;
  /** Floats that are kept then for each class of each sequence and step. */
  readonly perClass: number;
}

/** All that the page tells. */
export interface Measurements {
  /** GFLOP/s of one core. */
  readonly peak: number;
  /** Seconds that one core takes for exp of a number. */
  readonly exp: number;
  /** What one core reads and copies. */
  readonly bandwidth: Bandwidth;
  /** Threads that the device takes by itself. */
  readonly threads: number;
  /** A table a number that is changed. */
  readonly sweeps: readonly Sweep[];
  /** The steps of time again, with segments computed again. */
  readonly recomputing: readonly Row[];
  /** A few units and one sequence: what a step costs that has nothing to do. */
  readonly least: Row;
  /** What each model keeps. */
  readonly memory: readonly Memory[];
  /** Programs that wanted to run before this one did, on average over a minute; 0 where it is not told. */
  readonly load: number;
  /** Minutes that all took. */
  readonly minutes: number;
}

/** One number changed, the others as in the base. */
export interface Sweep {
  /** Which. */
  readonly name: "hidden" | "time" | "batch" | "layers";
  /** Its rows. */
  readonly rows: readonly Row[];
}

const SWEEPS = {
  hidden: [5, 16, 64, 128, 256, 512, 1024],
  time: [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096],
  batch: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  layers: [1, 2, 4],
} as const;

/** Lengths from which segments are tried. */
const LONG = 64;

/**
 * Times all sizes and plans their memory.
 *
 * @returns What there is to tell.
 */
export async function measure(): Promise<Measurements> {
  const [load] = Deno.loadavg();
  const started = performance.now();
  const measurePeak = await preparePeak();
  let peak = measurePeak();
  const exp = await secondsPerExp();
  const bandwidth = await measureBandwidth();
  const threads = threadsOf();
  const sizes = Object.entries(SWEEPS).flatMap(([name, values]) =>
    values.map((value): Size => ({ ...BASE, [name]: value }))
  );
  sizes.push(
    ...SWEEPS.time.filter((time) => time >= LONG).map((time): Size => ({
      ...BASE,
      time,
      recompute: segmentFor(time),
    })),
  );
  const least: Size = { ...BASE, hidden: SWEEPS.hidden[0], batch: SWEEPS.batch[0] };
  sizes.push(least);
  const all = new Map<string, Size>(sizes.map((size) => [keyOf(size), size]));
  const times = new Map<string, number[]>();
  // Twice, so that other processes must be at work at both times to spoil one.
  for (let round = 0; round < 2; round++) {
    for (const [which, count] of (threads > 1 ? [1, threads] : [1]).entries()) {
      using backend: Backend = cpuBackend({ threads: count, blas: false });
      for (const [key, size] of all) {
        peak = Math.max(peak, measurePeak({ minimum: 0.01, rounds: 5 }));
        const seconds = await secondsPerStep(backend, size);
        const best = times.get(key) ?? [];
        best[which] = Math.min(best[which] ?? Infinity, seconds);
        times.set(key, best);
        tell(started, `${count} threads: ${key}: ${(1000 * seconds).toPrecision(3)} ms`);
      }
    }
  }
  const rowOf = (size: Size): Row => {
    const [seconds, shared = seconds] = times.get(keyOf(size)) as number[];
    const planned = plannedBytes(size);
    const { kept, optimizer, weights, passes } = trafficOf(size, planned);
    const moving = kept / rateFor(bandwidth, "copied", kept) +
      optimizer / rateFor(bandwidth, "copied", optimizer) +
      passes * weights / rateFor(bandwidth, "read", weights);
    const arithmetic = operationsOf(size) / peak / 1e9 + functionsOf(size) * exp;
    return { size, seconds, shared, arithmetic, moving, planned };
  };
  const sweeps = Object.entries(SWEEPS).map(([name, values]): Sweep => ({
    name: name as Sweep["name"],
    rows: values.map((value) => rowOf({ ...BASE, [name]: value })),
  }));
  const recomputing = sizes.filter(({ recompute }) => recompute > 0).map(rowOf);
  tell(started, "memory of the models");
  const memory = (["rnn", "gru", "lstm"] as const).map(memoryOf);
  const minutes = (performance.now() - started) / 60_000;
  return {
    peak,
    exp,
    bandwidth,
    threads,
    sweeps,
    recomputing,
    least: rowOf(least),
    memory,
    load,
    minutes,
  };
}

/** Elements that fit the first cache. */
const FEW = 4096;

async function secondsPerExp(): Promise<number> {
  using backend = cpuBackend({ threads: 1 });
  const run = await prepareCall(backend, (x) => exp(x), [someNumbers(FEW)]);
  return secondsPerCall(repeated(run), { minimum: 0.01, rounds: 20 }) / FEW;
}

/** What a model keeps, from sizes at which nothing else weighs. */
function memoryOf(model: Size["model"]): Memory {
  const size: Size = { ...BASE, model, time: 4096 };
  const floats = (changes: Partial<Size>) => {
    const own = { ...size, ...changes };
    return plannedBytes(own) / 4 / own.time / own.batch;
  };
  const recompute = segmentFor(size.time);
  const perUnit = (changes: Partial<Size>) =>
    (floats({ hidden: 2 * size.hidden, ...changes }) - floats(changes)) / size.hidden;
  // A carry a segment and the outputs grow with time; one segment does not.
  const recomputed = plannedBytes({ ...size, recompute });
  const twice = plannedBytes({ ...size, time: 2 * size.time, recompute });
  const growing = (twice - recomputed) / 4 / size.time / size.batch;
  const states = size.hidden * (model === "lstm" ? 2 : 1) / recompute;
  return {
    size,
    small: perUnit({ batch: 8 }),
    large: perUnit({ batch: 64, time: 512 }),
    further: (floats({ layers: 4 }) - floats({ layers: 3 })) / size.hidden,
    stored: plannedBytes(size),
    recomputed,
    perClass: (growing - states) / SYMBOLS,
  };
}

/** The power of two at or below the root of a number of steps, so that segments divide powers of two. */
function segmentFor(time: number): number {
  return 2 ** Math.floor(Math.log2(Math.sqrt(time)));
}

function keyOf(size: Size): string {
  return Object.entries(size).map(([name, value]) => `${name} ${value}`).join(", ");
}

/** Threads that a device takes where nothing is said. */
function threadsOf(): number {
  using backend = cpuBackend({ blas: false });
  return Number(/(\d+) threads?/.exec(backend.description)?.[1] ?? 1);
}

function tell(started: number, text: string): void {
  console.error(`${((performance.now() - started) / 1000).toFixed(0)} s: ${text}`);
}
