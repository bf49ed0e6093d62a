import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { tensor } from "../language/ops/creation.ts";
import type { TrainingDefaults } from "../plugin/training_defaults.ts";
import { resolveSettings, type TrainingOptions } from "./resolve_settings.ts";
import { inPhases, linearDecay, productOf } from "./schedules.ts";

async function factors(schedule: ReturnType<typeof inPhases>, steps: number): Promise<number[]> {
  const all: number[] = [];
  for (let step = 0; step < steps; step++) all.push(await schedule(tensor(step), steps).item());
  return all;
}

Deno.test("inPhases() gives each factor its steps, and the last the rest", async () => {
  const phases = [{ steps: 2, factor: 0.5 }, { steps: 1, factor: 1 }, { steps: 1, factor: 0.25 }];
  assertEquals(await factors(inPhases(phases), 6), [0.5, 0.5, 1, 0.25, 0.25, 0.25]);
  assertEquals(await factors(inPhases([{ steps: 1, factor: 2 }]), 3), [2, 2, 2]);
});

Deno.test("productOf() goes as both schedules do", async () => {
  const both = productOf(
    inPhases([{ steps: 2, factor: 0.5 }, { steps: 2, factor: 1 }]),
    linearDecay(),
  );
  assertEquals(await factors(both, 4), [0.5, 0.375, 0.5, 0.25]);
});

Deno.test("resolveSettings() makes a schedule of phases, on top of which the own one goes", async () => {
  const { learningRate, schedule } = resolveSettings(
    { phases: [{ steps: 3, learningRate: 1e-6 }, { steps: 3, learningRate: 1e-2 }] },
    { steps: 6, learningRate: 0.5 },
  );
  const rates = (await factors(schedule, 6)).map((factor) => factor * learningRate);
  const wanted = [1e-6, 1e-6, 1e-6, 1e-2, 1e-2, 1e-2];
  rates.forEach((rate, i) => assertAlmostEquals(rate, wanted[i], wanted[i] * 2 ** -23));
  assertThrows(
    () => resolveSettings({ phases: [{ steps: 0, learningRate: 1 }] }, { steps: 6 }),
    RangeError,
    "Cannot train in a phase of 0 steps at learning rate 1",
  );
});

Deno.test("resolveSettings() takes given phases as they are, in place of the recommended schedule", async () => {
  const phases = [{ steps: 3, learningRate: 0.01 }, { steps: 3, learningRate: 0.001 }];
  const recommended = { steps: 6, schedule: "cosine", warmup: 2 } as const;
  const ratesOf = async (given: TrainingOptions, defaults: TrainingDefaults) => {
    const { learningRate, schedule } = resolveSettings(given, defaults);
    return (await factors(schedule, 6)).map((factor) => factor * learningRate);
  };
  const near = (found: number[], wanted: readonly number[]) =>
    found.forEach((rate, i) => assertAlmostEquals(rate, wanted[i], 0.01 * 2 ** -22));
  const typed = phases.flatMap(({ steps, learningRate }) => Array(steps).fill(learningRate));
  near(await ratesOf({ phases }, recommended), typed);
  const { scheduleName, warmup } = resolveSettings({ phases }, recommended);
  assertEquals([scheduleName, warmup], ["constant", 0]);
  // One that is given with them goes on top, as does one that is recommended together with phases.
  const falling = typed.map((rate, step) => rate * (1 - step / 6));
  near(await ratesOf({ phases, schedule: "linear" }, recommended), falling);
  near(await ratesOf({}, { steps: 6, schedule: "linear", phases }), falling);
});
