/** Every function of the language, given anything: one clear error, or a tensor of the type it says. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { evaluateGraph } from "../../ir/evaluate.ts";
import { dense } from "../../ir/dense.ts";
import { type DType, sizeOf, type TensorType } from "../../ir/tensor_type.ts";
import { fc } from "../../test_support/fast_check.ts";
import { foldIn, randomBits } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { trace } from "../trace.ts";
import * as ops from "./mod.ts";

/** What functions are given beside tensors; mostly small, now and then no number of the kind. */
const number = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: -3, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(0.5, NaN, Infinity, -0, 2 ** 31, 2 ** 53, 1e300) },
);
const numbers = fc.array(number, { maxLength: 4 });
const dtypes: readonly DType[] = ["f32", "i32", "u32", "bool"];
const types = fc.record({
  dtype: fc.constantFrom(...dtypes),
  shape: fc.array(fc.nat(3), { maxLength: 3 }),
});

/** What a function is called with. */
interface Given {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly z: Tensor;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly list: readonly number[];
  readonly flag: boolean;
  readonly dtype: DType;
}

const FUNCTIONS: Readonly<Record<string, (given: Given) => Tensor | readonly Tensor[]>> = {
  ...Object.fromEntries(
    ([
      ...["neg", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "abs", "sign", "floor"],
      ...["not", "relu", "square", "stopGradient"],
    ] as ("neg")[]).map((name) => [name, ({ x }: Given) => ops[name](x)]),
  ),
  ...Object.fromEntries(
    ([
      ...["add", "sub", "mul", "div", "remainder", "pow", "maximum", "minimum", "eq", "ne", "lt"],
      ...["le", "gt", "ge", "and", "or", "bitwiseXor", "shiftLeft", "shiftRight"],
    ] as ("add")[]).map((
      name,
    ) => [name, ({ x, y, a, flag }: Given) => ops[name](x, flag ? y : a)]),
  ),
  where: ({ x, y, z }) => ops.where(x, y, z),
  cast: ({ x, dtype }) => ops.cast(x, dtype),
  sum: ({ x, list, flag }) => ops.sum(x, list, { keepDims: flag }),
  max: ({ x, list, flag }) => ops.max(x, list, { keepDims: flag }),
  mean: ({ x, a, flag }) => ops.mean(x, a, { keepDims: flag }),
  argmax: ({ x, a }) => ops.argmax(x, a),
  matmul: ({ x, y, flag, a }) => ops.matmul(x, y, { transposeX: flag, transposeY: a > 0 }),
  reshape: ({ x, list }) => ops.reshape(x, list),
  transpose: ({ x, list, flag }) => flag ? ops.transpose(x) : ops.transpose(x, list),
  broadcastTo: ({ x, list }) => ops.broadcastTo(x, list),
  slice: ({ x, a, b, c }) => ops.slice(x, a, b, c),
  split: ({ x, a, list, b, flag }) => ops.split(x, flag ? a : list, b),
  pad: ({ x, a, b, c, list }) => ops.pad(x, a, { before: b, after: c, value: list[0] }),
  concatenate: ({ x, y, a, flag }) => ops.concatenate(flag ? [x, y] : [x, x, y], a),
  stack: ({ x, y, a }) => ops.stack([x, y], a),
  expandDims: ({ x, a }) => ops.expandDims(x, a),
  reverse: ({ x, a }) => ops.reverse(x, a),
  gather: ({ x, y }) => ops.gather(x, y),
  scatterAdd: ({ x, y, a }) => ops.scatterAdd(x, y, a),
  fill: ({ list, a, dtype }) => ops.fill(list, a, dtype),
  iota: ({ list, a, dtype }) => ops.iota(list, a, dtype),
  tensor: ({ list, dtype, a, b, flag }) =>
    ops.tensor([...list], flag ? { dtype } : { dtype, shape: [a, b] }),
  softmax: ({ x, a }) => ops.softmax(x, a),
  logSoftmax: ({ x, a }) => ops.logSoftmax(x, a),
  logSumExp: ({ x, a }) => ops.logSumExp(x, a),
  oneHot: ({ x, a }) => ops.oneHot(x, a),
  crossEntropy: ({ x, y }) => ops.crossEntropy(x, y),
  meanSquaredError: ({ x, y }) => ops.meanSquaredError(x, y),
  randomBits: ({ x, list }) => randomBits(x, list),
  foldIn: ({ x, y, a, flag }) => foldIn(x, flag ? y : a),
  scan: ({ x, y, a, flag, b }) => {
    const [last, stack] = ops.scan(
      (h: Tensor, row: Tensor) => [flag ? h.add(row) : h, row],
      x,
      y,
      { reverse: flag, ...a > 1 ? { length: b } : {}, ...a < 0 ? { recompute: b } : {} },
    );
    return [last, stack];
  },
};

/** What an error says: an action, a colon, what was wanted and what was found; no full stop. */
const SENTENCE = /^Cannot [^\n]+: [^\n]+[^.\n]$|^Cannot use axis /;

Deno.test("functions of the language throw one clear error, or have the shape they say", () => {
  const outcomes = new Map<string, number>();
  const property = fc.property(
    fc.constantFrom(...Object.keys(FUNCTIONS)),
    fc.tuple(types, types, types),
    fc.record({
      ...{ a: number, b: number, c: number, list: numbers, flag: fc.boolean() },
      dtype: fc.constantFrom(...dtypes),
    }),
    fc.constantFrom("any", "same", "rows", "key", "matrix"),
    (name, [first, second, third], rest, related) => {
      // What functions of several tensors want, now and then.
      const all: TensorType[] = related === "same"
        ? [first, { ...second, shape: first.shape }, first]
        : related === "rows"
        ? [first, { dtype: "i32", shape: first.shape.slice(0, -1) }, third]
        : related === "matrix"
        ? [first, {
          dtype: "f32",
          shape: [...first.shape.slice(0, -2), ...first.shape.slice(-1), 2],
        }, third]
        : related === "key"
        ? [{ dtype: "u32", shape: [2] }, { dtype: "u32", shape: [] }, third]
        : [first, second, third];
      let graph;
      try {
        graph = trace(all, (x, y, z) => {
          const result = FUNCTIONS[name]({ x, y, z, ...rest });
          return Array.isArray(result) ? result : [result as Tensor];
        }).graph;
      } catch (error) {
        assert(error instanceof TypeError || error instanceof RangeError, `${name}: ${error}`);
        assertMatch(error.message, SENTENCE, name);
        outcomes.set(name, (outcomes.get(name) ?? 0) | 1);
        return;
      }
      outcomes.set(name, (outcomes.get(name) ?? 0) | 2);
      // What a number of elements beyond all memory is, only a device can say.
      if (graph.outputs.some(({ type }) => sizeOf(type.shape) > 1e5)) return;
      const inputs = graph.inputs.map(({ type }) => dense(type));
      const results = evaluateGraph(graph, inputs);
      assertEquals(results.map(({ type }) => type), graph.outputs.map(({ type }) => type), name);
      for (const { type, data } of results) {
        assertEquals(data.length, sizeOf(type.shape), name);
      }
    },
  );
  fc.assert(property, { seed: 1, numRuns: 12000 });
  // Each was done, and not only refused.
  const never = Object.keys(FUNCTIONS).filter((name) => ((outcomes.get(name) ?? 0) & 2) === 0);
  assertEquals(never, []);
});
