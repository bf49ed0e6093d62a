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
import { cpuBackend } from "@unroll/core/backends";
import { compileToWasm, optimize } from "@unroll/core/compiler";
import { formatTable } from "./format.ts";
import { jobNamed, JOBS } from "./jobs/job.ts";
import { type JobNumbers, withNumbers } from "./jobs/numbers.ts";
import { traceJob } from "./jobs/programs.ts";

/** What is timed, in order. */
const STAGES = ["trace", "passes", "loops and code", "engine"] as const;

/** Processes for each job; the fastest counts, for the machine may be at work with other things. */
const TRIES = 5;

/** What tells the process of one job from the one that prints the table. */
const ONE = "--one";

/** Milliseconds of each stage of getting a job ready, once. */
async function timeStages(job: JobNumbers, threads: number): Promise<number[]> {
  const marks = [performance.now()];
  const mark = () => marks.push(performance.now());
  const { graph, donated } = traceJob(job);
  mark();
  const optimized = optimize(graph);
  mark();
  const { bytes } = compileToWasm(optimized, { donated, threads });
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
    using backend = cpuBackend({ blas: false });
    const job = withNumbers(jobNamed(args[1]));
    const first = await timeStages(job, backend.threads);
    console.log(JSON.stringify({ first, again: await timeStages(job, backend.threads) }));
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
  console.log(formatTable(["job", "in all", ...STAGES, "a second time"], rows));
}

if (import.meta.main) await main(Deno.args);
