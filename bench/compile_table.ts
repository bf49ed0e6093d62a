/**
 * How long each job takes to trace and compile in a process of its own, for which all of our code is new: what a person
 * waits for. `compile_bench.ts` has the times once the engine knows it.
 *
 * ```sh
 * deno run --allow-read --allow-run bench/compile_table.ts [JOB…]
 * ```
 *
 * @module
 */
import { lowerForCpu } from "../core/loops/lower_for_cpu.ts";
import { printWasm } from "../core/codegen/wasm/printer/print_wasm.ts";
import { optimize } from "../core/passes/optimize.ts";
import { formatTable } from "./calls.ts";
import { jobNamed, JOBS } from "./jobs/job.ts";
import { type JobNumbers, withNumbers } from "./jobs/numbers.ts";
import { donationsOf, traceJob } from "./jobs/run.ts";

/** What is timed, in order. */
const STAGES = ["trace", "passes", "loops", "print", "engine"] as const;

/** Processes for each job; the fastest counts, for the machine may be at work with other things. */
const TRIES = 5;

/** What tells the process of one job from the one that prints the table. */
const ONE = "--one";

/** Milliseconds of each stage of getting a job ready, once. */
async function timeStages(job: JobNumbers): Promise<number[]> {
  const marks = [performance.now()];
  const mark = () => marks.push(performance.now());
  const traced = traceJob(job);
  mark();
  const graph = optimize(traced.graph);
  mark();
  const donated = donationsOf(job, traced);
  const program = lowerForCpu(graph, { name: job.name, donated });
  mark();
  const threads = { count: navigator.hardwareConcurrency };
  const { bytes } = printWasm(program, { relaxed: true, shared: true, threads });
  mark();
  await WebAssembly.compile(bytes);
  mark();
  return STAGES.map((_, i) => marks[i + 1] - marks[i]);
}

/** The first time in a new process, and the second. */
async function inNewProcess(name: string): Promise<{ readonly first: number[]; again: number[] }> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", import.meta.filename as string, ONE, name],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

const sum = (times: readonly number[]) => times.reduce((total, time) => total + time, 0);

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === ONE) {
    const job = withNumbers(jobNamed(args[1]));
    const first = await timeStages(job);
    console.log(JSON.stringify({ first, again: await timeStages(job) }));
    return;
  }
  const names = args.length > 0 ? args : JOBS.map(({ name }) => name);
  const rows: string[][] = [];
  for (const name of names) {
    const tries = [];
    for (let i = 0; i < TRIES; i++) tries.push(await inNewProcess(jobNamed(name).name));
    const { first, again } = tries.sort((a, b) => sum(a.first) - sum(b.first))[0];
    rows.push([name, ...[sum(first), ...first, sum(again)].map((time) => time.toFixed(0))]);
  }
  console.log(`Milliseconds in a new process, best of ${TRIES}`);
  console.log(formatTable(["", "in all", ...STAGES, "a second time"], rows));
}

if (import.meta.main) await main(Deno.args);
