/**
 * The contract of models.
 *
 * `defineModel` makes a plugin, which is a function: `rnn({ hidden: 5 })` is a model with its
 * options. For a task's specification it is built into a {@linkcode ModelInstance}: parameters, and
 * the function from inputs to outputs.
 *
 * @module
 */
import type { Tensor } from "../language/tensor.ts";
import type { Tree } from "../language/tree.ts";
import { type OptionsSchema, parseOptions } from "./options.ts";
import { type Plugin, pluginError } from "./plugin.ts";
import type { TaskSpec } from "./task_spec.ts";

export type { Tree } from "../language/tree.ts";

/** What a model is told beside its parameters and inputs. */
export interface ApplyContext<State = Tree> {
  /** Number of steps. */
  readonly length: number;
  /** Number of sequences. */
  readonly batch: number;
  /** Where the sequences start from: of `initialState`, or what an earlier `apply` ended with. */
  readonly state: State;
  /** Whether this is for training, where dropout drops. */
  readonly training: boolean;
  /** A fresh key, u32[2], for anything random. */
  readonly key: Tensor;
  /** Whether {@linkcode ModelResult.parts} are wanted; not if left out. */
  readonly capture?: boolean;
}

/** What a model answers. */
export interface ModelResult<State = Tree> {
  /** f32[time, batch, n], or f32[batch, n] where the task asks for the last only; logits for classes. */
  readonly outputs: Tensor;
  /** State after the last step, of the types of the initial one. */
  readonly state: State;
  /** What the model thought at each step, f32[time, batch, hidden], for people to look at. */
  readonly hidden?: Tensor;
  /**
   * What `hidden` came about by, where it is asked for: gates by their names, from 0 to 1, and the memory beside the state
   * as `cell`, f32[time, batch, hidden] each.
   */
  readonly parts?: Readonly<Record<string, Tensor>>;
  /**
   * New values of parameters that the model sets itself, such as running averages, by their paths
   * (`input_norm.running_mean`). In training they take the place of what the optimizer made of them.
   */
  readonly updates?: Readonly<Record<string, Tensor>>;
}

/** One row of a model's summary. */
export interface LayerRow {
  /** What it is, such as `embedding`. */
  readonly name: string;
  /** What comes out of it, such as `[time, batch, 42]`. */
  readonly output: string;
  /** How many numbers are learned in it. */
  readonly parameters: number;
}

/** A model built for a task: pure functions, written in tensors. */
export interface ModelInstance<Parameters = Tree, State = Tree> {
  /**
   * Parameters before training: a tree of f32 tensors. Computed once, in double precision, so that
   * every device starts from the same bits.
   */
  parameters(key: Tensor): Parameters;
  /** State before the first step; what it takes from the parameters is learned. */
  initialState(parameters: Parameters, batch: number): State;
  /** Inputs (`undefined` where the task has none) to outputs. */
  apply(
    parameters: Parameters,
    inputs: Tensor | undefined,
    context: ApplyContext<State>,
  ): ModelResult<State>;
  /** Its layers, for a summary. */
  readonly layers: readonly LayerRow[];
}

/** What kind of thing a model is, for tasks that recommend other training for other kinds. */
export interface ModelTraits {
  /** Whether it sees a window of inputs and keeps no state from step to step. */
  readonly windowed: boolean;
  /** Whether gates decide what its state keeps, so that a large step does less harm. */
  readonly gated: boolean;
}

/** A model with its options, not yet built for a task. */
export interface Model {
  /** The plugin that made it. */
  readonly plugin: ModelPlugin;
  /** All its options, defaults included. */
  readonly options: object;
  /** What kind of thing it is. */
  readonly traits: ModelTraits;
  /** Says why it cannot learn a task, as the end of a sentence; `undefined` if it can. */
  unsupportedReason(spec: TaskSpec): string | undefined;
  /**
   * Builds it for a task.
   *
   * @throws {TypeError} If it cannot learn such a task.
   */
  create(spec: TaskSpec): ModelInstance;
}

/** A kind of model: a function from options to a model, which also says what it is. */
export interface ModelPlugin<Options extends object = object> extends Plugin {
  /** That it is a model. */
  readonly kind: "model";
  /** The options it takes. */
  readonly options: OptionsSchema<Options>;
  /**
   * A model with these options, and defaults for the rest.
   *
   * @throws {RangeError} If an option is unknown or has a value that it cannot have.
   */
  (options?: Partial<Options>): Model;
}

/** What {@linkcode defineModel} needs. */
export interface ModelDefinition<Options extends object, Parameters, State> {
  /** Its name in lists and on the command line, such as `rnn`. */
  readonly name: string;
  /** What it is, in one line. */
  readonly summary: string;
  /** Its options. */
  readonly options: OptionsSchema<Options>;
  /** What kind of thing it is; what is left out is `false`: a recurrent network without gates. */
  readonly traits?: Partial<ModelTraits>;
  /**
   * Why it cannot learn a task, as the end of a sentence such as `it needs inputs, and the task has
   * none`; `undefined` if it can. A model that leaves this out can learn any task.
   */
  unsupportedReason?(spec: TaskSpec, options: Options): string | undefined;
  /** Builds it for a task that it can learn. */
  create(options: Options, spec: TaskSpec): ModelInstance<Parameters, State>;
}

/**
 * Makes a model plugin.
 *
 * @param definition Name, summary, options, and how it is built.
 * @returns A function from options to a model, with the name, summary and schema as properties.
 *
 * @example A model without inputs that answers the same at every step
 * ```ts
 * import { broadcastTo, type Tensor, zeros } from "@unroll/core";
 * import { defineModel, outputSize } from "@unroll/core/plugin";
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
 * strictEqual(constant().plugin.name, "constant");
 * ```
 */
export function defineModel<Options extends object, Parameters, State>(
  definition: ModelDefinition<Options, Parameters, State>,
): ModelPlugin<Options> {
  const { name, summary, options: schema } = definition;
  const configure = (given: Partial<Options> = {}): Model => {
    const options = parseOptions(schema, given as Record<string, unknown>, {
      owner: `the ${name} model`,
    });
    const unsupportedReason = (spec: TaskSpec) => definition.unsupportedReason?.(spec, options);
    return {
      plugin,
      options,
      traits: { windowed: false, gated: false, ...definition.traits },
      unsupportedReason,
      create(spec) {
        const reason = unsupportedReason(spec);
        if (reason) throw new TypeError(`Cannot build ${name} for this task: ${reason}`);
        // What it is made of is the model's own business: the trainer hands back what it was given.
        try {
          return definition.create(options, spec) as ModelInstance<
            unknown,
            unknown
          > as ModelInstance;
        } catch (error) {
          throw pluginError(`create model "${name}"`, error);
        }
      },
    };
  };
  const plugin: ModelPlugin<Options> = definePlugin(configure, {
    kind: "model",
    name,
    summary,
    options: schema,
  });
  return plugin;
}

/** Gives a function the properties of a plugin; a function's own `name` cannot be assigned to. */
export function definePlugin<F extends object, P extends object>(
  call: F,
  properties: P,
): F & Readonly<P> {
  for (const [key, value] of Object.entries(properties)) {
    Object.defineProperty(call, key, { value, enumerable: true });
  }
  return call as F & Readonly<P>;
}
