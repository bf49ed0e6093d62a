import { assert, assertEquals } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import type { Graph } from "../ir/graph.ts";
import { add, mul } from "../language/ops/arithmetic.ts";
import { exp, tanh } from "../language/ops/functions.ts";
import { scan } from "../language/ops/scan.ts";
import type { TensorType } from "../ir/tensor_type.ts";
import type { Tensor } from "../language/tensor.ts";
import { bodiesOf, checkSameMeaning, countPrimitives } from "../test_support/compare_graphs.ts";
import { trace } from "../language/trace.ts";
import { eliminateDeadCode } from "./eliminate_dead_code.ts";
import { sinkFromScan } from "./sink_from_scan.ts";

function f32(...shape: number[]): TensorType {
  return { dtype: "f32", shape };
}

function sunk(graph: Graph): { outside: Record<string, number>; inside: Record<string, number> } {
  const after = eliminateDeadCode(sinkFromScan(graph));
  checkGraph(after);
  checkSameMeaning(graph, after);
  return { outside: countPrimitives(after), inside: countPrimitives(bodiesOf(after)[0]) };
}

/** h' = tanh(h + x); what the steps give is a function of h' and a weight. */
function network(output: (h: Tensor, w: Tensor, x: Tensor) => Tensor[], size = 3): Graph {
  const types = [f32(2, size), f32(4, 2, size), f32(size, 5)];
  return trace(types, (start, xs, w) =>
    scan(
      (h: Tensor, x: Tensor) => {
        const next = tanh(add(h, x));
        return [next, output(next, w, x)];
      },
      start,
      xs,
      { reverse: true },
    )[1]).graph;
}

Deno.test("sinkFromScan() makes the products that only stacks read one product", () => {
  const graph = network((h, w) => [h.matmul(w)]);
  const { outside, inside } = sunk(graph);
  assertEquals(outside, { scan: 1, reshape: 2, matmul: 1 });
  assertEquals(inside, { add: 1, tanh: 1 });
});

Deno.test("sinkFromScan() takes along what depends on it, and what it depends on", () => {
  const graph = network((h, w) => [exp(add(mul(h, 2).matmul(w), 1)).sum(1), h]);
  const { inside } = sunk(graph);
  assertEquals(inside, { add: 1, tanh: 1 });
});

Deno.test("sinkFromScan() leaves what the carry depends on", () => {
  const { graph } = trace([f32(2, 3), f32(4, 2, 3), f32(3, 3)], (start, xs, w) => {
    const [, outputs] = scan(
      (h: Tensor, x: Tensor) => {
        const product = h.matmul(w);
        return [tanh(add(product, x)), product];
      },
      start,
      xs,
    );
    return [outputs];
  });
  assert(sinkFromScan(graph) === graph);
});

Deno.test("sinkFromScan() leaves light operations of large steps", () => {
  assertEquals(sunk(network((h, _w, x) => [h, mul(h, x)])).inside, { add: 1, tanh: 1 });
  const large = network((h, _w, x) => [h, mul(h, x)], 3000);
  assert(sinkFromScan(large) === large);
  const alone = network((h, _w, x) => [mul(tanh(mul(h, x)), h)]);
  assertEquals(sunk(alone).inside, { add: 1, tanh: 1 });
});

Deno.test("sinkFromScan() leaves what needs a loop of its own", () => {
  const graph = network((h, w) => [
    scan((c: Tensor, row: Tensor) => [add(c, row), undefined], h.matmul(w).sum(0), h.matmul(w))[0],
  ]);
  const { inside } = sunk(graph);
  assertEquals([inside.scan, inside.matmul], [1, 2]);
});
