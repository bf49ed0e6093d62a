import { assertEquals } from "@std/assert";
import { cpuBackend } from "../backends/cpu.ts";
import { dense } from "../ir/dense.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import { cast, matmul, oneHot, reshape, scan, zeros } from "../language/ops/mod.ts";
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

Deno.test("boundsOf() allows products with one-hot rows that a loop has stacked to leave out 0 · NaN", () => {
  const types = [[2, 1], [2, 1]].map((shape) => ({ dtype: "f32", shape }) as const);
  const { graph } = trace(types, (xs, w) => {
    const [, hot] = scan(
      (c: Tensor, x: Tensor) => [c, oneHot(reshape(cast(x, "i32"), []), 2)] as const,
      zeros([1]),
      xs,
    );
    return [matmul(hot, w)];
  });
  const inputs = [dense(types[0], [0, 0]), dense(types[1], [5, NaN])];
  const bounds = boundsOf(graph, inputs, ARITHMETIC.cpu);
  // The interpreter's, and what a device picks.
  assertEquals(outside(bounds, [[NaN, NaN]], evaluateGraph(graph, inputs)), []);
  assertEquals(outside(bounds, [[5, 5]], evaluateGraph(graph, inputs)), []);
  assertEquals(outside(bounds, [[6, 5]], evaluateGraph(graph, inputs)).length, 1);
});
