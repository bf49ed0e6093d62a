/**
 * What every model must do, whatever it is: a suite for the authors of models.
 *
 * @module
 */
import type { Model, ModelInstance, Tree } from "../plugin/model.ts";
import { optionsFromJson, optionsToJson } from "../plugin/options.ts";
import { inputType, outputType, type TaskSpec } from "../plugin/task_spec.ts";
import { tensor } from "../language/ops/creation.ts";
import { foldIn, randomKey, randomNormal } from "../language/random.ts";
import type { Tensor } from "../language/tensor.ts";
import { formatType, sameType, sizeOf, type TypedArray, typedArray } from "../ir/tensor_type.ts";
import { rebuildTree, treeEntries } from "../language/tree.ts";
import { grad } from "../language/gradient.ts";
import { randomSource } from "../util/random_source.ts";

/** Options of {@linkcode checkModel}. */
export interface CheckModelOptions {
  /** The tasks to try; if left out, every kind of input, with answers at every step and at the last. */
  readonly specs?: readonly TaskSpec[];
  /** Seed of everything random; 0 if left out. */
  readonly seed?: number;
}

/** What {@linkcode checkModel} tried. */
export interface CheckModelReport {
  /** The tasks that the model can learn. */
  readonly supported: readonly TaskSpec[];
  /** The tasks that it cannot learn. */
  readonly unsupported: readonly TaskSpec[];
}

const LENGTH = 4;
const BATCH = 3;
/** What is compared was computed in doubles and rounded to floats at the end. */
const TOLERANCE = 1e-6;

/**
 * Checks a model on small tasks of every kind: it either says in a sentence why it cannot learn one, or
 *
 * - has parameters of f32, the same for the same key, and as many as its summary says;
 * - answers with the types that the task asks for, finite, and the same each time;
 * - gives a gradient to every parameter, but for those that it sets itself;
 * - answers for each sequence as if it were alone;
 * - goes on from its state as if it had not stopped, where the task has answers at every step.
 *
 * Its options must come back from JSON as they were. Sizes should be small: everything is computed by
 * the reference interpreter.
 *
 * @param model The model with its options.
 * @param options Tasks and seed.
 * @returns What was tried.
 * @throws {TypeError} If a type is wrong.
 * @throws {RangeError} If anything else is wrong.
 *
 * @example In a test of a model
 * ```ts
 * import { broadcastTo, type Tensor, zeros } from "@unroll/core";
 * import { defineModel, outputSize } from "@unroll/core/plugin";
 * import { checkModel } from "@unroll/core/testing";
 * import { strictEqual } from "node:assert/strict";
 * import * as z from "zod";
 *
 * const constant = defineModel({
 *   name: "constant",
 *   summary: "Always the same answer",
 *   options: z.object({}),
 *   unsupportedReason: (spec) => spec.outputs.at === "last" ? "it answers at every step" : undefined,
 *   create: (_, spec) => ({
 *     parameters: () => ({ b: zeros([outputSize(spec)]) }),
 *     initialState: () => undefined,
 *     apply: ({ b }: { readonly b: Tensor }, _, { length, batch }) => ({
 *       outputs: broadcastTo(b, [length, batch, outputSize(spec)]),
 *       state: undefined,
 *     }),
 *     layers: [{ name: "bias", output: "[time, batch, n]", parameters: outputSize(spec) }],
 *   }),
 * });
 *
 * const { supported, unsupported } = await checkModel(constant());
 * strictEqual(supported.length, unsupported.length);
 * ```
 */
export async function checkModel(
  model: Model,
  options: CheckModelOptions = {},
): Promise<CheckModelReport> {
  const { specs = modelCheckSpecs(), seed = 0 } = options;
  checkOptions(model);
  const supported: TaskSpec[] = [];
  const unsupported: TaskSpec[] = [];
  for (const spec of specs) {
    if (isUnsupported(model, spec)) unsupported.push(spec);
    else {
      supported.push(spec);
      await new Check(model, spec, seed).run();
    }
  }
  if (supported.length === 0) {
    throw new RangeError(`Cannot accept ${model.plugin.name}: it can learn none of the tasks`);
  }
  return { supported, unsupported };
}

/**
 * Lists tasks of every kind: each input, answers at every step and at the last, fixed and variable length.
 *
 * @example Usage
 * ```ts
 * import { modelCheckSpecs } from "@unroll/core/testing";
 * import { rnn } from "@unroll/models";
 * import { strictEqual } from "node:assert/strict";
 *
 * const [withoutInputs] = modelCheckSpecs();
 * strictEqual(rnn().unsupportedReason(withoutInputs), undefined);
 * ```
 */
export function modelCheckSpecs(): TaskSpec[] {
  const inputs: TaskSpec["inputs"][] = [
    { kind: "none" },
    { kind: "symbol", vocabulary: 5 },
    { kind: "vector", size: 3 },
  ];
  const outputs: TaskSpec["outputs"][] = [
    { kind: "class", classes: 4, at: "every" },
    { kind: "vector", size: 2, at: "last" },
  ];
  const lengths: TaskSpec["length"][] = ["variable", LENGTH];
  return inputs.flatMap((inputs) =>
    outputs.flatMap((outputs) =>
      lengths.map((length) => ({
        inputs,
        outputs,
        length,
        loss: {
          kind: outputs.kind === "class" ? "cross-entropy" as const : "squared-error" as const,
          reduction: "mean",
        },
        weighted: false,
        stateful: outputs.at === "every",
      }))
    )
  );
}

