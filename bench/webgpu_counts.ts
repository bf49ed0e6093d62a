/**
 * Prints what a training step of each job is on WebGPU: dispatches (in one pass and one submit),
 * shaders, storage buffers bound at most, and memory of temporaries. It only plans; no adapter is
 * needed.
 *
 * ```sh
 * deno run bench/webgpu_counts.ts
 * ```
 *
 * @module
 */
import { planProgram } from "../core/backends/webgpu/executable.ts";
import { lowerGraph } from "../core/kernels/lower.ts";
import { optimize } from "../core/passes/mod.ts";
import { type JobName, JOBS, makeJob } from "./jobs.ts";

/** What every device grants, and what a software adapter of Mesa grants. */
const DEVICES = [
  { name: "8 buffers, 16 KiB", buffers: 8, bytes: 16384 },
  { name: "32 buffers, 32 KiB", buffers: 32, bytes: 32768 },
];

const head = ["job", "device", "dispatches", "shaders", "bound at most", "temporaries"];
const rows: string[][] = [];
for (const job of Object.keys(JOBS) as JobName[]) {
  const { graph, state } = makeJob(job);
  const donated = state.map((_, i) => [i + 1, i] as const);
  const lowered = lowerGraph(optimize(graph), { donated, scatter: "reduce" });
  for (const { name, buffers, bytes } of DEVICES) {
    const { runs, shaders, arenas } = planProgram(lowered, {
      maxStorageBuffersPerShaderStage: buffers,
      maxComputeWorkgroupStorageSize: bytes,
      maxStorageBufferBindingSize: 2 ** 27,
    });
    const bound = Math.max(...shaders.map(({ bindings }) => bindings.length));
    const memory = arenas.reduce((sum, { size }) => sum + 4 * size, 0) / 2 ** 20;
    rows.push([
      job,
      name,
      `${runs.length}`,
      `${shaders.length}`,
      `${bound}`,
      `${memory.toFixed(2)} MiB`,
    ]);
  }
}
const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
for (const row of [head, widths.map((width) => "-".repeat(width)), ...rows]) {
  // deno-lint-ignore no-console
  console.log(`| ${row.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`);
}
