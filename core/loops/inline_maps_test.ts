import { assertEquals } from "@std/assert";
import * as ops from "../language/ops/mod.ts";
import { sampleArray } from "../ir/dense.ts";
import { optimize } from "../passes/optimize.ts";
import { randomSource } from "../util/random_source.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { evaluateProgram } from "../test_support/evaluate_program.ts";
import { inlineMaps } from "./inline_maps.ts";
import { lowerGraph } from "./lower.ts";
import { kernelsOf, type LoopProgram } from "./program.ts";

const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;

/** What is computed of a table's rows, in which a loop's steps of two each are, of a bias, and of a matrix. */
type Reads = (rows: Tensor, bias: Tensor, matrix: Tensor) => Tensor;

/** Counts the kernels that write what has as many elements as all rows, before and after; checks that all computes the same. */
function writersOf(reads: Reads): [before: number, after: number] {
  const types = [f32(5, 4), f32(4), f32(4, 4), { dtype: "i32", shape: [3, 2] } as const];
  const { graph } = trace(
    types,
    (table, bias, matrix, symbols) => [reads(ops.gather(table, symbols), bias, matrix)],
  );
  const program = lowerGraph(optimize(graph));
  const inlined = inlineMaps(program);
  const random = randomSource(5);
  const inputs = graph.inputs.map(({ type }) =>
    type.dtype === "i32"
      ? Float64Array.of(1, 4, 0, 2, 4, 3)
      : Float64Array.from(sampleArray(random, type.shape, { max: 1 }).data)
  );
  assertEquals(evaluateProgram(inlined, inputs), evaluateProgram(program, inputs));
  const count = ({ steps }: LoopProgram) =>
    kernelsOf(steps).filter(({ stores }) => stores.some(({ buffer }) => buffer.size === 24)).length;
  return [count(program), count(inlined)];
}

/** The last state of a loop that adds slices to products. */
const lastState = (slices: Tensor, bias: Tensor, weights: Tensor, cell: (x: Tensor) => Tensor) => {
  const [end] = ops.scan(
    (h: Tensor, x: Tensor) => [cell(x).add(ops.matmul(h, weights)), undefined],
    ops.broadcastTo(bias, [2, 4]),
    slices,
  );
  return end;
};

Deno.test("inlineMaps() computes rows of a table where a loop adds them to its products", () => {
  assertEquals(writersOf((x, b, w) => lastState(x.add(b), b, w, (x) => x)), [1, 0]);
});

Deno.test("inlineMaps() reads what a loop around carries from one of two places to the other", () => {
  const reads: Reads = (x, b, w) =>
    ops.scan(
      (b: Tensor) => {
        const end = lastState(x.add(b), b, w, (x) => x);
        return [ops.sum(end, 0), undefined];
      },
      b,
      undefined,
      { length: 3 },
    )[0];
  // The rows of the table are read in all rounds, and stay.
  assertEquals(writersOf(reads), [2, 1]);
});

Deno.test("inlineMaps() keeps what is slow to compute, and what is read twice", () => {
  assertEquals(writersOf((x, b, w) => lastState(ops.exp(x.add(b)), b, w, (x) => x)), [1, 1]);
  const twice: Reads = (x, b, w) => {
    const sums = x.add(b);
    return lastState(sums, b, w, (x) => x).add(lastState(sums, b, w, ops.tanh));
  };
  assertEquals(writersOf(twice), [1, 1]);
});

Deno.test("inlineMaps() keeps operands of products", () => {
  assertEquals(writersOf((x, b, w) => lastState(x.add(b), b, w, (x) => ops.matmul(x, w))), [2, 2]);
});
