/**
 * What the benchmarks use of the core, without the parts of it that need a package: so `deno bench` runs at once on a
 * machine that has nothing but Deno and no network.
 *
 * @module
 */
export * from "../core/ir/backend.ts";
export { cpuBackend } from "../core/backends/cpu.ts";
export { compile, type Compiled } from "../core/compile/compile.ts";
export * from "../core/language/ops/mod.ts";
export { adagrad } from "../core/training/adagrad.ts";
export { adam } from "../core/training/adam.ts";
export { clipByValue } from "../core/training/clip.ts";
export type { Optimizer } from "../core/training/optimizer.ts";
export { sgd } from "../core/training/sgd.ts";
export { Tensor } from "../core/language/tensor.ts";
export * from "../core/ir/tensor_type.ts";
export { trace, type Traced } from "../core/language/trace.ts";
export * from "../core/language/tree.ts";
export * from "../core/language/gradient.ts";
