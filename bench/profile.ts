/**
 * Where does a training step's time go? `deno task bench:profile JOB [STEPS A CALL]` times each kernel of a job by
 * itself, on one thread and without a BLAS: a program of that kernel alone, with the loops over time around it.
 *
 * A kernel alone finds its operands in the nearest cache, and what lies between kernels is not in the sum; the last
 * line says what the whole takes.
 *
 * @module
 */
import { footprintOf, innerAxesOf, pointsOf } from "../core/kernels/accesses.ts";
import { type Axis, type Buffer } from "../core/kernels/expression.ts";
import { axesOf, type Kernel, type Program, type Step } from "../core/kernels/kernel.ts";
import { lowerGraph } from "../core/kernels/lower.ts";
import { printWasm } from "../core/kernels/print_wasm/print_wasm.ts";
import { optimize } from "../core/passes/mod.ts";
import { formatTable, formatTime } from "./calls.ts";
import { jobNamed } from "./jobs/job.ts";
import { BATCHES, batchOf, withNumbers } from "./jobs/numbers.ts";
import { donationsOf, startingState, traceJob } from "./jobs/run.ts";
import { flattenTree } from "./core.ts";
import { secondsPerCall, type Timing, warmUp } from "./peak.ts";

/** Short rounds and many, so that other processes miss one. */
const TIMING: Timing = { minimum: 0.0008, rounds: 200, limit: 0.3 };
/** Seconds that the engine is given for its optimising compiler. */
const PATIENCE = 0.15;
const PAGE = 65536;

/** A kernel with the loops over time that it is in, outermost first. */
interface Placed {
  readonly kernel: Kernel;
  readonly loops: readonly (Step & { readonly kind: "loop" })[];
}

function placedKernels(steps: readonly Step[], loops: Placed["loops"] = []): Placed[] {
  return steps.flatMap((step) =>
    step.kind === "loop"
      ? placedKernels(step.steps, [...loops, step])
      : [{ kernel: step, loops }]
  );
}

/** A program that does nothing but one kernel, as often as the whole does. */
function alone(program: Program, { kernel, loops }: Placed): Program {
  const step = loops.reduceRight<Step>((inner, loop) => ({ ...loop, steps: [inner] }), kernel);
  return { ...program, steps: [step] };
}

/** The data of a program's inputs: those of the job where they are known. */
type Inputs = readonly (Float32Array | Int32Array)[];

/** Puts a program into a memory of its own; gives what runs it. */
function prepare(program: Program, data: Inputs): (count: number) => void {
  const printed = printWasm(program);
  const { inputs, outputs } = program;
  const places = new Map<Buffer, number>();
  let end = 4096;
  for (const buffer of [...inputs, ...outputs]) {
    if (places.has(buffer)) continue;
    places.set(buffer, end);
    end += Math.ceil((4 * buffer.size + 64) / 64) * 64;
  }
  const arena = end;
  const memory = new WebAssembly.Memory({
    initial: Math.max(printed.pages, Math.ceil((arena + printed.arenaBytes) / PAGE) + 1),
    maximum: 65535,
  });
  const buffers = memory.buffer as ArrayBuffer;
  // Numbers of a usual size: zeros and denormals have their own speed.
  new Float32Array(buffers, arena).forEach((_, i, all) => all[i] = 0.1 + (i % 17) / 20);
  inputs.forEach((buffer, i) => {
    const View = data[i] instanceof Int32Array ? Int32Array : Float32Array;
    new View(buffers, places.get(buffer)!, buffer.size).set(data[i]);
  });
  const table = [...inputs, ...outputs].map((buffer) => places.get(buffer)!);
  new Int32Array(buffers, 64, table.length + 1).set([...table, arena]);
  const module = new WebAssembly.Module(printed.bytes);
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  return (count) => {
    for (let i = 0; i < count; i++) (run as (table: number) => void)(64);
  };
}

async function timeOf(program: Program, data: Inputs): Promise<number> {
  const run = prepare(program, data);
  await warmUp(run, PATIENCE);
  return secondsPerCall(run, TIMING);
}

function formatAxes(axes: readonly Axis[]): string {
  return axes.map(({ extent }) => extent).join("×") || "1";
}

/** Prints the profile of a job. */
async function profile(name: string, together: number): Promise<void> {
  const job = withNumbers(jobNamed(name));
  const traced = traceJob(job, together);
  const program = lowerGraph(optimize(traced.graph), {
    name,
    donated: donationsOf(job, traced),
  });
  const batches = [...job.batches.keys()].sort().map((key) => {
    const all = job.batches.get(key)!;
    return together === 1 ? batchOf(all, 0).data : all.data;
  });
  const state = flattenTree(startingState(job));
  const tensors = [...traced.captures, ...state];
  const data = [...await Promise.all(tensors.map((tensor) => tensor.data())), ...batches];
  const rows: string[][] = [];
  let sum = 0;
  for (const placed of placedKernels(program.steps)) {
    const { kernel, loops } = placed;
    const seconds = await timeOf(alone(program, placed), data as Inputs) / together;
    sum += seconds;
    const runs = loops.reduce((n, { time }) => n * time.extent, 1) / together;
    const terms = pointsOf([...axesOf(kernel), ...innerAxesOf(kernel)]);
    const { reads, writes } = footprintOf([kernel]);
    const moving = new Set(loops.map(({ time }) => time));
    const bytes = 4 * [...reads.values(), ...writes.values()]
      .reduce((all, { least, most }) => all + most - least + 1, 0);
    rows.push([
      `${"  ".repeat(loops.length)}${kernel.kind} ${kernel.name}`,
      formatAxes(axesOf(kernel)),
      formatAxes(innerAxesOf(kernel)),
      String(runs),
      formatTime(seconds),
      (1e9 * seconds / runs / terms).toFixed(3),
      kernel.kind === "matmul" ? (2 * runs * terms / seconds / 1e9).toFixed(1) : "",
      moving.size > 0 ? "" : (bytes / seconds / 1e9).toFixed(1),
    ]);
  }
  const whole = await timeOf(program, data as Inputs) / together;
  const head = ["kernel", "points", "terms", "runs", "time", "ns a term", "GFLOP/s", "GB/s"];
  rows.push(["all, one by one", "", "", "", formatTime(sum), "", "", ""]);
  rows.push(["the whole step", "", "", "", formatTime(whole), "", "", ""]);
  console.log(formatTable(head, rows));
}

if (import.meta.main) {
  const [name, together = "1"] = Deno.args;
  if (!["1", String(BATCHES)].includes(together)) {
    console.error(`Cannot profile: steps a call must be 1 or ${BATCHES}, found ${together}`);
    Deno.exit(2);
  }
  try {
    await profile(name ?? "", Number(together));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
