/** Passes on random programs with extreme numbers: what was in the range of f32 stays in it. */
import { assertEquals } from "@std/assert";
import { dense } from "../ir/dense.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import type { Graph, Value } from "../ir/graph.ts";
import type { DenseArray } from "../ir/primitive.ts";
import * as ops from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { randomSource } from "../util/random_source.ts";
import { optimize } from "./optimize.ts";

const NUMBERS = [
  3e38,
  1e-38,
  1e30,
  1e-30,
  1e20,
  1e-20,
  2 ** 100,
  2 ** -100,
  3,
  1 / 3,
  2,
  -1,
  0.5,
  1,
]
  .map(Math.fround);
const SHAPE = [2, 3] as const;

/** Evaluates a graph without loops, each result rounded to f32 as a device would. */
function evaluateRounded(graph: Graph, inputs: readonly DenseArray[]): readonly number[][] {
  const values = new Map<Value, DenseArray>(graph.inputs.map((value, i) => [value, inputs[i]]));
  const read = (value: Value) => values.get(value) as DenseArray;
  for (const { primitive, params, inputs, outputs } of graph.equations) {
    primitive.evaluate(inputs.map(read), params).forEach(({ type, data }, i) => {
      const rounded = type.dtype === "f32" ? Array.from(data, Math.fround) : data;
      values.set(outputs[i], dense(type, rounded));
    });
  }
  return graph.outputs.map((value) => Array.from(read(value).data));
}

/** A chain of products, quotients, sums over axes and repetitions, all of positive numbers or their negatives. */
function randomProgram(random: () => number, x: Tensor, y: Tensor): Tensor {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  let z = x;
  for (let i = 0; i < 6; i++) {
    const other = () => random() < 0.7 ? ops.fill(SHAPE, pick(NUMBERS)) : pick([x, y, z]);
    z = pick<() => Tensor>([
      () => z.mul(other()),
      () => z.mul(other()),
      () => other().mul(z),
      () => z.div(other()),
      () => z.neg(),
      () => ops.broadcastTo(z.sum([0], { keepDims: true }), SHAPE),
      () => ops.broadcastTo(ops.mean(z, [1], { keepDims: true }), SHAPE),
      () => ops.broadcastTo(ops.reshape(z, [3, 2]).sum(), SHAPE),
      () => z.add(z),
      () => z.pow(pick([1, 2])),
      () => ops.broadcastTo(z.matmul(ops.fill([3, 1], pick(NUMBERS))), SHAPE),
    ])();
  }
  return z;
}

Deno.test("optimize() takes no number out of the range of f32, nor its digits", () => {
  const random = randomSource(31);
  const type = { dtype: "f32", shape: SHAPE } as const;
  const wrong: string[] = [];
  for (let program = 0; program < 1000; program++) {
    const inputs = [0, 1].map(() =>
      dense(
        type,
        Array.from({ length: 6 }, () => {
          const size = NUMBERS[Math.floor(random() * NUMBERS.length)];
          return Math.fround(Math.abs(size) / (1 + random()));
        }),
      )
    );
    const { graph } = trace([type, type], (x, y) => [randomProgram(random, x, y)]);
    const [plain] = evaluateRounded(graph, inputs);
    const [optimized] = evaluateRounded(optimize(graph), inputs);
    const [{ data: exact }] = evaluateGraph(graph, inputs);
    plain.forEach((x, i) => {
      // All terms of a sum are of one sign: some ten roundings. What rounds less may be nearer.
      const allowed = Math.abs(x - exact[i]) + 2 ** -20 * Math.abs(x) + 2 ** -149;
      const near = Math.abs(optimized[i] - exact[i]) <= allowed;
      if (Number.isFinite(x) && !near) {
        const names = graph.equations.map(({ primitive, params }) =>
          `${primitive.name} ${params.value ?? ""}`
        );
        wrong.push(`program ${program}: ${x}, optimized ${optimized[i]}: ${names.join(", ")}`);
      }
    });
  }
  assertEquals(wrong.slice(0, 5), []);
});
