/**
 * The options that all recurrent models share.
 *
 * @module
 */
import * as z from "zod";
import { INITIALIZER_NAMES, type InitializerName } from "./initializers.ts";

/** The options that all recurrent models share. */
export interface RecurrentOptions {
  /** Hidden units of each layer. */
  readonly hidden: number;
  /** Layers, each reading the states of the one below. */
  readonly layers: number;
  /** Fraction of the numbers between layers that is dropped in training. */
  readonly dropout: number;
  /** Fraction of the numbers that the output layer reads that is dropped in training. */
  readonly outputDropout: number;
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
export const GATE_ACTIVATION: z.ZodType<GateActivationName> =
  /* @__PURE__ */ (() =>
    z.enum(["sigmoid", "hard-sigmoid"])
      .default("sigmoid").describe(
        "Activation of the gates; hard-sigmoid is that of Keras 1 and 2",
      ))();

/** Makes the schemas of these options. */
export function recurrentShape(defaults: { readonly hidden: number }): RecurrentShape {
  const initializer = z.enum(INITIALIZER_NAMES);
  return {
    hidden: z.int().min(1).max(4096).default(defaults.hidden).describe(
      "Hidden units of each layer",
    ),
    layers: z.int().min(1).max(16).default(1).describe("Layers, one upon the other"),
    dropout: z.number().min(0).lt(1).default(0)
      .describe("Fraction of the numbers between layers that is dropped in training"),
    outputDropout: z.number().min(0).lt(1).default(0)
      .describe("Fraction of the numbers for the output layer that is dropped in training"),
    embedding: z.int().min(0).max(4096).default(0)
      .describe("Size of the embedding of symbols; 0 reads them as one-hot vectors"),
    embeddingStd: z.number().min(0).max(10).optional()
      .describe("Standard deviation of the embedding's start; rows of length 1 if left out"),
    inputNorm: z.enum(["none", "layer", "batch"]).default("none")
      .describe("Normalisation of the inputs, after the embedding"),
    initialState: z.enum(["auto", "zero", "learned"]).default("auto")
      .describe("Where sequences start; auto is learned where the task has no input"),
    bias: z.enum(["input", "both", "none"]).default("input")
      .describe("Biases: on the input side, on both sides as in PyTorch, or none"),
    inputInit: initializer.default("glorot-uniform").describe(
      "Start of the weights from the input",
    ),
    recurrentInit: initializer.default("orthogonal")
      .describe("Start of the weights from state to state"),
    outputInit: initializer.default("glorot-uniform")
      .describe("Start of the weights of the output layer"),
    std: z.number().min(0).max(10).default(0.1)
      .describe("Standard deviation of a learned start, and of normal and uniform weights"),
    recompute: z.int().min(0).default(0)
      .describe("Steps computed again for gradients instead of stored at a time; 0 stores all"),
  };
}

type RecurrentShape = {
  readonly [Name in keyof RecurrentOptions]-?: z.ZodType<RecurrentOptions[Name]>;
};
