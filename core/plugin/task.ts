/**
 * The contract of tasks.
 *
 * `defineTask` makes a plugin, which is a function: `fizzbuzz({ encoding: "digits" })` is a task with
 * its options. Created, it gives batches to train on, measures how good a model is, and shows a
 * person what the model can do.
 *
 * @module
 */
import type { TypedArray } from "../tensor_type.ts";
import type { RandomSource } from "../primitives/primitive.ts";
import type { TrainingDefaults } from "../training/settings.ts";
import { definePlugin, type Model } from "./model.ts";
import { type OptionsSchema, parseOptions } from "./options.ts";
import type { Plugin } from "./plugin.ts";
import type { Batch, TaskSpec } from "./task_spec.ts";

/** Which batch is wanted. */
export interface BatchRequest {
  /** Which step it is for, from 0. */
  readonly step: number;
  /** The seed of the run. */
  readonly seed: number;
  /** Random numbers of this step of this run alone. */
  readonly random: RandomSource;
}

/** What a model is to be run on. */
export interface PredictRequest {
  /** Number of steps. */
  readonly length: number;
  /** Number of sequences; 1 if left out. */
  readonly size?: number;
  /** What the model reads, row-major, as in a {@linkcode Batch}. */
  readonly inputs?: TypedArray;
  /** State to go on from, of an earlier prediction, which is used up by this. */
  readonly state?: PredictState;
  /** Whether the state after the last step is wanted, to go on from. */
  readonly keepState?: boolean;
}

/** A model's state on the device, between two predictions. */
export interface PredictState extends Disposable {
  /** Frees it, if no prediction goes on from it. */
  dispose(): void;
}

/** What a model answered. */
export interface Prediction {
  /** f32[time, batch, n] or f32[batch, n], row-major; logits for classes. */
  readonly outputs: Float32Array;
  /** f32[time, batch, hidden], row-major, where the model shows it. */
  readonly hidden?: Float32Array;
  /** Units in `hidden`. */
  readonly hiddenSize?: number;
  /** State after the last step, where it was asked for. */
  readonly state?: PredictState;
}

/** Runs the model that is being measured. Each length and size compiles once. */
export type Predict = (request: PredictRequest) => Promise<Prediction>;

