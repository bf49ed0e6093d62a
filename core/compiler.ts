/**
 * Graphs, primitives and passes, for people who look inside the compiler. Unstable: names and
 * signatures here change without notice between versions.
 *
 * @example Trace a function and optimize its graph
 * ```ts
 * import { mul } from "@unroll/core";
 * import { formatGraph, optimize, trace } from "@unroll/core/compiler";
 * import { strictEqual } from "node:assert/strict";
 *
 * const { graph } = trace([{ dtype: "f32", shape: [2] }], (x) => [mul(x, x)]);
 * strictEqual(formatGraph(optimize(graph)), "inputs a:f32[2]\nb:f32[2] = mul a a\noutputs b");
 * ```
 *
 * @module
 */
export {
  compileToWgsl,
  type WgslOptions,
  type WgslProgram,
} from "./backends/webgpu/compile_to_wgsl.ts";
export {
  compileToWasm,
  type WasmKernel,
  type WasmOptions,
  type WasmProgram,
} from "./codegen/wasm/compile_to_wasm.ts";
export { Program, type ProgramSettings } from "./compile/program.ts";
export { evaluateGraph } from "./ir/evaluate.ts";
export type { Axis, Buffer, Expression } from "./ir/expression.ts";
export { formatGraph } from "./ir/format_graph.ts";
export { countEquations, type Equation, type Graph, type Value } from "./ir/graph.ts";
export type { ElementwiseName, ReduceOperation } from "./ir/operation_names.ts";
export type {
  DenseArray,
  ElementContext,
  Lowering,
  Params,
  Primitive,
  RandomSource,
  Sample,
} from "./ir/primitive.ts";
export { formatType, sameShape, sameType, sizeOf, stridesOf } from "./ir/tensor_type.ts";
export type { DifferentiablePrimitive, Gradients, Rules, VjpContext } from "./language/rules.ts";
export { apply } from "./language/tensor.ts";
export { trace, type Traced } from "./language/trace.ts";
export {
  type BatchTensors,
  noneRecent,
  type StepResult,
  type StepSettings,
  type TrainingState,
  trainingStep,
} from "./training/training_step.ts";
export { checkGraph } from "./passes/check_graph.ts";
export { type GraphCost, graphCost } from "./passes/cost.ts";
export { optimize, type OptimizeOptions, type Pass, PASSES } from "./passes/optimize.ts";
