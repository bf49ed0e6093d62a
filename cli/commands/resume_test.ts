import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { defineTask } from "@unroll/core/plugin";
import { listRuns, openRun, type RunCallbacks, type RunFolder } from "@unroll/core/runs";
import { randomSource } from "@unroll/core/testing";
import { OPTIMIZERS, type TrainResult } from "@unroll/core/training";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { UsageError } from "../errors.ts";
import { configLine, resultLine } from "../reporting/report_lines.ts";
import { inFolder, onlyRun, trainSmall } from "../test_support/small_runs.ts";
import { runCommand } from "../test_support/run_command.ts";
import { assertSameRuns } from "../test_support/same_runs.ts";
import { trainUntilKilled } from "../test_support/trained_until_killed.ts";
import { resumeTraining } from "./train_action.ts";
import type { TrainOptions } from "./train_options.ts";

const CONTEXT = { models: MODELS, tasks: TASKS, version: "0.0.1" };

Deno.test("resumeTraining() goes on to the same bits as a run that never stopped", async () => {
  await inFolder(async (folder) => {
    const straight = await trainSmall(`${folder}/straight`);
    const told: unknown[] = [];
    let created: RunFolder;
    const onEnd = (result: TrainResult) => void told.push(resultLine(result, created).resume);
    const stopped = await trainSmall(`${folder}/stopped`, {
      stopAt: 60,
      callbacks: { onRunCreated: (run) => void (created = run), onEnd },
    });
    const { step } = await stopped.readCheckpoint("last");
    assert(step >= 60 && step < 200, String(step));
    assertEquals(told, [`deno task train --resume ${stopped.path}`]);
    assertStrictEquals((await stopped.readMetrics()).at(-1)?.event, "stopped");

    // Another place is as good.
    await Deno.rename(`${folder}/stopped`, `${folder}/moved`);
    const moved = await onlyRun(`${folder}/moved`);
    await resumeTraining({ run: moved.path, changes: {} }, [], CONTEXT);
    await assertSameRuns(moved, straight);
    assertEquals((await moved.readMetrics()).filter(({ event }) => event === "done").length, 1);
  });
});

/** Counting, for which all is recommended that can be 0. */
const strict = defineTask({
  name: "counting",
  summary: "Count",
  options: TASKS.counting.options,
  create: async (options: object) => ({
    ...await TASKS.counting(options).create(),
    defaults: () => ({
      steps: 40,
      learningRate: 0.01,
      clip: 0.02,
      clipNorm: 0.05,
      l2: 1,
      warmup: 9,
    }),
  }),
});

Deno.test("resumeTraining() goes on to the same bits with all settings 0 that can be", () =>
  resumeAll(<Value>(...values: Value[]) => values[0]));

Deno.test("[long] resumeTraining() goes on to the same bits with any settings", () => {
  const random = randomSource(3);
  return resumeAll(<Value>(...values: Value[]) => values[Math.floor(random() * values.length)]);
});

/** Stops and resumes with each optimizer and the settings that are picked. */
async function resumeAll(pick: <Value>(...values: Value[]) => Value): Promise<void> {
  const context = { ...CONTEXT, tasks: { counting: strict } };
  for (const optimizer of Object.keys(OPTIMIZERS) as (keyof typeof OPTIMIZERS)[]) {
    const own = Object.fromEntries(
      Object.entries({
        momentum: pick(0, 0.5),
        nesterov: pick(false, true),
        beta1: pick(0, 0.5),
        beta2: pick(0, 0.9),
        decay: pick(0, 0.9),
        epsilon: pick(1e-3, 1e-2),
        epsilonPlace: pick("outside", "inside"),
        weightDecay: pick(0, 0.5),
      }).filter(([name]) => name in OPTIMIZERS[optimizer].create().settings),
    );
    const training: Partial<TrainOptions> = {
      ...own,
      optimizer,
      steps: 40,
      validateEvery: 10,
      clip: pick(0, 0.1, undefined),
      clipNorm: pick(0, 0.1, undefined),
      l2: pick(0, 1e-3, undefined),
      warmup: pick(0, 15, undefined),
      schedule: pick<TrainOptions["schedule"]>("constant", "linear", "cosine"),
      ...pick<Partial<TrainOptions>>({}, { learningRate: 0.02 }, { phases: "25:0.02,5:0.01" }),
    };
    await inFolder(async (folder) => {
      const run = { training, counting: strict };
      const straight = await trainSmall(`${folder}/straight`, run);
      const stopped = await trainSmall(`${folder}/stopped`, { ...run, stopAt: 20 });
      assertStrictEquals((await stopped.readCheckpoint("last")).step, 20);
      await resumeTraining({ run: stopped.path, changes: {} }, [], context);
      await assertSameRuns(stopped, straight, JSON.stringify(training));
      assertEquals((await openRun(stopped.path)).config, straight.config);
    });
  }
}

