import { assertEquals } from "@std/assert";
import * as ops from "../language/ops/mod.ts";
import { sampleArray } from "../ir/dense.ts";
import { optimize } from "../passes/optimize.ts";
import { randomSource } from "../util/random_source.ts";
import type { Tensor } from "../language/tensor.ts";
import {
  addIndex,
  applyExpression,
  axisExpression,
  type Buffer,
  constantExpression,
  type Expression,
  index,
  load,
  remainderIndex,
  scaleIndex,
} from "../ir/expression.ts";
import { trace } from "../language/trace.ts";
import { programs } from "../test_support/arbitrary_programs.ts";
import { fc, RUNS } from "../test_support/fast_check.ts";
import { buildProgram } from "../test_support/program_spec.ts";
import { evaluateProgram } from "../test_support/evaluate_program.ts";
import { updateCarriesInPlace } from "./carry_in_place.ts";
import { inlineMaps } from "./inline_maps.ts";
import type { LoopProgram } from "./program.ts";
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

/** A loop that adds one to a carry of two slots, and a reading of one of them after it. */
function counting(length: number, slot: number): LoopProgram {
  const carry: Buffer = { name: "carry", dtype: "f32", size: 6 };
  const output: Buffer = { name: "output", dtype: "f32", size: 3 };
  const time = { name: "t", extent: length };
  const map = (buffer: Buffer, first: Expression, value: (at: Expression) => Expression) => {
    const axis = { name: "i", extent: 3 };
    const at = axisExpression(axis);
    const store = { buffer, index: addIndex(first, at), value: value(at), mode: "set" } as const;
    return { kind: "map", name: buffer.name, axes: [axis], stores: [store] } as const;
  };
  const one = constantExpression("f32", 1);
  const slotAt = (t: Expression) => scaleIndex(remainderIndex(t, 2), 3);
  const [old, next] = [axisExpression(time), addIndex(axisExpression(time), index(1))].map(slotAt);
  const step = map(
    carry,
    next,
    (at) => applyExpression("add", "f32", [load(carry, addIndex(old, at)), one]),
  );
  const steps = [
    map(carry, index(0), () => one),
    { kind: "loop", name: "loop", time, steps: [step] } as const,
    map(output, index(0), (at) => load(carry, addIndex(index(3 * slot), at))),
  ];
  return { name: "counting", inputs: [], outputs: [output], temporaries: [carry], steps };
}

Deno.test("updateCarriesInPlace() keeps the slots of a carry of which is read what the last iteration entered with", () => {
  for (const length of [1, 2, 3]) {
    for (const [slot, wanted] of [[length % 2, length + 1], [(length + 1) % 2, length]]) {
      const program = updateCarriesInPlace(counting(length, slot));
      assertEquals([...evaluateProgram(program, [])[0]], [wanted, wanted, wanted]);
      assertEquals(program.temporaries[0].size, length > 1 && wanted > length ? 3 : 6);
    }
  }
});

Deno.test("updateCarriesInPlace() and inlineMaps() keep the numbers of random programs", () => {
  fc.assert(
    fc.property(programs({ derivatives: 1 }), (spec) => {
      const { graph, inputs } = buildProgram(spec);
      const program = lowerGraph(optimize(graph));
      const numbers = (own: LoopProgram) =>
        evaluateProgram(own, inputs.map(({ data }) => Float64Array.from(data)));
      assertEquals(numbers(inlineMaps(updateCarriesInPlace(program))), numbers(program));
    }),
    { seed: 1, numRuns: RUNS },
  );
});
