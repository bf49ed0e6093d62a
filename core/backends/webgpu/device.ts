/**
 * Opening a WebGPU device, compiling shaders on it, and turning its faults into errors.
 *
 * @module
 */
import { collectGarbage } from "../../util/collect_garbage.ts";
import { describeAdapter, offeredAdapter, systemGpu, unsupportedReason } from "./adapter.ts";
import { subgroupSizeOf } from "./subgroups.ts";

/** A limit that generated code depends on. */
export type DeviceLimit =
  | "maxStorageBuffersPerShaderStage"
  | "maxComputeWorkgroupStorageSize"
  | "maxBufferSize"
  | "maxStorageBufferBindingSize";

/** Limits that are asked for as far as the adapter has them. */
const WANTED_LIMITS: readonly DeviceLimit[] = [
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxBufferSize",
  "maxStorageBufferBindingSize",
];

/** Features that are asked for where the adapter has them; types of WebGPU may not know all. */
const WANTED_FEATURES = ["timestamp-query", "subgroups"] as readonly GPUFeatureName[];

/** Options of opening a device. */
export interface DeviceOptions {
  /** Limits to stay below although the adapter has more, for tests and comparisons. */
  readonly limits?: Readonly<Partial<Record<DeviceLimit, number>>>;
  /** Where adapters come from, if not from the system. */
  readonly gpu?: Pick<GPU, "requestAdapter">;
}

/** What has been done on a device since it was opened. */
export interface DeviceStatistics {
  /** Buffers created, those for reading back included. */
  buffers: number;
  /** Bind groups created. */
  bindGroups: number;
  /** Pipelines created. */
  pipelines: number;
  /** Pipelines held: those of programs, and some that were lately. */
  heldPipelines: number;
  /** Pipelines held that no program uses. */
  unusedPipelines: number;
  /** Command buffers submitted. */
  submits: number;
  /** Compute passes encoded. */
  passes: number;
  /** Dispatches encoded. */
  dispatches: number;
}

/** Thrown when the device is gone in the middle of work; open it again to go on. */
export class DeviceLostError extends Error {
  /** Name of the class. */
  override readonly name: string = "DeviceLostError";
}

/** A pipeline, and how many programs use it. */
interface CountedPipeline {
  readonly pipeline: Promise<GPUComputePipeline>;
  users: number;
}

/** Pipelines that are kept although no program uses them, for one that is made again soon. */
const MAX_UNUSED_PIPELINES = 64;

/** How long a device has to say that it was lost, after something else has failed. */
const LOST_TIMEOUT_MS = 200;

/** A device with what was granted and what went wrong. */
export class WebGpuDevice {
  /** The device. */
  readonly device: GPUDevice;
  /** One line on the adapter. */
  readonly description: string;
  /** What measurements hold for: the adapter and its driver. */
  readonly identity: string;
  /** Whether the adapter is software. */
  readonly isSoftware: boolean;
  /**
   * Iterations of loops that an invocation may make. Mesa's llvmpipe leaves all loops of a shader
   * after 65,535 of them, without a word.
   */
  readonly maxIterations: number;
  /**
   * Bytes of workgroup memory worth using. WebGPU zeroes it before a shader runs, and SwiftShader compiles
   * that element by element: 16 KiB take seconds, and are no faster there than other memory.
   */
  readonly workgroupMemory: number;
  /** Neighbouring invocations that can tell each other values, at least; 1 if none can. */
  readonly subgroupSize: number;
  /** Counts of what was done. */
  readonly statistics: DeviceStatistics = {
    buffers: 0,
    bindGroups: 0,
    pipelines: 0,
    heldPipelines: 0,
    unusedPipelines: 0,
    submits: 0,
    passes: 0,
    dispatches: 0,
  };
  readonly #pipelines = new Map<string, CountedPipeline>();
  /** Shaders whose pipelines no program uses, that given back last at the end. */
  readonly #unused = new Set<string>();
  #dropped = 0;
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  #fault: Error | undefined;
  #closed = false;

  /** What was granted, and may be used. */
  readonly limits: GPUSupportedLimits;

