/**
 * Devices: how one is opened or chosen, what it can do, and the interfaces that a device implements.
 *
 * @example Run a function on a device of your choice
 * ```ts
 * import { compile, type Tensor } from "@unroll/core";
 * import { openBackend } from "@unroll/core/backends";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * using backend = await openBackend("cpu");
 * using double = compile((x: Tensor) => x.add(x), { backend });
 * using y = await double(Float32Array.of(1, 2));
 * deepStrictEqual([...await y.data()], [2, 4]);
 * ```
 *
 * @module
 */
export { chooseDevice, type ChooseSettings, type DeviceChoice } from "./choose.ts";
export { cpuBackend, type CpuOptions } from "./cpu.ts";
export type { BlasReport, BlasTrial } from "./cpu_blas.ts";
export {
  type AdapterReport,
  canTrain,
  type DeviceReport,
  diagnose,
  type DiagnoseSettings,
  type Diagnosis,
  type SelfTest,
} from "./diagnose.ts";
export { nativeBackend, type NativeOptions } from "./native.ts";
export { type NativePermissions, nativePermissions } from "./native_folder.ts";
export {
  defaultBackend,
  openBackend,
  openBackendFor,
  type OpenedBackend,
  type OpenSettings,
} from "./open.ts";
export { referenceBackend } from "./reference.ts";
export { type WebGpuBackend, webgpuBackend, type WebGpuOptions } from "./webgpu.ts";
export { type AdapterFacts, describeAdapter, findAdapter } from "./webgpu/adapter.ts";
export { type DeviceLimit, DeviceLostError, type DeviceOptions } from "./webgpu/device.ts";
export type { TuningCache } from "./webgpu/tuner.ts";
export type { Features } from "../codegen/wasm/assembler/features.ts";
export type {
  Backend,
  BackendName,
  CompileOptions,
  DeviceBuffer,
  Executable,
  KernelInfo,
} from "../ir/backend.ts";
export type { GraphCost } from "../passes/cost.ts";
export { isFfiAllowed } from "../util/environment.ts";
