/**
 * Models of sequences, `mlp`, `rnn`, `gru`, `lstm`, `attention` and `stack-rnn`, and what they are made of: each is a function from options to a
 * model, which `train` of `@unroll/core/training` takes, with a schema that gives the command line its flags.
 *
 * A recurrent model of your own is one step of a cell: see {@linkcode recurrentModel}. Weights go to PyTorch and come from
 * it by {@linkcode exportPyTorch} and {@linkcode loadWeights}.
 *
 * @example Train one
 * ```ts
 * import { train } from "@unroll/core/training";
 * import { rnn } from "@unroll/models";
 * import { xor } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * using trained = await train({ model: rnn({ hidden: 8 }), task: xor(), device: "cpu" });
 * strictEqual(trained.error, 0);
 * ```
 *
 * @module
 */
import type { ModelPlugin } from "@unroll/core/plugin";
import { attention } from "./attention.ts";
import { gru } from "./gru.ts";
import { lstm } from "./lstm.ts";
import { mlp } from "./mlp.ts";
import { rnn } from "./rnn.ts";
import { stackRnn } from "./stack_rnn.ts";

export * from "./activations.ts";
export * from "./attention.ts";
export * from "./gru.ts";
export * from "./initializers.ts";
export type { EmbeddingParameters, InputParameters, NormParameters } from "./inputs.ts";
export * from "./linear.ts";
export * from "./lstm.ts";
export type { MemoryOptions } from "./memory.ts";
export * from "./mlp.ts";
export * from "./pytorch.ts";
export * from "./pytorch_module.ts";
export * from "./cell.ts";
export * from "./recurrent.ts";
export {
  type GateActivationName,
  type InputNorm,
  type OptionSchema,
  type RecurrentOptions,
  recurrentOptions,
} from "./recurrent_options.ts";
export * from "./rnn.ts";
export * from "./stack_rnn.ts";
export * from "./summary.ts";
export * from "./weights.ts";

/** The built-in models, by name. */
export const MODELS: Readonly<Record<string, ModelPlugin>> = {
  mlp,
  rnn,
  gru,
  lstm,
  attention,
  "stack-rnn": stackRnn,
};
