import { assertEquals, assertMatch } from "@std/assert";
import { resolveSettings, type TrainingStart, type TrainResult } from "@unroll/core/training";
import { createOverfittingWatch, formatMeasure, outcomeLines } from "./outcome.ts";

const RESULT = {
  steps: 3000,
  seconds: 2,
  stepsPerSecond: 1500,
  device: "cpu",
  loss: 1.794,
  best: { step: 300, validation: { loss: 1.794, error: 0.25 }, parameters: new Map() },
  ended: "steps",
  last: { loss: 2.41, error: 0.4 },
} as unknown as TrainResult;

/** The line that says why training ended. */
function ending(
  result: Partial<TrainResult>,
  given: Parameters<typeof resolveSettings>[0] = {},
  recommended: TrainingStart["recommended"] = { steps: 3000 },
): string | undefined {
  const settings = resolveSettings(given, recommended);
  const start = { settings, recommended } as TrainingStart;
  return outcomeLines({ ...RESULT, ...result }, start)[1];
}

Deno.test("outcomeLines() says how good the model is, and when it was best", () => {
  const recommended = { steps: 3000 };
  const start = { settings: resolveSettings({}, recommended), recommended } as TrainingStart;
  assertEquals(outcomeLines(RESULT, start), [
    "3,000 steps in 2.0 s on cpu (1,500 steps/s): validation loss 1.794, error 25.0 %",
    "Best at step 300 of 3,000 (validation loss 1.794); the last 2,700 steps made it worse (2.410)",
  ]);
  assertEquals(ending({ best: { ...RESULT.best, step: 3000 } }), undefined);
  assertEquals(
    ending({ last: { loss: 1.7, error: 0.5 } }),
    "Best at step 300 of 3,000 (error 25.0 %); the last 2,700 steps made it worse (50.0 %)",
  );
  const near = { step: 300, validation: { loss: 0.01104 } };
  assertMatch(
    ending({ best: { ...RESULT.best, ...near }, last: { loss: 0.01106 } }) ?? "",
    /loss 0\.01104\); the last 2,700 steps made it worse \(0\.01106\)$/,
  );
  assertMatch(
    ending({ last: { loss: 1.79401 } }) ?? "",
    /; the last 2,700 steps made it no better$/,
  );
});

Deno.test("outcomeLines() says why training ended early", () => {
  const good = { ended: "good", steps: 200, last: { loss: 0.0009, error: 0 } } as const;
  assertEquals(
    ending(good, {}, { steps: 1000, stopAtError: 0 }),
    "Stopped at step 200 of 1,000: error 0 %, as the task asks",
  );
  assertEquals(
    ending(good, { stopAtLoss: 0.001 }, { steps: 1000, stopAtError: 0 }),
    "Stopped at step 200 of 1,000: validation loss 0.0009, as --stop-at loss=0.001 asks",
  );
  assertEquals(
    ending({ ended: "patience", steps: 1400 }, { patience: 5 }),
    "Stopped at step 1,400 of 3,000 by --patience 5: no better validation since step 300",
  );
});

Deno.test("formatMeasure() tells bits per character of texts, the error of others", () => {
  assertEquals(
    formatMeasure({ loss: 1, error: 0.5, metrics: { bits: 2.588 } }),
    "2.588 bits per character",
  );
  assertEquals(formatMeasure({ loss: 1, error: 0.5 }), "error 50.0 %");
  assertEquals(formatMeasure({ loss: 1 }), undefined);
});

Deno.test("createOverfittingWatch() warns once, where validation rises and training falls", () => {
  const told = (losses: readonly (readonly [validation: number, training: number])[]) => {
    const watch = createOverfittingWatch();
    return losses.map(([loss, trainingLoss], i) =>
      watch({
        event: "validation",
        step: 10 * (i + 1),
        validation: { loss },
        trainingLoss,
        compiling: 0,
        best: false,
        predict: () => Promise.reject(new Error("Not asked")),
      })
    );
  };
  const lines = told([[3, 3], [2, 2], [2.1, 1.9], [2.2, 1.8], [2.3, 1.7], [2.4, 1.6], [2.5, 1.5]]);
  assertEquals(lines.filter((line) => line !== undefined).length, 1);
  assertMatch(
    lines[4] ?? "",
    /^Validation loss has risen since step 20, from 2.000 to 2.300, while/,
  );
  // Both rise: that is a rate too high. Once up, once down: that is noise.
  assertEquals(told([[1, 1], [2, 2], [3, 3], [4, 4], [5, 5]]).filter(Boolean), []);
  assertEquals(told([[1, 9], [2, 8], [1, 7], [2, 6], [1, 5], [2, 4]]).filter(Boolean), []);
});
