/**
 * What this engine can train on, found out by trying: each device computes a small training step, whose
 * results are compared with the interpreter's in double precision, and a matrix product against the clock.
 *
 * @module
 */
import type { Backend, BackendName, DeviceBuffer } from "../ir/backend.ts";
import { BACKEND_NAMES } from "./choose.ts";
import { type BlasReport, blasReport } from "./cpu_blas.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import { type NativePermissions, nativePermissions } from "./native_folder.ts";
import { openBackend } from "./open.ts";
import type { WebGpuBackend } from "./webgpu.ts";
import { describeAdapter, systemGpu, unsupportedReason } from "./webgpu/adapter.ts";
import { detectFeatures, type Features } from "../codegen/wasm/assembler/features.ts";
import { matmul } from "../language/ops/matmul.ts";
import { sampleArray } from "../ir/dense.ts";
import type { DenseArray } from "../ir/primitive.ts";
import { randomSource } from "../util/random_source.ts";
import { selfTestProgram, SYMBOLS } from "./self_test_program.ts";
import { type TypedArray, typedArray } from "../ir/tensor_type.ts";
import { trace } from "../language/trace.ts";

/** An adapter and what it would grant. */
export interface AdapterReport {
  /** What it calls itself. */
  readonly name: string;
  /** Who made it. */
  readonly vendor: string;
  /** Its driver or architecture. */
  readonly driver: string;
  /** Whether the processor does its work. */
  readonly isSoftware: boolean;
  /** Why it cannot be used; absent if it can. */
  readonly unsupportedReason?: string;
}

/** What a training step on a device came to. */
export interface SelfTest {
  /** Greatest difference from the interpreter, relative to the greatest element of the same result. */
  readonly error: number;
  /** What the error may be. */
  readonly allowed: number;
}

/** A device that was tried. */
export interface DeviceReport {
  /** Which one. */
  readonly name: BackendName;
  /** What it runs on, in a line; absent if it cannot be opened. */
  readonly description?: string;
  /** Why it cannot be opened or used. */
  readonly failure?: string;
  /** The training step; absent for the interpreter itself. */
  readonly selfTest?: SelfTest;
  /** Speed of a matrix product in GFLOP/s, and of what size it was. */
  readonly speed?: { readonly gflops: number; readonly size: number };
  /** Limits that were granted, on WebGPU. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Optional features that were granted, on WebGPU. */
  readonly features?: readonly string[];
}

/** What this engine can train on. */
export interface Diagnosis {
  /** What its WebAssembly can do. */
  readonly webassembly: Features;
  /** Whether there is WebGPU at all, with or without adapters. */
  readonly hasWebGpu: boolean;
  /** Adapters, each once. */
  readonly adapters: readonly AdapterReport[];
  /** Devices. */
  readonly devices: readonly DeviceReport[];
  /** What multiplies large matrices for the CPU, if a library does. */
  readonly blas: BlasReport;
  /** What native code needs. */
  readonly native: NativePermissions;
}

/** Settings of {@linkcode diagnose}, for tests. */
export interface DiagnoseSettings {
  /** Opens a device; by default {@linkcode openBackend}. */
  readonly open?: (name: BackendName) => Promise<Backend>;
  /** Where adapters come from; by default the system. */
  readonly gpu?: Pick<GPU, "requestAdapter">;
  /** Milliseconds to spend on each measurement of speed. */
  readonly measureMs?: number;
}

/**
 * Tries all devices. Takes a second or two.
 *
 * @param settings Where to look, for tests.
 * @returns What was found; devices that fail are in it too, with the reason.
 *
 * @example Usage
 * ```ts ignore
 * import { canTrain, diagnose } from "@unroll/core/backends";
 *
 * const diagnosis = await diagnose();
 * console.log(canTrain(diagnosis), diagnosis.adapters);
 * ```
 */
export async function diagnose(settings: DiagnoseSettings = {}): Promise<Diagnosis> {
  const gpu = settings.gpu ?? systemGpu();
  const devices: DeviceReport[] = [];
  for (const name of BACKEND_NAMES) devices.push(await tryDevice(name, settings));
  return {
    webassembly: detectFeatures(),
    hasWebGpu: gpu !== undefined,
    adapters: gpu ? await listAdapters(gpu) : [],
    devices,
    blas: blasReport(),
    native: nativePermissions(),
  };
}

/**
 * Returns whether there is a device worth training on.
 *
 * @param diagnosis What was found.
 * @returns Whether `cpu` or `webgpu` works.
 *
 * @example Usage
 * ```ts
 * import { canTrain, diagnose } from "@unroll/core/backends";
 *
 * const diagnosis = await diagnose({ measureMs: 1 });
 * console.log(canTrain(diagnosis) ? "ready to train" : "see diagnosis.devices");
 * ```
 */
export function canTrain({ devices }: Diagnosis): boolean {
  return devices.some(({ name, failure }) => name !== "reference" && failure === undefined);
}

/** Adapters by each way of asking; the same one may answer to several. */
async function listAdapters(gpu: Pick<GPU, "requestAdapter">): Promise<AdapterReport[]> {
  const found = new Map<string, AdapterReport>();
  const requests: readonly GPURequestAdapterOptions[] = [
    { powerPreference: "high-performance" },
    { powerPreference: "low-power" },
    { forceFallbackAdapter: true },
  ];
  for (const request of requests) {
    const adapter = await gpu.requestAdapter(request).catch(() => null);
    if (!adapter) continue;
    const facts = describeAdapter(adapter);
    const reason = unsupportedReason(adapter);
    found.set(facts.name, {
      ...facts,
      ...(reason === undefined ? {} : { unsupportedReason: reason }),
    });
  }
  return [...found.values()];
}

