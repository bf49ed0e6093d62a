import { assertAlmostEquals, assertEquals } from "@std/assert";
import { run } from "../test_support/cycle.ts";
import type { TrainingCallbacks } from "./events.ts";
import type { TrainSettings } from "./train.ts";
import { stepsBetweenPoints } from "./training_loop.ts";

/** The points of the curves that a run tells of, but for the clock. */
async function pointsOf(settings: Partial<TrainSettings>) {
  const points: object[] = [];
  const callbacks: TrainingCallbacks[] = [{
    onEvent(event) {
      if (event.event !== "progress" || !event.isPoint) return;
      const { step, loss, gradientNorm, clipped, learningRate } = event;
      points.push({ step, loss, gradientNorm, clipped, learningRate });
    },
  }, ...settings.callbacks ?? []];
  const trained = await run({ device: "cpu", ...settings, callbacks });
  return { points, trained };
}

Deno.test("train() tells of at least 200 evenly spaced points, each the mean of all steps since the last", async () => {
  const { points, trained } = await pointsOf({ steps: 1000, validateEvery: 70 });
  using _ = trained;
  const losses: number[] = [];
  using __ = await run({
    device: "cpu",
    steps: 1000,
    validateEvery: 70,
    callbacks: [{ onStep: (_, loss) => void losses.push(loss) }],
  });
  // Every 5 steps, on which all validations fall.
  assertEquals(
    points.map((point) => (point as { readonly step: number }).step),
    Array.from({ length: 200 }, (_, i) => 5 * (i + 1)),
  );
  for (const [i, point] of (points as { readonly loss: number }[]).entries()) {
    const mean = losses.slice(5 * i, 5 * i + 5).reduce((a, b) => a + b) / 5;
    // A sum of five f32 is rounded four times.
    assertAlmostEquals(point.loss, mean, 1e-6 * mean);
  }
  // All steps of a short run; of a long one also those of validations that fall between.
  const { points: few, trained: short } = await pointsOf({ steps: 30 });
  using ___ = short;
  assertEquals(few.length, 30);
  assertEquals([stepsBetweenPoints(3000, 150), stepsBetweenPoints(1500, 75)], [15, 5]);
  assertEquals(stepsBetweenPoints(3000, 151), 15);
});

Deno.test("train() tells of the norm of the gradients before clipping, and how many steps were clipped", async () => {
  const norms = async (settings: Partial<TrainSettings>) => {
    const { points, trained } = await pointsOf({ steps: 1, ...settings });
    trained.dispose();
    return points[0] as { readonly gradientNorm: number; readonly clipped: number };
  };
  const { gradientNorm, clipped } = await norms({ clipNorm: 0 });
  assertEquals([gradientNorm > 0, clipped], [true, 0]);
  for (const factor of [0.9, 1.1]) {
    const found = await norms({ clipNorm: gradientNorm * factor });
    assertAlmostEquals(found.gradientNorm, gradientNorm, 1e-6);
    assertEquals(found.clipped, factor < 1 ? 1 : 0);
  }
  assertEquals((await norms({ clipNorm: 0, clip: 1e-6 })).clipped, 1);
});

Deno.test("train() gives the same points when it is resumed between two of them", async () => {
  const whole = await pointsOf({ steps: 1000, validateEvery: 100 });
  using _ = whole.trained;
  // Stopped at the batch of steps that ends after step 500, wherever that is.
  const controller = new AbortController();
  const half = await pointsOf({
    steps: 1000,
    validateEvery: 100,
    signal: controller.signal,
    // Read after each step, a run can stop anywhere.
    callbacks: [{ onStep: (step) => void (step === 501 && controller.abort()) }],
  });
  using stopped = half.trained;
  assertEquals(stopped.steps % 5 === 0, false);
  const rest = await pointsOf({
    steps: 1000,
    validateEvery: 100,
    resume: await stopped.snapshot(),
  });
  using __ = rest.trained;
  assertEquals([...half.points, ...rest.points], whole.points);
});

Deno.test("train() goes on with points where it is resumed for longer", async () => {
  using short = (await pointsOf({ steps: 400, validateEvery: 100 })).trained;
  const { points, trained } = await pointsOf({
    steps: 800,
    validateEvery: 100,
    resume: await short.snapshot(),
  });
  using _ = trained;
  assertEquals(
    points.map((point) => (point as { readonly step: number }).step),
    Array.from({ length: 100 }, (_, i) => 404 + 4 * i),
  );
});

Deno.test("train() goes on from a snapshot of before there were sums over steps", async () => {
  using half = await run({ device: "cpu", steps: 20 });
  const { tensors, ...rest } = await half.snapshot();
  const old = new Map([...tensors].filter(([name]) => name !== "recent"));
  const { points, trained } = await pointsOf({ steps: 22, resume: { ...rest, tensors: old } });
  using _ = trained;
  assertEquals(points.map((point) => (point as { readonly step: number }).step), [21, 22]);
});
