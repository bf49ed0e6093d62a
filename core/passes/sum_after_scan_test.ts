import { assert, assertEquals } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import type { Graph } from "../ir/graph.ts";
import { add, mul, neg } from "../language/ops/arithmetic.ts";
import { tanh } from "../language/ops/functions.ts";
import { fill } from "../language/ops/creation.ts";
import { scatterAdd, transpose } from "../language/ops/layout.ts";
import { scan } from "../language/ops/scan.ts";
import type { TensorType } from "../ir/tensor_type.ts";
import type { Tensor } from "../language/tensor.ts";
import { bodiesOf, checkSameMeaning, countPrimitives } from "../test_support/compare_graphs.ts";
import { trace } from "../language/trace.ts";
import { eliminateDeadCode } from "./eliminate_dead_code.ts";
import { sumAfterScan } from "./sum_after_scan.ts";

function f32(...shape: number[]): TensorType {
  return { dtype: "f32", shape };
}

/** h' = tanh(h + x), beside a sum of type `total` to which a step adds. */
function summing(
  total: TensorType,
  step: (sum: Tensor, h: Tensor, x: Tensor, w: Tensor, symbols: Tensor) => Tensor,
): Graph {
  const types = [
    total,
    f32(2, 3),
    f32(4, 2, 3),
    f32(3, 3),
    { dtype: "i32", shape: [4, 2] } as const,
  ];
  return trace(types, (total, start, xs, w, symbols) => {
    const [[sum, last]] = scan(
      ([sum, h]: Tensor[], [x, s]: Tensor[]) => {
        const next = tanh(add(h, x));
        return [[step(sum, next, x, w, s), next], undefined];
      },
      [total, start],
      [xs, symbols],
    );
    return [sum, last];
  }).graph;
}

function summed(graph: Graph): { outside: Record<string, number>; inside: Record<string, number> } {
  const after = eliminateDeadCode(sumAfterScan(graph));
  checkGraph(after);
  checkSameMeaning(graph, after);
  return { outside: countPrimitives(after), inside: countPrimitives(bodiesOf(after)[0]) };
}

const recurrence = { add: 1, tanh: 1 };

Deno.test("sumAfterScan() makes a sum of products one product with a longer inner dimension", () => {
  for (const transposeX of [false, true]) {
    for (const transposeY of [false, true]) {
      const graph = summing(f32(3, 3), (sum, h, x) => {
        const left = transposeX ? h : transpose(h);
        const right = transposeY ? transpose(x) : x;
        return add(sum, left.matmul(right, { transposeX, transposeY }));
      });
      const { outside } = summed(graph);
      assertEquals(outside.matmul, 1);
      const product = sumAfterScan(graph).equations.find((e) => e.primitive.name === "matmul");
      assertEquals(product?.params, { transposeX: true, transposeY: false });
      assertEquals(product?.inputs[0].type.shape.length, 2);
    }
  }
});

Deno.test("sumAfterScan() sums over time along with other axes, and adds the initial value", () => {
  const { outside, inside } = summed(summing(f32(3), (sum, h) => add(h.sum(0), sum)));
  assertEquals(outside, { scan: 1, reduce_sum: 1, add: 1 });
  assertEquals(inside, recurrence);
});

Deno.test("sumAfterScan() makes a sum of scatters one scatter", () => {
  const graph = summing(f32(5, 3), (sum, h, _x, _w, s) => add(sum, scatterAdd(s, h, 5)));
  const { outside, inside } = summed(graph);
  assertEquals(outside, { scan: 1, scatter_add: 1, add: 1 });
  assertEquals(inside, recurrence);
});

Deno.test("sumAfterScan() goes through linear operations and sums of several terms", () => {
  const graph = summing(f32(3, 3), (sum, h, x, w) => {
    const product = neg(transpose(h.matmul(x, { transposeX: true })));
    return add(add(sum, product), add(w, x.matmul(h, { transposeX: true })));
  });
  const { outside, inside } = summed(graph);
  assertEquals([outside.matmul, outside.reduce_sum], [2, undefined]);
  assertEquals(inside, recurrence);
});

Deno.test("sumAfterScan() stacks what is neither product nor reduction", () => {
  const graph = summing(f32(2, 3), (sum, h, x) => add(sum, mul(h, x)));
  const { outside, inside } = summed(graph);
  assertEquals(outside, { scan: 1, reduce_sum: 1, add: 1 });
  assertEquals(inside, { ...recurrence, mul: 1 });
});

Deno.test("sumAfterScan() leaves sums that a step reads or stacks, and what is too large", () => {
  const read = summing(f32(2, 3), (sum, h, x) => add(sum, mul(sum, mul(h, x))));
  assert(sumAfterScan(read) === read);
  const { graph: stacked } = trace([f32(2), f32(4, 2)], (start, xs) => [
    scan(
      (sum: Tensor, x: Tensor) => {
        const next = add(sum, x);
        return [next, next];
      },
      start,
      xs,
    )[1],
  ]);
  assert(sumAfterScan(stacked) === stacked);
  const { graph: large } = trace([f32(), f32(100_000)], (start, xs) => [
    scan(
      ([sum, h]: Tensor[], x: Tensor) => [
        [add(sum, mul(fill([1000], 2), h.reshape([1]).sum())), tanh(add(h, x))],
        undefined,
      ],
      [fill([1000], 0), start],
      xs,
    )[0][0],
  ]);
  assert(sumAfterScan(large) === large);
});
