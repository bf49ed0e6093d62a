/**
 * The tests that every task should pass, for its author to run.
 *
 * @module
 */
import { checkMachine, runMachine } from "../automata/machine.ts";
import type { Model, ModelTraits } from "../plugin/model.ts";
import { describeOptions, optionsFromJson, optionsToJson } from "../plugin/options.ts";
import { isPlugin } from "../plugin/plugin.ts";
import type { Task, TaskInstance, Validation } from "../plugin/task.ts";
import { batchWords, machineTargets } from "../plugin/task_machine.ts";
import {
  type Batch,
  inputType,
  outputType,
  targetType,
  type TaskSpec,
  weightType,
} from "../plugin/task_spec.ts";
import { formatType, sizeOf, type TensorType, type TypedArray } from "../ir/tensor_type.ts";
import { OPTIMIZERS, SCHEDULES } from "../training/optimizers.ts";
import { randomFor } from "../plugin/random_for.ts";
import { type DummyPredict, dummyPredict } from "./dummy_predict.ts";

/** Settings of {@linkcode checkTask}. */
export interface CheckTaskSettings {
  /** Seeds of the runs whose batches are looked at; 0, 1 and 2³¹ if left out. */
  readonly seeds?: readonly number[];
  /** Steps whose batches are looked at; some of the first and around the first epoch if left out. */
  readonly steps?: readonly number[];
}

/**
 * Checks that a task keeps the contract of tasks:
 *
 * - its options come back from JSON as they are, and so do those that a run keeps;
 * - batches have the types of the specification, targets and symbols are in range, and they are a pure
 *   function of seed and step, whatever was asked for before;
 * - measuring and showing work with a dummy model, leave no state behind, repeat themselves, and do
 *   not take NaN for right;
 * - its machine, if it has one, answers those batches as their targets are;
 * - its recommendations are settings that can be trained with.
 *
 * @param task The task.
 * @param settings Which batches to look at.
 * @throws {TypeError} About the first thing that is not as the contract has it.
 *
 * @example Check a task in a test
 * ```ts
 * import { defineTask } from "@unroll/core/plugin";
 * import { checkTask } from "@unroll/core/testing";
 * import * as z from "zod";
 *
 * const always = defineTask({
 *   name: "always",
 *   summary: "Answer 1, always",
 *   options: z.object({}),
 *   create: () => ({
 *     spec: {
 *       inputs: { kind: "none" },
 *       outputs: { kind: "vector", size: 1, at: "last" },
 *       length: 3,
 *       loss: { kind: "squared-error", reduction: "mean" },
 *       weighted: false,
 *       stateful: false,
 *     },
 *     batch: () => ({ length: 3, size: 1, targets: Float32Array.of(1) }),
 *     async validate(predict) {
 *       const { outputs } = await predict({ length: 3 });
 *       return { loss: (outputs[0] - 1) ** 2 };
 *     },
 *     defaults: () => ({ steps: 100 }),
 *   }),
 * });
 * await checkTask(always());
 * ```
 */
export async function checkTask(task: Task, settings: CheckTaskSettings = {}): Promise<void> {
  const { plugin } = task;
  const check = new Checker(isPlugin(plugin) ? plugin.name : "unnamed");
  check.that(isPlugin(plugin) && plugin.kind === "task", "a plugin of kind task", "another thing");
  describeOptions(plugin.options);
  checkRoundTrip(check, task, task.options);
  const instance = await task.create();
  checkSpec(check, instance.spec);
  await checkKept(check, task, instance);
  await checkBatches(check, task, instance, settings);
  checkDefaults(check, instance);
  await checkMeasuring(check, instance);
}

/** Says what is wrong with which task. */
class Checker {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  that(good: boolean, wanted: string, found: unknown, where = "the task"): void {
    if (good) return;
    throw new TypeError(
      `Cannot accept task "${this.#name}": ${where} must have ${wanted}, found ${
        typeof found === "string" ? found : JSON.stringify(found)
      }`,
    );
  }
}

