/**
 * Small programs to time: a function of tensors, compiled for the CPU, with inputs of its own; and the table of
 * what they reached, which is printed when a file's benchmarks have run.
 *
 * @module
 */
import { compile, grad, type Tensor, tensor } from "@unroll/core";
import type { Backend } from "@unroll/core/backends";
import { formatNumber, formatPercent, formatTable, formatTime } from "./format.ts";
import { repeated, secondsPerCall, type Timing, warmUp } from "./peak.ts";

/** Seconds that the engine is given for its optimising compiler. */
const WARM_UP_SECONDS = 0.3;

/** For the table: short rounds and many, so that other processes miss one. */
const TIMING: Timing = { minimum: 0.01, rounds: 12, limit: 0.3 };

/** Something to time. */
export interface Call {
  /** Its name in the table. */
  readonly name: string;
  /** Runs it once. */
  readonly run: () => void;
  /** Columns of the table, from the seconds that a run takes and the GFLOP/s of one core. */
  readonly columns: (seconds: number, peak: number) => readonly string[];
}

/**
 * Compiles a function and warms it up.
 *
 * @param backend Where it runs.
 * @param fn The function.
 * @param inputs What it is given.
 * @returns Runs it once; results are given back at once.
 */
export async function prepareCall(
  backend: Backend,
  fn: (...inputs: Tensor[]) => Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
): Promise<() => void> {
  const program = await compile(fn, { backend }).prepare(...inputs);
  const buffers = await Promise.all(
    inputs.map(async (input) => backend.upload(input.type, await input.data())),
  );
  const run = (): void => {
    for (const output of program.run(buffers)) output.dispose();
  };
  await warmUp(run, WARM_UP_SECONDS);
  return run;
}

/** Returns the numbers from 0 to 2002 in an order that looks random and is always the same, again and again. */
export function scattered(i: number): number {
  return i * 7919 % 2003;
}

/** Numbers between -1 and 1 that look random and are always the same. */
export function someNumbers(...shape: number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: size }, (_, i) => scattered(i) / 1001 - 1);
  return tensor(data, { shape });
}

/** Returns whole numbers from 0 to `classes` - 1 that look random and are always the same. */
export function someLabels(classes: number, ...shape: number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Int32Array.from({ length: size }, (_, i) => scattered(i) % classes);
  return tensor(data, { shape, dtype: "i32" });
}

/** The calls that benchmarks made, so that the table leaves out what `--filter` left out. */
const MADE = new Set<Call>();

/** Declares a benchmark of a call. */
export function benchCall(
  call: Call,
  settings: Omit<Deno.BenchDefinition, "name" | "fn"> = {},
): void {
  const { name, run } = call;
  Deno.bench(name, settings, () => {
    MADE.add(call);
    run();
  });
}

/**
 * Declares a benchmark of a function, and one of its gradient by its first input.
 *
 * @param backend Where they run.
 * @param fn The function, whose result is a number.
 * @param inputs What it is given.
 * @param about The name of both, what the first alone is called, and columns of the table.
 * @returns The two calls.
 */
export async function benchWithGradient(
  backend: Backend,
  fn: (first: Tensor, ...others: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  { name, alone, columns }: Pick<Call, "name" | "columns"> & { readonly alone: string },
): Promise<Call[]> {
  const gradient = (first: Tensor, ...others: Tensor[]): Tensor =>
    grad((own: Tensor) => fn(own, ...others))(first);
  const calls: Call[] = [
    { name: `${name}: ${alone}`, run: await prepareCall(backend, fn, inputs), columns },
    { name: `${name}: gradient`, run: await prepareCall(backend, gradient, inputs), columns },
  ];
  for (const call of calls) benchCall(call);
  return calls;
}

/**
 * Prints a table of the calls when this file's benchmarks have run.
 *
 * @param title What stands above it.
 * @param head Titles of the columns after name and time.
 * @param calls The rows.
 * @param measurePeak Measures the peak, if a column needs it. It is asked before each row, for the machine may be at
 * work with other things; the best counts.
 */
export function printAtEnd(
  title: string,
  head: readonly string[],
  calls: readonly Call[],
  measurePeak?: (timing: Timing) => number,
): void {
  globalThis.addEventListener("unload", () => {
    const made = calls.filter((call) => MADE.has(call));
    if (made.length === 0) return;
    let peak = 0;
    const times = made.map(({ run }) => {
      if (measurePeak) peak = Math.max(peak, measurePeak(TIMING));
      return secondsPerCall(repeated(run), TIMING);
    });
    const rows = made.map(({ name, columns }, i) => [
      name,
      formatTime(times[i]),
      ...columns(times[i], peak),
    ]);
    const measured = measurePeak ? `, peak of one core ${peak.toFixed(1)} GFLOP/s` : "";
    console.log(`\n${title}${measured}\n${formatTable(["", "time", ...head], rows)}`);
  });
}

/** Operations a second, and their fraction of a peak. */
export function formatRate(operations: number, seconds: number, peak: number): readonly string[] {
  const rate = operations / seconds / 1e9;
  return [formatNumber(rate), formatPercent(rate / peak)];
}