Deno.test("resumeTraining() tells of a device that is not what the run began with", async () => {
  await inFolder(async (folder) => {
    const run = await trainSmall(folder);
    const told: unknown[] = [];
    const callbacks: RunCallbacks[] = [{
      onRunCreated(run, start) {
        const { device_before, device_description } = configLine(run, start);
        told.push([device_before, device_description]);
      },
    }];
    const now = run.config.deviceDescription;
    assert(now?.startsWith("WebAssembly SIMD"), now);
    await resumeTraining({ run: run.path, changes: { steps: 210 } }, callbacks, CONTEXT);
    const { config } = await openRun(run.path);
    const elsewhere = { ...config, deviceDescription: "an abacus" };
    await Deno.writeTextFile(`${run.path}/config.json`, JSON.stringify(elsewhere));
    await resumeTraining({ run: run.path, changes: { steps: 220 } }, callbacks, CONTEXT);
    // Who asks for another device knows.
    const changes = { steps: 230, device: "reference" } as const;
    await resumeTraining({ run: run.path, changes }, callbacks, CONTEXT);
    assertEquals(told, [
      [undefined, now],
      ["an abacus", now],
      [undefined, "interpreter in double precision"],
    ]);
  });
});

Deno.test("resumeTraining() trains for longer, at another rate, and keeps that", async () => {
  await inFolder(async (folder) => {
    const run = await trainSmall(folder, { training: { steps: 40, schedule: "constant" } });
    await assertRejects(
      () => resumeTraining({ run: run.path, changes: {} }, [], CONTEXT),
      UsageError,
      `Cannot go on with ${run.path}: all 40 steps are done, --steps asks for more`,
    );
    await assertRejects(
      () => resumeTraining({ run: run.path, changes: { steps: 30 } }, [], CONTEXT),
      UsageError,
      `Cannot go on with ${run.path}: 40 steps are done, and --steps asks for no more than 30`,
    );
    const changes = { steps: 80, learningRate: 0.125 };
    await resumeTraining({ run: run.path, changes }, [], CONTEXT);
    const { config, step } = await (await onlyRun(folder)).readCheckpoint("last");
    assertEquals([config.training.steps, config.training.learningRate, step], [80, 0.125, 80]);
    const rates = (await run.readMetrics()).flatMap(({ event, step, learning_rate }) =>
      event === "progress" && Number(step) > 40 ? [learning_rate] : []
    );
    assert(rates.length > 0);
    assertEquals(new Set(rates), new Set([0.125]));
  });
});

