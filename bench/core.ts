/**
 * What the benchmarks use of the core, without the parts of it that need a package: so `deno bench` runs at once on a
 * machine that has nothing but Deno and no network.
 *
 * @module
 */
export * from "../core/backends/backend.ts";
export { cpuBackend } from "../core/backends/cpu.ts";
export { compile, type Compiled } from "../core/compile.ts";
export * from "../core/ops/mod.ts";
export { adagrad } from "../core/training/adagrad.ts";
export { adam } from "../core/training/adam.ts";
export { clipByValue } from "../core/training/clip.ts";
export type { Optimizer } from "../core/training/optimizer.ts";
export { sgd } from "../core/training/sgd.ts";
export { Tensor } from "../core/tensor.ts";
export * from "../core/tensor_type.ts";
export { trace, type Traced } from "../core/trace.ts";
export * from "../core/tree.ts";
export * from "../core/vjp.ts";
