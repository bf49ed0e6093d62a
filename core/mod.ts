/**
 * A compiler for tensor programs with automatic differentiation, whose loop over time is one
 * operation.
 *
 * @module
 */
export * from "./tensor_type.ts";
export * from "./graph.ts";
export * from "./tensor.ts";
export * from "./trace.ts";
export * from "./tree.ts";
export * from "./vjp.ts";
export * from "./compile.ts";
export * from "./diagnose.ts";
export * from "./program.ts";
export * from "./random.ts";
export * from "./ops/mod.ts";
export * from "./backends/backend.ts";
export * from "./backends/choose.ts";
export * from "./backends/cpu.ts";
export type { BlasReport, BlasTrial } from "./backends/cpu_blas.ts";
export * from "./backends/evaluate.ts";
export * from "./backends/mod.ts";
export * from "./backends/reference.ts";
export * from "./backends/webgpu.ts";
export * from "./backends/webgpu/adapter.ts";
export * from "./primitives/primitive.ts";
export type { ElementwiseName } from "./primitives/elementwise_rule.ts";
export type { Axis, Buffer, Expression } from "./kernels/expression.ts";
export type { ReduceOperation } from "./kernels/kernel.ts";
export * from "./testing/check_gradients.ts";
export * from "./testing/check_task.ts";
export * from "./testing/dummy_predict.ts";
export * from "./testing/check_model.ts";
export * from "./testing/random_source.ts";
export * from "./plugin/mod.ts";
export * from "./training/mod.ts";
export * from "./check_graph.ts";
export * from "./passes/mod.ts";
export * from "./work.ts";
export type { Features } from "./kernels/wasm/features.ts";
