import { assertEquals, assertThrows } from "@std/assert";
import { resolveSettings, type TrainingOptions } from "./resolve_settings.ts";
import type { TrainingDefaults } from "../plugin/training_defaults.ts";

Deno.test("resolveSettings() takes 0 for what it is", () => {
  const { clip, clipNorm, l2, warmup } = resolveSettings(
    { clip: 0, clipNorm: 0, l2: 0, warmup: 0 },
    { steps: 9, clip: 5, clipNorm: 1, l2: 0.1, warmup: 3 },
  );
  assertEquals([clip, clipNorm, l2, warmup], [0, 0, 0, 0]);
});

Deno.test("resolveSettings() prefers one rate that is given to phases that are recommended", () => {
  const phases = [{ steps: 5, learningRate: 0.5 }];
  assertEquals(resolveSettings({}, { steps: 9, phases }).learningRate, 0.5);
  const { learningRate, phases: left } = resolveSettings({ learningRate: 2 }, { steps: 9, phases });
  assertEquals([learningRate, left], [2, undefined]);
});

const NONE = "Cannot use";
const WHOLE = "a whole number of at least 1 is needed";
const FROM_0 = "a number of at least 0 is needed";
/** A setting, and why it is refused. */
const WRONG: readonly (readonly [object, string])[] = [
  [{ steps: 0 }, `${NONE} steps 0: ${WHOLE}`],
  [{ steps: 1.5 }, `${NONE} steps 1.5: ${WHOLE}`],
  [{ steps: "x" }, `${NONE} steps x: ${WHOLE}`],
  [{ validateEvery: 0 }, `${NONE} validateEvery 0: ${WHOLE}`],
  [{ validateEvery: -1 }, `${NONE} validateEvery -1: ${WHOLE}`],
  [{ validateEvery: NaN }, `${NONE} validateEvery NaN: ${WHOLE}`],
  [{ validateEvery: "x" }, `${NONE} validateEvery x: ${WHOLE}`],
  [{ validateEvery: [] }, `${NONE} validateEvery "": ${WHOLE}`],
  [{ learningRate: 0 }, `${NONE} learningRate 0: a number above 0 is needed`],
  [{ learningRate: Infinity }, `${NONE} learningRate Infinity: a number above 0 is needed`],
  [{ clip: -1 }, `${NONE} clip -1: ${FROM_0}`],
  [{ clipNorm: -1 }, `${NONE} clipNorm -1: ${FROM_0}`],
  [{ clipNorm: NaN }, `${NONE} clipNorm NaN: ${FROM_0}`],
  [{ l2: -1 }, `${NONE} l2 -1: ${FROM_0}`],
  [{ warmup: -1 }, `${NONE} warmup -1: a whole number of at least 0 is needed`],
  [{ best: "last" }, `${NONE} best last: one of error, loss is needed`],
  [{ stopAtError: NaN }, `${NONE} stopAtError NaN: a number is needed`],
  [
    { optimizer: "adamx" },
    `${NONE} optimizer adamx: one of sgd, adam, adamw, adagrad, rmsprop is needed`,
  ],
  [{ schedule: "foo" }, `${NONE} schedule foo: one of constant, linear, cosine is needed`],
  [{ phases: "x" }, `${NONE} phases x: a list is needed`],
  [
    { phases: [{ steps: 1, learningRate: Infinity }] },
    "Cannot train in a phase of 1 steps at learning rate Infinity: " +
    "a whole number of steps from 1 and a rate above 0 are needed",
  ],
];

Deno.test("resolveSettings() refuses what is out of range, given or recommended, in one sentence", () => {
  for (const [setting, sentence] of WRONG) {
    const given = setting as TrainingOptions;
    const cases: readonly (readonly [TrainingOptions, TrainingDefaults])[] = [
      [given, { steps: 5 }],
      [{}, { steps: 5, ...setting } as TrainingDefaults],
    ];
    for (const [given, recommended] of cases) {
      const error = assertThrows(() => resolveSettings(given, recommended), RangeError);
      assertEquals(error.message, sentence);
    }
  }
});

Deno.test("resolveSettings() takes a rule to stop that is given in place of all that is recommended", () => {
  const rule = (given: object) => {
    const { stopAtError, stopAtLoss } = resolveSettings(given, {
      steps: 9,
      stopAtError: 0,
      stopAtLoss: 0.001,
    });
    return [stopAtError, stopAtLoss];
  };
  assertEquals(rule({}), [0, 0.001]);
  assertEquals(rule({ stopAtLoss: 2 }), [undefined, 2]);
  assertEquals(rule({ stopAtError: -1 }), [-1, undefined]);
});
