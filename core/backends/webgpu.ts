/**
 * The WebGPU backend: graphs become WGSL, a run is one pass and one submit.
 *
 * @module
 */
import { isWatched } from "../util/debug.ts";
import type { Graph } from "../ir/graph.ts";
import { fitBindings } from "../loops/fit_bindings.ts";
import { lowerForWebgpu } from "../loops/lower_for_webgpu.ts";
import type { Tiling } from "../codegen/wgsl/matmul.ts";
import { splitFolds } from "../codegen/wgsl/split_folds.ts";
import { MAX_KERNEL_CODE } from "../codegen/wgsl/schedule.ts";
import { optimize } from "../passes/optimize.ts";
import { formatType, type TensorType, type TypedArray, typedArray } from "../ir/tensor_type.ts";
import type { Backend, CompileOptions, DeviceBuffer } from "../ir/backend.ts";
import {
  type DeviceOptions,
  type DeviceStatistics,
  openDevice,
  type WebGpuDevice,
} from "./webgpu/device.ts";
import { WebGpuExecutable } from "./webgpu/executable.ts";
import { BlockPool, bytesOf, WebGpuBuffer } from "./webgpu/memory.ts";
import { Tuner, type TuningCache } from "./webgpu/tuner.ts";

export { type DeviceLimit, DeviceLostError, type DeviceOptions } from "./webgpu/device.ts";
export type { DeviceStatistics, Tiling, TuningCache, WebGpuExecutable };

/** Where one way of running a program gives way to another; for tests and comparisons. */
export interface WebGpuPlan {
  /** Scalar operations that one workgroup may do where many could share them. */
  readonly smallWork?: number;
  /** Scalar operations of one iteration of a loop that one workgroup may do; 1 steps from outside. */
  readonly stepWork?: number;
  /** Multiplications from which a matrix product is cut into tiles. */
  readonly tiledProduct?: number;
  /** How every matrix product is cut. */
  readonly tiling?: Tiling;
}

/** Options of {@linkcode webgpuBackend}. */
export interface WebGpuOptions extends DeviceOptions {
  /**
   * How programs are planned, other than by what the device says.
   *
   * @internal
   */
  readonly plan?: WebGpuPlan;
  /**
   * Whether to measure how large matrix products are best cut, when they are first compiled. By default
   * where there is a cache to keep that in, unless the adapter is a software one.
   */
  readonly tune?: boolean;
  /** Keeps what was measured, by adapter and product. */
  readonly tuning?: TuningCache;
}

/** The WebGPU backend with what is particular to it. */
export interface WebGpuBackend extends Backend {
  /**
   * Compiles a graph.
   *
   * @internal
   */
  compile(graph: Graph, options?: CompileOptions): Promise<WebGpuExecutable>;
  /**
   * Counts of what was done on the device.
   *
   * @internal
   */
  readonly statistics: Readonly<DeviceStatistics>;
  /** The device itself, for what this interface does not say. */
  readonly device: GPUDevice;
  /** Whether the adapter is a software one. */
  readonly isSoftware: boolean;
  /** Limits that were granted. */
  readonly limits: GPUSupportedLimits;
  /** Whether the device has a clock to measure matrix products by. */
  readonly canTune: boolean;
  /** How many matrix products have been measured, those that the cache knew left out. */
  readonly tuned: number;
}

/**
 * Opens the WebGPU device that the system offers.
 *
 * @param options Limits to stay below, whether to tune.
 * @returns The device, owned by the caller.
 * @throws {RangeError} If there is no adapter.
 *
 * @example Usage
 * ```ts
 * import { webgpuBackend } from "@unroll/core/backends";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const backend = await webgpuBackend().catch(() => undefined);
 * if (backend) { // this machine has an adapter
 *   using buffer = backend.upload({ dtype: "f32", shape: [2] }, Float32Array.of(1, 2));
 *   deepStrictEqual([...await backend.download(buffer)], [1, 2]);
 *   backend.dispose();
 * }
 * ```
 */
export async function webgpuBackend(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  return new Device(await openDevice(options), options);
}

/** Formats the shaders of a program. */
function formatShaders({ kernels, sources }: WebGpuExecutable): string {
  return sources.map((source, i) => {
    const { name, runs } = kernels[i];
    return `// ${name}: ${runs === 1 ? "1 dispatch" : `${runs} dispatches`} a run\n${source}`;
  }).join("\n");
}

class Device implements WebGpuBackend {
  readonly name = "webgpu";
  readonly threads = 1;
  readonly #device: WebGpuDevice;
  readonly #options: WebGpuOptions;
  readonly #tuner: Tuner;
  readonly #pool: BlockPool;
  /** Buffers that are read back through. */
  readonly #staging: BlockPool;

