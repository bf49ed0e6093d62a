/**
 * The contract of tasks.
 *
 * `defineTask` makes a plugin, which is a function: `fizzbuzz({ encoding: "digits" })` is a task with
 * its options. Created, it gives batches to train on, measures how good a model is, and shows a
 * person what the model can do.
 *
 * @module
 */
import type { TypedArray } from "../ir/tensor_type.ts";
import type { RandomSource } from "../ir/primitive.ts";
import type { Breakdown, Candidate, Probe, ProbeRequest } from "./breakdown.ts";
import type { TrainingDefaults } from "./training_defaults.ts";
import { definePlugin, type Model } from "./model.ts";
import type { JsonRecord } from "../util/json.ts";
import { type OptionsSchema, parseOptions } from "./options.ts";
import { type Plugin, pluginError } from "./plugin.ts";
import type { TaskMachine } from "./task_machine.ts";
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
  /** Whether the gates and the memory are wanted too, where the model has any. */
  readonly capture?: boolean;
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
  /** f32[time, batch, hidden], row-major, by name, where they were asked for: gates, and the memory as `cell`. */
  readonly parts?: Readonly<Record<string, Float32Array>>;
  /** State after the last step, where it was asked for. */
  readonly state?: PredictState;
}

/** Runs the model that is being measured. Each length and size compiles once. */
export type Predict = (request: PredictRequest) => Promise<Prediction>;

/** How good a model is. */
export interface Validation {
  /** Error rate: the fraction of wrong answers, from 0 to 1; tasks without right and wrong leave it out. */
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
  /** For values of 0 and 1: when it is 1, as the end of a sentence such as `inside quotes`; the name says it if left out. */
  readonly when?: string;
}

/** What a model said at one step, for people. */
export interface Said {
  /** One character, for a column of a picture. */
  readonly mark: string;
  /** In full. */
  readonly text: string;
}

/** What to generate; a task may take no notice of what means nothing to it. */
export interface SampleRequest {
  /** What to go on from. */
  readonly prompt?: string;
  /** How many characters, or whatever else the task makes. */
  readonly length?: number;
  /** Logits are divided by this: below 1 the likely gets likelier, and 0 takes the likeliest. */
  readonly temperature?: number;
  /** Only so many of the likeliest are drawn from. */
  readonly topK?: number;
  /** Seed of the draws; 0 if left out. */
  readonly seed?: number;
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

/** Something to draw of what a model can do. */
export type Picture =
  | {
    /** Bars beside each other. */
    readonly kind: "bars";
    /** What is drawn. */
    readonly title: string;
    /** What the labels are. */
    readonly xLabel: string;
    /** Whether the values are fractions, from 0 to 1. */
    readonly isFraction: boolean;
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
  /** Measures how good a model is. */
  validate(predict: Predict): Promise<Validation>;
  /** Recommends how to train; may depend on the model. */
  defaults(model: Model): TrainingDefaults;
  /** What the model can do, as lines of text for a person. */
  show?(predict: Predict): Promise<string[]>;
  /**
   * What the model makes, piece by piece, without the prompt; the pieces are parts of one text.
   *
   * @throws {RangeError} If the model cannot go on from the prompt.
   */
  sample?(predict: Predict, request?: SampleRequest): AsyncIterable<string>;
  /**
   * What the model answers to one question, as lines of text for a person.
   *
   * @throws {RangeError} If that is not such a question.
   */
  answer?(predict: Predict, question: string): Promise<string[]>;
  /**
   * What the model may answer to one question, the likeliest first: {@linkcode answer} for programs.
   *
   * @throws {RangeError} If that is not such a question.
   */
  candidates?(predict: Predict, question: string): Promise<readonly Candidate[]>;
  /**
   * What it may answer after each part of a question that is read part by part, the likeliest first.
   *
   * @throws {RangeError} If that is not such a question.
   */
  candidatesAtEach?(
    predict: Predict,
    question: string,
  ): Promise<readonly { readonly after: string; readonly candidates: readonly Candidate[] }[]>;
  /** Measures the model as {@linkcode validate} does, in parts. */
  breakdown?(predict: Predict): Promise<Breakdown>;
  /**
   * Asks the model ever harder examples, also beyond those of training, to find where it fails: one
   * axis after the other, each from its least number on.
   */
  probes?(predict: Predict, request?: ProbeRequest): AsyncIterable<Probe>;
  /**
   * Reads what a person typed.
   *
   * @throws {RangeError} If it cannot be read.
   */
  encode?(text: string): EncodedInput;
  /** Something that a person could type, to look at the hidden states with; a batch if left out. */
  example?(): string;
  /** A long text that a person could type, to find out what the units do; batches if left out. */
  passage?(): string;
  /** Something that a person could type where one thing holds far longer than in training, to see when it fades. */
  trial?(): string;
  /** What a model said at each step of one sequence, by its outputs; for tasks that are answered at every step. */
  says?(outputs: Float32Array, length: number): readonly Said[];
  /** What is worth drawing, beside the curves and the hidden states. */
  pictures?(predict: Predict): Promise<readonly Picture[]>;
  /**
   * Options that make this task again without what it was made from, such as the alphabet of a text;
   * a run keeps them in place of the options it was asked for. If left out, those are enough.
   */
  readonly options?: object;
  /** The task as a finite-state machine, if it is one. */
  machine?(): TaskMachine;
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
  /** Completes options that a run kept; see {@linkcode TaskDefinition.restore}. */
  readonly restore?: (kept: JsonRecord, typed: JsonRecord) => JsonRecord;
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
  /**
   * Completes options that a run kept, before the task is made of them again. Whoever wrote the run may be a stranger: a
   * task that reads files says here which of them it reads for a run.
   *
   * @param kept What the run has, not checked yet.
   * @param typed What a person says in place of some of it.
   * @returns All of them together; if left out, what was kept with what was typed over it.
   */
  restore?(kept: JsonRecord, typed: JsonRecord): JsonRecord;
}

/**
 * Makes a task again from the options that a run kept.
 *
 * @param plugin The task.
 * @param kept What the run has.
 * @param typed What a person says in place of some of it.
 * @returns The task.
 * @throws {RangeError} If an option is unknown or has a value that it cannot have.
 */
export function restoreTask(plugin: TaskPlugin, kept: JsonRecord, typed: JsonRecord = {}): Task {
  return plugin(plugin.restore?.(kept, typed) ?? { ...kept, ...typed });
}

/**
 * Makes a task plugin.
 *
 * @param definition Name, summary, options, and how it is made ready.
 * @returns A function from options to a task, with the name, summary and schema as properties.
 *
 * @example Say 1 whatever happens
 * ```ts
 * import { defineTask } from "@unroll/core/plugin";
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
      async create() {
        try {
          return await definition.create(options);
        } catch (error) {
          throw pluginError(`create task "${name}"`, error);
        }
      },
    };
  };
  const plugin: TaskPlugin<Options> = definePlugin(configure, {
    kind: "task",
    name,
    summary,
    options: schema,
    ...(definition.restore === undefined ? {} : { restore: definition.restore }),
  });
  return plugin;
}