function checkOptions({ plugin, options }: Model): void {
  const again = optionsFromJson(plugin.options, optionsToJson(plugin.options, options));
  const [before, after] = [options, again].map((values) => JSON.stringify(values));
  if (before !== after) {
    throw new RangeError(
      `Cannot accept ${plugin.name}: its options ${before} come back from JSON as ${after}`,
    );
  }
}

/** Returns whether a model cannot learn a task, after checking that it says so well. */
function isUnsupported(model: Model, spec: TaskSpec): boolean {
  const reason = model.unsupportedReason(spec);
  if (reason === undefined) return false;
  const subject = `Cannot accept ${model.plugin.name} for ${describe(spec)}`;
  if (!/^\p{Ll}[^\n]*[^.\s]$/u.test(reason)) {
    throw new RangeError(
      `${subject}: the reason is the end of a sentence without a full stop, found ${
        JSON.stringify(reason)
      }`,
    );
  }
  try {
    model.create(spec);
  } catch (error) {
    if (error instanceof TypeError && error.message.includes(reason)) return true;
    throw new RangeError(`${subject}: building it throws another error, "${error}"`, {
      cause: error,
    });
  }
  throw new RangeError(`${subject}: it cannot learn this and is built all the same`);
}

function describe({ inputs, outputs, length }: TaskSpec): string {
  return `${inputs.kind} inputs of ${
    length === "variable" ? "variable length" : `length ${length}`
  }, ${outputs.kind} outputs at ${outputs.at === "every" ? "every step" : "the last step"}`;
}

/** What a model is run on. */
interface Run {
  readonly inputs: Tensor | undefined;
  readonly length: number;
  readonly batch: number;
  readonly state?: Tree;
  readonly training?: boolean;
}

/** One model on one task. */
class Check {
  readonly #subject: string;
  readonly #spec: TaskSpec;
  readonly #instance: ModelInstance;
  readonly #key: Tensor;
  readonly #inputs: TypedArray | undefined;

