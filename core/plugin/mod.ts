/**
 * Contracts of models and tasks, for people who write their own.
 *
 * @example A model without inputs that answers the same at every step
 * ```ts
 * import { broadcastTo, type Tensor, zeros } from "@unroll/core";
 * import { defineModel, outputSize } from "@unroll/core/plugin";
 * import * as z from "@unroll/core/plugin/zod";
 * import { strictEqual } from "node:assert/strict";
 *
 * const constant = defineModel({
 *   name: "constant",
 *   summary: "Always the same answer",
 *   options: z.object({}),
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
 *
 * @module
 */
export type { RandomSource } from "../ir/primitive.ts";
export {
  type Breakdown,
  type Candidate,
  type Confusion,
  ConfusionCounts,
  type Probe,
  type ProbeRequest,
} from "./breakdown.ts";
export { argmaxAt, evaluateOutputs, type Evaluation, softmaxAt } from "./evaluation.ts";
export {
  type ApplyContext,
  defineModel,
  type LayerRow,
  type Model,
  type ModelDefinition,
  type ModelInstance,
  type ModelPlugin,
  type ModelResult,
  type ModelTraits,
} from "./model.ts";
export type { OptionsSchema } from "./options.ts";
export type { Plugin, PluginKind } from "./plugin.ts";
export { permutation, randomFor } from "./random_for.ts";
export {
  type Annotation,
  type BatchRequest,
  defineTask,
  type EncodedInput,
  type Picture,
  type Predict,
  type Prediction,
  type PredictRequest,
  type PredictState,
  type Said,
  type SampleRequest,
  type Task,
  type TaskDefinition,
  type TaskInstance,
  type TaskPlugin,
  type Validation,
} from "./task.ts";
export { machineTargets, type TaskMachine, wordInputs } from "./task_machine.ts";
export {
  type Batch,
  type InputSpec,
  inputType,
  type LossSpec,
  type OutputPlace,
  outputSize,
  type OutputSpec,
  outputType,
  type OwnLoss,
  targetType,
  type TaskSpec,
  weightType,
} from "./task_spec.ts";
export type {
  LearningPhase,
  OptimizerName,
  ScheduleName,
  TrainingDefaults,
} from "./training_defaults.ts";
export { unknownName } from "../util/names.ts";
