/**
 * Where does a training step's time go? `deno task bench:profile JOB [STEPS A CALL]` times each kernel of a job by
 * itself, in the loops over time that it is in, on one thread and without a BLAS.
 *
 * A kernel alone finds its operands in the nearest cache, and what lies between kernels is in none of the rows: the
 * last row says what the whole takes.
 *
 * @module
 */
import { innerAxesOf, pointsOf } from "../core/loops/accesses.ts";
import type { Axis } from "../core/ir/expression.ts";
import {
  axesOf,
  kernelsOf,
  type LoopProgram,
  separateKernels,
  type Step,
} from "../core/loops/program.ts";
import { lowerForCpu } from "../core/loops/lower_for_cpu.ts";
import { printWasm } from "../core/codegen/wasm/printer/print_wasm.ts";
import { copyReversedOperands } from "../core/codegen/wasm/printer/copy_reversed_operands.ts";
import { optimize } from "../core/passes/optimize.ts";
import { formatTable, formatTime } from "./calls.ts";
import { flattenTree, type TypedArray } from "./core.ts";
import { jobNamed } from "./jobs/job.ts";
import { BATCHES, batchOf, type JobNumbers, withNumbers } from "./jobs/numbers.ts";
import { donationsOf, startingState, traceJob } from "./jobs/run.ts";
import { repeated, secondsPerCall, type Timing, warmUp } from "./peak.ts";

/** Short rounds and many, so that other processes miss one. */
const TIMING: Timing = { minimum: 0.0008, rounds: 200, limit: 0.3 };
/** Seconds that the engine is given for its optimising compiler. */
const PATIENCE = 0.15;
const PAGE = 65536;
/** Address of the table of addresses; buffers begin a page later. */
const TABLE = 64;

/** What the program of a job is given. */
async function inputsOf(job: JobNumbers, program: LoopProgram, together: number) {
  const batches = [...job.batches.keys()].sort().map((key): TypedArray => {
    const all = job.batches.get(key)!;
    return together === 1 ? batchOf(all, 0).data : all.data as Float32Array | Int32Array;
  });
  const state = await Promise.all(flattenTree(startingState(job)).map((tensor) => tensor.data()));
  const known = [...state, ...batches];
  // Captured numbers come first: the learning rate.
  const captured = program.inputs.length - known.length;
  return [...Array.from({ length: captured }, () => Float32Array.of(job.rate)), ...known];
}

/** Puts a program into a memory: all of it, and its kernels one by one. */
function load(program: LoopProgram, data: readonly TypedArray[]) {
  const modules = [printWasm(program), printWasm(program, { separate: true })];
  const buffers = [...new Set([...program.inputs, ...program.outputs])];
  let end = PAGE;
  const places = new Map(buffers.map((buffer) => {
    const place = end;
    end += Math.ceil((4 * buffer.size + TABLE) / TABLE) * TABLE;
    return [buffer, place];
  }));
  const pages = modules.map((printed) =>
    Math.max(printed.pages, Math.ceil((end + printed.arenaBytes) / PAGE))
  );
  const memory = new WebAssembly.Memory({ initial: Math.max(...pages), maximum: PAGE - 1 });
  const table = [...program.inputs, ...program.outputs].map((buffer) => places.get(buffer)!);
  const words = new Int32Array(memory.buffer as ArrayBuffer);
  words.set([...table, end], TABLE / 4);
  data.forEach((numbers, i) => {
    const bits = new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length);
    words.set(bits, table[i] / 4);
  });
  return modules.map(({ bytes }) => {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    return instance.exports as Readonly<Record<string, (table: number, part?: number) => void>>;
  });
}

async function timeOf(call: () => void): Promise<number> {
  const run = repeated(call);
  await warmUp(run, PATIENCE);
  return secondsPerCall(run, TIMING);
}

/** How often a kernel runs, and how deep it is in loops. */
function loopsAround(step: Step): { readonly runs: number; readonly depth: number } {
  if (step.kind !== "loop") return { runs: 1, depth: 0 };
  const inner = loopsAround(step.steps[0]);
  return { runs: step.time.extent * inner.runs, depth: 1 + inner.depth };
}

function formatAxes(axes: readonly Axis[]): string {
  return axes.map(({ extent }) => extent).join("×") || "1";
}

/** Prints the profile of a job. */
async function profile(name: string, together: number): Promise<void> {
  const job = withNumbers(jobNamed(name));
  const traced = traceJob(job, together);
  const donated = donationsOf(job, traced);
  const program = copyReversedOperands(lowerForCpu(optimize(traced.graph), { name, donated }));
  const [all, alone] = load(program, await inputsOf(job, program, together));
  const whole = await timeOf(() => all.run(TABLE)) / together;
  const rows: string[][] = [];
  let sum = 0;
  for (const [i, step] of separateKernels(program.steps).entries()) {
    const seconds = await timeOf(() => alone[`kernel${i}`](TABLE, 0)) / together;
    sum += seconds;
    const [kernel] = kernelsOf([step]);
    const { runs, depth } = loopsAround(step);
    const terms = runs / together * pointsOf([...axesOf(kernel), ...innerAxesOf(kernel)]);
    rows.push([
      `${"  ".repeat(depth)}${kernel.name}`,
      formatAxes(axesOf(kernel)),
      kernel.kind === "map" ? "" : formatAxes(innerAxesOf(kernel)),
      String(runs / together),
      formatTime(seconds),
      `${(100 * seconds / whole).toFixed(1)}%`,
      (1e9 * seconds / terms).toFixed(3),
      kernel.kind === "matmul" ? (2 * terms / seconds / 1e9).toFixed(1) : "",
    ]);
  }
  for (const [title, seconds] of [["all of these", sum], ["the whole step", whole]] as const) {
    const share = `${(100 * seconds / whole).toFixed(1)}%`;
    rows.push([title, "", "", "", formatTime(seconds), share, "", ""]);
  }
  const head = ["kernel", "points", "terms", "runs", "time", "share", "ns a term", "GFLOP/s"];
  console.log(formatTable(head, rows));
}

if (import.meta.main) {
  const [name = "", together = "1"] = Deno.args;
  try {
    if (!["1", String(BATCHES)].includes(together)) {
      throw new RangeError(
        `Cannot profile ${name}: steps a call must be 1 or ${BATCHES}, found ${together}`,
      );
    }
    await profile(name, Number(together));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
