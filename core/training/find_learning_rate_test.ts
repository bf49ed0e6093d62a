import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import * as z from "zod/mini";
import { broadcastTo, ones } from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";
import { defineModel } from "../plugin/model.ts";
import { defineTask } from "../plugin/task.ts";
import type { TaskSpec } from "../plugin/task_spec.ts";
import {
  findLearningRate,
  type LearningRatePoint,
  type LearningRateSettings,
  suggestLearningRates,
} from "./find_learning_rate.ts";

const SPEC: TaskSpec = {
  inputs: { kind: "none" },
  outputs: { kind: "vector", size: 1, at: "every" },
  length: 2,
  loss: { kind: "squared-error", reduction: "mean" },
  weighted: false,
  stateful: false,
};

/** One number w from 1, whose loss is w²: a step of gradient descent multiplies it by 1 − 2 rate. */
const parabola = defineModel({
  name: "parabola",
  summary: "One number",
  options: z.object({}),
  create: () => ({
    parameters: () => ({ w: ones([1]) }),
    initialState: () => undefined,
    apply: ({ w }: { readonly w: Tensor }, _, { length, batch }) => ({
      outputs: broadcastTo(w, [length, batch, 1]),
      state: undefined,
    }),
    layers: [],
  }),
});

/** Be 0, or another number. */
function be(target: number) {
  return defineTask({
    name: "be",
    summary: "Be a number",
    options: z.object({}),
    create: () => ({
      spec: SPEC,
      batch: () => ({ length: 2, size: 1, targets: new Float32Array(2).fill(target) }),
      validate: () => Promise.reject(new Error("nothing is validated")),
      defaults: () => ({
        steps: 7,
        optimizer: "sgd",
        warmup: 5,
        phases: [{ steps: 7, learningRate: 3 }],
      }),
    }),
  })();
}

const settings: LearningRateSettings = {
  model: parabola(),
  task: be(0),
  device: "cpu",
  from: 1e-4,
  to: 100,
};

Deno.test("findLearningRate() follows gradient descent on a parabola until it diverges", async () => {
  const seen: LearningRatePoint[] = [];
  const { points, diverged, suggestions } = await findLearningRate({
    ...settings,
    onStep: (point) => seen.push(point),
  });
  assertEquals(seen, points);
  // The same by hand.
  let [w, mean, least] = [1, 0, Infinity];
  const expected: LearningRatePoint[] = [];
  for (let i = 0; i < 100; i++) {
    const learningRate = 1e-4 * 1e6 ** (i / 99);
    mean = 0.98 * mean + 0.02 * w ** 2;
    const smoothed = mean / (1 - 0.98 ** (i + 1));
    expected.push({ learningRate, loss: w ** 2, smoothed });
    least = Math.min(least, smoothed);
    if (smoothed > 4 * least) break;
    w *= 1 - 2 * learningRate;
  }
  assertEquals([diverged, points.length], [true, expected.length]);
  for (const [i, { learningRate, loss, smoothed }] of points.entries()) {
    assertAlmostEquals(learningRate / expected[i].learningRate, 1, 1e-12);
    // About 100 products of numbers that are rounded to 24 bits, at rates whose exponential is one of those.
    assertAlmostEquals(loss, expected[i].loss, 1e-4 * expected[i].loss + 1e-9);
    assertAlmostEquals(smoothed, expected[i].smoothed, 1e-4 * expected[i].smoothed);
  }
  // It diverges from rate 1 on, where |1 − 2 rate| is 1.
  assert(points.at(-1)!.learningRate > 1 && points.at(-1)!.learningRate < 10);
  const { valley = NaN, steepest = NaN } = suggestions;
  assert(valley > 1e-3 && valley < 1, `${valley}`);
  assert(steepest > 1e-2 && steepest < 1, `${steepest}`);
});

Deno.test("findLearningRate() suggests nothing where no rate helps, and ends by its steps", async () => {
  const { points, diverged, suggestions } = await findLearningRate({
    ...settings,
    task: be(1),
    steps: 30,
  });
  assertEquals([points.length, diverged, suggestions], [30, false, {}]);
  assert(points.every(({ loss }) => loss === 0));
});

Deno.test("findLearningRate() refuses ranges that are none, and is stopped by a signal", async () => {
  const refuses = async (change: Partial<LearningRateSettings>, sentence: string) =>
    void await assertRejects(
      () => findLearningRate({ ...settings, ...change }),
      RangeError,
      sentence,
    );
  await refuses(
    { from: 1, to: 0.1 },
    "Cannot search from rate 1 to 0.1: numbers of f32 above 0 are",
  );
  const RANGES: readonly (readonly [from: unknown, to: unknown])[] = [
    ...[[NaN, 1], [1, NaN], [-1, 1], [0, 1], [1, 1], [1, Infinity], [-2, -1], ["1", 2], [1, "2"]],
    // These are 0 and infinite as f32.
    ...[[1e-50, 1], [1e-320, 1e300], [1, 1e39]],
  ] as [unknown, unknown][];
  for (const [from, to] of RANGES) {
    const range = { from, to } as Partial<LearningRateSettings>;
    await refuses(range, `Cannot search from rate ${from} to ${to}: numbers of f32 above 0 are`);
  }
  for (const steps of [0, -20, NaN, 20.5, Infinity]) {
    await refuses({ steps }, `Cannot search in ${steps} steps: a whole number from 20 is needed`);
  }
  await refuses({ seed: NaN }, "Cannot use NaN as a seed: a whole number from 0 to");
  await refuses({ clip: -1 }, "Cannot use clip -1: a number of at least 0 is needed");
  await refuses({ steps: 19 }, "Cannot search in 19 steps: a whole number from 20 is needed");
  const signal = AbortSignal.abort();
  assertEquals((await findLearningRate({ ...settings, signal })).points, []);
});

Deno.test("suggestLearningRates() takes the middle of the longest valley, and the steepest place", () => {
  const pointsOf = (losses: readonly number[]) =>
    losses.map((smoothed, i) => ({ learningRate: i, loss: smoothed, smoothed }));
  // Of 50 steps 5 at the start and 5 at the end do not count: those left fall from 5 to 40.
  const falling = Array.from({ length: 50 }, (_, i) => i <= 40 ? 100 - i - (i > 20 ? 5 : 0) : 200);
  // Longest run: 36 numbers; from 4, 12 and half of 12 on.
  assertEquals(suggestLearningRates(pointsOf(falling), 50), { valley: 22, steepest: 20 });
  const noisy = falling.map((loss, i) => i % 2 === 0 ? loss : loss + 0.5);
  assertEquals(suggestLearningRates(pointsOf(noisy), 50).valley, 22);
  assertEquals(suggestLearningRates(pointsOf(falling.slice(0, 10)), 50), {});
});
