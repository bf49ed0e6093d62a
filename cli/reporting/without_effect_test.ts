import { assertEquals } from "@std/assert";
import { resolveSettings, sgd, type TrainingOptions } from "@unroll/core/training";
import { withoutEffect } from "./without_effect.ts";

Deno.test("withoutEffect() names settings that do nothing, and no others", () => {
  const found = (options: Record<string, number>, given: TrainingOptions) =>
    withoutEffect({ model: { name: "rnn", options } }, resolveSettings(given, { steps: 1500 }))
      .map((sentence) => sentence.split(":")[0]);
  const phases = [{ steps: 50, learningRate: 0.1 }, { steps: 50, learningRate: 0.01 }];
  assertEquals(found({ layers: 1, dropout: 0.9 }, {}), [
    "--dropout 0.9 has no effect on one layer",
  ]);
  assertEquals(found({}, { phases }), [
    "--phases are of 100 steps and the run is of 1,500",
  ]);
  assertEquals(found({}, { phases, steps: 50 }), [
    "The last of --phases begins after step 50 and the run is of 50",
  ]);
  assertEquals(found({}, { optimizer: sgd({ nesterov: true }) }), [
    "--nesterov has no effect without momentum",
  ]);
  assertEquals(found({}, { patience: 19 }), [
    "--patience 19 has no effect on a run of 20 validations",
  ]);
  assertEquals(found({}, { warmup: 1500 }), ["--warmup 1500 is as long as the run"]);
  const good = { phases, steps: 100, patience: 5, warmup: 10, validateEvery: 5 };
  assertEquals(found({ layers: 2, dropout: 0.9 }, good), []);
  assertEquals(found({ layers: 1, dropout: 0 }, {}), []);
});
