/**
 * Where does a training step's time go? `deno task bench:profile JOB [STEPS A CALL]` times each kernel of a job by
 * itself, in the loops over time that it is in, on one thread and without a BLAS.
 *
 * A kernel alone finds its operands in the nearest cache, and what lies between kernels is in none of the rows: the
 * last row says what the whole takes.
 *
 * @module
 */
import { flattenTree, type TypedArray } from "@unroll/core";
import { compileToWasm, optimize, sizeOf } from "@unroll/core/compiler";
import { formatNumber, formatPercent, formatTable, formatTime } from "./format.ts";
import { jobNamed } from "./jobs/job.ts";
import { BATCHES, withNumbers } from "./jobs/numbers.ts";
import { batchData, jobProgram, traceJob } from "./jobs/programs.ts";
import { repeated, secondsPerCall, type Timing, warmUp } from "./peak.ts";

/** Short rounds and many, so that other processes miss one. */
const TIMING: Timing = { minimum: 0.0008, rounds: 200, limit: 0.3 };
/** Seconds that the engine is given for its optimising compiler. */
const WARM_UP_SECONDS = 0.15;
const PAGE = 65536;
/** Address of the table of addresses, and distance of what is aligned; buffers begin a page later. */
const TABLE = 64;

async function timeOf(call: () => void): Promise<number> {
  const run = repeated(call);
  await warmUp(run, WARM_UP_SECONDS);
  return secondsPerCall(run, TIMING);
}

const product = (extents: readonly number[]) => extents.reduce((all, extent) => all * extent, 1);

/** Prints the profile of a job. */
async function profile(name: string, together: number): Promise<void> {
  const job = withNumbers(jobNamed(name));
  const { graph, donated } = traceJob(job, together);
  const optimized = optimize(graph);
  const modules = [false, true].map((separate) => compileToWasm(optimized, { donated, separate }));

  // Inputs, outputs that are none of them, and the arena, one after the other.
  let end = PAGE;
  const place = (size: number) => {
    const at = end;
    end += Math.ceil((4 * size + TABLE) / TABLE) * TABLE;
    return at;
  };
  const inputs = graph.inputs.map(({ type }) => place(sizeOf(type.shape)));
  const taken = new Map(donated);
  const outputs = graph.outputs.map(({ type }, i) =>
    inputs[taken.get(i) ?? -1] ?? place(sizeOf(type.shape))
  );
  const pages = modules.map((module) => module.pages + Math.ceil((end + module.arenaBytes) / PAGE));
  const memory = new WebAssembly.Memory({ initial: Math.max(...pages), maximum: PAGE - 1 });
  const words = new Int32Array(memory.buffer);
  words.set([...inputs, ...outputs, end], TABLE / 4);
  const state = await Promise.all(
    flattenTree(jobProgram(job, together).state).map((leaf) => leaf.data()),
  );
  // What was captured comes first and is no part of any kernel: a key.
  const known: TypedArray[] = [...state, ...batchData(job, together)[0]];
  known.forEach((numbers, i) => {
    const bits = new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length);
    words.set(bits, inputs[inputs.length - known.length + i] / 4);
  });
  const [all, alone] = modules.map(({ bytes }) => {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    return instance.exports as Readonly<Record<string, (table: number, part?: number) => void>>;
  });

  const whole = await timeOf(() => all.run(TABLE)) / together;
  const rows: string[][] = [];
  let sum = 0;
  for (const [i, { name, kind, loops, points, terms }] of modules[1].kernels.entries()) {
    const seconds = await timeOf(() => alone[`kernel${i}`](TABLE, 0)) / together;
    sum += seconds;
    const runs = product(loops) / together;
    const count = runs * product(points) * product(terms);
    rows.push([
      `${"· ".repeat(loops.length)}${name}`,
      points.join("×") || "1",
      terms.join("×"),
      String(runs),
      formatTime(seconds),
      formatPercent(seconds / whole),
      formatNumber(1e9 * seconds / count),
      kind === "matmul" ? formatNumber(2 * count / seconds / 1e9) : "",
    ]);
  }
  for (const [title, seconds] of [["all of these", sum], ["the whole step", whole]] as const) {
    rows.push([title, "", "", "", formatTime(seconds), formatPercent(seconds / whole), "", ""]);
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
