import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { JsonRecord, RunFolder } from "@unroll/core/runs";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";
import { resumeTraining } from "./train_action.ts";
import type { TrainOptions } from "./train_options.ts";

const CONTEXT = { models: MODELS, tasks: TASKS, version: "0.0.1" };

/** Name → bytes of each file of a run. */
async function contentsOf({ path }: RunFolder): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for await (const { name } of Deno.readDir(path)) {
    contents[name] = String(await Deno.readFile(`${path}/${name}`));
  }
  return contents;
}

function resume(run: RunFolder, changes: Partial<TrainOptions>): Promise<void> {
  return resumeTraining({ run: run.path, changes }, [], CONTEXT);
}

/** Refuses to resume a run, and looks that it is as it was. */
async function assertFails(
  run: RunFolder,
  changes: Partial<TrainOptions>,
  sentence: RegExp,
): Promise<void> {
  const before = await contentsOf(run);
  // However slow the machine is, nothing is saved before it fails.
  const error = await assertRejects(() => resume(run, { saveEvery: 3600, ...changes }), Error);
  assert(sentence.test(error.message), error.message);
  assertEquals(await contentsOf(run), before, JSON.stringify(changes));
}

Deno.test("resumeTraining() leaves a run as it was where the new rate diverges", async () => {
  await inFolder(async (folder) => {
    const run = await trainSmall(folder, { stopAt: 60 });
    const diverged = /^Cannot go on training: the loss of step \d+ is not finite/;
    await assertFails(run, { learningRate: 3.5e38 }, diverged);
    // Also where something was measured on the way, and was better than before.
    await assertFails(run, { phases: "70:0.02,1:1e38", validateEvery: 1 }, diverged);
    await resume(run, {});
    const { config, step } = await run.readCheckpoint("last");
    assertEquals([config.training.learningRate, config.before, step], [0.02, undefined, 200]);
  });
});

Deno.test("resumeTraining() leaves a run as it was where the device is not to be had", async () => {
  const { requestAdapter } = GPU.prototype;
  GPU.prototype.requestAdapter = () => Promise.resolve(null);
  try {
    await inFolder(async (folder) => {
      const run = await trainSmall(folder, { training: { steps: 40 } });
      await assertFails(
        run,
        { steps: 60, device: "webgpu" },
        /^Cannot open webgpu: no adapter was found/,
      );
      await resume(run, { steps: 60 });
      assertEquals((await run.readCheckpoint("last")).config.device, "cpu");
    });
  } finally {
    GPU.prototype.requestAdapter = requestAdapter;
  }
});

Deno.test("resumeTraining() refuses settings that somebody wrote, and leaves the run as it was", async () => {
  await inFolder(async (folder) => {
    const run = await trainSmall(folder, { stopAt: 60 });
    const whole = "a whole number of at least 1 is needed";
    const cases: readonly (readonly [JsonRecord, string])[] = [
      ...[0, -1, "x"].map((value) =>
        [{ validateEvery: value }, `Cannot use validateEvery ${value}: ${whole}`] as const
      ),
      [{ validateEvery: [] }, `Cannot use validateEvery "": ${whole}`],
      [{ steps: "x" }, `Cannot use steps x: ${whole}`],
      [{ clipNorm: -1 }, "Cannot use clipNorm -1: a number of at least 0 is needed"],
      [{ optimizer: "lion" }, 'Cannot find optimizer "lion": known optimizers are sgd, .*'],
      [{ schedule: "foo" }, "Cannot use schedule foo: one of constant, .* is needed"],
    ];
    const path = `${run.path}/config.json`;
    for (const [training, sentence] of cases) {
      const config = { ...run.config, training: { ...run.config.training, ...training } };
      await Deno.writeTextFile(path, JSON.stringify(config));
      await assertFails(run, {}, new RegExp(`^${sentence}$`));
    }
    await Deno.writeTextFile(path, JSON.stringify(run.config));
    const before = await contentsOf(run);
    await resume(run, {});
    assertNotEquals(await contentsOf(run), before);
  });
});

Deno.test("resumeTraining() forgets that a run was stopped, as soon as it is gone on with", async () => {
  await inFolder(async (folder) => {
    const run = await trainSmall(folder, { stopAt: 60 });
    assertEquals((await run.readMetrics()).at(-1)?.event, "stopped");
    await resume(run, {});
    const events = (await run.readMetrics()).map(({ event }) => event);
    assertEquals(events.filter((event) => event === "stopped" || event === "done"), ["done"]);
  });
});

Deno.test("train --resume: says that it begins again where the checkpoint is gone and steps were done", async () => {
  await inFolder(async (folder) => {
    const run = await trainSmall(folder, { training: { steps: 40 } });
    const goOn = (steps: number) =>
      runCommand(["train", "--resume", run.path, "--steps", `${steps}`, "--quiet"]);
    await Deno.remove(run.checkpointPath("last"));
    const warning = `The checkpoint of ${run.path} is not there: it begins again, ` +
      "its metrics showed 40 steps\n";
    assertEquals((await goOn(50)).errors.includes(warning), true);
    const next = await goOn(60);
    assertEquals([next.code, next.errors.includes("is not there")], [0, false]);
  });
});
