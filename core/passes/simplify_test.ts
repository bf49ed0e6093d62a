import { assert, assertEquals } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import { formatGraph } from "../ir/format_graph.ts";
import * as ops from "../language/ops/mod.ts";
import { BROADCAST, RESHAPE, TRANSPOSE } from "../language/primitives/layout.ts";
import { MATMUL } from "../language/primitives/matmul.ts";
import type { Tensor } from "../language/tensor.ts";
import type { TensorType } from "../ir/tensor_type.ts";
import { checkSameMeaning } from "../test_support/compare_graphs.ts";
import { apply } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { eliminateDeadCode } from "./eliminate_dead_code.ts";
import { simplify } from "./simplify.ts";

function f32(...shape: number[]): TensorType {
  return { dtype: "f32", shape };
}

const bool: TensorType = { dtype: "bool", shape: [3] };
const i32: TensorType = { dtype: "i32", shape: [3] };

/** Reshapes, also to the same shape. */
const reshape = (x: Tensor, ...shape: number[]) => apply(RESHAPE, [x], { shape })[0];
const broadcast = (x: Tensor, shape: number[], axes: number[]) =>
  apply(BROADCAST, [x], { shape, axes })[0];
const transpose = (x: Tensor, ...order: number[]) => apply(TRANSPOSE, [x], { order })[0];
const matmul = (x: Tensor, y: Tensor, transposeX = false, transposeY = false) =>
  apply(MATMUL, [x, y], { transposeX, transposeY })[0];

type Build = (...inputs: Tensor[]) => Tensor;

/** What a function of inputs simplifies to, one line an equation; `x` if nothing is left. */
function simplified(types: readonly TensorType[], build: Build): string {
  const { graph } = trace(types, (...inputs) => [build(...inputs)]);
  let after = graph;
  for (let round = 0; round < 4; round++) after = eliminateDeadCode(simplify(after));
  checkGraph(after);
  checkSameMeaning(graph, after);
  return formatGraph(after).split("\n").slice(1).join("\n");
}

/** The operations a function simplifies to, in order. */
function operations(types: readonly TensorType[], build: Build): string[] {
  return simplified(types, build).split("\n").slice(0, -1).map((line) =>
    line.split(" = ")[1].split(" ")[0]
  );
}

const x = [f32(3)];
const xy = [f32(3), f32(3)];

Deno.test("simplify() drops neutral elements and doubled signs", () => {
  const same: Build[] = [
    (x) => ops.add(x, 0),
    (x) => ops.add(0, x),
    (x) => ops.sub(x, 0),
    (x) => ops.mul(x, 1),
    (x) => ops.mul(1, x),
    (x) => ops.div(x, 1),
    (x) => ops.pow(x, 1),
    (x) => ops.neg(ops.neg(x)),
    (x) => ops.maximum(x, x),
    (x) => ops.stopGradient(x),
    (x) => ops.where(ops.eq(ops.fill([3], 1), 1), x, ops.neg(x)),
    (x) => ops.where(ops.lt(x, 0), x, x),
    (x) => ops.mul(ops.mul(x, 4), 0.25),
  ];
  for (const build of same) assertEquals(simplified(x, build), "outputs a", String(build));
  for (const build of [(b: Tensor) => ops.not(ops.not(b)), (b: Tensor) => ops.and(b, b)]) {
    assertEquals(simplified([bool], build), "outputs a");
  }
  assertEquals(operations([i32], (x) => ops.mul(x, 0)), ["fill"]);
  assertEquals(operations([bool], (b) => ops.cast(ops.cast(b, "i32"), "f32")), ["cast"]);
  assertEquals(simplified([bool], (b) => ops.cast(ops.cast(b, "i32"), "bool")), "outputs a");
});

Deno.test("simplify() keeps what NaN and infinity would change", () => {
  assertEquals(operations(x, (x) => ops.mul(x, 0)), ["fill", "mul"]);
  assertEquals(operations(x, (x) => ops.sub(x, x)), ["sub"]);
  assertEquals(operations([i32], (x) => ops.cast(ops.cast(x, "f32"), "i32")), ["cast", "cast"]);
});

Deno.test("simplify() merges signs into sums and factors into one", () => {
  assertEquals(operations(xy, (x, y) => ops.add(x, ops.neg(y))), ["sub"]);
  assertEquals(operations(xy, (x, y) => ops.add(ops.neg(x), y)), ["sub"]);
  assertEquals(operations(xy, (x, y) => ops.sub(x, ops.neg(y))), ["add"]);
  assertEquals(operations(xy, (x, y) => ops.neg(ops.sub(x, y))), ["sub"]);
  assertEquals(operations(x, (x) => ops.sub(0, x)), ["neg"]);
  assertEquals(operations(xy, (x, y) => ops.mul(ops.neg(x), ops.neg(y))), ["mul"]);
  assertEquals(operations(x, (x) => ops.neg(ops.mul(ops.mul(x, 3), 5))), ["fill", "mul"]);
  assertEquals(operations(x, (x) => ops.div(ops.add(x, x), 4)), ["fill", "mul"]);
});