  /** Takes a device over, to stay below some limits. */
  constructor(
    device: GPUDevice,
    adapter: GPUAdapter,
    limits: DeviceOptions["limits"] = {},
    subgroupSize = 1,
  ) {
    this.device = device;
    this.subgroupSize = subgroupSize;
    // A device has what every device has, also where less is asked for.
    this.limits = new Proxy(device.limits, {
      get(granted, name) {
        const value = Reflect.get(granted, name, granted);
        const most = limits[name as DeviceLimit];
        return typeof value === "number" && most !== undefined ? Math.min(value, most) : value;
      },
    });
    const { name, vendor, driver, isSoftware } = describeAdapter(adapter);
    this.identity = [name, vendor, driver].join(", ");
    this.isSoftware = isSoftware;
    this.maxIterations = this.isSoftware ? 60_000 : Infinity;
    const { maxComputeWorkgroupStorageSize } = this.limits;
    const isSwiftShader = /swiftshader/i.test(this.identity);
    this.workgroupMemory = isSwiftShader ? 4096 : maxComputeWorkgroupStorageSize;
    this.description = `WebGPU, ${name}${this.isSoftware ? " (software)" : ""}`;
    device.lost.then(({ reason, message }) => {
      if (!this.#closed) this.#lose([reason, message].filter(Boolean).join(", ") || "unknown");
    });
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault?.();
      const { error } = event as GPUUncapturedErrorEvent;
      if (saysLost(error)) this.#lose(error.message);
      else this.#fault ??= errorOf(error, this.description);
    });
  }

  /** Throws what has gone wrong since; work may only be given to a device that is well. */
  check(): void {
    if (this.#closed) throw new TypeError(`Cannot use ${this.description}: it was disposed of`);
    const fault = this.#fault;
    if (!fault) return;
    // A lost device stays lost; other faults are told once.
    if (!(fault instanceof DeviceLostError)) this.#fault = undefined;
    throw fault;
  }

  #lose(reason: string): void {
    if (this.#fault instanceof DeviceLostError) return;
    this.#fault = new DeviceLostError(
      `Cannot go on with ${this.description}: the device was lost (${reason})`,
    );
  }

  /** The reason of an error that the device threw: a lost one throws at whatever is done next. */
  reasonOf(error: unknown): unknown {
    if (saysLost(error)) this.#lose((error as Error).message);
    return this.#fault instanceof DeviceLostError ? this.#fault : error;
  }

  /**
   * Throws the reason of an error that the device gave: what it says at first of a device that was lost
   * is only that some operation failed.
   */
  async explain(error: unknown): Promise<never> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = new Promise((resolve) => timer = setTimeout(resolve, LOST_TIMEOUT_MS));
    await Promise.race([this.device.lost, soon]);
    clearTimeout(timer);
    this.check();
    throw this.reasonOf(error);
  }

  /** Makes a buffer; if memory is out, the next {@linkcode check} says so. */
  createBuffer(label: string, size: number, usage: number): GPUBuffer {
    if (size > this.limits.maxBufferSize) {
      throw new RangeError(
        `Cannot make the buffer ${label} of ${size} bytes: ${this.description} allows ` +
          `${this.limits.maxBufferSize}`,
      );
    }
    this.statistics.buffers++;
    this.device.pushErrorScope("out-of-memory");
    const buffer = this.device.createBuffer({ label, size, usage });
    this.device.popErrorScope().then((error) => {
      if (!error || this.#closed) return;
      this.#fault ??= new RangeError(
        `Cannot make the buffer ${label} of ${size} bytes: ${this.description} is out of memory`,
      );
    }, () => {});
    return buffer;
  }

  /** The layout of storage bindings, each written or only read. */
  storageLayout(writes: readonly boolean[]): GPUBindGroupLayout {
    return this.#layout(
      `storage ${writes.map(Number).join("")}`,
      () =>
        writes.map((written, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: written ? "storage" : "read-only-storage" },
        })),
    );
  }

  /** The layout of the uniform that numbers iterations. */
  timeLayout(): GPUBindGroupLayout {
    return this.#layout("time", () => [{
      binding: 0,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: 16 },
    }]);
  }

  #layout(key: string, entries: () => GPUBindGroupLayoutEntry[]): GPUBindGroupLayout {
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.device.createBindGroupLayout({ label: key, entries: entries() });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  /**
   * Compiles a shader; the same text is compiled once. Whoever asked says with
   * {@linkcode releasePipeline} when it is done.
   */
  pipeline(name: string, code: string, layouts: GPUBindGroupLayout[]): Promise<GPUComputePipeline> {
    let counted = this.#pipelines.get(code);
    if (!counted) {
      counted = { pipeline: this.#compile(name.slice(0, 80), code, layouts), users: 0 };
      this.#pipelines.set(code, counted);
      counted.pipeline.catch(() => {
        this.#pipelines.delete(code);
        this.#countPipelines();
      });
    }
    counted.users++;
    this.#unused.delete(code);
    this.#countPipelines();
    return counted.pipeline;
  }

  /** Says that one who asked for a pipeline is done with it; the last ones given back are kept a while. */
  releasePipeline(code: string): void {
    const counted = this.#pipelines.get(code);
    if (!counted || --counted.users > 0) return;
    this.#unused.add(code);
    if (this.#unused.size > MAX_UNUSED_PIPELINES) {
      const [oldest] = this.#unused;
      this.#unused.delete(oldest);
      this.#pipelines.delete(oldest);
      // The runtime frees a pipeline when its object is collected, which is too small to bring that about.
      if (++this.#dropped % MAX_UNUSED_PIPELINES === 0) collectGarbage();
    }
    this.#countPipelines();
  }

  #countPipelines(): void {
    this.statistics.heldPipelines = this.#pipelines.size;
    this.statistics.unusedPipelines = this.#unused.size;
  }

  async #compile(
    label: string,
    code: string,
    bindGroupLayouts: GPUBindGroupLayout[],
  ): Promise<GPUComputePipeline> {
    const { device } = this;
    this.statistics.pipelines++;
    // Everything inside the scope happens at once: other compilations have scopes of their own.
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label, code });
    const layout = device.createPipelineLayout({ label, bindGroupLayouts });
    const made = device.createComputePipelineAsync({
      label,
      layout,
      compute: { module, entryPoint: "main" },
    }).then((pipeline) => ({ pipeline, error: undefined }), (error) => ({
      pipeline: undefined,
      error: error instanceof Error ? error.message : String(error),
    }));
    const invalid = await device.popErrorScope().catch((error) => this.explain(error));
    const { pipeline, error } = await made;
    if (invalid || !pipeline) {
      this.check();
      if (saysLost(invalid ?? new Error(error))) await this.explain(invalid ?? new Error(error));
      throw new TypeError(
        `Cannot compile the shader of ${label}: ${invalid?.message ?? error}\n${numbered(code)}`,
      );
    }
    // A device that was lost compiles everything, without an error.
    this.check();
    return pipeline;
  }

  /** Closes the device. */
  dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pipelines.clear();
    this.#unused.clear();
    this.#layouts.clear();
    this.device.destroy();
  }
}

