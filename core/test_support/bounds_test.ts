import { assertEquals } from "@std/assert";
import { cpuBackend } from "../backends/cpu.ts";
import { dense } from "../ir/dense.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import { matmul, scan, zeros } from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { boundsOf, outside } from "./bounds.ts";
import { ARITHMETIC } from "./check_device.ts";

Deno.test("boundsOf() allows a loop's sum of products with one matrix to leave the range", async () => {
  const types = [[1, 1], [2, 1, 1]].map((shape) => ({ dtype: "f32", shape }) as const);
  const { graph } = trace(
    types,
    (w, x) => [scan((h: Tensor, x: Tensor) => [h.add(matmul(w, x)), []], zeros([1, 1]), x)[0]],
  );
  const large = Math.fround(3e38);
  const run = async (w: number) => {
    const inputs = [dense(types[0], [w]), dense(types[1], [large, large])];
    using backend = cpuBackend();
    using program = await backend.compile(graph);
    const buffers = inputs.map(({ type, data }) => backend.upload(type, Float32Array.from(data)));
    const [output] = program.run(buffers);
    const [found] = await backend.download(output);
    const bounds = boundsOf(graph, inputs, ARITHMETIC.cpu);
    return [found, outside(bounds, [[found]], evaluateGraph(graph, inputs))];
  };
  // Σ w · x is computed as w · Σ x: 0 · ∞ here, where the interpreter has 0.
  assertEquals(await run(0), [NaN, []]);
  assertEquals(await run(0.5), [Infinity, []]);
});