/** {@linkcode optionsToJson} throws by itself if they do not come back. */
function checkRoundTrip(check: Checker, { plugin }: Task, options: object): void {
  const text = optionsToJson(plugin.options, options);
  const again = plugin(optionsFromJson(plugin.options, text) as object).options;
  const wanted = JSON.stringify(sorted(options));
  const found = JSON.stringify(sorted(again));
  check.that(found === wanted, `options that stay ${wanted} as JSON`, found);
}

function sorted(options: object): [string, unknown][] {
  return Object.entries(options).filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1);
}

function checkSpec(check: Checker, spec: TaskSpec): void {
  const { inputs, outputs, loss, length } = spec;
  const whole = (n: unknown) => Number.isSafeInteger(n) && (n as number) > 0;
  check.that(
    inputs.kind === "none" || whole(inputs.kind === "symbol" ? inputs.vocabulary : inputs.size),
    "inputs of a whole size from 1",
    inputs,
    "its specification",
  );
  check.that(
    whole(outputs.kind === "class" ? outputs.classes : outputs.size),
    "outputs of a whole size from 1",
    outputs,
    "its specification",
  );
  check.that(
    loss.kind !== "cross-entropy" || outputs.kind === "class",
    "classes for cross entropy",
    outputs,
    "its specification",
  );
  check.that(
    length === "variable" || whole(length),
    "a whole length from 1, or variable",
    length,
    "its specification",
  );
}

/** The options that a run keeps make the same task. */
async function checkKept(check: Checker, task: Task, instance: TaskInstance): Promise<void> {
  if (instance.options === undefined) return;
  checkRoundTrip(check, task, instance.options);
  const wanted = JSON.stringify(instance.spec);
  let found: string;
  try {
    found = JSON.stringify((await task.plugin(instance.options).create()).spec);
  } catch (error) {
    found = (error as Error).message;
  }
  check.that(found === wanted, `specification ${wanted}`, found, "the task of its kept options");
}

async function checkBatches(
  check: Checker,
  task: Task,
  instance: TaskInstance,
  settings: CheckTaskSettings,
): Promise<void> {
  const epoch = instance.stepsPerEpoch;
  check.that(
    epoch === undefined || (Number.isSafeInteger(epoch) && epoch > 0),
    "a whole number of steps an epoch",
    epoch,
  );
  const around = epoch === undefined ? [] : [epoch - 1, epoch, epoch + 1];
  const steps = [...new Set(settings.steps ?? [0, 1, 2, 3, 17, 1000, ...around])];
  const places = (settings.seeds ?? [0, 1, 2 ** 31]).flatMap((seed) =>
    steps.map((step) => ({ seed, step }))
  );
  const first = places.map(({ seed, step }) => {
    const batch = ask(instance, seed, step);
    const where = `the batch of seed ${seed}, step ${step}`;
    checkBatch(check, instance.spec, batch, step, where);
    checkAnnotations(check, instance, batch, where);
    checkMachineAnswers(check, instance, batch, where);
    return { seed, step, where, batch, text: textOf(batch) };
  });
  const { size } = first[0].batch;
  // Another task of the same options, asked backwards, must give the same.
  const other = await task.create();
  for (const { seed, step, where, batch, text } of first.toReversed()) {
    check.that(
      !instance.spec.stateful || batch.size === size,
      `${size} sequences as the others`,
      batch.size,
      where,
    );
    check.that(textOf(batch) === text, "its own arrays", "arrays written to for another", where);
    for (const asked of [other, instance]) {
      const same = textOf(ask(asked, seed, step)) === text;
      check.that(same, "the same numbers whenever it is asked for", "others", where);
    }
  }
}

function ask(instance: TaskInstance, seed: number, step: number): Batch {
  return instance.batch({ seed, step, random: randomFor(seed, step) });
}

