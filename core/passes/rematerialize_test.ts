import { assertEquals } from "@std/assert";
import { checkGraph } from "./check_graph.ts";
import type { Graph } from "../ir/graph.ts";
import { add, mul, sub } from "../language/ops/arithmetic.ts";
import { sigmoid, tanh } from "../language/ops/functions.ts";
import { fill } from "../language/ops/creation.ts";
import { gather } from "../language/ops/layout.ts";
import { scan } from "../language/ops/scan.ts";
import type { Tensor } from "../language/tensor.ts";
import { bodiesOf, checkSameMeaning, countPrimitives } from "../test_support/compare_graphs.ts";
import { trace } from "../language/trace.ts";
import { rematerialize } from "./rematerialize.ts";
import { simplify } from "./simplify.ts";
import { eliminateDeadCode } from "./eliminate_dead_code.ts";

/** A loop that stacks a gate z and 1 − z, and one that walks over both. */
function twoLoops(size: number, whole = false): Graph {
  const type = { dtype: "f32", shape: [size] } as const;
  return trace([type, { dtype: "f32", shape: [3, size] }], (start, xs) => {
    const [last, [gates, others]] = scan(
      (h: Tensor, x: Tensor) => {
        const gate = sigmoid(add(h, x));
        const other = sub(1, gate);
        return [add(mul(gate, h), mul(other, x)), [gate, other]];
      },
      start,
      xs,
    );
    const [back] = scan(
      (h: Tensor, [z, y]: Tensor[]) => [tanh(mul(h, add(z, mul(z, y)))), undefined],
      last,
      [gates, others],
      { reverse: true },
    );
    return whole ? [back, others] : [back];
  }).graph;
}

function stacks(graph: Graph): number {
  const loop = graph.equations.find(({ primitive }) => primitive.name === "scan");
  return (loop?.outputs.length ?? 0) - (loop?.params.carries as number);
}

Deno.test("rematerialize() picks rows of a table inside the loop where steps are large", () => {
  const gathers = [10, 5000].map((size) => {
    const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
    const numbers = { dtype: "i32", shape: [4] } as const;
    const { graph } = trace([f32(size), f32(3, size), numbers], (start, table, numbers) => {
      const walk = (h: Tensor, x: Tensor) => [mul(h, x), undefined] as const;
      return [scan(walk, start, gather(table, numbers))[0]];
    });
    const after = eliminateDeadCode(rematerialize(graph));
    checkGraph(after);
    checkSameMeaning(graph, after);
    return [after, ...bodiesOf(after)].map((part) => countPrimitives(part).gather ?? 0);
  });
  assertEquals(gathers, [[1, 0], [0, 1]]);
});

Deno.test("rematerialize() stacks once what another stack tells", () => {
  const graph = twoLoops(4);
  const after = eliminateDeadCode(simplify(rematerialize(graph)));
  checkGraph(after);
  checkSameMeaning(graph, after);
  assertEquals([stacks(graph), stacks(after)], [2, 1]);
  assertEquals(countPrimitives(after), { scan: 2, fill: 1, sub: 1 });
});

Deno.test("rematerialize() computes again inside the later loop where steps are large", () => {
  const graph = twoLoops(5000);
  const after = eliminateDeadCode(rematerialize(eliminateDeadCode(simplify(rematerialize(graph)))));
  checkGraph(after);
  checkSameMeaning(graph, after);
  assertEquals(stacks(after), 1);
  assertEquals(countPrimitives(after), { scan: 2 });
  assertEquals(bodiesOf(after).map((body) => countPrimitives(body).sub), [1, 1]);
});

Deno.test("rematerialize() leaves stacks that are read whole, and what costs more", () => {
  const whole = twoLoops(4, true);
  assertEquals(stacks(eliminateDeadCode(rematerialize(whole))), 2);
  const type = { dtype: "f32", shape: [2] } as const;
  const { graph } = trace([type, { dtype: "f32", shape: [3, 2] }], (start, xs) => {
    const [last, [states, angles]] = scan(
      (h: Tensor, x: Tensor) => [add(h, x), [h, tanh(h)]],
      start,
      xs,
    );
    const [back] = scan(
      (h: Tensor, [z, y]: Tensor[]) => [mul(h, add(z, y)), undefined],
      mul(last, fill([2], 2)),
      [states, angles],
    );
    return [back];
  });
  assertEquals(stacks(eliminateDeadCode(rematerialize(graph))), 2);
});

Deno.test("rematerialize() computes again what is stacked twice", () => {
  const type = { dtype: "f32", shape: [2] } as const;
  const { graph } = trace([type, { dtype: "f32", shape: [3, 2] }], (start, xs) => {
    const [last, [gates, others, again]] = scan(
      (h: Tensor, x: Tensor) => {
        const gate = sigmoid(add(h, x));
        const other = sub(1, gate);
        return [add(mul(gate, h), mul(other, x)), [gate, other, other]];
      },
      start,
      xs,
    );
    const [back] = scan(
      (h: Tensor, [z, y, v]: Tensor[]) => [tanh(mul(h, add(z, mul(v, y)))), undefined],
      last,
      [gates, others, again],
    );
    return [back];
  });
  const after = rematerialize(graph);
  checkGraph(after);
  checkSameMeaning(graph, after);
  assertEquals([stacks(graph), stacks(after)], [3, 1]);
});
