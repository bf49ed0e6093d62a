/** Runs of any settings that are stopped, resumed and made again by the report's command: the same bits. `tests/ABUSE.md` has figures. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { ModelPlugin, OptimizerName, TaskPlugin } from "@unroll/core/plugin";
import { describeOptions } from "@unroll/core/plugin/host";
import type { JsonRecord, RunConfig, RunFolder } from "@unroll/core/runs";
import { DivergenceError, OPTIMIZERS, SCHEDULES } from "@unroll/core/training";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { type Arbitrary, fc } from "../../core/test_support/fast_check.ts";
import type { TrainRequest } from "../context.ts";
import { StoppedError, UsageError } from "../errors.ts";
import { RECIPES } from "../recipes/mod.ts";
import { reproduceCommand } from "../reporting/reproduce.ts";
import { arbitraryOptions, commandsOf } from "../test_support/arbitrary_options.ts";
import { runCommand } from "../test_support/run_command.ts";
import { assertSameRuns } from "../test_support/same_runs.ts";
import { inFolder, onlyRun } from "../test_support/small_runs.ts";
import { resumeTraining, runTraining, unsupportedReason } from "./train_action.ts";
import type { TrainOptions } from "./train_options.ts";

const RUNS = Math.ceil(Number(Deno.env.get("UNROLL_FUZZ_RUNS") ?? 100) / 5);
const SEED = Number(Deno.env.get("UNROLL_FUZZ_SEED") ?? 1);
const CONTEXT = { models: MODELS, tasks: TASKS, version: "0.0.1" };
const STEPS = 30;

/** The greatest values of options by which runs would grow. */
const SMALL = {
  ...{ hidden: 6, layers: 3, recompute: 4, context: 4, std: 1, base: 5, batch: 6, length: 7 },
  ...{ testDigits: 4, digits: 3, training: 60, validation: 0.4, stride: 9, last: 130, bits: 8 },
};
/** Of options whose defaults are large. */
const SMALLER: Readonly<Record<string, JsonRecord>> = {
  counting: { digits: 3, testDigits: 4, training: 60, validation: 20 },
  fizzbuzz: { last: 120 },
};

/** Some settings of training, zeros among them. */
const settings: Arbitrary<Partial<TrainOptions>> = fc.record({
  learningRate: fc.constantFrom(1e-7, 1e-3, 0.02, 0.1),
  phases: fc.constantFrom("4:0.01,5:0.002", "1:0.05", "100:1e-3"),
  schedule: fc.constantFrom(...Object.keys(SCHEDULES) as TrainOptions["schedule"][]),
  clip: fc.constantFrom(0, 1e-3, 0.5),
  clipNorm: fc.constantFrom(0, 1e-3, 1),
  l2: fc.constantFrom(0, 1e-4, 0.1),
  warmup: fc.constantFrom(0, 1, 12, 100),
  validateEvery: fc.constantFrom(1, 3, 7, 10, 100),
  best: fc.constantFrom("error", "loss"),
  patience: fc.constantFrom(0, 1, 3),
  stopAt: fc.constantFrom("none", "error=0", "loss=0", "loss=1.2", "error=0.7,loss=2"),
  saveEvery: fc.constantFrom(0, 100),
}, { requiredKeys: [], noNullPrototype: true }).map(({ learningRate, phases, ...rest }) => ({
  ...rest,
  // One takes the place of the other.
  ...(phases === undefined ? learningRate === undefined ? {} : { learningRate } : { phases }),
}));

/** An optimizer with some of its settings. */
const optimizers: Arbitrary<Partial<TrainOptions>> = fc.constantFrom(
  ...Object.keys(OPTIMIZERS) as OptimizerName[],
).chain((optimizer) => {
  const values: Readonly<Record<string, Arbitrary<unknown>>> = {
    momentum: fc.constantFrom(0, 0.5, 0.9),
    nesterov: fc.boolean(),
    beta1: fc.constantFrom(0, 0.5),
    beta2: fc.constantFrom(0, 0.9),
    decay: fc.constantFrom(0, 0.9),
    epsilon: fc.constantFrom(1e-8, 1e-3),
    epsilonPlace: fc.constantFrom("outside", "inside"),
    weightDecay: fc.constantFrom(0, 0.5),
  };
  const own = Object.keys(values).filter((name) => name in OPTIMIZERS[optimizer].create().settings);
  return fc.record(Object.fromEntries(own.map((name) => [name, values[name]])), {
    requiredKeys: [],
    noNullPrototype: true,
  }).map((settings): Partial<TrainOptions> => ({ ...settings, optimizer }));
});

