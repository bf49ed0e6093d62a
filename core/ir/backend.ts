/**
 * What a device must do: hold tensors and run graphs. Four implementations: the reference
 * interpreter, the WebAssembly compiler, native code, and WebGPU.
 *
 * @module
 */
import type { Graph } from "./graph.ts";
import type { TensorType, TypedArray } from "./tensor_type.ts";

/** Names of the backends. */
export type BackendName = "reference" | "cpu" | "native" | "webgpu";

/** Memory of a device that holds one tensor. It has one owner, who disposes of it. */
export interface DeviceBuffer extends Disposable {
  /** Type of the tensor. */
  readonly type: TensorType;
  /** Gives the memory back; the buffer must not be used any more. Doing so twice is harmless. */
  dispose(): void;
  /**
   * Moves the memory to a buffer of its own; this one is as if it was disposed of. Devices whose outputs are the
   * very buffers that were donated have it.
   */
  handOver?(): DeviceBuffer;
}

/** What is known of one kernel, for tests, `DEBUG` and reports. */
export interface KernelInfo {
  /** Name, as in the generated code. */
  readonly name: string;
  /** How often it runs in one run of the program. */
  readonly runs: number;
}

/** Options of {@linkcode Backend.compile}. */
export interface CompileOptions {
  /** Name of the program in reports. */
  readonly name?: string;
  /**
   * For outputs, the input whose memory they take over, by position: `[[output, input], …]`. That
   * input is consumed: after a run its buffer is the output's.
   */
  readonly donated?: readonly (readonly [output: number, input: number])[];
}

/** A compiled graph. */
export interface Executable extends Disposable {
  /**
   * Runs the graph.
   *
   * @param inputs One buffer an input. A donated one is consumed.
   * @returns One buffer an output, owned by the caller. On a device that works asynchronously they
   * may be used at once; {@linkcode Backend.download} waits.
   */
  run(inputs: readonly DeviceBuffer[]): DeviceBuffer[];
  /** Kernels, in order. */
  readonly kernels: readonly KernelInfo[];
  /** Frees what the program holds. */
  dispose(): void;
}

/** A device. */
export interface Backend extends Disposable {
  /** Which one. */
  readonly name: BackendName;
  /** One line on what it runs on, such as `WebAssembly SIMD, 1 thread`. */
  readonly description: string;
  /** Most threads that share the work of a program; small programs run on one. */
  readonly threads: number;
  /** Puts numbers on the device. */
  upload(type: TensorType, data: TypedArray): DeviceBuffer;
  /** Overwrites a buffer. */
  write(buffer: DeviceBuffer, data: TypedArray): void;
  /** Reads a buffer back, after all work that writes it. */
  download(buffer: DeviceBuffer): Promise<TypedArray>;
  /** Compiles a graph. */
  compile(graph: Graph, options?: CompileOptions): Promise<Executable>;
  /** Frees everything. */
  dispose(): void;
}
