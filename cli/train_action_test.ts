import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "./errors.ts";
import { settingsOf } from "./train_action.ts";

const PLAIN = { seed: 0, device: "cpu" } as const;

Deno.test("settingsOf() reads the phases of the learning rate", () => {
  assertEquals(settingsOf({ ...PLAIN, phases: "4:0.5,2:1e-3" }).phases, [
    { steps: 4, learningRate: 0.5 },
    { steps: 2, learningRate: 1e-3 },
  ]);
});

Deno.test("settingsOf() refuses settings that do not go together, as mistakes in the command", () => {
  const cases = [
    [{ phases: "fast" }, 'Cannot read the learning-rate phases "fast"'],
    [{ phases: "4:0.5", lr: 0.1 }, "Cannot use --lr with --phases"],
    [{ momentum: 0.9, optimizer: "adam" }, "Cannot use --momentum without --optimizer sgd"],
    [{ weightDecay: 0.1 }, "Cannot use --weight-decay without --optimizer adamw"],
  ] as const;
  for (const [options, sentence] of cases) {
    assertThrows(() => settingsOf({ ...PLAIN, ...options }), UsageError, sentence);
  }
});