/** Options of a plugin, those of inputs too, with which it is small. */
function optionsOf({ name, options }: ModelPlugin | TaskPlugin): Arbitrary<JsonRecord> {
  const inputs = {
    ..."embedding" in options.shape ? { embedding: fc.nat(3) } : {},
    ..."inputNorm" in options.shape ? { inputNorm: fc.constantFrom("none", "layer", "batch") } : {},
  };
  return fc.tuple(
    arbitraryOptions(
      describeOptions(options),
      name === "counting" ? { ...SMALL, validation: 20 } : SMALL,
    ),
    fc.record(inputs, { requiredKeys: [], noNullPrototype: true }),
  ).map(([{ alphabet: _, ...rest }, more]) =>
    ({ ...SMALLER[name], ...rest, ...more }) as JsonRecord
  );
}

/** A run, and the parts that it is trained in. */
interface Drawn {
  readonly model: ModelPlugin;
  readonly task: TaskPlugin;
  readonly modelOptions: JsonRecord;
  readonly taskOptions: JsonRecord;
  readonly training: TrainOptions;
  readonly parts: readonly Part[];
}

/** A part of a run: how far it goes, and what is otherwise from then on. */
interface Part {
  readonly until?: number;
  readonly more: number;
  readonly changes: Partial<TrainOptions>;
}

const drawn: Arbitrary<Drawn> = fc.tuple(
  fc.constantFrom(...Object.values(MODELS)),
  fc.constantFrom(...Object.values(TASKS)),
).chain(([model, task]) =>
  fc.record({
    model: fc.constant(model),
    task: fc.constant(task),
    modelOptions: optionsOf(model),
    taskOptions: optionsOf(task),
    training: fc.tuple(
      settings,
      fc.option(optimizers, { nil: {} }),
      fc.record({ seed: fc.nat(2 ** 31 - 1), steps: fc.integer({ min: 1, max: STEPS }) }),
    ).map(([settings, optimizer, rest]) =>
      ({ ...settings, ...optimizer, ...rest, device: "cpu" }) as TrainOptions
    ),
    parts: fc.array(
      fc.record({
        until: fc.integer({ min: 1, max: STEPS }),
        more: fc.nat(9),
        changes: settings,
      }),
      { minLength: 1, maxLength: 3 },
    ),
  })
);

/** Trains a run in parts: each goes on from where the one before stopped. */
async function trainIn(
  parts: readonly Part[],
  request: TrainRequest,
  isChanged: boolean,
): Promise<RunFolder> {
  const ends = parts.map(({ until }) => until).sort((one, other) => Number(one) - Number(other));
  const training = { ...request.training, until: ends[0] };
  await runTraining({ ...request, training }, [], CONTEXT);
  let steps = request.training.steps as number;
  for (const [index, { more, changes }] of parts.entries()) {
    const run = await onlyRun(request.out);
    const until = ends[index + 1];
    steps += more;
    if (!isChanged && (await run.readMetrics()).at(-1)?.event === "done") break;
    try {
      const resume = {
        run: run.path,
        changes: isChanged ? { ...changes, steps, until } : { until },
      };
      await resumeTraining(resume, [], CONTEXT);
    } catch (error) {
      // All steps are done.
      if (!(error instanceof UsageError)) throw error;
    }
  }
  return await onlyRun(request.out);
}

/** Makes a run again, as its report says. */
async function makeAgain({ config }: RunFolder, out: string): Promise<RunFolder> {
  const plugins = { model: MODELS[config.model.name], task: TASKS[config.task.name] };
  for (const words of await commandsOf(reproduceCommand(config, plugins))) {
    const last = words.indexOf("--resume") + 1;
    const own = last === 0 ? [...words, "--out", out] : words.with(last, (await onlyRun(out)).path);
    const { code, errors } = await runCommand([...own, "--quiet"]);
    assertEquals(code, 0, `${words.join(" ")}: ${errors}`);
  }
  return await onlyRun(out);
}

