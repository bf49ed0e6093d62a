import { assertEquals, assertThrows } from "@std/assert";
import type { JsonRecord } from "../util/json.ts";
import { randomSource } from "../util/random_source.ts";
import { OPTIMIZERS } from "./optimizers.ts";
import { resolveSettings, type TrainingOptions } from "./resolve_settings.ts";
import type { OptimizerName, TrainingDefaults } from "../plugin/training_defaults.ts";
import { recordedSettings, trainingRecord } from "./training_record.ts";

Deno.test("recordedSettings() are those of the run, whatever is recommended", () => {
  const random = randomSource(5);
  const pick = <Value>(...values: Value[]) => values[Math.floor(random() * values.length)];
  const draw = () => ({
    steps: pick(1, 100),
    learningRate: pick(undefined, 1e-7, 0.5),
    schedule: pick(undefined, "constant" as const, "cosine" as const),
    warmup: pick(undefined, 0, 3),
    clip: pick(undefined, 0, 5),
    clipNorm: pick(undefined, 0, 1),
    l2: pick(undefined, 0, 0.1),
    validateEvery: pick(undefined, 1, 7),
    best: pick(undefined, "error" as const, "loss" as const),
    phases: pick(undefined, undefined, [{ steps: 2, learningRate: 0.25 }]),
  });
  for (let i = 0; i < 500; i++) {
    const name = pick(...Object.keys(OPTIMIZERS) as OptimizerName[]);
    const settings = { momentum: pick(0, 0.9), weightDecay: pick(0, 0.1), beta1: pick(0, 0.5) };
    const given: TrainingOptions = {
      ...draw(),
      optimizer: pick<TrainingOptions["optimizer"]>(
        undefined,
        name,
        OPTIMIZERS[name].create(settings),
        OPTIMIZERS.adagrad.create({ epsilonPlace: "outside" }),
        OPTIMIZERS.sgd.create({ momentum: 0.5, nesterov: true }),
      ),
    };
    const recommended: TrainingDefaults = {
      ...draw(),
      optimizer: pick("sgd", "adam"),
      stopAtError: pick(undefined, 0),
    };
    const record = trainingRecord(resolveSettings(given, recommended));
    const again = resolveSettings(recordedSettings(record), recommended);
    assertEquals(trainingRecord(again), record, JSON.stringify({ given, recommended }));
    for (const setting of ["clip", "clipNorm", "l2", "warmup"] as const) {
      // Phases that are given say all of how the rate goes.
      const left: Partial<TrainingDefaults> = setting === "warmup" && given.phases
        ? {}
        : recommended;
      assertEquals(record[setting], given[setting] ?? left[setting] ?? 0, setting);
    }
  }
  // As runs were kept that had a 0.
  const { clip, clipNorm } = resolveSettings(
    recordedSettings({ steps: 5, optimizer: "adam", optimizerSettings: {} }),
    { steps: 5, clip: 5, clipNorm: 1 },
  );
  assertEquals([clip, clipNorm], [0, 0]);
});

Deno.test("recordedSettings() refuses settings of an optimizer that are none", () => {
  for (const optimizer of Object.keys(OPTIMIZERS) as OptimizerName[]) {
    const refused = (optimizerSettings: JsonRecord[string], message: string) =>
      assertThrows(
        () => recordedSettings({ optimizer, optimizerSettings }),
        RangeError,
        `Cannot use the optimizer ${optimizer}: ${message}`,
      );
    refused("x", "its settings are needed, found x");
    for (const [name, value] of Object.entries(OPTIMIZERS[optimizer].create().settings)) {
      const wanted = `for ${name} a ${typeof value} is needed, found `;
      refused({ [name]: null }, `${wanted}none`);
      if (typeof value === "number") refused({ [name]: "0.9" }, `${wanted}0.9`);
      refused({ [name]: [1] }, `${wanted}1`);
      refused({ [name]: { type: 1 } }, wanted);
    }
  }
});

Deno.test("recordedSettings() refuses an optimizer of a program", () => {
  assertThrows(
    () => recordedSettings({ optimizer: "lion", optimizerSettings: {} }),
    RangeError,
    'Cannot find optimizer "lion": known optimizers are sgd, adam, adamw, adagrad, rmsprop',
  );
});
