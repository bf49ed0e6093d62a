import { assertEquals, assertRejects } from "@std/assert";
import * as z from "zod";
import { broadcastTo, ones } from "../language/ops/mod.ts";
import { defineModel } from "../plugin/model.ts";
import { defineTask } from "../plugin/task.ts";
import type { Tensor } from "../language/tensor.ts";
import { openRun } from "./run_folder.ts";
import { parametersOf, snapshotOf, trainAndSave } from "./saved_run.ts";
import { DivergenceError } from "../training/events.ts";

const model = defineModel({
  name: "number",
  summary: "One number",
  options: z.object({ size: z.int().default(1) }),
  create: () => ({
    parameters: () => ({ w: ones([1]) }),
    initialState: () => undefined,
    apply: ({ w }: { readonly w: Tensor }, _, { length, batch }) => ({
      outputs: broadcastTo(w.square(), [length, batch, 1]),
      state: undefined,
    }),
    layers: [],
  }),
});

const task = defineTask({
  name: "quarter",
  summary: "Answer 1/4",
  options: z.object({}),
  create: () => ({
    spec: {
      inputs: { kind: "none" },
      outputs: { kind: "vector", size: 1, at: "every" },
      length: 1,
      loss: { kind: "squared-error", reduction: "sum" },
      weighted: false,
      stateful: false,
    },
    batch: () => ({ length: 1, size: 1, targets: Float32Array.of(0.25) }),
    async validate(predict) {
      const loss = ((await predict({ length: 1 })).outputs[0] - 0.25) ** 2;
      return { loss, error: loss < 0.01 ? 0 : 1, metrics: { twice: loss * 2 } };
    },
    defaults: () => ({ steps: 20, optimizer: "sgd", learningRate: 0.1, validateEvery: 5 }),
  }),
});

Deno.test("trainAndSave() leaves a run that can be looked at and gone on with", async () => {
  const out = await Deno.makeTempDir();
  try {
    using trained = await trainAndSave({
      model: model(),
      task: task(),
      device: "reference",
      out,
      version: "0.0.1",
    });
    const run = await openRun(trained.run.path);
    assertEquals(run.config.model, { name: "number", options: { size: 1 } });
    assertEquals(run.config.training, {
      steps: 20,
      optimizer: "sgd",
      optimizerSettings: { momentum: 0, nesterov: false },
      learningRate: 0.1,
      schedule: "constant",
      validateEvery: 5,
      patience: 0,
      warmup: 0,
      clip: 0,
      clipNorm: 0,
      l2: 0,
      best: "error",
    });
    const metrics = await run.readMetrics();
    assertEquals(
      metrics.filter(({ event }) => event === "validation").map(({ step }) => step),
      [5, 10, 15, 20],
    );
    const done = metrics.at(-1)!;
    assertEquals([done.event, done.steps, done.error, done.device], ["done", 20, 0, "reference"]);
    const best = await run.readCheckpoint("best");
    assertEquals([...parametersOf(best).get("w")!.data], [
      ...trained.best.parameters.get("w")!.data,
    ]);
    const snapshot = snapshotOf(await run.readCheckpoint("last"));
    assertEquals(snapshot, { ...await trained.snapshot(), seconds: snapshot.seconds });
    // Twenty steps more, in the same folder.
    using more = await trainAndSave({
      model: model(),
      task: task(),
      device: "reference",
      steps: 40,
      resume: snapshot,
      run,
      version: "0.0.1",
    });
    assertEquals([more.steps, more.run.path], [40, run.path]);
    const { config } = await openRun(run.path);
    assertEquals(config, {
      ...run.config,
      training: { ...run.config.training, steps: 40 },
      before: [{ step: 20, training: run.config.training, device: "reference" }],
    });
    assertEquals(more.loss < trained.loss, true);
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("trainAndSave() keeps the best when training diverges", async () => {
  const out = await Deno.makeTempDir();
  try {
    let path = "";
    const error = await assertRejects(
      () =>
        trainAndSave({
          model: model(),
          task: task(),
          device: "reference",
          learningRate: 10,
          validateEvery: 1,
          out,
          version: "0.0.1",
          callbacks: [{ onRunCreated: (run) => void (path = run.path) }],
        }),
      DivergenceError,
    );
    const run = await openRun(path);
    assertEquals((await run.readMetrics()).at(-1), { event: "diverged", step: error.step });
    const best = await run.readCheckpoint("best");
    assertEquals(best.step, error.best.step);
    assertEquals([...parametersOf(best).get("w")!.data], [
      ...error.best.parameters.get("w")!.data,
    ]);
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("trainAndSave() says before training that a folder cannot be made", async () => {
  const file = await Deno.makeTempFile();
  try {
    await assertRejects(
      () =>
        trainAndSave({
          model: model(),
          task: task(),
          device: "reference",
          out: file,
          version: "0",
        }),
      RangeError,
      "Cannot save the run in",
    );
  } finally {
    await Deno.remove(file);
  }
});
