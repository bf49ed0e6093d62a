import { assertEquals } from "@std/assert";
import * as ops from "../language/ops/mod.ts";
import { optimize } from "../passes/optimize.ts";
import { sampleArray } from "../ir/dense.ts";
import { randomSource } from "../util/random_source.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { valueAndGrad } from "../language/gradient.ts";
import { peelLastIteration } from "./peel_last_iteration.ts";
import { evaluateProgram } from "../test_support/evaluate_program.ts";
import type { LoopProgram } from "./program.ts";
import { lowerGraph } from "./lower.ts";

const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;

/** The slope of a loop of products by their matrix, and by the state before the first if asked for. */
function slopes(hidden: number, length: number, ofStart = false) {
  const { graph } = trace([f32(hidden, hidden), f32(16, hidden)], (w, start) => {
    const [, found] = valueAndGrad((p: { readonly w: Tensor; readonly start: Tensor }) => {
      const [end] = ops.scan(
        (h: Tensor, _: undefined) => [ops.tanh(ops.matmul(h, p.w)), undefined],
        ofStart ? p.start : start,
        undefined,
        { length },
      );
      return ops.sum(ops.square(end));
    })({ w, start });
    return ofStart ? [found.w, found.start] : [found.w];
  });
  const random = randomSource(5);
  const inputs = graph.inputs.map(({ type }) =>
    Float64Array.from(sampleArray(random, type.shape, { max: 0.1 }).data)
  );
  return { program: lowerGraph(optimize(graph)), inputs };
}

/** Loops by their iterations, and products outside of them. */
function outline({ steps }: LoopProgram): (number | string)[] {
  return steps.flatMap((step): (number | string)[] =>
    step.kind === "loop" ? [step.time.extent] : step.kind === "matmul" ? ["product"] : []
  );
}

Deno.test("peelLastIteration() leaves out the product that gives a slope nobody asked for", () => {
  const { program, inputs } = slopes(80, 2);
  const shorter = peelLastIteration(program);
  assertEquals(outline(program), [2, 2, "product"]);
  assertEquals(outline(shorter), [2, 1, "product"]);
  assertEquals(evaluateProgram(shorter, inputs), evaluateProgram(program, inputs));
});

Deno.test("peelLastIteration() keeps slopes that are asked for, small products and long loops", () => {
  for (const { program } of [slopes(80, 3, true), slopes(32, 3), slopes(80, 65)]) {
    assertEquals(outline(peelLastIteration(program)), outline(program));
  }
});