/**
 * Opens a device on the adapter that the system offers.
 *
 * @throws {RangeError} If there is none, it allows too little, or it refuses.
 */
export async function openDevice({ limits, gpu }: DeviceOptions = {}): Promise<WebGpuDevice> {
  const adapter = await offeredAdapter(gpu);
  if (!adapter) {
    const reason = gpu ?? systemGpu()
      ? "no adapter was found; a driver with Vulkan, Metal or Direct3D 12 is needed (on Debian, " +
        "libvulkan1 and mesa-vulkan-drivers bring a software one)"
      : "this runtime has no WebGPU";
    throw new RangeError(`Cannot open webgpu: ${reason}`);
  }
  const reason = unsupportedReason(adapter);
  if (reason) throw new RangeError(`Cannot open webgpu: ${reason}`);
  const requiredLimits: Record<string, number> = {};
  for (const name of WANTED_LIMITS) {
    requiredLimits[name] = Math.min(adapter.limits[name], limits?.[name] ?? Infinity);
  }
  // Lets the tuner measure, where there is such a clock, and folds do without barriers.
  const requiredFeatures = WANTED_FEATURES.filter((name) => adapter.features.has(name));
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({ label: "unroll", requiredLimits, requiredFeatures });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RangeError(
      `Cannot open webgpu: ${describeAdapter(adapter).name} gives no device (${reason})`,
      { cause: error },
    );
  }
  const { subgroupMinSize } = adapter.info as { readonly subgroupMinSize?: number };
  return new WebGpuDevice(device, adapter, limits, await subgroupSizeOf(device, subgroupMinSize));
}

/** Source text with numbers of lines, for errors. */
function numbered(code: string): string {
  return code.split("\n").map((line, i) => `${String(i + 1).padStart(4)} ${line}`).join("\n");
}

/** Returns whether an error is what a lost device gives for whatever it is asked. */
function saysLost(error: unknown): boolean {
  const message = (error as { readonly message?: unknown } | null)?.message;
  return typeof message === "string" &&
    /device (is|was) (lost|destroyed)|device lost/i.test(message);
}

function errorOf(error: GPUError, description: string): Error {
  return error.constructor.name === "GPUOutOfMemoryError"
    ? new RangeError(`Cannot go on with ${description}: out of memory (${error.message})`)
    : new TypeError(`Cannot go on with ${description}: ${error.message}`);
}
