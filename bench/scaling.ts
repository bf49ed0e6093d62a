/**
 * How the time of a training step, and its memory, grow with hidden units, time, batch and layers, next to the least
 * that arithmetic allows.
 *
 * ```sh
 * deno task bench:scaling [hidden] [time] [batch] [layers]   # prints the tables, or some of them
 * deno task bench:scaling --write                            # puts them into bench/SCALING.md and scaling.json
 * ```
 *
 * @module
 */
import { exp, flattenTree, randomKey, rebuildTree } from "@unroll/core";
import { type Backend, cpuBackend } from "@unroll/core/backends";
import { compileToWasm, optimize } from "@unroll/core/compiler";
import type { TaskSpec } from "@unroll/core/plugin";
import { adam } from "@unroll/core/training";
import { gru, lstm, rnn } from "@unroll/models";
import { prepareCall, someLabels, someNumbers } from "./calls.ts";
import {
  describeRun,
  formatBytes,
  formatFactor,
  formatNumber,
  formatPercent,
  formatTable,
  formatTime,
  writePage,
} from "./format.ts";
import { preparePeak, repeated, secondsPerCall, type Timing, warmUp } from "./peak.ts";
import {
  startProgram,
  traceProgram,
  type TrainingProgram,
  trainingProgram,
} from "./training_program.ts";

/** What decides the size of a step. */
interface Size {
  readonly model: keyof typeof MODELS;
  readonly hidden: number;
  readonly time: number;
  readonly batch: number;
  readonly layers: number;
  /** Steps of a segment that is computed again; 0 where everything is stored. */
  readonly recompute: number;
}

/** The models, with the matrices of a cell, and functions such as tanh that it takes of each of its units. */
const MODELS = {
  rnn: { plugin: rnn, gates: 1, functions: 1 },
  gru: { plugin: gru, gates: 3, functions: 3 },
  lstm: { plugin: lstm, gates: 4, functions: 5 },
} as const;

/** The size around which one number at a time is changed. */
const BASE: Size = { model: "gru", hidden: 128, time: 64, batch: 16, layers: 1, recompute: 0 };

/** The tables: which number is changed, and what its column is called. */
const SWEEPS = {
  hidden: { sign: "H", values: [5, 16, 64, 128, 256, 512, 1024] },
  time: { sign: "T", values: [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096] },
  batch: { sign: "B", values: [1, 2, 4, 8, 16, 32, 64, 128, 256] },
  layers: { sign: "L", values: [1, 2, 4] },
} as const;
type SweepName = keyof typeof SWEEPS;

/** Lengths from which segments are tried. */
const LONG = 64;
/** Symbols that are read and told at each step. */
const SYMBOLS = 64;
const SPEC: TaskSpec = {
  inputs: { kind: "symbol", vocabulary: SYMBOLS },
  outputs: { kind: "class", classes: SYMBOLS, at: "every" },
  length: "variable",
  loss: { kind: "cross-entropy", reduction: "mean" },
  weighted: false,
  stateful: false,
};

/** Seconds that engines are given for their optimising compiler. */
const WARM_UP_SECONDS = 0.3;
const TIMING: Timing = { minimum: 0.02, rounds: 6, limit: 0.8 };

function programOf({ model, hidden, time, batch, layers, recompute }: Size): TrainingProgram {
  const instance = MODELS[model].plugin({ hidden, layers, recompute }).create(SPEC);
  // Numbers of the right size, not drawn by the interpreter, which takes long for large ones.
  const form = instance.parameters(randomKey(0));
  const leaves = flattenTree(form).map(({ shape }) =>
    someNumbers(...shape).mul(1 / Math.sqrt(shape[0]))
  );
  const parameters = rebuildTree(form, leaves);
  const optimizer = { optimizer: adam(), learningRate: 1e-3 };
  return trainingProgram({ instance, spec: SPEC, parameters, ...optimizer, time, batch });
}

/** Bytes that a step's program keeps beside its inputs and outputs. */
function plannedBytes(size: Size): number {
  const { graph, donated } = traceProgram(programOf(size));
  return compileToWasm(optimize(graph), { donated }).arenaBytes;
}