  constructor(model: Model, spec: TaskSpec, seed: number) {
    this.#subject = `Cannot accept ${model.plugin.name} for ${describe(spec)}`;
    this.#spec = spec;
    this.#instance = model.create(spec);
    this.#key = randomKey(seed);
    const random = randomSource(seed + 1);
    const type = inputType(spec, LENGTH, BATCH);
    this.#inputs = type && typedArray(
      type.dtype,
      Array.from(
        { length: sizeOf(type.shape) },
        () =>
          spec.inputs.kind === "symbol"
            ? Math.floor(random() * spec.inputs.vocabulary)
            : 2 * random() - 1,
      ),
    );
  }

  async run(): Promise<void> {
    const initial = this.#instance.parameters(this.#key);
    await this.#checkParameters(initial);
    const whole = this.#run(initial, { inputs: this.#part(), length: LENGTH, batch: BATCH });
    const set = new Set(Object.keys(this.#train(initial).updates ?? {}));
    this.#checkLayers(initial, set);
    this.#checkTypes(whole, BATCH);

    // Away from the start, where zeros may hide much.
    const parameters = rebuildTree(
      initial,
      treeEntries(initial).map(([path, leaf], i) =>
        set.has(path) ? leaf : leaf.add(randomNormal(foldIn(this.#key, i), leaf.shape).mul(0.2))
      ),
    );
    await this.#checkAnswers(parameters);
    await this.#checkGradients(parameters, set);
    await this.#checkRows(parameters);
    if (this.#spec.outputs.at === "every" && this.#spec.length === "variable") {
      await this.#checkState(parameters);
    }
  }

  async #checkParameters(parameters: Tree): Promise<void> {
    const again = treeEntries(this.#instance.parameters(this.#key));
    for (const [i, [path, leaf]] of treeEntries(parameters).entries()) {
      if (leaf.type.dtype !== "f32") {
        throw this.#wrongType(`parameter ${path} must be f32, found ${formatType(leaf.type)}`);
      }
      await this.#compare(`parameter ${path} of the same key`, await again[i][1].data(), leaf);
    }
  }

  #checkLayers(parameters: Tree, set: ReadonlySet<string>): void {
    const said = this.#instance.layers.reduce((sum, { parameters }) => sum + parameters, 0);
    const counted = treeEntries(parameters)
      .reduce((sum, [path, { shape }]) => sum + (set.has(path) ? 0 : sizeOf(shape)), 0);
    if (said !== counted) {
      throw this.#wrong(`its layers say ${said} parameters, found ${counted}`);
    }
  }

  #checkTypes({ outputs, state, hidden }: ReturnType<ModelInstance["apply"]>, batch: number): void {
    const wanted = outputType(this.#spec, LENGTH, batch);
    if (!sameType(outputs.type, wanted)) {
      throw this.#wrongType(
        `outputs must be ${formatType(wanted)}, found ${formatType(outputs.type)}`,
      );
    }
    const start = this.#instance.initialState(this.#instance.parameters(this.#key), batch);
    const [before, after] = [start, state].map((tree) =>
      treeEntries(tree).map(([path, { type }]) => `${path} ${formatType(type)}`).join(", ")
    );
    if (before !== after) {
      throw this.#wrongType(`the state must stay {${before}}, found {${after}}`);
    }
    const places = [LENGTH, batch].join();
    if (hidden && (hidden.rank !== 3 || hidden.shape.slice(0, 2).join() !== places)) {
      throw this.#wrongType(`hidden must be f32[${places},n], found ${formatType(hidden.type)}`);
    }
  }

  async #checkAnswers(parameters: Tree): Promise<void> {
    const run = { inputs: this.#part(), length: LENGTH, batch: BATCH };
    const outputs = await this.#run(parameters, run).outputs.data();
    if (!outputs.every(Number.isFinite)) throw this.#wrong("outputs must be finite");
    await this.#compare("outputs a second time", outputs, this.#run(parameters, run).outputs);
    const trained = await this.#train(parameters).outputs.data();
    await this.#compare(
      "outputs in training, with the same key",
      trained,
      this.#train(parameters).outputs,
    );
  }

  async #checkGradients(parameters: Tree, set: ReadonlySet<string>): Promise<void> {
    const gradients = grad((parameters: Tree) => {
      const { outputs } = this.#train(parameters);
      return outputs.mul(randomNormal(this.#key, outputs.shape)).sum();
    })(parameters);
    for (const [path, gradient] of treeEntries(gradients)) {
      const data = await gradient.data();
      if (!data.every(Number.isFinite)) {
        throw this.#wrong(`the gradient of ${path} must be finite`);
      }
      if (data.every((x) => x === 0) && !set.has(path)) {
        throw this.#wrong(`no gradient reaches parameter ${path}`);
      }
    }
  }

  async #checkRows(parameters: Tree): Promise<void> {
    const all = this.#run(parameters, { inputs: this.#part(), length: LENGTH, batch: BATCH });
    for (let row = 0; row < BATCH; row++) {
      const alone = this.#run(parameters, {
        inputs: this.#part({ row }),
        length: LENGTH,
        batch: 1,
      });
      const axis = all.outputs.rank - 2;
      await this.#compare(
        `sequence ${row} in a batch`,
        await alone.outputs.data(),
        all.outputs.slice(axis, row, row + 1),
      );
    }
  }

  async #checkState(parameters: Tree): Promise<void> {
    const whole = this.#run(parameters, { inputs: this.#part(), length: LENGTH, batch: BATCH });
    let state: Tree | undefined;
    for (let start = 0; start < LENGTH; start += 2) {
      const part = this.#run(parameters, {
        inputs: this.#part({ start, end: start + 2 }),
        length: 2,
        batch: BATCH,
        ...(start > 0 ? { state } : {}),
      });
      await this.#compare(
        `steps ${start} to ${start + 1} of a whole`,
        await part.outputs.data(),
        whole.outputs.slice(0, start, start + 2),
      );
      state = part.state;
    }
  }

  /** Some steps of one sequence or all. */
  #part(
    part: { readonly row?: number; readonly start?: number; readonly end?: number } = {},
  ): Tensor | undefined {
    const { row, start = 0, end = LENGTH } = part;
    const type = inputType(this.#spec, LENGTH, BATCH);
    if (!type || !this.#inputs) return undefined;
    const x = tensor(Array.from(this.#inputs), { dtype: type.dtype, shape: type.shape })
      .slice(0, start, end);
    return row === undefined ? x : x.slice(1, row, row + 1);
  }

  #run(parameters: Tree, run: Run): ReturnType<ModelInstance["apply"]> {
    const { inputs, length, batch, training = false } = run;
    return this.#instance.apply(parameters, inputs, {
      length,
      batch,
      state: "state" in run ? run.state : this.#instance.initialState(parameters, batch),
      training,
      key: this.#key,
    });
  }

  #train(parameters: Tree): ReturnType<ModelInstance["apply"]> {
    return this.#run(parameters, {
      inputs: this.#part(),
      length: LENGTH,
      batch: BATCH,
      training: true,
    });
  }

  async #compare(what: string, wanted: ArrayLike<number>, found: Tensor): Promise<void> {
    const data = await found.data();
    for (let i = 0; i < wanted.length; i++) {
      if (!(Math.abs(data[i] - wanted[i]) <= TOLERANCE * Math.max(1, Math.abs(wanted[i])))) {
        throw this.#wrong(
          `${what} must be the same, expected ${wanted[i]} at ${i}, found ${data[i]}`,
        );
      }
    }
  }

  #wrong(problem: string): RangeError {
    return new RangeError(`${this.#subject}: ${problem}`);
  }

  #wrongType(problem: string): TypeError {
    return new TypeError(`${this.#subject}: ${problem}`);
  }
}