Deno.test("resumeTraining() goes on in the phases of the learning rate, or at one rate in their place", async () => {
  await inFolder(async (folder) => {
    const phases = "70:0.01,50:0.001,1:0.05";
    const training = { phases, schedule: "constant" } as const;
    const straight = await trainSmall(`${folder}/straight`, { training });
    const stopped = await trainSmall(`${folder}/stopped`, { training, stopAt: 60 });
    // Before the second phase, of which nothing has been seen yet.
    const { step, config } = await stopped.readCheckpoint("last");
    assert(step < 70, String(step));
    assertEquals(config.training.phases, [
      { steps: 70, learningRate: 0.01 },
      { steps: 50, learningRate: 0.001 },
      { steps: 1, learningRate: 0.05 },
    ]);
    await resumeTraining({ run: stopped.path, changes: {} }, [], CONTEXT);
    await assertSameRuns(stopped, straight);
    const rate = async (step: number) =>
      (await straight.readMetrics()).find((line) =>
        line.event === "progress" && Number(line.step) === step
      )?.learning_rate as number;
    assertAlmostEquals(await rate(200), 0.05, 1e-8);

    const changes = { steps: 220, learningRate: 0.125 };
    await resumeTraining({ run: straight.path, changes }, [], CONTEXT);
    assertEquals(await rate(220), 0.125);
    assertEquals((await openRun(straight.path)).config.training.phases, undefined);

    // Of a run whose rate falls, phases that are typed take the place of that, unless it is typed too.
    for (const schedule of [undefined, "linear"] as const) {
      const run = await trainSmall(`${folder}/falling-${schedule}`);
      const changes = { steps: 210, phases: "300:0.25", ...schedule && { schedule } };
      await resumeTraining({ run: run.path, changes }, [], CONTEXT);
      const { training } = (await openRun(run.path)).config;
      assertEquals(training.schedule, schedule ?? "constant");
    }
  });
});

Deno.test("resumeTraining() says in one sentence what is wrong with a checkpoint", async () => {
  await inFolder(async (folder) => {
    const run = await trainSmall(folder, { training: { steps: 20 } });
    const path = run.checkpointPath("last");
    const whole = await Deno.readFile(path);
    const resume = () => resumeTraining({ run: run.path, changes: { steps: 40 } }, [], CONTEXT);
    const text = String.fromCharCode(...whole);
    const replaced = (from: string, to: string) => {
      assert(text.includes(from), from);
      return Uint8Array.from(text.replace(from, to), (letter) => letter.charCodeAt(0));
    };
    const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
      ["cut short", whole.subarray(0, whole.length - 7), /^Cannot read checkpoint .*$/],
      ["empty", new Uint8Array(), /^Cannot read checkpoint .*$/],
      ["no header", whole.map((byte, i) => i < 8 ? 255 : byte), /^Cannot read checkpoint .*$/],
      [
        "of a later version",
        replaced('"format_version":"2"', '"format_version":"9"'),
        /its format version is 9, this Unroll reads up to 2$/,
      ],
      [
        "of another shape",
        replaced('"shape":[4,4]', '"shape":[2,8]'),
        /^Cannot resume: ".*" must be f32\[4,4\], found f32\[2,8\]$/,
      ],
    ];
    for (const [what, bytes, sentence] of cases) {
      await Deno.writeFile(path, bytes);
      const error = await assertRejects(resume, Error);
      assert(sentence.test(error.message), `${what}: ${error.message}`);
      assertStrictEquals(error.message.includes("\n"), false, what);
    }
    await Deno.writeFile(path, whole);
    await resume();
  });
});

for (const [label, kills, lanes] of [["", 4, 1], ["[long] ", 50, 2]] as const) {
  Deno.test(
    `${label}training that is killed at ${kills} random moments loses nothing and ends in the same bits`,
    () => killAtRandom(kills, lanes),
  );
}

/** Kills training at so many moments, some of them side by side. */
async function killAtRandom(kills: number, count: number): Promise<void> {
  await inFolder(async (folder) => {
    const lanes = Array.from({ length: count }, async (_, lane) => {
      const root = `${folder}/killed-${lane}`;
      await Deno.mkdir(root);
      // The first lives until something is saved, and shows how long that takes here.
      const first = await liveAndDie(root, lane);
      let saved = await checkSaved(root, 0);
      for (let kill = 1; kill < kills / count; kill++) {
        // Moments are not of a seed: the machine's own pace is different each time anyway.
        await liveAndDie(root, lane, first * (0.2 + 1.2 * Math.random()));
        saved = await checkSaved(root, saved);
      }
      await trainUntilKilled(root, lane, 2);
      return saved;
    });
    for (const saved of await Promise.all(lanes)) assert(saved > 0);
    for (let lane = 0; lane < count; lane++) {
      await trainUntilKilled(`${folder}/straight-${lane}`, lane, 2);
      await assertSameRuns(
        await onlyRun(`${folder}/killed-${lane}`),
        await onlyRun(`${folder}/straight-${lane}`),
      );
    }
  });
}

