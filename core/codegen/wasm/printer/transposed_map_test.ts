import { assert, assertEquals } from "@std/assert";
import { cpuBackend } from "../../../backends/cpu.ts";
import { evaluateGraph } from "../../../ir/evaluate.ts";
import * as ops from "../../../language/ops/mod.ts";
import type { Tensor } from "../../../language/tensor.ts";
import { randomInputs } from "../../../test_support/compare_graphs.ts";
import { trace } from "../../../language/trace.ts";
import { kernelsOf } from "../../../loops/program.ts";
import { lowerGraph } from "../../../loops/lower.ts";
import { transposedBlocks } from "./transposed_map.ts";

function graphOf(shape: readonly number[], build: (x: Tensor) => Tensor) {
  return trace([{ dtype: "f32", shape }], (x) => [build(x)]).graph;
}

function blocksOf(graph: ReturnType<typeof graphOf>) {
  const [kernel] = kernelsOf(lowerGraph(graph).steps);
  return kernel.kind === "map" ? transposedBlocks(kernel) : undefined;
}

Deno.test("printBlocks() transposes whole blocks and what is left of them", async () => {
  using backend = cpuBackend({ threads: 1 });
  const cases: [number[], number[], number][] = [
    [[4, 4], [1, 0], 0],
    [[8, 5], [1, 0], 1],
    [[7, 9], [1, 0], 2],
    [[3, 6, 5], [0, 2, 1], 2],
    [[6, 2, 5], [2, 1, 0], 2],
    [[5, 3, 8], [2, 0, 1], 1],
  ];
  for (const [shape, order, rest] of cases) {
    const graph = graphOf(shape, (x) => ops.add(ops.transpose(x, order), 1));
    assertEquals(blocksOf(graph)?.rest.length, rest, `${shape} by ${order}`);
    const inputs = randomInputs(graph, 7);
    const program = await backend.compile(graph);
    const data = Float32Array.from(inputs[0].data);
    const [result] = program.run([backend.upload(inputs[0].type, data)]);
    const wanted = Float32Array.from(evaluateGraph(graph, inputs)[0].data);
    assertEquals(await backend.download(result), wanted, `${shape} by ${order}`);
  }
});

Deno.test("transposedBlocks() leaves kernels that read as they write, and those of few lines", () => {
  const graphs = [
    graphOf([8, 8], (x) => ops.tanh(x)),
    graphOf([8, 8], (x) => ops.add(x, ops.transpose(x))),
    graphOf([3, 8], (x) => ops.transpose(x)),
  ];
  for (const graph of graphs) assert(blocksOf(graph) === undefined);
});
