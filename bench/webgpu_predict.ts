/**
 * Predicts a training step of each job on three GPUs that are not here: {@linkcode predictStep} says how.
 *
 * ```sh
 * deno task bench:predict [JOB…]     # prints the tables; of a single job each dispatch
 * deno task bench:predict --write    # puts them into bench/WEBGPU.md
 * ```
 *
 * @module
 */
import { compileToWgsl, optimize } from "@unroll/core/compiler";
import {
  formatBytes,
  formatNumber,
  formatPercent,
  formatTable,
  formatTime,
  writePage,
} from "./format.ts";
import { type Job, jobNamed, JOBS } from "./jobs/job.ts";
import { withNumbers } from "./jobs/numbers.ts";
import { traceJob } from "./jobs/programs.ts";
import { type DispatchShape, predictStep, type StepPrediction } from "./webgpu/predict_step.ts";

/** What all three machines grant. */
const LIMITS = { maxStorageBuffersPerShaderStage: 32, maxComputeWorkgroupStorageSize: 32768 };

/** The dispatches of a step. */
function shapesOf(
  job: Job,
): { readonly names: readonly string[]; readonly shapes: readonly DispatchShape[] } {
  const { graph, donated } = traceJob(withNumbers(job));
  const { shaders } = compileToWgsl(optimize(graph), { donated, ...LIMITS });
  const names = shaders.map(({ code }) => code.slice(3, code.indexOf("\n")));
  return { names, shapes: shaders };
}

function countsTable(steps: ReadonlyMap<Job, StepPrediction>): string {
  const head = ["job", "dispatches", "FLOP", "functions", "asked for", "touched", "barriers"];
  return formatTable(
    head,
    [...steps].map(([{ name }, step]) => [
      `\`${name}\``,
      `${step.dispatches}`,
      `${formatNumber(step.flops / 1e6)} M`,
      `${formatNumber(step.functions / 1e3)} k`,
      formatBytes(step.asked),
      formatBytes(step.touched),
      formatNumber(step.barriers),
    ]),
  );
}

function timesTable(steps: ReadonlyMap<Job, StepPrediction>): string {
  const head = ["job", "machine", "bound by", "share", "step", "launches", "occupancy"];
  const rows = [...steps].flatMap(([{ name }, { machines }]) =>
    machines.map(({ name: machine, bound, share, seconds, launches, narrowest, widest }) => [
      `\`${name}\``,
      machine,
      bound,
      formatPercent(share),
      formatTime(seconds),
      formatTime(launches),
      `${percent(narrowest)} to ${percent(widest)}`,
    ])
  );
  return formatTable(head, rows, 3);
}

/** A share, which may be small. */
function percent(share: number): string {
  return `${formatNumber(100 * share)} %`;
}

/** Each dispatch of a job on each machine. */
function dispatchTable(names: readonly string[], step: StepPrediction): string {
  const head = [
    "dispatch",
    "machine",
    "bound by",
    "time",
    ...Object.keys(step.machines[0].dispatches[0].parts),
  ];
  const rows = names.flatMap((name, i) =>
    step.machines.map((machine) => {
      const { bound, seconds, parts } = machine.dispatches[i];
      return [
        name.slice(0, 60),
        machine.name,
        bound,
        ...[seconds, ...Object.values(parts)].map(formatTime),
      ];
    })
  );
  return formatTable(head, rows, 3);
}

if (import.meta.main) {
  const names = Deno.args.filter((arg) => arg !== "--write");
  const jobs = names.length > 0 ? names.map(jobNamed) : JOBS;
  const shapes = new Map(jobs.map((job) => [job, shapesOf(job)]));
  const steps = new Map([...shapes].map(([job, { shapes }]) => [job, predictStep(shapes)]));
  const tables = `${countsTable(steps)}\n\n${timesTable(steps)}`;
  console.log(tables);
  for (const [job, { names }] of jobs === JOBS ? [] : shapes) {
    console.log(`\n${dispatchTable(names, steps.get(job) as StepPrediction)}`);
  }
  if (jobs === JOBS && Deno.args.includes("--write")) {
    await writePage("WEBGPU.md", { predicted: tables });
  }
}
