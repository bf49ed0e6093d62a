import { assertAlmostEquals, assertEquals } from "@std/assert";
import { randomKey, rebuildTree, tensor, treeEntries } from "@unroll/core";
import type { Model } from "@unroll/core/plugin";
import { classSpec } from "./helpers_test.ts";
import { attention, stackRnn } from "./mod.ts";

const SYMBOLS = [0, 4, 3, 1, 2, 2, 0];
const SPEC = classSpec({ kind: "symbol", vocabulary: 5 }, 4);
const HIDDEN = 3;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

type Row = readonly number[];
type Matrix = readonly Row[];
const times = (x: Row, w: Matrix) =>
  w[0].map((_, j) => x.reduce((sum, value, i) => sum + value * w[i][j], 0));
const plus = (...rows: Row[]) => rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0));
const softmax = (x: Row) => {
  const powers = x.map((value) => Math.exp(value));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
};

/** A model with its weights away from where they start, as rows, and its outputs. */
async function run(model: Model) {
  const instance = model.create(SPEC);
  const start = instance.parameters(randomKey(5));
  const leaves = treeEntries(start).map(([path, w]) =>
    path.startsWith("memory.") ? w.mul(2).add(0.05) : w.add(0.1)
  );
  const parameters = rebuildTree(start, leaves);
  const x = tensor(SYMBOLS.map((s) => [s]), { dtype: "i32" });
  const { outputs } = instance.apply(parameters, x, {
    length: SYMBOLS.length,
    batch: 1,
    state: instance.initialState(parameters, 1),
    training: false,
    key: randomKey(0),
  });
  const rows: Record<string, Matrix> = {};
  for (const [path, w] of treeEntries(parameters)) {
    const [columns] = w.shape.slice(-1);
    const data = [...await w.data()];
    rows[path.replace("memory.", "")] = Array.from(
      { length: data.length / columns },
      (_, i) => data.slice(i * columns, (i + 1) * columns),
    );
  }
  return { rows, outputs: await outputs.data() };
}

/** Compares what is read out of each step with the outputs. */
function compare(tops: Matrix, rows: Readonly<Record<string, Matrix>>, outputs: ArrayLike<number>) {
  const wanted = tops.flatMap((top) =>
    plus(times(top, rows["output.weight"]), rows["output.bias"][0])
  );
  assertEquals(outputs.length, wanted.length);
  wanted.forEach((value, i) => assertAlmostEquals(outputs[i], value, 1e-5));
}

for (const kind of ["content", "location"] as const) {
  for (const memory of [2, 64]) {
    Deno.test(`attention: is what its equations say, by ${kind}, to ${memory} states`, async () => {
      const model = attention({ hidden: HIDDEN, attention: kind, memory });
      const { rows, outputs } = await run(model);
      const { weight_ih, bias_ih, weight_hh, weight_ah, weight_s, weight_c } = rows;
      let h: Row = [0, 0, 0];
      let a: Row = [0, 0, 0];
      const states: Row[] = [];
      const tops = SYMBOLS.map((symbol) => {
        const sides = [weight_ih[symbol], bias_ih[0], times(h, weight_hh), times(a, weight_ah)];
        h = plus(...sides).map(Math.tanh);
        states.unshift(h);
        const seen = states.slice(0, memory);
        const query = times(h, weight_s);
        const weights = softmax(
          seen.map((state, d) =>
            kind === "location" ? query[d] : times(query, state.map((s) => [s]))[0]
          ),
        );
        const context = times(weights, seen);
        a = times([...context, ...h], weight_c).map(Math.tanh);
        return a;
      });
      compare(tops, rows, outputs);
    });
  }
}

for (const depth of [1, 2, 5]) {
  Deno.test(`stack-rnn: is what its equations say, ${depth} deep`, async () => {
    const { rows, outputs } = await run(stackRnn({ hidden: HIDDEN, stacks: 2, depth }));
    const { weight_ih, bias_ih, weight_hh, weight_sh } = rows;
    const { weight_a, bias_a, weight_d, bias_d } = rows;
    let h: Row = [0, 0, 0];
    let stacks: Matrix = [0, 1].map(() => Array.from({ length: depth }, () => -1));
    const tops = SYMBOLS.map((symbol) => {
      const top = stacks.flatMap((stack) => stack.slice(0, 2));
      h = plus(weight_ih[symbol], bias_ih[0], times(h, weight_hh), times(top, weight_sh))
        .map(sigmoid);
      const actions = plus(times(h, weight_a), bias_a[0]);
      const pushed = plus(times(h, weight_d), bias_d[0]).map(sigmoid);
      stacks = stacks.map((stack, s) => {
        const [push, pop, keep] = softmax(actions.slice(3 * s, 3 * s + 3));
        return stack.map((value, i) =>
          push * (i === 0 ? pushed[s] : stack[i - 1]) + pop * (stack[i + 1] ?? -1) + keep * value
        );
      });
      return h;
    });
    compare(tops, rows, outputs);
  });
}