  constructor(device: WebGpuDevice, options: WebGpuOptions) {
    this.#device = device;
    this.#options = options;
    this.#tuner = new Tuner(device, options.tuning);
    const { STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
    this.#pool = new BlockPool(device, STORAGE | COPY_DST | COPY_SRC);
    this.#staging = new BlockPool(device, MAP_READ | COPY_DST);
  }

  get description(): string {
    return this.#device.description;
  }

  get device(): GPUDevice {
    return this.#device.device;
  }

  get isSoftware(): boolean {
    return this.#device.isSoftware;
  }

  get statistics(): Readonly<DeviceStatistics> {
    return this.#device.statistics;
  }

  get limits(): GPUSupportedLimits {
    return this.#device.limits;
  }

  get canTune(): boolean {
    return this.#tuner.canMeasure;
  }

  get tuned(): number {
    return this.#tuner.measured;
  }

  upload(type: TensorType, data: TypedArray): DeviceBuffer {
    this.#device.check();
    const block = this.#pool.take(bytesOf(type), `tensor ${formatType(type)}`);
    const buffer = new WebGpuBuffer(type, block, this.#pool);
    this.write(buffer, data);
    return buffer;
  }

  write(buffer: DeviceBuffer, data: TypedArray): void {
    this.#device.check();
    const { type } = buffer;
    const block = this.#own(buffer).blockOf(this.#pool);
    const bytes = bytesOf(type);
    if (data.byteLength !== bytes) {
      throw new TypeError(
        `Cannot write ${formatType(type)}: ${bytes / 4} elements are needed, found ${data.length}`,
      );
    }
    if (bytes === 0) return;
    const kind = typedArray(type.dtype, 0).constructor;
    const exact = data.constructor === kind ? data : typedArray(type.dtype, data);
    this.#device.device.queue.writeBuffer(block.buffer, 0, exact as Float32Array<ArrayBuffer>);
  }

  async download(buffer: DeviceBuffer): Promise<TypedArray> {
    this.#device.check();
    const { type } = buffer;
    const block = this.#own(buffer).blockOf(this.#pool);
    const result = typedArray(type.dtype, bytesOf(type) / 4);
    if (result.length === 0) return result;
    const { device, statistics } = this.#device;
    const staging = this.#staging.take(result.byteLength, "read back");
    try {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(block.buffer, 0, staging.buffer, 0, result.byteLength);
      device.queue.submit([encoder.finish()]);
      statistics.submits++;
      await staging.buffer.mapAsync(GPUMapMode.READ, 0, result.byteLength);
      const bytes = new Uint8Array(staging.buffer.getMappedRange(0, result.byteLength));
      new Uint8Array(result.buffer).set(bytes);
      staging.buffer.unmap();
    } catch (error) {
      // What is behind it, such as a lost device, says more.
      return await this.#device.explain(error);
    }
    this.#staging.give(staging);
    this.#device.check();
    return result;
  }

  async compile(graph: Graph, options: CompileOptions = {}): Promise<WebGpuExecutable> {
    this.#device.check();
    const donated = options.donated ?? [];
    const maxBindings = this.limits.maxStorageBuffersPerShaderStage;
    const lowered = lowerForWebgpu(optimize(graph), {
      name: options.name,
      donated,
      maxBindings,
      maxOperations: MAX_KERNEL_CODE,
    });
    const program = fitBindings(splitFolds(lowered), maxBindings);
    const { tuning, tune = tuning !== undefined && !this.isSoftware } = this.#options;
    if (tune) await this.#tuner.tune(program);
    const consumed = new Set(donated.map(([, input]) => input));
    const executable = await WebGpuExecutable.compile(
      this.#device,
      this.#pool,
      graph,
      program,
      consumed,
      {
        ...this.#options.plan,
        tilingOf: (kernel) => this.#options.plan?.tiling ?? this.#tuner.tilingOf(kernel),
      },
    );
    if (isWatched()) {
      const { showProgram } = await import("./extras.ts");
      showProgram(`${program.name}.wgsl`, () => formatShaders(executable));
    }
    return executable;
  }

  dispose(): void {
    this.#pool.dispose();
    this.#staging.dispose();
    this.#device.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #own(buffer: DeviceBuffer): WebGpuBuffer {
    if (buffer instanceof WebGpuBuffer) return buffer;
    throw new TypeError(
      `Cannot use a buffer of ${formatType(buffer.type)}: it is another device's`,
    );
  }
}