/** Best seconds of a step on a device. */
async function secondsPerStep(backend: Backend, size: Size): Promise<number> {
  using running = await startProgram(backend, programOf(size));
  const [inputs, targets] = await Promise.all(
    [0, 1].map(() => someLabels(SYMBOLS, size.time, size.batch).data()),
  );
  running.step([inputs, targets]);
  const run = repeated(() => running.step());
  await warmUp(run, WARM_UP_SECONDS);
  return secondsPerCall(run, TIMING);
}

/**
 * Operations that a step needs at least, two for each term of a product, once forward and twice backward; and functions.
 * The first layer reads symbols, which takes a row of a matrix and no product.
 */
function leastOf({ model, hidden, time, batch, layers }: Size) {
  const { gates, functions } = MODELS[model];
  const weights = (2 * layers - 1) * gates * hidden * hidden + hidden * SYMBOLS;
  const each = time * batch;
  return {
    operations: 6 * each * weights,
    functions: each * (layers * functions * hidden + SYMBOLS),
  };
}

/** The power of two at or below the root of a number of steps, so that segments divide powers of two. */
function segmentFor(time: number): number {
  return 2 ** Math.floor(Math.log2(Math.sqrt(time)));
}

/** What was measured of a size: seconds on one thread and on all, the least by arithmetic, and bytes kept. */
interface Row extends Size {
  readonly seconds: number;
  readonly shared: number;
  readonly bound: number;
  readonly bytes: number;
}

/** Times some sizes, on one thread and on all. */
async function measure(sizes: readonly Size[]) {
  const measurePeak = await preparePeak();
  let peak = measurePeak();
  const few = 4096;
  using alone = cpuBackend({ threads: 1, blas: false });
  using all = cpuBackend({ blas: false });
  const exps = await prepareCall(alone, (x) => exp(x), [someNumbers(few)]);
  const secondsPerExp = secondsPerCall(repeated(exps), { minimum: 0.01, rounds: 20 }) / few;
  const best = sizes.map(() => [Infinity, Infinity]);
  // Twice, so that other processes must be at work at both times to spoil one.
  for (let round = 0; round < 2; round++) {
    for (const [which, backend] of [alone, all].entries()) {
      for (const [i, size] of sizes.entries()) {
        peak = Math.max(peak, measurePeak({ minimum: 0.01, rounds: 5 }));
        const seconds = await secondsPerStep(backend, size);
        best[i][which] = Math.min(best[i][which], seconds);
        console.error(
          `${backend.threads} threads: ${JSON.stringify(size)}: ${formatTime(seconds)}`,
        );
      }
    }
  }
  const rows = sizes.map((size, i): Row => {
    const { operations, functions } = leastOf(size);
    const bound = operations / peak / 1e9 + functions * secondsPerExp;
    const [seconds, shared] = best[i];
    return { ...size, seconds, shared, bound, bytes: plannedBytes(size) };
  });
  return { peak, secondsPerExp, threads: all.threads, rows };
}

/** Floats for each hidden unit of each step of each sequence that a model keeps, from sizes at which nothing else weighs. */
function memoryRow(model: Size["model"]): string[] {
  const size: Size = { ...BASE, model, time: 4096 };
  const floats = (changes: Partial<Size>) => {
    const own = { ...size, ...changes };
    return plannedBytes(own) / 4 / own.time / own.batch;
  };
  const perUnit = (changes: Partial<Size>) =>
    (floats({ hidden: 2 * size.hidden, ...changes }) - floats(changes)) / size.hidden;
  const further = (floats({ layers: 4 }) - floats({ layers: 3 })) / size.hidden;
  const [stored, recomputed] = [0, segmentFor(size.time)]
    .map((recompute) => plannedBytes({ ...size, recompute }));
  return [
    `\`${model}\``,
    perUnit({ batch: 8 }).toFixed(1),
    perUnit({ batch: 64, time: 512 }).toFixed(1),
    `+ ${further.toFixed(1)}`,
    formatBytes(stored),
    formatBytes(recomputed),
    formatFactor(stored / recomputed),
  ];
}

