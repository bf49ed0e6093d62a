/**
 * What a training step of each job is on WebGPU. Planned, for which no adapter is needed; and counted while steps run,
 * where there is one.
 *
 * ```sh
 * deno task bench:counts [JOB…]    # prints the tables
 * deno task bench:counts --write   # puts them into bench/WEBGPU.md
 * ```
 *
 * @module
 */
import { describeAdapter, findAdapter, webgpuBackend } from "@unroll/core/backends";
import { compileToWgsl, optimize } from "@unroll/core/compiler";
import { formatBytes, formatTable, formatTime, writePage } from "./format.ts";
import { type Job, jobNamed, JOBS } from "./jobs/job.ts";
import { withNumbers } from "./jobs/numbers.ts";
import { startJob, traceJob } from "./jobs/programs.ts";

/** What every device grants, and what larger ones do: storage buffers, and KiB of workgroup memory. */
const DEVICES = [[8, 16], [32, 32]] as const;

/** Steps before counting, in which bind groups come to be. */
const BEFORE = 2;

/** What is counted, and its column. */
const COUNTS = {
  submits: "submits",
  passes: "passes",
  dispatches: "dispatches",
  buffers: "buffers made",
  bindGroups: "bind groups made",
  pipelines: "pipelines made",
} as const;

function planned(job: Job): string[][] {
  const { graph, donated } = traceJob(withNumbers(job));
  const optimized = optimize(graph);
  return DEVICES.map(([buffers, kibibytes]) => {
    const { kernels, dispatches, shaders, arenaBytes } = compileToWgsl(optimized, {
      donated,
      maxStorageBuffersPerShaderStage: buffers,
      maxComputeWorkgroupStorageSize: 1024 * kibibytes,
    });
    const bound = Math.max(...shaders.map(({ bindings }) => bindings));
    const counts = [kernels, dispatches, shaders.length, bound].map(String);
    const device = `${buffers} buffers, ${kibibytes} KiB`;
    return [`\`${job.name}\``, device, ...counts, formatBytes(arenaBytes)];
  });
}

/** Counts what the device is asked for in a step. */
async function counted(job: Job): Promise<string[]> {
  using backend = await webgpuBackend();
  using running = await startJob(backend, withNumbers(job));
  for (let i = 0; i < BEFORE; i++) running.step(i);
  await running.losses();
  const before = { ...backend.statistics };
  const begun = performance.now();
  running.step(BEFORE);
  const after = { ...backend.statistics };
  await running.losses();
  const counts = (Object.keys(COUNTS) as (keyof typeof COUNTS)[])
    .map((name) => `${after[name] - before[name]}`);
  const time = formatTime((performance.now() - begun) / 1000);
  return [`\`${job.name}\``, ...counts, `${after.buffers}`, time];
}

async function countedTable(jobs: readonly Job[]): Promise<string> {
  const adapter = await findAdapter();
  if (!adapter) return "No adapter was found: nothing was run.";
  const rows: string[][] = [];
  for (const job of jobs) rows.push(await counted(job));
  const today = new Date().toISOString().slice(0, 10);
  const head = ["job", ...Object.values(COUNTS), "buffers held", "time"];
  const device = `${describeAdapter(adapter).name}, Deno ${Deno.version.deno}, ${today}`;
  return `Run on ${device}.\n\n${formatTable(head, rows)}`;
}

if (import.meta.main) {
  const names = Deno.args.filter((arg) => arg !== "--write");
  const jobs = names.length > 0 ? names.map(jobNamed) : JOBS;
  const head = [
    "job",
    "device",
    "kernels",
    "dispatches",
    "shaders",
    "bound at most",
    "temporaries",
  ];
  const planning = formatTable(head, jobs.flatMap(planned), 2);
  console.log(`${planning}\n`);
  const counting = await countedTable(jobs);
  console.log(counting);
  if (jobs === JOBS && Deno.args.includes("--write")) {
    await writePage("WEBGPU.md", { planned: planning, counted: counting });
  }
}
