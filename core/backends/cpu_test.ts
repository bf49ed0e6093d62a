import { assertEquals } from "@std/assert";
import type { Graph } from "../graph.ts";
import { ELEMENTWISE, type ElementwiseName } from "../primitives/elementwise.ts";
import type { DenseArray } from "../primitives/primitive.ts";
import { sampleArray } from "../primitives/dense.ts";
import { PRIMITIVES } from "../primitives/table.ts";
import { gradientGraph } from "../testing/check_gradients.ts";
import { randomSource } from "../testing/random_source.ts";
import { typedArray } from "../tensor_type.ts";
import { apply, trace } from "../trace.ts";
import type { Backend } from "./backend.ts";
import { cpuBackend } from "./cpu.ts";
import { evaluateGraph } from "./evaluate.ts";

/** Runs a graph on the CPU. */
async function runGraph(
  backend: Backend,
  graph: Graph,
  inputs: readonly DenseArray[],
): Promise<ArrayLike<number>[]> {
  using executable = await backend.compile(graph);
  const buffers = inputs.map(({ type, data }) =>
    backend.upload(type, typedArray(type.dtype, data))
  );
  const outputs = executable.run(buffers);
  const results = await Promise.all(outputs.map((buffer) => backend.download(buffer)));
  for (const buffer of new Set([...buffers, ...outputs])) buffer.dispose();
  return results;
}

const EPSILON = 2 ** -23;

/** Whether a number is within some units in the last place of the greatest of its tensor. */
function assertNear(
  found: readonly ArrayLike<number>[],
  wanted: readonly DenseArray[],
  ulp: number,
  what: string,
) {
  wanted.forEach(({ type, data }, i) => {
    let scale = 2 ** -126;
    for (const x of data) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
    data.forEach((x, j) => {
      const y = found[i][j];
      const close = Object.is(x, y) || x === y ||
        (type.dtype === "f32" && Math.abs(x - y) <= ulp * EPSILON * scale);
      assertEquals(close, true, `${what}: output ${i}[${j}] must be ${x}, found ${y}`);
    });
  });
}

for (const primitive of PRIMITIVES) {
  Deno.test(`cpuBackend() computes ${primitive.name} and its gradient`, async () => {
    using backend = cpuBackend();
    const ulp = ELEMENTWISE[primitive.name as ElementwiseName]?.ulp ?? 4;
    for (const { inputs, params, smooth } of primitive.samples(randomSource(5))) {
      const types = inputs.map(({ type }) => type);
      const { graph } = trace(types, (...args) => apply(primitive, args, params));
      const wanted = evaluateGraph(graph, inputs);
      const what = `${primitive.name} of ${JSON.stringify(types)} ${JSON.stringify(params)}`;
      assertNear(await runGraph(backend, graph, inputs), wanted, ulp, what);
      if (smooth === false) continue;
      const backward = gradientGraph(graph);
      const random = randomSource(6);
      const cotangents = graph.outputs.map(({ type }) => sampleArray(random, type.shape, type));
      const all = [...inputs, ...cotangents];
      const gradients = evaluateGraph(backward, all);
      assertNear(await runGraph(backend, backward, all), gradients, 8 * ulp, `gradient of ${what}`);
    }
  });
}
