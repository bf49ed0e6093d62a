/**
 * A compiler for tensor programs with automatic differentiation, whose loop over time is one
 * operation.
 *
 * @module
 */
export * from "./ir/tensor_type.ts";
export * from "./ir/graph.ts";
export * from "./language/tensor.ts";
export * from "./language/trace.ts";
export * from "./language/tree.ts";
export * from "./language/gradient.ts";
export * from "./compile/compile.ts";
export * from "./backends/diagnose.ts";
export * from "./compile/program.ts";
export * from "./language/random.ts";
export * from "./language/ops/mod.ts";
export * from "./ir/backend.ts";
export * from "./backends/choose.ts";
export * from "./backends/cpu.ts";
export type { BlasReport, BlasTrial } from "./backends/cpu_blas.ts";
export * from "./ir/evaluate.ts";
export * from "./backends/open.ts";
export * from "./backends/reference.ts";
export * from "./backends/webgpu.ts";
export * from "./backends/webgpu/adapter.ts";
export * from "./ir/primitive.ts";
export type { ElementwiseName } from "./language/primitives/elementwise_rule.ts";
export type { Axis, Buffer, Expression } from "./ir/expression.ts";
export type { ReduceOperation } from "./loops/program.ts";
export * from "./testing/check_gradients.ts";
export * from "./testing/check_task.ts";
export * from "./testing/dummy_predict.ts";
export * from "./testing/check_model.ts";
export * from "./util/random_source.ts";
export * from "./plugin/mod.ts";
export * from "./training/mod.ts";
export * from "./passes/check_graph.ts";
export * from "./passes/optimize.ts";
export * from "./passes/cost.ts";
export type { Features } from "./codegen/wasm/assembler/features.ts";
