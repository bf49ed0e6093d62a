/** Random programs of fast-check on every device, against bounds that follow from the operations. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Backend } from "../ir/backend.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import { typedArray } from "../ir/tensor_type.ts";
import { programs } from "../test_support/arbitrary_programs.ts";
import { checkPrograms } from "../test_support/check_device.ts";
import { NO_NATIVE } from "../test_support/cpu_devices.ts";
import { fc, isLong, RUNS } from "../test_support/fast_check.ts";
import { printProgram } from "../test_support/print_program.ts";
import { buildProgram } from "../test_support/program_spec.ts";
import { cpuBackend } from "./cpu.ts";
import { nativeBackend } from "./native.ts";
import { webgpuBackend } from "./webgpu.ts";

/** Another seed draws other programs; `deno task fuzz` takes one. */
const SEED = 1;
const LABEL = isLong ? "[long] " : "";

Deno.test(`${LABEL}cpuBackend() keeps random programs within their bounds`, async () => {
  using backend = cpuBackend();
  await checkPrograms(backend, programs(), { seed: SEED, runs: RUNS });
});

Deno.test(`${LABEL}cpuBackend() on several threads keeps random programs within their bounds`, async () => {
  // Two threads have shards of batches, three have parts of kernels.
  for (const threads of [2, 3]) {
    using backend = cpuBackend({ threads, eager: true });
    await checkPrograms(backend, programs(), { seed: SEED + 1, runs: Math.ceil(RUNS / 8) });
  }
});

Deno.test(`${LABEL}cpuBackend() without fused multiply-add keeps random programs within their bounds`, async () => {
  using backend = cpuBackend({ relaxed: false });
  await checkPrograms(backend, programs(), { seed: SEED + 2, runs: Math.ceil(RUNS / 5) });
});

Deno.test({
  name: `${LABEL}nativeBackend() keeps random programs within their bounds`,
  ignore: NO_NATIVE !== undefined,
  async fn() {
    using backend = await nativeBackend({ threads: 2, eager: true });
    await checkPrograms(backend, programs(), { seed: SEED, runs: Math.ceil(RUNS / 2) });
  },
});

const adapter = await webgpuBackend().catch(() => undefined);
adapter?.dispose();

Deno.test({
  name: `${LABEL}webgpuBackend() keeps random programs within their bounds`,
  ignore: adapter === undefined,
  async fn() {
    using backend = await webgpuBackend();
    // Compiling takes a tenth of a second a kernel where drivers are software.
    const small = programs({ operations: 5, large: false });
    await checkPrograms(backend, small, { seed: SEED, runs: Math.ceil(RUNS / 20) });
  },
});

Deno.test("checkPrograms() prints the smallest program that goes wrong, and what brings it back", async () => {
  using cpu = cpuBackend();
  // Sixteen units in the last place are within no bound of a single operation.
  const wrong: Backend = {
    ...cpu,
    name: "cpu",
    async download(buffer) {
      const data = await cpu.download(buffer);
      return buffer.type.dtype === "f32" ? data.map((x) => x * (1 + 2 ** -19)) : data;
    },
  };
  const error = await assertRejects(
    () => checkPrograms(wrong, programs(), { seed: SEED, runs: 50 }),
    Error,
  );
  assertStringIncludes(error.message, "cpu goes wrong, seed 1, path ");
  assertStringIncludes(error.message, 'for (const device of ["reference", "cpu"] as const) {');
});

Deno.test("printProgram() prints modules that run and compute what the graph does", async () => {
  const folder = await Deno.makeTempDir({ dir: ".", prefix: ".printed_" });
  try {
    const specs = fc.sample(programs({ large: false }), { seed: SEED, numRuns: 20 });
    for (const [i, spec] of specs.entries()) {
      const program = buildProgram(spec);
      const text = printProgram(program, spec.inputs, "reference")
        .replace('["reference", "reference"]', '["reference"]')
        .replace("console.log(device, y.type, await y.data())", "found.push(await y.data())")
        .replace("for (const device", "export const found: unknown[] = [];\nfor (const device");
      const path = `${folder}/program${i}.ts`;
      await Deno.writeTextFile(path, text);
      const { found } = await import(`${Deno.cwd()}/${path}`);
      const wanted = evaluateGraph(program.graph, program.inputs);
      assertEquals(found, wanted.map(({ type, data }) => typedArray(type.dtype, data)), text);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
