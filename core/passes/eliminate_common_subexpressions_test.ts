import { assert, assertEquals } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import { add, mul } from "../language/ops/arithmetic.ts";
import { exp, tanh } from "../language/ops/functions.ts";
import { fill } from "../language/ops/creation.ts";
import { scan } from "../language/ops/scan.ts";
import type { Tensor } from "../language/tensor.ts";
import { bodiesOf, checkSameMeaning, countPrimitives } from "../test_support/compare_graphs.ts";
import { trace } from "../language/trace.ts";
import { eliminateCommonSubexpressions, keyOfParams } from "./eliminate_common_subexpressions.ts";

const type = { dtype: "f32", shape: [3] } as const;

Deno.test("eliminateCommonSubexpressions() computes equal equations once, those that become equal too", () => {
  const { graph } = trace([type, type], (x, y) => [mul(exp(add(x, y)), exp(add(x, y)))]);
  const after = eliminateCommonSubexpressions(graph);
  checkGraph(after);
  checkSameMeaning(graph, after, { tolerance: 0 });
  assertEquals(countPrimitives(after), { add: 1, exp: 1, mul: 1 });
});

Deno.test("eliminateCommonSubexpressions() keeps apart other inputs, orders and parameters", () => {
  const { graph } = trace([type, type], (x, y) => [
    ...[add(x, y), add(y, x), x.slice(0, 0, 2), x.slice(0, 1, 3)],
    ...[fill([2], 0), fill([2], -0), fill([3], 0), fill([2], 0, "i32")],
  ]);
  assert(eliminateCommonSubexpressions(graph) === graph);
});

Deno.test("keyOfParams() does not depend on the order of keys and tells zeros apart", () => {
  assertEquals(keyOfParams({ a: 1, b: [2, 3] }), keyOfParams({ b: [2, 3], a: 1 }));
  assert(keyOfParams({ a: 0 }) !== keyOfParams({ a: -0 }));
  assert(keyOfParams({ a: NaN }) !== keyOfParams({ a: null }));
});

Deno.test("eliminateCommonSubexpressions() makes loops of equal bodies one, and works in bodies", () => {
  const run = (x: Tensor, xs: Tensor) =>
    scan((c: Tensor, x: Tensor) => [add(tanh(x), tanh(x)), c], x, xs)[1];
  const { graph } = trace([{ dtype: "f32", shape: [] }, type], (x, xs) => [
    run(x, xs),
    run(x, xs),
    scan((c: Tensor, x: Tensor) => [add(tanh(c), tanh(x)), c], x, xs)[1],
  ]);
  const after = eliminateCommonSubexpressions(graph);
  checkGraph(after);
  checkSameMeaning(graph, after, { tolerance: 0 });
  assertEquals(bodiesOf(after).map(countPrimitives), [{ tanh: 1, add: 1 }, { tanh: 2, add: 1 }]);
});