/** Trains in a process that is killed after so many milliseconds, or when it has saved something. */
async function liveAndDie(root: string, seed: number, milliseconds?: number): Promise<number> {
  const started = performance.now();
  const worker = new URL("../test_support/trained_until_killed.ts", import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", worker, root, String(seed), "0"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  let ended = false;
  const status = child.status.finally(() => ended = true);
  const isTime = milliseconds === undefined
    ? () => hasSaved(root)
    : () => Promise.resolve(performance.now() - started >= milliseconds);
  while (!ended && !await isTime()) await new Promise((resolve) => setTimeout(resolve, 5));
  const lived = performance.now() - started;
  try {
    if (!ended) child.kill("SIGKILL");
  } catch (error) {
    // It ended by itself just now, which is as good a moment as any.
    if (!(error instanceof TypeError)) throw error;
  }
  const { signal, success } = await status;
  // It may have come to its end before; it may not have failed.
  assert(signal === "SIGKILL" || success, await said);
  await said;
  return lived;
}

async function hasSaved(root: string): Promise<boolean> {
  for (const { path } of await listRuns(root)) {
    for await (const { name } of Deno.readDir(path)) if (name === "last.safetensors") return true;
  }
  return false;
}

/** Whatever lies there can be read, and nothing saved before is gone. */
async function checkSaved(root: string, before: number): Promise<number> {
  const runs = (await listRuns(root)).filter(({ config }) => config !== undefined);
  assert(runs.length <= 1);
  if (runs.length === 0) return before;
  const run = await openRun(runs[0].path);
  await run.readMetrics();
  let saved = before;
  for (const name of ["last", "best"] as const) {
    try {
      await Deno.stat(run.checkpointPath(name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw error;
    }
    const { step } = await run.readCheckpoint(name);
    if (name === "last") {
      assert(step >= before, `step ${step} is saved after ${before} was`);
      saved = step;
    }
  }
  return saved;
}

Deno.test("no command writes where a link in a run's folder leads", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(`${folder}/runs`, { training: { steps: 40 } });
    const outside = `${folder}/outside`;
    const names = [
      ...["report.html", ".report.html.tmp", "weights.safetensors", ".weights.safetensors.tmp"],
      ...[".lock", "metrics.jsonl", ".metrics.jsonl.tmp", "config.json", ".config.json.tmp"],
      ...["best.safetensors", ".best.safetensors.tmp", "last.safetensors", ".last.safetensors.tmp"],
    ];
    await Deno.mkdir(outside);
    for (const name of names) {
      // What is read stays what it was.
      const bytes = await Deno.readFile(`${path}/${name}`).catch(() =>
        new TextEncoder().encode("own")
      );
      await Deno.writeFile(`${outside}/${name}`, bytes);
      await Deno.remove(`${path}/${name}`).catch(() => {});
      await Deno.symlink(`${outside}/${name}`, `${path}/${name}`);
    }
    const before = names.map((name) => Deno.readFileSync(`${outside}/${name}`));
    for (
      const words of [
        `report ${path}`,
        `export ${path} --format safetensors`,
        `train --resume ${path} --steps 80 --device cpu --quiet`,
      ]
    ) {
      const { code, errors } = await runCommand(words);
      assertStrictEquals(code, 0, `${words}: ${errors}`);
    }
    for (const [i, name] of names.entries()) {
      assertEquals(Deno.readFileSync(`${outside}/${name}`), before[i], name);
    }
    assert((await Deno.lstat(`${path}/report.html`)).isFile);
  });
});