/** How good a model is. */
export interface Validation {
  /** Share of wrong answers, from 0 to 1; tasks without right and wrong leave it out. */
  readonly error?: number;
  /** Loss on the validation data. */
  readonly loss: number;
  /** Whatever else the task measures, by names in snake case. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** Something the model may have found out, at each position: `n mod 3`, for instance. */
export interface Annotation {
  /** What it is. */
  readonly name: string;
  /** Its values, in the order of the places of a batch. */
  readonly values: Int32Array;
}

/** What a person typed, as a model reads it: one sequence. */
export interface EncodedInput {
  /** Number of steps. */
  readonly length: number;
  /** What the model reads, as in a {@linkcode Batch} of one sequence. */
  readonly inputs?: TypedArray;
  /** What a person calls each step, such as the digit that is read there. */
  readonly labels: readonly string[];
}

/** What a model answers a person. */
export interface Answer {
  /** The answer in words or digits. */
  readonly text: string;
  /** What it could have been, the likeliest first, where the task has few answers. */
  readonly choices?: readonly {
    /** The answer. */
    readonly text: string;
    /** How likely the model thinks it, from 0 to 1. */
    readonly probability: number;
  }[];
}

/** How a model is to go on by itself. */
export interface SampleRequest {
  /** What it goes on from; the beginning if left out. */
  readonly start?: string;
  /** How much is wanted, in what the task counts in: characters, numbers. */
  readonly length?: number;
  /** Divides the logits: below 1 is surer, 0 always takes the likeliest; 1 if left out. */
  readonly temperature?: number;
  /** Where chance comes from. */
  readonly random: RandomSource;
}

/** Something to draw of what a model can do. */
export type Picture =
  | {
    /** Bars beside each other. */
    readonly kind: "bars";
    /** What is drawn. */
    readonly title: string;
    /** What the labels are. */
    readonly xLabel: string;
    /** Whether the values are shares from 0 to 1. */
    readonly share: boolean;
    /** The bars. */
    readonly bars: readonly { readonly label: string; readonly value: number }[];
  }
  | {
    /** Text whose parts are coloured by how likely the model thought them. */
    readonly kind: "text";
    /** What is drawn. */
    readonly title: string;
    /** The text in parts. */
    readonly parts: readonly { readonly text: string; readonly probability: number }[];
  };

/** A task, ready to train on. */
export interface TaskInstance {
  /** What it asks of a model. */
  readonly spec: TaskSpec;
  /**
   * The batch of a step: a pure function of seed and step, so that a run can be resumed exactly.
   * Returning the same array again for the same data spares copying it to the device.
   */
  batch(request: BatchRequest): Batch;
  /** How good a model is. */
  validate(predict: Predict): Promise<Validation>;
  /** How to train, unless the user says otherwise; may depend on the model. */
  defaults(model: Model): TrainingDefaults;
  /** What the model can do, as lines of text for a person. */
  show?(predict: Predict): Promise<string[]>;
  /**
   * Reads what a person typed.
   *
   * @throws {RangeError} If it cannot be read.
   */
  encode?(text: string): EncodedInput;
  /**
   * Answers what a person typed: `1476233999` with `1476234000`.
   *
   * @throws {RangeError} If it cannot be read.
   */
  answer?(predict: Predict, text: string): Promise<Answer>;
  /** Goes on by itself: text, or numbers, a line each. */
  sample?(predict: Predict, request: SampleRequest): Promise<string>;
  /** What is worth drawing, beside the curves and the hidden states. */
  pictures?(predict: Predict): Promise<readonly Picture[]>;
  /** What a model has to find out, for a look at its hidden states. */
  annotate?(batch: Batch): readonly Annotation[];
  /** Number of steps that go once through the training data, where there is such a thing. */
  readonly stepsPerEpoch?: number;
}

/** A task with its options. */
export interface Task {
  /** The plugin that made it. */
  readonly plugin: TaskPlugin;
  /** All its options, defaults included. */
  readonly options: object;
  /** Makes it ready: reads its data, if it has any. */
  create(): Promise<TaskInstance>;
}

/** A kind of task: a function from options to a task, which also says what it is. */
export interface TaskPlugin<Options extends object = object> extends Plugin {
  /** That it is a task. */
  readonly kind: "task";
  /** The options it takes. */
  readonly options: OptionsSchema<Options>;
  /**
   * A task with these options, and defaults for the rest.
   *
   * @throws {RangeError} If an option is unknown or has a value that it cannot have.
   */
  (options?: Partial<Options>): Task;
}

/** What {@linkcode defineTask} needs. */
export interface TaskDefinition<Options extends object> {
  /** Its name in lists and on the command line, such as `fizzbuzz`. */
  readonly name: string;
  /** What it is, in one line. */
  readonly summary: string;
  /** Its options. */
  readonly options: OptionsSchema<Options>;
  /** Makes it ready. */
  create(options: Options): TaskInstance | Promise<TaskInstance>;
}

/**
 * Makes a task plugin.
 *
 * @param definition Name, summary, options, and how it is made ready.
 * @returns A function from options to a task, with the name, summary and schema as properties.
 *
 * @example Say 1 whatever happens
 * ```ts
 * import { defineTask } from "@unroll/core";
 * import { strictEqual } from "node:assert/strict";
 * import * as z from "zod";
 *
 * const always = defineTask({
 *   name: "always",
 *   summary: "Answer 1, always",
 *   options: z.object({}),
 *   create: () => ({
 *     spec: {
 *       inputs: { kind: "none" },
 *       outputs: { kind: "vector", size: 1, at: "every" },
 *       length: 3,
 *       loss: { kind: "squared-error", reduction: "mean" },
 *       weighted: false,
 *       stateful: false,
 *     },
 *     batch: () => ({ length: 3, size: 1, targets: Float32Array.of(1, 1, 1) }),
 *     async validate(predict) {
 *       const { outputs } = await predict({ length: 3 });
 *       return { loss: (outputs[2] - 1) ** 2 };
 *     },
 *     defaults: () => ({ steps: 100 }),
 *   }),
 * });
 * strictEqual(always.name, "always");
 * ```
 */
export function defineTask<Options extends object>(
  definition: TaskDefinition<Options>,
): TaskPlugin<Options> {
  const { name, summary, options: schema } = definition;
  const configure = (given: Partial<Options> = {}): Task => {
    const options = parseOptions(schema, given as Record<string, unknown>, {
      owner: `the ${name} task`,
    });
    return {
      plugin,
      options,
      create: async () => await definition.create(options),
    };
  };
  const plugin: TaskPlugin<Options> = definePlugin(configure, {
    kind: "task",
    name,
    summary,
    options: schema,
  });
  return plugin;
}