function sweepTable(name: SweepName, rows: readonly Row[], threads: number): string {
  const { sign, values } = SWEEPS[name];
  const per = name === "layers" ? name : "time";
  return formatTable(
    [sign, "time", `time / ${SWEEPS[per].sign}`, "arithmetic ≥", "of the time"].concat(
      [`${threads} threads`, "gain", "memory"],
    ),
    values.map((value) => {
      const row = find(rows, { ...BASE, [name]: value });
      const { seconds, shared, bound, bytes } = row;
      return [
        ...[String(value), formatTime(seconds), formatTime(seconds / row[per])],
        ...[formatTime(bound), formatPercent(bound / seconds)],
        ...[formatTime(shared), formatFactor(seconds / shared), formatBytes(bytes)],
      ];
    }),
    0,
  );
}

function recomputeTable(rows: readonly Row[], threads: number): string {
  const more = (ratio: number) => `${ratio < 1 ? "" : "+"}${formatPercent(ratio - 1)}`;
  return formatTable(
    ["T", "segment", "stored", "recomputed", "less", "time", "more", `more, ${threads} threads`],
    rows.filter(({ recompute }) => recompute > 0).map((row) => {
      const stored = find(rows, { ...row, recompute: 0 });
      return [
        ...[String(row.time), String(row.recompute), formatBytes(stored.bytes)],
        ...[formatBytes(row.bytes), formatFactor(stored.bytes / row.bytes)],
        ...[formatTime(row.seconds), more(row.seconds / stored.seconds)],
        more(row.shared / stored.shared),
      ];
    }),
    0,
  );
}

function find(rows: readonly Row[], size: Size): Row {
  const names = Object.keys(BASE) as (keyof Size)[];
  return rows.find((row) => names.every((name) => row[name] === size[name])) as Row;
}

function memoryTable(): string {
  const head = ["model", "k, B·H ≤ 4096", "k, B·H > 4096", "each further layer"];
  const models = Object.keys(MODELS) as Size["model"][];
  return formatTable([...head, "stored, T 4096", "recomputed", "less"], models.map(memoryRow));
}

/** The tables that were asked for. */
function namesOf(args: readonly string[]): readonly SweepName[] {
  const names = Object.keys(SWEEPS) as SweepName[];
  const unknown = args.find((arg) => !names.some((name) => name === arg));
  if (unknown === undefined) return args.length > 0 ? args as readonly SweepName[] : names;
  throw new RangeError(`Cannot find table ${unknown}: known are ${names.join(", ")}`);
}

if (import.meta.main) {
  const isWritten = Deno.args.includes("--write");
  const names = namesOf(Deno.args.filter((arg) => arg !== "--write"));
  const [load] = Deno.loadavg();
  const sizes = new Map<string, Size>();
  for (const name of names) {
    for (const value of SWEEPS[name].values) {
      const size: Size = { ...BASE, [name]: value };
      const segmented = { ...size, recompute: segmentFor(value) };
      const tried = name === "time" && value >= LONG ? [size, segmented] : [size];
      for (const one of tried) sizes.set(JSON.stringify(one), one);
    }
  }
  const { rows, ...made } = await measure([...sizes.values()]);
  const run = `${describeRun()}, load when it began ${load.toFixed(1)}`;
  const parts: Record<string, string> = {
    made: [
      `- ${run}`,
      `- peak of one core: ${formatNumber(made.peak)} GFLOP/s, a loop of fused multiply-adds`,
      `- exp: ${formatTime(made.secondsPerExp)} a number`,
    ].join("\n"),
  };
  for (const name of names) parts[name] = sweepTable(name, rows, made.threads);
  if (names.includes("time")) parts.recompute = recomputeTable(rows, made.threads);
  parts.memory = memoryTable();
  for (const part of Object.values(parts)) console.log(`${part}\n`);
  if (isWritten) {
    await writePage("SCALING.md", parts);
    const json = JSON.stringify({ run, ...made, rows }, null, 2);
    await Deno.writeTextFile(new URL("scaling.json", import.meta.url), `${json}\n`);
  }
}