function textOf({ length, size, inputs, targets, weights, reset }: Batch): string {
  return [length, size, inputs, targets, weights, reset].join(";");
}

function checkBatch(
  check: Checker,
  spec: TaskSpec,
  batch: Batch,
  step: number,
  where: string,
): void {
  const { length, size } = batch;
  check.that(Number.isSafeInteger(size) && size > 0, "a whole size from 1", size, where);
  check.that(
    spec.length === "variable" ? length > 0 : length === spec.length,
    `length ${spec.length}`,
    length,
    where,
  );
  const { inputs, outputs } = spec;
  const inputs_ = inputType(spec, length, size);
  checkArray(check, "inputs", inputs_, batch.inputs, where);
  if (inputs.kind === "symbol") {
    checkRange(check, "inputs", batch.inputs as TypedArray, inputs.vocabulary, where);
  }
  checkArray(check, "targets", targetType(spec, length, size), batch.targets, where);
  if (outputs.kind === "class") {
    checkRange(check, "targets", batch.targets, outputs.classes, where);
  }
  const weights = spec.weighted ? weightType(spec, length, size) : undefined;
  checkArray(check, "weights", weights, batch.weights, where);
  if (batch.weights) {
    const total = batch.weights.reduce((sum, w) => sum + Math.abs(w), 0);
    const good = total > 0 && batch.weights.every((w) => w >= 0);
    check.that(good, "weights from 0, not all 0", "others", where);
  }
  check.that(spec.stateful || !batch.reset, "no reset without a state", "one", where);
  check.that(
    !spec.stateful || step > 0 || batch.reset !== false,
    "a reset before the first step",
    "none",
    where,
  );
}

function checkArray(
  check: Checker,
  name: string,
  type: TensorType | undefined,
  data: TypedArray | undefined,
  where: string,
): void {
  if (!type) return check.that(data === undefined, `no ${name}`, "some", where);
  const wanted = type.dtype === "f32" ? Float32Array : Int32Array;
  check.that(
    data instanceof wanted && data.length === sizeOf(type.shape),
    `${name} of ${formatType(type)}`,
    `${data?.constructor.name ?? "nothing"} of ${data?.length ?? 0} numbers`,
    where,
  );
  const all = data as TypedArray;
  for (let i = 0; i < all.length; i++) {
    check.that(Number.isFinite(all[i]), `finite ${name}`, String(all[i]), where);
  }
}

function checkRange(
  check: Checker,
  name: string,
  data: TypedArray,
  end: number,
  where: string,
): void {
  const wrong = data.find((x: number) => x < 0 || x >= end);
  check.that(wrong === undefined, `${name} from 0 to ${end - 1}`, wrong, where);
}

function checkAnnotations(
  check: Checker,
  instance: TaskInstance,
  batch: Batch,
  where: string,
): void {
  const places = sizeOf(outputType(instance.spec, batch.length, batch.size).shape.slice(0, -1));
  for (const { name, values } of instance.annotate?.(batch) ?? []) {
    const label = `${places} values of annotation "${name}"`;
    check.that(values.length === places, label, values.length, where);
  }
}

function checkMachineAnswers(
  check: Checker,
  { spec, machine }: TaskInstance,
  batch: Batch,
  where: string,
): void {
  const task = machine?.();
  if (task === undefined) return;
  checkMachine(task.machine);
  const { outputs } = spec;
  const classes = outputs.kind === "class" ? outputs.classes : 0;
  check.that(task.classes.length === classes, `names of ${classes} classes`, task.classes);
  const answers = machineTargets(spec, task, batch);
  const wrong = answers.findIndex((answer, i) => answer !== batch.targets[i]);
  const wanted = `the answer ${answers[wrong]} of its machine as target ${wrong}`;
  check.that(wrong < 0, wanted, String(batch.targets[wrong]), where);
  const { asked } = task;
  if (asked === undefined) return;
  checkMachine(asked);
  const isAsked = batchWords(spec, task, batch).every((word) =>
    runMachine(asked, word).outputs.at(-1)
  );
  check.that(isAsked, "words that its machine says are asked", "another", where);
}

