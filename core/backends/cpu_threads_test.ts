import { assertAlmostEquals, assertEquals } from "@std/assert";
import { sampleArray } from "../ir/dense.ts";
import { randomSource } from "../util/random_source.ts";
import { CPU_DEVICES } from "../test_support/cpu_devices.ts";
import { gatedRnn } from "../test_support/target_programs.ts";
import { sizeOf, typedArray } from "../ir/tensor_type.ts";
import { matmul, scan, tanh } from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";

/** Units of a network whose weights are large enough to be packed before its loops, and not to be shared by three. */
const HIDDEN = 98;

for (
  const { name, batch, ignore, open } of CPU_DEVICES.flatMap((device) =>
    [1, 7, 64].map((batch) => ({ ...device, batch }))
  )
) {
  Deno.test(`${name} trains ${batch} rows alike on one thread and on three, again and again`, {
    ignore,
  }, async () => {
    const graph = gatedRnn({ time: 9, batch, hidden: HIDDEN, symbols: 11 });
    const random = randomSource(batch);
    const inputs = graph.inputs.map(({ type }) => {
      const max = type.dtype === "i32" ? 11 : 0.2;
      return typedArray(
        type.dtype,
        sampleArray(random, type.shape, { ...type, min: 0, max }).data,
      );
    });
    let wanted: ArrayLike<number>[] | undefined;
    for (const threads of [1, 3]) {
      using backend = await open({ threads, eager: threads > 1 });
      using program = await backend.compile(graph);
      const buffers = inputs.map((data, i) => backend.upload(graph.inputs[i].type, data));
      // Helpers come late to the first runs, and at other moments to each of the rest.
      for (let run = 0; run < (threads === 1 ? 1 : 20); run++) {
        const outputs = program.run(buffers);
        const found = await Promise.all(outputs.map((buffer) => backend.download(buffer)));
        wanted ??= found.map((data) => Array.from(data));
        found.forEach((data, i) => {
          const scale = Math.max(1, ...Array.from(wanted![i], Math.abs));
          // Other tiles round otherwise: sums of up to 96 terms, nine steps of time.
          data.forEach((x, j) => assertAlmostEquals(x, wanted![i][j], scale * 1e-5, `run ${run}`));
        });
        for (const buffer of outputs) buffer.dispose();
      }
      for (const buffer of buffers) buffer.dispose();
    }
  });
}

for (const { name, ignore, open } of CPU_DEVICES) {
  Deno.test(
    `${name} trains a small network in as many shards on three threads as on two, to the same bits`,
    {
      ignore,
    },
    async () => {
      const graph = gatedRnn({ time: 9, batch: 32, hidden: 24, symbols: 11 });
      const random = randomSource(1);
      const inputs = graph.inputs.map(({ type }) => {
        const max = type.dtype === "i32" ? 11 : 0.2;
        return typedArray(
          type.dtype,
          sampleArray(random, type.shape, { ...type, min: 0, max }).data,
        );
      });
      const found: ArrayLike<number>[][] = [];
      for (const threads of [2, 3]) {
        using backend = await open({ threads });
        using program = await backend.compile(graph);
        assertEquals(program.kernels.some(({ runs }) => runs === 2), true, "not in shards");
        const buffers = inputs.map((data, i) => backend.upload(graph.inputs[i].type, data));
        // Helpers come late to the first runs.
        for (let run = 0; run < 10; run++) {
          const outputs = program.run(buffers);
          found.push(await Promise.all(outputs.map((buffer) => backend.download(buffer))));
          for (const buffer of outputs) buffer.dispose();
        }
        for (const buffer of buffers) buffer.dispose();
      }
      for (const own of found) assertEquals(own, found[0]);
    },
  );

  Deno.test(`${name} packs for each thread its own part of an operand, and nothing beyond`, {
    ignore,
  }, async () => {
    const size = 1400;
    const types = [[16, size], [size, size]].map((shape) => ({ dtype: "f32", shape }) as const);
    const { graph } = trace(types, (h, w) => [
      scan((h: Tensor) => [tanh(matmul(h, w, { transposeY: true })), undefined], h, undefined, {
        length: 4,
      })[0],
    ]);
    using backend = await open({ threads: 2, eager: true });
    using program = await backend.compile(graph);
    // The weights come last, so that what lies a part of them further on is no memory at all.
    const inputs = types.map((type) =>
      backend.upload(type, new Float32Array(sizeOf(type.shape)).fill(1 / size))
    );
    const [output] = program.run(inputs);
    const wanted = [1 / size, 0, 0, 0].reduce((h) => Math.tanh(h));
    for (const x of await backend.download(output)) assertAlmostEquals(x, wanted, 1e-9);
  });
}

Deno.test("cpuBackend()'s threads do not keep a process from ending that disposes of nothing", async () => {
  const module = (path: string) => JSON.stringify(import.meta.resolve(path));
  const text = `
    import { cpuBackend } from ${module("./cpu.ts")};
    import { matmul } from ${module("../language/ops/mod.ts")};
    import { trace } from ${module("../language/trace.ts")};
    const type = { dtype: "f32", shape: [32, 32] };
    const backend = cpuBackend({ threads: 3, eager: true });
    const x = backend.upload(type, new Float32Array(32 * 32).fill(1));
    for (let i = 0; i < 3; i++) {
      const { graph } = trace([type], (x) => [matmul(x, x)]);
      const program = await backend.compile(graph);
      const [y] = program.run([x]);
      console.log((await backend.download(y))[0]);
    }`;
  // It is ended, and fails, if it does not end by itself.
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--ext=js", text],
    stdin: "null",
    signal: AbortSignal.timeout(30_000),
  }).output();
  const [printed, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([code, printed, complaints], [0, "32\n32\n32\n", ""]);
});