Deno.test("simplify() keeps factors and divisors whose product or reciprocal is rounded", () => {
  const kept: [Build, string[]][] = [
    [(x) => ops.div(x, 41), ["div"]],
    [(x) => ops.div(x, 2 ** 127), ["div"]],
    [(x) => ops.mul(ops.mul(x, 1e20), 1e20), ["mul", "mul"]],
    [(x) => ops.mul(ops.mul(x, 0.1), 0.1), ["mul", "mul"]],
    [(x) => ops.sum(ops.mul(x, 1e-10)), ["mul", "reduce_sum"]],
    [(x) => ops.div(x, ops.sum(x)), ["reduce_sum", "broadcast", "div"]],
  ];
  for (const [build, wanted] of kept) {
    assertEquals(operations(x, build).filter((name) => name !== "fill"), wanted, String(build));
  }
  assertEquals(
    operations([f32(3), f32()], (x, s) => ops.mul(ops.mul(x, s), s)),
    ["broadcast", "mul", "broadcast", "mul"],
  );
});

Deno.test("simplify() folds what is known", () => {
  const known: Build[] = [
    () => ops.add(ops.fill([3], 2), ops.fill([3], 0.5)),
    () => ops.exp(ops.fill([2, 3], 2)),
    () => ops.sum(ops.fill([2, 3], 2), 1),
    () => transpose(ops.fill([2, 3], 2), 1, 0),
    () => broadcast(ops.fill([3], 2), [2, 3], [1]),
    () => ops.slice(ops.fill([3], 2), 0, 1, 2),
    () => ops.split(ops.fill([4], 2), 2)[1],
    () => ops.pad(ops.fill([4], 2), 0, { before: 2, value: 2 }),
    () => ops.concatenate([ops.fill([4], 2), ops.fill([1], 2)]),
    () => ops.gather(ops.fill([4, 2], 2), ops.iota([3])),
  ];
  for (const build of known) assertEquals(operations([], build), ["fill"], String(build));
});

Deno.test("simplify() joins and cancels moves", () => {
  const m = [f32(2, 3)];
  const same: Build[] = [
    (x) => reshape(x, 2, 3),
    (x) => reshape(reshape(x, 6), 2, 3),
    (x) => transpose(transpose(x, 1, 0), 1, 0),
    (x) => ops.reverse(ops.reverse(x, 0), 0),
    (x) => ops.slice(ops.pad(x, 1, { before: 2, after: 1 }), 1, 2, 5),
    (x) => ops.concatenate(ops.split(x, [1, 2]), 1),
    (x) => ops.concatenate([ops.slice(x, 1, 0, 1), ops.slice(x, 1, 1, 3)], 1),
    (x) => ops.split(ops.concatenate([x, ops.neg(x)], 1), 2)[0],
    (x) => ops.slice(ops.concatenate([ops.neg(x), x]), 0, 2, 4),
  ];
  for (const build of same) assertEquals(simplified(m, build), "outputs a", String(build));
  assertEquals(
    simplified(m, (x) => ops.slice(ops.slice(x, 1, 1, 3), 1, 1, 2)),
    "b:f32[2,1] = slice axis=1 start=2 end=3 a\noutputs b",
  );
  assertEquals(
    simplified([f32(3)], (x) => broadcast(broadcast(x, [2, 3], [1]), [4, 2, 3], [1, 2])),
    "b:f32[4,2,3] = broadcast shape=[4,2,3] axes=[2] a\noutputs b",
  );
  assertEquals(
    simplified([], () => broadcast(ops.iota([4, 3], 1), [4, 2, 3], [0, 2])),
    'a:i32[4,2,3] = iota dtype="i32" shape=[4,2,3] axis=2\noutputs a',
  );
  // Dimensions of size 1 may go anywhere.
  assertEquals(operations([f32(3, 1)], (x) => transpose(x, 1, 0)), ["reshape"]);
  assertEquals(operations([f32(3)], (x) => broadcast(x, [1, 3], [1])), ["reshape"]);
});

Deno.test("simplify() lets layout wait until after elementwise operations", () => {
  assertEquals(
    simplified([f32(3)], (x) => ops.exp(broadcast(x, [2, 3], [1]))),
    "b:f32[3] = exp a\nc:f32[2,3] = broadcast shape=[2,3] axes=[1] b\noutputs c",
  );
  const after = operations(
    [f32(2, 6), f32(6)],
    (x, bias) =>
      reshape(
        ops.tanh(ops.add(reshape(x, 2, 3, 2), ops.broadcastTo(reshape(bias, 3, 2), [2, 3, 2]))),
        12,
      ),
  );
  assertEquals(after, ["broadcast", "add", "tanh", "reshape"]);
});

