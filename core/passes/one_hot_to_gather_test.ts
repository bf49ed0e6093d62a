import { assert, assertEquals } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import type { Graph } from "../ir/graph.ts";
import { fill, iota } from "../language/ops/creation.ts";
import { eq, where } from "../language/ops/comparisons.ts";
import { cast } from "../language/ops/functions.ts";
import { broadcastTo, reshape } from "../language/ops/layout.ts";
import { oneHot } from "../language/ops/losses.ts";
import { dense } from "../ir/dense.ts";
import type { Tensor } from "../language/tensor.ts";
import { checkSameMeaning, countPrimitives, randomInputs } from "../test_support/compare_graphs.ts";
import { trace } from "../language/trace.ts";
import { oneHotToGather } from "./one_hot_to_gather.ts";
import { eliminateDeadCode } from "./eliminate_dead_code.ts";
import { simplify } from "./simplify.ts";

/** A function of labels i32[4] in [0, 3) and a matrix. */
function graphOf(shape: readonly number[], build: (labels: Tensor, x: Tensor) => Tensor): Graph {
  const types = [{ dtype: "i32", shape: [4] }, { dtype: "f32", shape }] as const;
  return trace(types, (labels, x) => [build(labels, x)]).graph;
}

/** What becomes of a graph, without what keeps the numbers in range. */
function picked(graph: Graph): Record<string, number> {
  const after = eliminateDeadCode(oneHotToGather(simplify(graph)));
  checkGraph(after);
  const labels = dense({ dtype: "i32", shape: [4] }, [2, 0, 1, 2]);
  checkSameMeaning(graph, after, { inputs: [labels, randomInputs(graph, 3)[1]], tolerance: 0 });
  const { fill: _fill, max: _max, min: _min, ...rest } = countPrimitives(after);
  return rest;
}

Deno.test("oneHotToGather() makes a product with one-hot rows a gather", () => {
  assertEquals(picked(graphOf([3, 5], (i, w) => oneHot(i, 3).matmul(w))), { gather: 1 });
  assertEquals(
    picked(graphOf([5, 3], (i, w) => oneHot(i, 3).matmul(w, { transposeY: true }))),
    { transpose: 1, gather: 1 },
  );
});

Deno.test("oneHotToGather() makes a product with one-hot columns a scatter", () => {
  const options = { transposeX: true };
  assertEquals(picked(graphOf([4, 5], (i, y) => oneHot(i, 3).matmul(y, options))), {
    scatter_add: 1,
  });
});

Deno.test("oneHotToGather() sees one-hot vectors on the right", () => {
  assertEquals(
    picked(graphOf([5, 3], (i, w) => w.matmul(oneHot(i, 3), { transposeY: true }))),
    { transpose: 2, gather: 1 },
  );
  assertEquals(picked(graphOf([5, 4], (i, y) => y.matmul(oneHot(i, 3)))), {
    transpose: 2,
    scatter_add: 1,
  });
});

Deno.test("oneHotToGather() sees through reshapes and selections", () => {
  const spread = graphOf(
    [3, 5],
    (i, w) => reshape(oneHot(reshape(i, [2, 1, 2]), 3), [4, 3]).matmul(w),
  );
  assertEquals(picked(spread).gather, 1);
  const selected = graphOf([3, 5], (i, w) => {
    const places = broadcastTo(reshape(i, [4, 1]), [4, 3]);
    return where(eq(iota([4, 3], 1), places), fill([4, 3], 1), 0).matmul(w);
  });
  assertEquals(picked(selected), { gather: 1 });
});

Deno.test("oneHotToGather() leaves what is not one-hot along the inner dimension", () => {
  const other = [
    graphOf([3, 5], (i, w) => {
      const places = broadcastTo(reshape(i, [4, 1]), [4, 3]);
      return cast(eq(iota([4, 3], 0), places), "f32").matmul(w);
    }),
    graphOf([4, 5], (i, w) => cast(eq(iota([4, 4], 1), broadcastTo(i, [4, 4])), "f32").matmul(w)),
    graphOf([12, 5], (i, w) => reshape(oneHot(i, 3), [1, 12]).matmul(w)),
  ];
  for (const graph of other.map(simplify)) assert(oneHotToGather(graph) === graph);
});
