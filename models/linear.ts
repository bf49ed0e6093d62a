/**
 * The linear model: a perceptron without hidden layers, which cannot learn everything.
 *
 * @module
 */
import { defineModel, type ModelPlugin, type OptionsSchema } from "@unroll/core";
import * as z from "zod";
import { createMlp, MLP_OPTIONS, type MlpOptions, refuseWindow } from "./mlp.ts";

/** Options of {@linkcode linear}: those of `mlp` that concern one layer. */
export interface LinearOptions
  extends Pick<MlpOptions, "window" | "embedding" | "weights" | "weightScale" | "bias"> {}

/** The schema of {@linkcode LinearOptions}. */
export const LINEAR_OPTIONS: OptionsSchema<LinearOptions> = z.object({
  window: MLP_OPTIONS.shape.window,
  embedding: MLP_OPTIONS.shape.embedding,
  weights: MLP_OPTIONS.shape.weights,
  weightScale: MLP_OPTIONS.shape.weightScale,
  bias: MLP_OPTIONS.shape.bias,
}) as unknown as OptionsSchema<LinearOptions>;

/** The linear model: `x·w + b`. */
export const linear: ModelPlugin<LinearOptions> = defineModel({
  name: "linear",
  summary: "One layer without hidden units, over a window of the latest inputs",
  options: LINEAR_OPTIONS,
  refuses: (spec, { embedding }) => refuseWindow(spec, embedding),
  create: (options, spec) =>
    createMlp({ ...options, hidden: [], activation: "tanh", dropout: 0 }, spec),
});
