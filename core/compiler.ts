/**
 * Graphs, primitives and passes, for people who look inside the compiler. Unstable: names and
 * signatures here change without notice between versions.
 *
 * @example Trace a function and optimize its graph
 * ```ts
 * import { add } from "@unroll/core";
 * import { formatGraph, optimize, trace } from "@unroll/core/compiler";
 * import { strictEqual } from "node:assert/strict";
 *
 * const { graph } = trace([{ dtype: "f32", shape: [2] }], (x) => [add(x, x)]);
 * strictEqual(formatGraph(optimize(graph)), "inputs a:f32[2]\nb:f32[2] = add a a\noutputs b");
 * ```
 *
 * @module
 */
export { Program, type ProgramSettings } from "./compile/program.ts";
export { evaluateGraph } from "./ir/evaluate.ts";
export type { Axis, Buffer, Expression } from "./ir/expression.ts";
export {
  countEquations,
  type Equation,
  formatGraph,
  type Graph,
  type Params,
  type Value,
} from "./ir/graph.ts";
export type {
  DenseArray,
  ElementContext,
  Gradients,
  Lowering,
  Primitive,
  Sample,
  VjpContext,
} from "./ir/primitive.ts";
export { formatType, sameShape, sameType, sizeOf, stridesOf } from "./ir/tensor_type.ts";
export type { ElementwiseName } from "./language/primitives/elementwise_rule.ts";
export { apply, trace, type Traced } from "./language/trace.ts";
export type { ReduceOperation } from "./loops/program.ts";
export {
  type BatchTensors,
  type StepSettings,
  type TrainingState,
  trainingStep,
} from "./training/training_step.ts";
export { checkGraph } from "./passes/check_graph.ts";
export { estimateWork, workOf } from "./passes/cost.ts";
export { optimize, type OptimizeOptions, type Pass, PASSES } from "./passes/optimize.ts";