Deno.test("simplify() folds what reductions repeat", () => {
  const m = [f32(2, 3)];
  assertEquals(operations(m, (x) => ops.sum(ops.sum(x, 0))), ["reduce_sum"]);
  assertEquals(operations([f32(1, 3)], (x) => ops.sum(x, 0)), ["reshape"]);
  assertEquals(
    operations(m, (x) => ops.mul(ops.sum(ops.mul(ops.sum(x, 1), 5)), 3)),
    ["reduce_sum", "fill", "mul", "reduce_sum", "fill", "mul"],
  );
  assertEquals(operations([f32(1, 3)], (x) => ops.max(x, 0)), ["reshape"]);
  assertEquals(operations([f32(2, 1, 3)], (x) => reshape(ops.sum(x, 0), 3)), ["reduce_sum"]);
  assertEquals(operations(m, (x) => ops.sum(reshape(x, 3, 2))), ["reduce_sum"]);
  assertEquals(operations(m, (x) => ops.sum(reshape(x, 3, 2), 0)), ["reshape", "reduce_sum"]);
  assertEquals(operations(x, (x) => ops.sum(broadcast(x, [4, 3], [1]), 0)), ["fill", "mul"]);
  assertEquals(
    operations(x, (x) => ops.sum(broadcast(x, [4, 3], [1]))),
    ["reduce_sum", "fill", "mul"],
  );
});

Deno.test("simplify() reads transposes in products", () => {
  for (const transposeX of [false, true]) {
    for (const transposeY of [false, true]) {
      const types = [transposeX ? f32(3, 2) : f32(2, 3), transposeY ? f32(2, 5) : f32(5, 2)];
      const text = simplified(
        types,
        (x, y) => matmul(transpose(x, 1, 0), transpose(y, 1, 0), transposeX, transposeY),
      );
      const flags = (transposeX ? "" : " transposeX=true") + (transposeY ? "" : " transposeY=true");
      assertEquals(text, `c:f32[3,5] = matmul${flags} a b\noutputs c`);
    }
  }
});

Deno.test("simplify() makes products of many matrices plain ones where it can", () => {
  const spread = (x: Tensor) => broadcast(x, [4, ...x.shape], [1, 2]);
  for (const transposed of [false, true]) {
    const one = simplified([f32(1, 2, 3), f32(1, 3, 5)], (x, y) => matmul(x, y));
    assert(one.includes(":f32[2,5] = matmul"), one);
    const right = operations(
      [f32(4, 2, 3), transposed ? f32(5, 3) : f32(3, 5)],
      (x, w) => matmul(x, spread(w), false, transposed),
    );
    assertEquals(right, ["reshape", "matmul", "reshape"]);
    const left = operations(
      [f32(4, 3, 2), transposed ? f32(3, 5) : f32(5, 3)],
      (x, w) => matmul(spread(w), x, transposed, false),
    );
    assertEquals(left, ["transpose", "reshape", "matmul", "reshape", "transpose"]);
    const sum = operations(
      [transposed ? f32(4, 3, 2) : f32(4, 2, 3), f32(4, 3, 5)],
      (x, y) => ops.sum(matmul(x, y, transposed), 0),
    );
    assertEquals(sum.filter((name) => name !== "transpose"), ["reshape", "reshape", "matmul"]);
  }
});

/** Shapes of up to three sizes, each 0 or 2, that hold no elements. */
const EMPTY_SHAPES = [0, 1, 2, 3].flatMap((rank) =>
  Array.from(
    { length: 2 ** rank },
    (_, i) => Array.from({ length: rank }, (_, j) => 2 * (i >> j & 1)),
  )
).filter((shape) => shape.includes(0));

Deno.test("simplify() makes a fill of whatever holds no elements", () => {
  assertEquals(operations([f32(0, 2)], (x) => ops.exp(x)), ["fill"]);
  assertEquals(operations([f32(0, 2), f32(2, 3)], (x, y) => matmul(x, y)), ["fill"]);
  assertEquals(operations([f32(2, 2)], (x) => broadcast(x, [0, 2, 2], [1, 2])), ["fill"]);
  const stacked = (xs: Tensor) =>
    ops.scan((c: Tensor, x: Tensor) => [c, ops.mul(c, x)], ops.fill([0], 3), xs)[1];
  assertEquals(operations([f32(2, 0)], stacked), ["fill"]);
  // Seen from shapes whose sizes can be matched in more ways than one.
  for (const from of EMPTY_SHAPES) {
    for (const shape of EMPTY_SHAPES) {
      for (const axes of [[], [0], [1], [2], [0, 1], [0, 2], [1, 2]]) {
        if (axes.some((axis) => axis >= shape.length)) continue;
        const source = f32(...axes.map((axis) => shape[axis]));
        assertEquals(
          operations(
            [f32(...from), source],
            (x, y) => ops.add(reshape(x, ...shape), broadcast(y, shape, axes)),
          ),
          ["fill"],
        );
      }
    }
  }
});

Deno.test("simplify() works in the bodies of loops, and leaves alone what is simple", () => {
  const { graph } = trace([f32(), f32(3)], (start, xs) => [
    ops.scan((c: Tensor, x: Tensor) => [ops.add(ops.mul(c, 1), x), undefined], start, xs)[0],
  ]);
  const after = eliminateDeadCode(simplify(graph));
  checkGraph(after);
  assert(formatGraph(after).split("\n").length < formatGraph(graph).split("\n").length);
  assert(simplify(after) === after);
});
