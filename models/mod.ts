/**
 * Models of sequences, as plugins, and what they are made of.
 *
 * @module
 */
import type { ModelPlugin } from "@unroll/core/plugin";
import { gru } from "./gru.ts";
import { lstm } from "./lstm.ts";
import { mlp } from "./mlp.ts";
import { rnn } from "./rnn.ts";

export * from "./activations.ts";
export * from "./gru.ts";
export * from "./initializers.ts";
export type { EmbeddingParameters, InputParameters, NormParameters } from "./inputs.ts";
export * from "./linear.ts";
export * from "./lstm.ts";
export * from "./mlp.ts";
export * from "./pytorch.ts";
export * from "./pytorch_module.ts";
export * from "./recurrent.ts";
export {
  type GateActivationName,
  type InputNorm,
  type OptionSchema,
  type RecurrentOptions,
  recurrentOptions,
} from "./recurrent_options.ts";
export * from "./rnn.ts";
export * from "./summary.ts";
export * from "./weights.ts";

/** The built-in models, by name. */
export const MODELS: Readonly<Record<string, ModelPlugin>> = { mlp, rnn, gru, lstm };
