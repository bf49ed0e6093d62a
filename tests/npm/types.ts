// All that the packages export, as a strict program imports it: TypeScript checks it, and nothing runs it.
import { compile, grad, type Tensor } from "@unroll/core";
export * as automata from "@unroll/core/automata";
export * as backends from "@unroll/core/backends";
export * as compiler from "@unroll/core/compiler";
export * as plugin from "@unroll/core/plugin";
export * as host from "@unroll/core/plugin/host";
export * as zod from "@unroll/core/plugin/zod";
export * as runs from "@unroll/core/runs";
export * as testing from "@unroll/core/testing";
export * as training from "@unroll/core/training";
export * as models from "@unroll/models";
export * as onnx from "@unroll/models/onnx";
export * as tasks from "@unroll/tasks";

using slope = compile((x: Tensor) => grad((x: Tensor) => x.mul(x).sum())(x));
using result = await slope(Float32Array.of(1, 2));
export const values: ArrayLike<number> = await result.data();
