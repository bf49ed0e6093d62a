import { assert, assertEquals } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import type { Graph } from "../ir/graph.ts";
import { gather, reshape, scatterAdd, slice } from "../language/ops/layout.ts";
import { scan } from "../language/ops/scan.ts";
import { dense } from "../ir/dense.ts";
import type { Tensor } from "../language/tensor.ts";
import {
  bodiesOf,
  checkSameMeaning,
  countPrimitives,
  randomInputs,
} from "../test_support/compare_graphs.ts";
import { trace } from "../language/trace.ts";
import { valueAndGrad } from "../language/gradient.ts";
import { projectBeforeGather } from "./project_before_gather.ts";
import { eliminateDeadCode } from "./eliminate_dead_code.ts";
import { eliminateCommonSubexpressions } from "./eliminate_common_subexpressions.ts";

/** A function of numbers below 3, i32[2, 4], a table f32[3, 16] and a matrix. */
function graphOf(
  shape: readonly number[],
  build: (numbers: Tensor, table: Tensor, matrix: Tensor) => readonly Tensor[],
): Graph {
  const types = [
    { dtype: "i32", shape: [2, 4] },
    { dtype: "f32", shape: [3, 16] },
    { dtype: "f32", shape },
  ] as const;
  return trace(types, (i, e, w) => build(i, e, w)).graph;
}

function checked(before: Graph, after: Graph): Record<string, number> {
  checkGraph(after);
  const numbers = dense({ dtype: "i32", shape: [2, 4] }, [2, 0, 1, 2, 2, -1, 1, 7]);
  const inputs = [numbers, ...randomInputs(before, 3).slice(1)];
  checkSameMeaning(before, after, { inputs, tolerance: 1e-12 });
  return countPrimitives(after);
}

const rows = (i: Tensor, e: Tensor): Tensor => reshape(gather(e, i), [8, 16]);

Deno.test("projectBeforeGather() picks rows of the product instead of rows of the table", () => {
  for (const [shape, options] of [[[16, 5], {}], [[5, 16], { transposeY: true }]] as const) {
    const graph = graphOf(shape, (i, e, w) => [rows(i, e).matmul(w, options)]);
    const after = eliminateDeadCode(projectBeforeGather(graph));
    assertEquals(checked(graph, after), { reshape: 1, matmul: 1, gather: 1 });
    const product = after.equations.find(({ primitive }) => primitive.name === "matmul");
    assertEquals(product?.outputs[0].type.shape, [3, 5]);
  }
});

Deno.test("projectBeforeGather() adds up before it multiplies, in derivatives of both factors", () => {
  const graph = graphOf([16, 5], (i, e, w) => {
    const [loss, slopes] = valueAndGrad((p: { readonly e: Tensor; readonly w: Tensor }) => {
      const y = rows(i, p.e).matmul(p.w);
      return y.mul(y).sum();
    })({ e, w });
    return [loss, slopes.e, slopes.w];
  });
  const after = eliminateCommonSubexpressions(eliminateDeadCode(projectBeforeGather(graph)));
  const found = checked(graph, after);
  assertEquals([found.matmul, found.gather, found.scatter_add], [3, 1, 1]);
  for (const { primitive, inputs } of after.equations) {
    if (primitive.name === "matmul") assert(inputs.every(({ type }) => type.shape[0] !== 8));
  }
});

Deno.test("projectBeforeGather() sees a table on the right", () => {
  const graph = graphOf([8, 5], (i, e, y) => [y.matmul(rows(i, e), { transposeX: true })]);
  const after = eliminateDeadCode(projectBeforeGather(graph));
  assertEquals(checked(graph, after), { reshape: 1, scatter_add: 1, matmul: 1 });
});

Deno.test("projectBeforeGather() enters loops", () => {
  const graph = graphOf([16, 5], (i, e, w) => {
    const step = (table: Tensor, _: undefined) =>
      [table.mul(0.5), rows(i, table).matmul(w)] as const;
    return [scan(step, e, undefined, { length: 2 })[1]];
  });
  const after = projectBeforeGather(graph);
  checked(graph, after);
  const product = bodiesOf(after)[0].equations.find(({ primitive }) => primitive.name === "matmul");
  assertEquals(product?.outputs[0].type.shape, [3, 5]);
});

Deno.test("projectBeforeGather() leaves few rows, narrow tables and columns", () => {
  const few = graphOf([16, 5], (i, e, w) => [gather(e, slice(reshape(i, [8]), 0, 0, 5)).matmul(w)]);
  const narrow = graphOf([8, 5], (i, e, y) => [
    reshape(gather(slice(e, 1, 0, 8), i), [8, 8]).matmul(y, { transposeX: true }),
  ]);
  const columns = graphOf([5, 8], (i, e, w) => [w.matmul(rows(i, e))]);
  for (const graph of [few, narrow, columns]) assert(projectBeforeGather(graph) === graph);
});

Deno.test("projectBeforeGather() leaves a product that something else reads too", () => {
  const graph = graphOf([16, 16], (i, e, w) => {
    const updates = slice(w, 0, 0, 8).matmul(w);
    return [scatterAdd(reshape(i, [8]), updates, 3), updates, e];
  });
  assert(projectBeforeGather(graph) === graph);
});
