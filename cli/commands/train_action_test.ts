import { assertEquals, assertThrows } from "@std/assert";
import { parseOptionTexts } from "@unroll/core/plugin/host";
import { type Optimizer, resolveSettings } from "@unroll/core/training";
import { UsageError } from "../errors.ts";
import { toTrainSettings } from "./train_action.ts";
import { TRAIN_OPTIONS } from "./train_options.ts";

const PLAIN = { seed: 0, device: "cpu" } as const;

Deno.test("toTrainSettings() reads the phases of the learning rate", () => {
  assertEquals(toTrainSettings({ ...PLAIN, phases: "4:0.5,2:1e-3" }).phases, [
    { steps: 4, learningRate: 0.5 },
    { steps: 2, learningRate: 1e-3 },
  ]);
});

Deno.test("toTrainSettings() reads when to stop", () => {
  const { stopAtError, stopAtLoss } = toTrainSettings({ ...PLAIN, stopAt: "loss=0.5" });
  assertEquals([stopAtError, stopAtLoss], [undefined, 0.5]);
});

Deno.test("toTrainSettings() refuses settings that do not go together, as mistakes in the command", () => {
  const cases = [
    [{ phases: "fast" }, 'Cannot read the learning-rate phases "fast"'],
    [{ phases: "4:0.5", learningRate: 0.1 }, "Cannot use --lr with --phases"],
    [
      { momentum: 0, optimizer: "adam" },
      "Cannot use --momentum without --optimizer sgd or rmsprop: others have none",
    ],
    [
      { epsilon: 0 },
      "Cannot use --epsilon without --optimizer adam or adamw or adagrad or rmsprop",
    ],
    [{ stopAt: "0" }, 'Cannot read when to stop "0": error=0, loss=0.1, both with a comma'],
    [{ weightDecay: 0.1 }, "Cannot use --weight-decay without --optimizer adamw"],
  ] as const;
  for (const [options, sentence] of cases) {
    assertThrows(() => toTrainSettings({ ...PLAIN, ...options }), UsageError, sentence);
  }
});

Deno.test("toTrainSettings() gives an optimizer its settings, 0 too", () => {
  const { optimizer } = toTrainSettings({ ...PLAIN, optimizer: "adamw", weightDecay: 0, beta1: 0 });
  assertEquals((optimizer as Optimizer).settings, {
    beta1: 0,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
  });
});

Deno.test("the command line and the library refuse the same settings, in the same words", () => {
  const sentence = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      return (error as RangeError).message;
    }
  };
  const names = {
    steps: "steps",
    optimizer: "optimizer",
    learningRate: "learningRate",
    patience: "patience",
    schedule: "schedule",
    clip: "clip",
    clipNorm: "clipNorm",
    l2: "l2",
    warmup: "warmup",
    validateEvery: "validateEvery",
    best: "best",
  };
  for (const [option, setting] of Object.entries(names)) {
    for (const text of ["-1", "0", "1.5", "7", "1e999", "x"]) {
      const isName = ["optimizer", "schedule", "best"].includes(setting) || text === "x";
      const value = isName ? text : Number(text);
      const typed = sentence(() =>
        parseOptionTexts(TRAIN_OPTIONS, { [option]: text }, { displayName: () => setting })
      );
      const given = sentence(() => resolveSettings({ [setting]: value }, { steps: 9 }));
      // What was typed is shown as it was typed.
      assertEquals(given, typed?.replace(` ${text}:`, ` ${value}:`), `${setting} ${text}`);
    }
  }
});
