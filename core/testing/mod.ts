/**
 * Conformance suites for models and tasks, and a check of gradients.
 *
 * @example Check a gradient against finite differences
 * ```ts
 * import { tanh } from "@unroll/core";
 * import { trace } from "@unroll/core/compiler";
 * import { checkGradients, randomSource } from "@unroll/core/testing";
 *
 * const type = { dtype: "f32", shape: [2] } as const;
 * const { graph } = trace([type], (x) => [tanh(x)]);
 * checkGradients(graph, [{ type, data: Float64Array.of(0.5, -1) }], randomSource(1), { order: 2 });
 * ```
 *
 * @module
 */
export { checkGradients, type CheckGradientsOptions } from "./check_gradients.ts";
export {
  checkModel,
  type CheckModelOptions,
  type CheckModelReport,
  modelCheckSpecs,
} from "./check_model.ts";
export { checkTask, type CheckTaskSettings } from "./check_task.ts";
export { type DummyPredict, dummyPredict, type DummySettings } from "./dummy_predict.ts";
export { randomSource } from "../util/random_source.ts";