/** Whether all ways to train a run come to the same; undefined where it cannot be trained. */
async function checkRun(
  folder: string,
  request: TrainRequest,
  parts: readonly Part[],
): Promise<void> {
  const said = JSON.stringify(request.training);
  const at = (name: string) => ({ ...request, out: `${folder}/${name}` });
  const straight = await trainIn([], at("straight"), false);
  const stopped = await trainIn(parts, at("stopped"), false);
  await assertSameRuns(stopped, straight, `stopped ${said}`);
  assertEquals(stopped.config, straight.config);
  const again = await makeAgain(straight, `${folder}/again`);
  await assertSameRuns(again, straight, `again ${said}`);
  // What makes it again is train, whatever recipe it was.
  assertEquals(again.config, unnamed(straight.config));
  const changed = await trainIn(parts, at("changed"), true);
  const changedAgain = await makeAgain(changed, `${folder}/changed-again`);
  await assertSameRuns(changedAgain, changed, `changed ${said}`);
  assertEquals(changedAgain.config, unnamed(changed.config));
}

/** The settings without the recipe that they are from. */
function unnamed({ recipe: _, ...config }: RunConfig): RunConfig {
  return config;
}

Deno.test("[long] runs of any settings come to the same bits when they are resumed, and when they are made again", async () => {
  await inFolder(async (root) => {
    const corpus = `${root}/text.txt`;
    await Deno.writeTextFile(corpus, "It's the \"same\" $text, 'again' and again\n".repeat(20));
    let count = 0;
    let tried = 0;
    const property = fc.asyncProperty(drawn, async (run) => {
      const { model, task, training, parts } = run;
      const own = model.options.safeParse(run.modelOptions);
      const more = task.name === "char" ? { corpus } : {};
      const other = task.options.safeParse({ ...run.taskOptions, ...more });
      // Rules that concern several options may refuse them.
      if (!own.success || !other.success) return;
      const request = {
        model: { plugin: model, name: model.name, options: own.data as JsonRecord },
        task: { plugin: task, name: task.name, options: other.data as JsonRecord },
        training,
        out: root,
      };
      try {
        if (await unsupportedReason(request.model, request.task) !== undefined) return;
      } catch (error) {
        // A text that is too short for its batches.
        if (error instanceof RangeError) return;
        throw error;
      }
      const folder = `${root}/${count++}`;
      try {
        await checkRun(folder, request, parts);
        tried++;
      } catch (error) {
        if (!(error instanceof DivergenceError)) throw error;
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
    await fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: true });
    assertGreater(tried, RUNS / 3);
  });
});

/** With fewer numbers in everything, which is no matter of settings. */
function smaller(request: TrainRequest): TrainRequest {
  const less = { hidden: 6, embedding: 4, testDigits: 40, batch: 4 };
  const cut = ({ options, ...rest }: TrainRequest["model"]) => ({
    ...rest,
    options: Object.fromEntries(
      Object.entries({ ...options }).map(([name, value]) => {
        const most = (less as Readonly<Record<string, number>>)[name];
        return [name, typeof value === "number" && value > most ? most : value];
      }),
    ),
  });
  return { ...request, model: cut(request.model), task: cut(request.task) };
}

Deno.test("[long] every recipe comes to the same bits when it is resumed, and when it is made again", async () => {
  await inFolder(async (root) => {
    const text = `${root}/text.txt`;
    const letters = "\n !\"'(),-.:;?$&ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    await Deno.writeTextFile(text, letters.repeat(500));
    for (const [name, recipe] of Object.entries(RECIPES)) {
      let request: TrainRequest | undefined;
      const corpus = recipe.corpus === undefined ? [] : ["--corpus", text];
      const few = ["--steps", "6", "--validate-every", "2", "--seed", "7", "--device", "cpu"];
      await runCommand(["recipe", name, ...few, ...corpus], {
        train(asked) {
          request = asked;
          return Promise.reject(new StoppedError("Enough"));
        },
      });
      assert(request !== undefined, name);
      const changes = { phases: "2:0.002,1:0.001", clipNorm: 0, stopAt: "none" };
      const parts = [{ until: 3, more: 1, changes }, { until: 5, more: 1, changes: { l2: 0 } }];
      await checkRun(`${root}/${name}`, smaller(request), parts);
    }
  });
});
