/**
 * The options that all recurrent models share.
 *
 * @module
 */
import type { OptionsSchema } from "@unroll/core/plugin";
import * as z from "zod/mini";
import { INITIALIZER_NAMES, type InitializerName } from "./initializers.ts";

/** The options that all recurrent models share. */
export interface RecurrentOptions {
  /** Hidden units of each layer. */
  readonly hidden: number;
  /** Layers, each reading the states of the one below. */
  readonly layers: number;
  /** Fraction of the values between layers that are set to zero in training. */
  readonly dropout: number;
  /** Fraction of the numbers that the output layer reads that is dropped in training. */
  readonly outputDropout: number;
  /**
   * Standard deviation of the noise that is added to the state after each step in training. What
   * still works forgets small errors: states gather where a step brings near ones nearer.
   */
  readonly stateNoise: number;
  /**
   * Whether states are rounded to whole numbers after each step, which makes the network a machine
   * with as many states as it reaches: `prove` can then look at each.
   */
  readonly snap: boolean;
  /** Numbers that each symbol is embedded in; 0 reads symbols as one-hot vectors. */
  readonly embedding: number;
  /** Standard deviation of the embedding's start; √(1 / size), for rows of length 1, if left out. */
  readonly embeddingStd?: number;
  /** How inputs, embedded or not, are normalised. */
  readonly inputNorm: InputNorm;
  /** Where sequences start; `auto` learns it where the task has no input. */
  readonly initialState: "auto" | "zero" | "learned";
  /** Where biases are: on the input side, on `both` as in PyTorch, or in no layer at all. */
  readonly bias: "input" | "both" | "none";
  /** How weights from the input start. */
  readonly inputInit: InitializerName;
  /** How weights from state to state start. */
  readonly recurrentInit: InitializerName;
  /** How the weights of the output layer start. */
  readonly outputInit: InitializerName;
  /** Standard deviation of a learned start, and of `normal` and `uniform` weights. */
  readonly std: number;
  /**
   * Steps of a segment that is computed again for its gradient and not stored, so that long sequences
   * take little memory; 0 stores everything.
   */
  readonly recompute: number;
}

/** How inputs are normalised. */
export type InputNorm = "none" | "layer" | "batch";

/** Names of activations of gates, from 0 to 1. */
export type GateActivationName = "sigmoid" | "hard-sigmoid";

/** The schema of the option that names one. */
export const GATE_ACTIVATION: z.ZodMiniType<GateActivationName> =
  /* @__PURE__ */ (() =>
    z._default(z.enum(["sigmoid", "hard-sigmoid"]), "sigmoid").check(
      z.describe("Activation of the gates; hard-sigmoid is that of Keras 1 and 2"),
    ))();

/** A schema of one option, such as zod's; only what is used of it is named, so that any zod 4 fits. */
export interface OptionSchema<Value> {
  /** Checks a value. */
  safeParse(value: unknown):
    | { readonly success: true; readonly data: Value }
    | { readonly success: false; readonly error: unknown };
}

/**
 * Makes the schema of {@linkcode RecurrentOptions}, and of more, for a recurrent model of one's own.
 *
 * @param defaults How many hidden units there are if nobody says.
 * @param more Schemas of the options that the model adds.
 * @returns The schema, for `defineModel`.
 *
 * @example The options of a cell that forgets
 * ```ts
 * import type { OptionsSchema } from "@unroll/core/plugin";
 * import { parseOptions } from "@unroll/core/plugin/host";
 * import * as z from "@unroll/core/plugin/zod";
 * import { type RecurrentOptions, recurrentOptions } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * interface LeakyOptions extends RecurrentOptions {
 *   readonly leak: number;
 * }
 * const schema: OptionsSchema<LeakyOptions> = recurrentOptions({ hidden: 32 }, {
 *   leak: z.number().min(0).max(1).default(0.5).describe("How much of the state is lost a step"),
 * });
 * const { hidden, leak } = parseOptions(schema, {});
 * deepStrictEqual([hidden, leak], [32, 0.5]);
 * ```
 */
export function recurrentOptions<More extends object = object>(
  defaults: { readonly hidden: number },
  more?: { readonly [Name in keyof More]-?: OptionSchema<More[Name]> },
): OptionsSchema<RecurrentOptions & More> {
  const schema: OptionsSchema<unknown> = z.object({
    ...recurrentShape(defaults),
    ...more as Readonly<Record<string, z.ZodMiniType>> | undefined,
  });
  return schema as OptionsSchema<RecurrentOptions & More>;
}

/** Makes the schemas of these options. */
export function recurrentShape(defaults: { readonly hidden: number }): RecurrentShape {
  const initializer = z.enum(INITIALIZER_NAMES);
  return {
    hidden: z._default(z.int().check(z.minimum(1), z.maximum(4096)), defaults.hidden).check(
      z.describe("Hidden units of each layer"),
    ),
    layers: z._default(z.int().check(z.minimum(1), z.maximum(16)), 1).check(
      z.describe("Stacked layers"),
    ),
    dropout: z._default(z.number().check(z.minimum(0), z.lt(1)), 0).check(
      z.describe("Fraction of the values between layers that are set to zero in training"),
    ),
    outputDropout: z._default(z.number().check(z.minimum(0), z.lt(1)), 0).check(
      z.describe("Fraction of the values before the output layer that are set to zero in training"),
    ),
    stateNoise: z._default(z.number().check(z.minimum(0), z.maximum(10)), 0).check(
      z.describe("Standard deviation of the noise that is added to states in training"),
    ),
    snap: z._default(z.boolean(), false).check(
      z.describe("Round states to whole numbers, so that the network is a finite machine"),
    ),
    embedding: z._default(z.int().check(z.minimum(0), z.maximum(4096)), 0).check(
      z.describe(
        "Size of the embedding of symbols; 0 for none, each symbol is then a vector with a single 1",
      ),
    ),
    embeddingStd: z.optional(z.number().check(z.minimum(0), z.maximum(10))).check(
      z.describe("Standard deviation of the initial embedding; rows of length 1 if left out"),
    ),
    inputNorm: z._default(z.enum(["none", "layer", "batch"]), "none").check(
      z.describe("Normalisation of the inputs, after the embedding"),
    ),
    initialState: z._default(z.enum(["auto", "zero", "learned"]), "auto").check(
      z.describe("Initial state; auto is learned where the task has no input, otherwise zero"),
    ),
    bias: z._default(z.enum(["input", "both", "none"]), "input").check(
      z.describe("Where biases are: on the input side, on both sides as in PyTorch, or nowhere"),
    ),
    inputInit: z._default(initializer, "glorot-uniform").check(
      z.describe("Initial weights from the input"),
    ),
    recurrentInit: z._default(initializer, "orthogonal").check(
      z.describe("Initial weights from state to state"),
    ),
    outputInit: z._default(initializer, "glorot-uniform").check(
      z.describe("Initial weights of the output layer"),
    ),
    std: z._default(z.number().check(z.minimum(0), z.maximum(10)), 0.1).check(
      z.describe(
        "Standard deviation of a learned initial state, and of normal and uniform weights",
      ),
    ),
    recompute: z._default(z.int().check(z.minimum(0)), 0).check(
      z.describe(
        "Steps at a time that the gradient computes again, which saves memory; 0 stores all",
      ),
    ),
  };
}

type RecurrentShape = {
  readonly [Name in keyof RecurrentOptions]-?: z.ZodMiniType<RecurrentOptions[Name]>;
};
