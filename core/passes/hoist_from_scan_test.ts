import { assert, assertEquals } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import type { Graph } from "../ir/graph.ts";
import { add, mul } from "../language/ops/arithmetic.ts";
import { exp, tanh } from "../language/ops/functions.ts";
import { broadcastTo } from "../language/ops/layout.ts";
import { oneHot } from "../language/ops/losses.ts";
import { scan } from "../language/ops/scan.ts";
import type { Shape, TensorType } from "../ir/tensor_type.ts";
import type { Tensor } from "../language/tensor.ts";
import { bodiesOf, checkSameMeaning, countPrimitives } from "../test_support/compare_graphs.ts";
import { trace } from "../language/trace.ts";
import { hoistFromScan } from "./hoist_from_scan.ts";
import { eliminateDeadCode } from "./eliminate_dead_code.ts";

function f32(...shape: number[]): TensorType {
  return { dtype: "f32", shape };
}

/** A loop over [4, …slice] whose body is given; its carry has the type of a slice. */
function loop(
  slice: Shape,
  others: readonly TensorType[],
  body: (carry: Tensor, x: Tensor, ...others: Tensor[]) => Tensor,
): Graph {
  return trace([f32(...slice), f32(4, ...slice), ...others], (start, xs, ...others) => {
    return [scan((c: Tensor, x: Tensor) => [body(c, x, ...others), undefined], start, xs)[0]];
  }).graph;
}

function hoisted(
  graph: Graph,
): { outside: Record<string, number>; inside: Record<string, number> } {
  const after = eliminateDeadCode(hoistFromScan(graph));
  checkGraph(after);
  checkSameMeaning(graph, after);
  return { outside: countPrimitives(after), inside: countPrimitives(bodiesOf(after)[0]) };
}

Deno.test("hoistFromScan() makes the products with a sequence one product", () => {
  const graph = loop([2, 3], [f32(3, 3)], (h, x, w) => tanh(add(h, x.matmul(w))));
  const { outside, inside } = hoisted(graph);
  assertEquals(outside, { reshape: 2, matmul: 1, scan: 1 });
  assertEquals(inside, { add: 1, tanh: 1 });
  const [reshape] = hoistFromScan(graph).equations;
  assertEquals(reshape.outputs[0].type.shape, [8, 3]);
});

Deno.test("hoistFromScan() moves what depends on constants only", () => {
  const graph = loop([2], [f32(2)], (h, x, w) => mul(add(h, x), exp(mul(w, w))));
  const { outside, inside } = hoisted(graph);
  assertEquals(outside, { mul: 1, exp: 1, scan: 1 });
  assertEquals(inside, { add: 1, mul: 1 });
});

Deno.test("hoistFromScan() leaves repetitions of constants in the loop", () => {
  const graph = loop([2, 3], [f32(3)], (h, x, w) => add(add(h, x), broadcastTo(w, [2, 3])));
  assert(hoistFromScan(graph) === graph);
});

Deno.test("hoistFromScan() moves light operations only where a step is small", () => {
  const body = (h: Tensor, x: Tensor) => tanh(add(h, mul(x, x)));
  assertEquals(hoisted(loop([8], [], body)).inside, { add: 1, tanh: 1 });
  const large = loop([70, 70], [], body);
  assert(hoistFromScan(large) === large);
});

Deno.test("hoistFromScan() takes along what something heavy needs, even if it takes memory", () => {
  const { graph } = trace(
    [f32(2, 3), f32(5, 3), { dtype: "i32", shape: [4, 2] }],
    (start, w, symbols) => [
      scan(
        (h: Tensor, symbol: Tensor) => [tanh(add(h, oneHot(symbol, 5).matmul(w))), undefined],
        start,
        symbols,
      )[0],
    ],
  );
  assertEquals(hoisted(graph).inside, { add: 1, tanh: 1 });
});

Deno.test("hoistFromScan() leaves what depends on the carry, and loops in loops", () => {
  const graph = loop([3, 3], [], (h, x) => {
    const [inner] = scan((c: Tensor, y: Tensor) => [add(c, y), undefined], x.sum(0), x);
    return add(h.matmul(h), broadcastTo(inner, [3, 3]));
  });
  assertEquals(hoisted(graph).inside.scan, 1);
  assertEquals(hoisted(graph).inside.matmul, 1);
});
