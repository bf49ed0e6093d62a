import { assertEquals } from "@std/assert";
import type { TrainResult } from "../training/events.ts";
import { endLine, eventLine } from "./event_line.ts";

const predict = () => Promise.reject(new Error("Nothing to predict with"));

Deno.test("eventLine() keeps of a validation what is JSON, with null for what is not finite", () => {
  const event = {
    event: "validation",
    step: 5,
    validation: { loss: NaN, metrics: { long_answers: 0.5 } },
    best: false,
    trainingLoss: 2,
    compiling: 0,
    predict,
  } as const;
  assertEquals(eventLine(event), {
    event: "validation",
    step: 5,
    loss: null,
    metrics: { long_answers: 0.5 },
    best: false,
  });
});

Deno.test("endLine() tells done from stopped", () => {
  const result: Omit<TrainResult, "ended" | "task"> = {
    steps: 9,
    seconds: 2,
    stepsPerSecond: 4.5,
    device: "cpu",
    loss: 0.25,
    best: { step: 5, parameters: new Map() },
    layers: [],
    predict,
    snapshot: predict,
    dispose() {},
    [Symbol.dispose]() {},
  };
  for (const [ended, event] of [["steps", "done"], ["good", "done"], ["aborted", "stopped"]]) {
    assertEquals(endLine({ ...result, ended } as TrainResult), {
      event,
      steps: 9,
      seconds: 2,
      steps_per_second: 4.5,
      device: "cpu",
      loss: 0.25,
      ended,
      best_step: 5,
    });
  }
});