/** Every kind of model. */
const KINDS: readonly ModelTraits[] = [false, true].flatMap((windowed) =>
  [false, true].map((gated) => ({ windowed, gated }))
);

function checkDefaults(check: Checker, instance: TaskInstance): void {
  for (const traits of KINDS) {
    const defaults = instance.defaults(modelWith(traits));
    const where = `its defaults for a model with ${JSON.stringify(traits)}`;
    const { steps, validateEvery = 1, optimizer = "adam", schedule = "constant" } = defaults;
    for (const n of [steps, validateEvery]) {
      check.that(Number.isSafeInteger(n) && n > 0, "whole numbers of steps from 1", n, where);
    }
    check.that(Object.hasOwn(OPTIMIZERS, optimizer), "a known optimizer", optimizer, where);
    check.that(Object.hasOwn(SCHEDULES, schedule), "a known schedule", schedule, where);
    const { learningRate = 1, clip = 1, clipNorm = 1, l2 = 0, warmup = 0 } = defaults;
    const good = learningRate > 0 && [clip, clipNorm, l2, warmup].every((x) => x >= 0);
    check.that(good, "a rate above 0, limits and weights of 0 or above", defaults, where);
  }
}

function modelWith(traits: ModelTraits): Model {
  const name = "never-heard-of";
  const cannot = () => {
    throw new TypeError(`Cannot use the model "${name}" of a check: only its traits are there`);
  };
  const options = { shape: {}, safeParse: cannot };
  const plugin = Object.assign(cannot, { kind: "model", summary: name, options } as const);
  Object.defineProperty(plugin, "name", { value: name });
  return {
    plugin,
    options: {},
    traits,
    unsupportedReason: () => undefined,
    create: cannot as () => never,
  };
}

async function checkMeasuring(check: Checker, instance: TaskInstance): Promise<void> {
  const predict = dummyPredict(instance.spec);
  const first = await instance.validate(predict);
  checkValidation(check, first);
  const again = JSON.stringify(await instance.validate(predict));
  check.that(again === JSON.stringify(first), `the same measure again`, again, "measuring");
  await checkText(check, instance, predict);
  check.that(predict.states() === 0, "no state left", predict.states(), "measuring and showing");
  const broken = await instance.validate(dummyPredict(instance.spec, { broken: true }));
  const { error } = broken;
  check.that(error === undefined || !(error < 1), "error 1 where all is NaN", error, "measuring");
}

function checkValidation(check: Checker, { loss, error, metrics = {} }: Validation): void {
  check.that(Number.isFinite(loss), "a finite loss", String(loss), "measuring");
  check.that(
    error === undefined || (error >= 0 && error <= 1),
    "an error from 0 to 1",
    String(error),
    "measuring",
  );
  for (const [name, value] of Object.entries(metrics)) {
    check.that(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name), "snake case names", name, "metrics");
    check.that(Number.isFinite(value), `a finite ${name}`, String(value), "metrics");
  }
}

async function checkText(
  check: Checker,
  instance: TaskInstance,
  predict: DummyPredict,
): Promise<void> {
  for (const line of await instance.show?.(predict) ?? []) {
    const good = typeof line === "string" && !line.includes("\n");
    check.that(good, "lines of text", line, "showing");
  }
  if (!instance.sample) return;
  const write = async () => {
    const pieces: string[] = [];
    for await (const piece of instance.sample?.(predict, { length: 5, seed: 3 }) ?? []) {
      pieces.push(piece);
    }
    return pieces.join("");
  };
  const text = await write();
  check.that(await write() === text, "the same text for the same seed", "another", "sampling");
}
