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
import { MACHINES, predictStep, type StepPrediction } from "./webgpu/predict_step.ts";

/** What all three machines grant. */
const LIMITS = { maxStorageBuffersPerShaderStage: 32, maxComputeWorkgroupStorageSize: 32768 };

/** What is predicted of a job. */
interface JobPrediction {
  readonly job: Job;
  /** One line on each dispatch. */
  readonly names: readonly string[];
  /** Without subgroups, as Deno has none. */
  readonly step: StepPrediction;
  /** Seconds on each machine, and barriers, with subgroups. */
  readonly inSubgroups: readonly { readonly seconds: number; readonly barriers: number }[];
}

function predictJob(job: Job): JobPrediction {
  const { graph, donated } = traceJob(withNumbers(job));
  const optimized = optimize(graph);
  const shadersWith = (subgroupSize: number) =>
    compileToWgsl(optimized, { donated, subgroupSize, ...LIMITS }).shaders;
  const shaders = shadersWith(1);
  return {
    job,
    names: shaders.map(({ code }) => code.slice(3, code.indexOf("\n"))),
    step: predictStep(shaders),
    inSubgroups: MACHINES.map((machine) => {
      const { barriers, machines } = predictStep(shadersWith(machine.subgroup), [machine]);
      return { barriers, seconds: machines[0].seconds };
    }),
  };
}

function countsTable(jobs: readonly JobPrediction[]): string {
  const { subgroup } = MACHINES[MACHINES.length - 1];
  const head = [
    ...["job", "dispatches", "FLOP", "functions", "asked for", "touched", "barriers"],
    `with subgroups of ${subgroup}`,
  ];
  return formatTable(
    head,
    jobs.map(({ job, step, inSubgroups }) => [
      `\`${job.name}\``,
      `${step.dispatches}`,
      `${formatNumber(step.flops / 1e6)} M`,
      `${formatNumber(step.functions / 1e3)} k`,
      formatBytes(step.asked),
      formatBytes(step.touched),
      ...[step.barriers, inSubgroups[MACHINES.length - 1].barriers].map(formatNumber),
    ]),
  );
}

function timesTable(jobs: readonly JobPrediction[]): string {
  const head = [
    ...["job", "machine", "bound by", "share", "step", "launches", "with subgroups"],
    "occupancy",
  ];
  const rows = jobs.flatMap(({ job, step, inSubgroups }) =>
    step.machines.map(({ name, bound, share, seconds, launches, narrowest, widest }, i) => [
      `\`${job.name}\``,
      name,
      bound,
      formatPercent(share),
      ...[seconds, launches, inSubgroups[i].seconds].map(formatTime),
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
function dispatchTable({ names, step }: JobPrediction): string {
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
  const predicted = jobs.map(predictJob);
  const tables = `${countsTable(predicted)}\n\n${timesTable(predicted)}`;
  console.log(tables);
  if (jobs !== JOBS) { for (const one of predicted) console.log(`\n${dispatchTable(one)}`); }
  if (jobs === JOBS && Deno.args.includes("--write")) {
    await writePage("WEBGPU.md", { predicted: tables });
  }
}