async function tryDevice(name: BackendName, settings: DiagnoseSettings): Promise<DeviceReport> {
  let backend: Backend;
  try {
    backend = await (settings.open ?? openBackend)(name);
  } catch (error) {
    return { name, failure: messageOf(error) };
  }
  try {
    const selfTest = name === "reference" ? undefined : await testDevice(backend);
    const speed = await measureSpeed(backend, settings.measureMs ?? 300);
    const wrong = selfTest && !(selfTest.error <= selfTest.allowed);
    const failure = wrong
      ? `Cannot trust ${name}: a training step is off by ${selfTest.error.toExponential(1)}, ` +
        `${selfTest.allowed.toExponential(1)} is allowed`
      : undefined;
    return {
      name,
      // Only now: whether a library is used is found out with the first program.
      description: backend.description,
      ...(failure && { failure }),
      ...(selfTest && { selfTest }),
      speed,
      ...(name === "webgpu" ? granted(backend as WebGpuBackend) : {}),
    };
  } catch (error) {
    return { name, description: backend.description, failure: messageOf(error) };
  } finally {
    backend.dispose();
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}

/** Limits that decide what programs can be run, and how fast. */
const TOLD_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
] as const;

function granted({ device }: WebGpuBackend): Pick<DeviceReport, "limits" | "features"> {
  return {
    limits: Object.fromEntries(TOLD_LIMITS.map((limit) => [limit, device.limits[limit]])),
    features: [...device.features].sort(),
  };
}

/** Rounding of some hundred operations in a row. */
const ALLOWED = 256 * 2 ** -24;

/** One training step of two small networks, compared with the interpreter. */
async function testDevice(backend: Backend): Promise<SelfTest> {
  const graph = selfTestProgram();
  const random = randomSource(1);
  const inputs = graph.inputs.map(({ type }) =>
    sampleArray(random, type.shape, {
      dtype: type.dtype,
      min: type.dtype === "f32" ? 0.05 : 0,
      max: type.dtype === "i32" ? SYMBOLS : 1,
    })
  );
  const wanted = evaluateGraph(graph, inputs);
  const executable = await backend.compile(graph, { name: "self_test" });
  const buffers = inputs.map((input) => upload(backend, input));
  try {
    const outputs = executable.run(buffers);
    buffers.push(...outputs);
    let error = 0;
    for (const [i, output] of outputs.entries()) {
      error = Math.max(error, relativeError(await backend.download(output), wanted[i].data));
    }
    return { error, allowed: ALLOWED };
  } finally {
    for (const owned of [...buffers, executable]) owned.dispose();
  }
}

function upload(backend: Backend, { type, data }: DenseArray): DeviceBuffer {
  return backend.upload(type, typedArray(type.dtype, data));
}

/** The greatest difference by the greatest element; infinite where numbers are missing. */
function relativeError(found: TypedArray, wanted: ArrayLike<number>): number {
  let scale = 1e-2;
  for (let i = 0; i < wanted.length; i++) scale = Math.max(scale, Math.abs(wanted[i]));
  let worst = 0;
  for (let i = 0; i < wanted.length; i++) {
    const difference = Math.abs(found[i] - wanted[i]);
    worst = difference <= worst ? worst : Number.isNaN(difference) ? Infinity : difference;
  }
  return worst / scale;
}

/** Rows and columns of the product that a device is measured by: enough to keep it busy for a while. */
function productSize(backend: Backend): number {
  if (backend.name === "reference") return 64;
  if (backend.name === "cpu" || backend.name === "native") return 512;
  return (backend as WebGpuBackend).isSoftware ? 256 : 4096;
}

/** Runs a product for some time, reading back seldom, and takes the fastest stretch. */
async function measureSpeed(
  backend: Backend,
  milliseconds: number,
): Promise<{ readonly gflops: number; readonly size: number }> {
  const size = productSize(backend);
  const type = { dtype: "f32", shape: [size, size] } as const;
  const { graph } = trace([type, type], (x, y) => [matmul(x, y)]);
  const executable = await backend.compile(graph, { name: "speed_test" });
  const random = randomSource(2);
  const factors = [1, 2].map(() => upload(backend, sampleArray(random, type.shape)));
  // Reading one number back waits for all that was asked before, and moves next to nothing.
  const small = backend.upload({ dtype: "f32", shape: [] }, new Float32Array(1));
  try {
    const stretch = async (runs: number) => {
      const begun = performance.now();
      for (let i = 0; i < runs; i++) executable.run(factors)[0].dispose();
      await backend.download(small);
      return performance.now() - begun;
    };
    await stretch(1);
    const ended = performance.now() + milliseconds;
    let best = 0;
    let runs = 1;
    do {
      const begun = performance.now();
      await backend.download(small);
      const waiting = performance.now() - begun;
      const spent = await stretch(runs);
      const net = Math.max(spent - waiting, spent / 2);
      best = Math.max(best, 2 * size ** 3 * runs / net / 1e6);
      if (spent < milliseconds / 3) runs *= 2;
    } while (performance.now() < ended);
    return { gflops: best, size };
  } finally {
    for (const owned of [...factors, small, executable]) owned.dispose();
  }
}
