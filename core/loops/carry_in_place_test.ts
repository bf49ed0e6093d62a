import { assertEquals } from "@std/assert";
import * as ops from "../language/ops/mod.ts";
import { sampleArray } from "../ir/dense.ts";
import { optimize } from "../passes/optimize.ts";
import { randomSource } from "../util/random_source.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { evaluateProgram } from "../test_support/evaluate_program.ts";
import { updateCarriesInPlace } from "./carry_in_place.ts";
import { lowerGraph } from "./lower.ts";

const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;

type Step = (x: Tensor, y: Tensor) => readonly [Tensor, Tensor];

/** Sizes of the carries of a loop over two matrices, before and after; checks that the program computes the same. */
function carriesOf(step: Step, length: number): [before: number[], after: number[]] {
  const { graph } = trace([f32(4, 4), f32(4, 4)], (x, y) => {
    const [ends] = ops.scan(
      ([x, y]: readonly [Tensor, Tensor], _: undefined) => [step(x, y), undefined],
      [x, y] as const,
      undefined,
      { length },
    );
    return [...ends];
  });
  const program = lowerGraph(optimize(graph));
  const shared = updateCarriesInPlace(program);
  const random = randomSource(5);
  const inputs = graph.inputs.map(({ type }) =>
    Float64Array.from(sampleArray(random, type.shape, { max: 1 }).data)
  );
  assertEquals(evaluateProgram(shared, inputs), evaluateProgram(program, inputs));
  const [before, after] = [program, shared].map(({ temporaries }) =>
    temporaries.filter(({ name }) => name.startsWith("carry")).map(({ size }) => size)
  );
  return [before, after];
}

Deno.test("updateCarriesInPlace() gives carries one slot that are updated element by element", () => {
  for (const length of [2, 3, 8]) {
    const momentum: Step = (x, y) => {
      const next = y.mul(0.5).add(x);
      return [x.sub(next), next];
    };
    assertEquals(carriesOf(momentum, length), [[32, 32], [16, 16]]);
  }
});

Deno.test("updateCarriesInPlace() gives a carry one slot that all is done with before it is written", () => {
  const product: Step = (x, y) => [ops.matmul(y, ops.tanh(ops.matmul(x, y))), y.mul(0.5)];
  const [before, after] = carriesOf(product, 5);
  assertEquals(before, [32, 32]);
  assertEquals(after[0], 16);
});

Deno.test("updateCarriesInPlace() keeps the slots of carries that are read at other elements", () => {
  const square: Step = (x, y) => [ops.matmul(x, x), ops.transpose(y)];
  assertEquals(carriesOf(square, 4), [[32, 32], [32, 32]]);
});

Deno.test("updateCarriesInPlace() keeps the slots of a carry that is read after it is written", () => {
  const swap: Step = (x, y) => [y, x];
  const [, after] = carriesOf(swap, 3);
  assertEquals(after.includes(32), true);
});
