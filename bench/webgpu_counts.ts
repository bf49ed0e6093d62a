/**
 * What a training step of each job is on WebGPU. Planned, for which no adapter is needed: kernels,
 * dispatches, shaders, storage buffers bound at most, memory of temporaries. And counted while steps run,
 * where there is an adapter: submits, passes, dispatches, and whatever a step creates.
 *
 * ```sh
 * deno task bench:counts           # prints
 * deno task bench:counts --write   # writes bench/WEBGPU.md too
 * ```
 *
 * @module
 */
import { planProgram } from "../core/backends/webgpu/executable.ts";
import { kernelsOf } from "../core/loops/program.ts";
import { lowerGraph } from "../core/loops/lower.ts";
import { describeAdapter, findAdapter, webgpuBackend } from "@unroll/core/backends";
import { optimize } from "@unroll/core/compiler";
import { type Job, JOBS } from "./jobs/job.ts";
import { withNumbers } from "./jobs/numbers.ts";
import { donationsOf, startJob, traceJob } from "./jobs/run.ts";

/** What every device grants, and what larger ones do. */
const DEVICES = [
  { name: "8 buffers, 16 KiB", buffers: 8, bytes: 16384 },
  { name: "32 buffers, 32 KiB", buffers: 32, bytes: 32768 },
];

/** Steps before counting, in which bind groups come to be, and steps that are counted. */
const BEFORE = 2;
const COUNTED = 1;

function planned(): string[][] {
  return JOBS.flatMap((job) => {
    const numbers = withNumbers(job);
    const traced = traceJob(numbers);
    const donated = donationsOf(numbers, traced);
    const lowered = lowerGraph(optimize(traced.graph), { donated, scatter: "reduce" });
    return DEVICES.map(({ name, buffers, bytes }) => {
      const { runs, shaders, arenas } = planProgram(lowered, {
        maxStorageBuffersPerShaderStage: buffers,
        maxComputeWorkgroupStorageSize: bytes,
        maxStorageBufferBindingSize: 2 ** 27,
      });
      const bound = Math.max(...shaders.map(({ bindings }) => bindings.length));
      const memory = arenas.reduce((sum, { size }) => sum + 4 * size, 0) / 2 ** 20;
      return [
        job.name,
        name,
        `${kernelsOf(lowered.steps).length}`,
        `${runs.length}`,
        `${shaders.length}`,
        `${bound}`,
        `${memory.toFixed(2)} MiB`,
      ];
    });
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
  for (let i = 0; i < COUNTED; i++) running.step(BEFORE + i);
  const made = { ...backend.statistics };
  await running.losses();
  const time = (performance.now() - begun) / COUNTED;
  const each = (name: keyof typeof made) => `${(made[name] - before[name]) / COUNTED}`;
  return [
    job.name,
    each("submits"),
    each("passes"),
    each("dispatches"),
    `${made.buffers}`,
    each("buffers"),
    each("bindGroups"),
    each("pipelines"),
    formatTime(time),
  ];
}

function formatTime(milliseconds: number): string {
  return milliseconds < 1000
    ? `${milliseconds.toPrecision(3)} ms`
    : `${(milliseconds / 1000).toPrecision(3)} s`;
}

function table(rows: readonly (readonly string[])[]): string {
  const [head] = rows;
  const widths = head.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const rule = widths.map((width) => "-".repeat(width));
  return [head, rule, ...rows.slice(1)]
    .map((row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |\n`).join("");
}

/** The adapter's part, and what it means for the figures. */
async function measured(): Promise<string> {
  const adapter = await findAdapter();
  if (!adapter) return "No adapter was found: nothing was run.\n";
  const { name, isSoftware } = describeAdapter(adapter);
  const rows = [[
    "job",
    "submits",
    "passes",
    "dispatches",
    "buffers held",
    "made a step",
    "bind groups a step",
    "pipelines a step",
    "time a step",
  ]];
  for (const job of JOBS) rows.push(await counted(job));
  const remark = isSoftware
    ? "That is a software adapter: no hardware GPU was to be had on this date. It stops loops of a shader " +
      "after 65,535 iterations, so the two longest jobs are cut into more dispatches than planned " +
      "above; the other counts hold on any device with the same limits. Its times say nothing of a " +
      "GPU, and are given for the record only. " +
      "Unmeasured, therefore: times per step on a GPU, also against PyTorch with cuDNN; the share of " +
      "the ceiling that matrix products reach; what the tuner chooses there; and whether the " +
      "constants by which `auto` chooses a device suit one.\n\n"
    : "";
  return `Run on ${name}, Deno ${Deno.version.deno}.\n\n${remark}${table(rows)}`;
}

async function main(): Promise<void> {
  const plan = table([
    ["job", "device", "kernels", "dispatches", "shaders", "bound at most", "temporaries"],
    ...planned(),
  ]);
  const date = new Date().toISOString().slice(0, 10);
  const text = `# What a training step is on WebGPU

Made by \`deno task bench:counts --write\` on ${date}. The jobs are those of \`bench/jobs/job.ts\`.

## Planned

For a device that grants the least, and for one that grants more. A step is always one pass and one
submit.

${plan}
Loops over time run inside of a dispatch wherever an iteration of one row is light enough for a workgroup,
as in all of these. Heavier ones are stepped: one dispatch forward and one backward an iteration, 2T + 10 in
all, as long as the products of a step are not cut into tiles. Where they are (more than 2^24
operations, such as 32 rows of 1536 LSTM units), what is computed element by element before and after them
is a dispatch of its own, and it takes 4T + 10. The tests of \`core/kernels/print_wgsl_test.ts\` hold all of
these counts.

## Counted

${await measured()}`;
  // deno-lint-ignore no-console -- it is what this program is for
  console.log(text);
  if (Deno.args.includes("--write")) {
    await Deno.writeTextFile(new URL("WEBGPU.md", import.meta.url), text);
  }
}

if (import.meta.main) await main();
