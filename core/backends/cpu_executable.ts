/**
 * Devices whose tensors lie in one memory of this process, and whose programs run where they are called: what
 * the CPU as WebAssembly and as native code have in common.
 *
 * @module
 */
import type { Backend, DeviceBuffer, Executable, KernelInfo } from "../ir/backend.ts";
import type { Graph } from "../ir/graph.ts";
import {
  formatType,
  sameType,
  sizeOf,
  type TensorType,
  type TypedArray,
  typedArray,
} from "../ir/tensor_type.ts";
import type { Step } from "../loops/program.ts";
import type { CpuMemory } from "./cpu_memory.ts";

/** Memory of one tensor. Its address is 0 once it was given back. */
class CpuBuffer implements DeviceBuffer {
  readonly type: TensorType;
  readonly memory: CpuMemory;
  readonly bytes: number;
  address: number;

  constructor(memory: CpuMemory, type: TensorType, bytes: number, address?: number) {
    this.memory = memory;
    this.type = type;
    this.bytes = bytes;
    this.address = address ?? memory.allocate(bytes);
  }

  handOver(): CpuBuffer {
    const { address } = this;
    this.address = 0;
    return new CpuBuffer(this.memory, this.type, this.bytes, address);
  }

  dispose(): void {
    if (this.address === 0) return;
    this.memory.release(this.address, this.bytes);
    this.address = 0;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Checks that a buffer is this device's and still has its memory. */
function ownBuffer(buffer: DeviceBuffer, memory: CpuMemory, action: string): CpuBuffer {
  if (buffer instanceof CpuBuffer && buffer.memory === memory && buffer.address !== 0) {
    return buffer;
  }
  throw new TypeError(
    `Cannot ${action} a buffer of ${
      formatType(buffer.type)
    }: it was disposed of or is another device's`,
  );
}

/** Makes what a device does with the tensors in its memory. */
export function cpuTensors(
  memory: CpuMemory,
): Pick<Backend, "upload" | "write" | "download"> {
  const write = (buffer: CpuBuffer, data: TypedArray): void => {
    const { dtype, shape } = buffer.type;
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(
        `Cannot write ${formatType(buffer.type)}: ${
          sizeOf(shape)
        } elements are needed, found ${data.length}`,
      );
    }
    memory.view(dtype, buffer.address, data.length).set(data);
  };
  const newBuffer = (type: TensorType) => new CpuBuffer(memory, type, 4 * sizeOf(type.shape));
  return {
    upload(type, data) {
      const buffer = newBuffer(type);
      write(buffer, data);
      return buffer;
    },
    write: (buffer, data) => write(ownBuffer(buffer, memory, "write"), data),
    download(buffer) {
      const { address, type } = ownBuffer(buffer, memory, "read");
      const view = memory.view(type.dtype, address, sizeOf(type.shape));
      return Promise.resolve(typedArray(type.dtype, view));
    },
  };
}

/** Lists the kernels of some steps, in order. */
export function kernelInfos(steps: readonly Step[], runs = 1): KernelInfo[] {
  return steps.flatMap((step) =>
    step.kind === "loop"
      ? kernelInfos(step.steps, runs * step.time.extent)
      : [{ name: step.name, runs }]
  );
}

/** What makes up an executable. */
export interface ExecutableParts {
  /** Runs the program on the table at an address. */
  readonly run: (table: number) => void;
  /** Is told the address of the place in the table after the arena, before each run. */
  readonly prepare?: (place: number) => void;
  /** Frees what the program holds beside memory. */
  readonly close?: () => void;
  /** Size of the arena that a run needs. */
  readonly arenaBytes: number;
  /** Entries of the table: inputs, outputs, the arena, and what `prepare` writes. */
  readonly tableLength: number;
  /** Outputs that take over the memory of inputs. */
  readonly donated: readonly (readonly [output: number, input: number])[];
  /** Kernels, for reports. */
  readonly kernels: readonly KernelInfo[];
}

/** A program that runs where it is called, on tensors in the memory of a device. */
export class CpuExecutable implements Executable {
  readonly kernels: readonly KernelInfo[];
  readonly #memory: CpuMemory;
  readonly #parts: ExecutableParts;
  readonly #arenaBytes: number;
  /** Address of the table of addresses. */
  #table: number;
  readonly #tableBytes: number;
  readonly #inputs: readonly TensorType[];
  readonly #types: readonly TensorType[];
  readonly #sizes: readonly number[];
  /** For each output the input whose buffer it takes over, or −1. */
  readonly #source: readonly number[];

  constructor(memory: CpuMemory, graph: Graph, parts: ExecutableParts) {
    this.#memory = memory;
    this.#parts = parts;
    this.kernels = parts.kernels;
    this.#arenaBytes = parts.arenaBytes;
    this.#tableBytes = 4 * parts.tableLength;
    this.#table = memory.allocate(this.#tableBytes);
    this.#inputs = graph.inputs.map(({ type }) => type);
    this.#types = graph.outputs.map(({ type }) => type);
    this.#sizes = this.#types.map(({ shape }) => 4 * sizeOf(shape));
    const taken = new Map(parts.donated);
    this.#source = this.#types.map((_, i) => taken.get(i) ?? -1);
    memory.reserveArena(this.#arenaBytes);
  }

  run(inputs: readonly DeviceBuffer[]): DeviceBuffer[] {
    const memory = this.#memory;
    if (this.#table === 0) throw new TypeError("Cannot run a program: it was disposed of");
    if (inputs.length !== this.#inputs.length) {
      throw new TypeError(
        `Cannot run a program: ${this.#inputs.length} inputs are needed, found ${inputs.length}`,
      );
    }
    // Before anything is given out: a buffer that is refused shall cost nothing.
    for (let i = 0; i < inputs.length; i++) {
      const { type } = ownBuffer(inputs[i], memory, "run a program on");
      const wanted = this.#inputs[i];
      if (sameType(type, wanted)) continue;
      throw new TypeError(
        `Cannot run a program: input ${i} must be ${formatType(wanted)}, found ${formatType(type)}`,
      );
    }
    const outputs: DeviceBuffer[] = [];
    try {
      for (let i = 0; i < this.#types.length; i++) {
        const source = this.#source[i];
        outputs.push(
          source >= 0 ? inputs[source] : new CpuBuffer(memory, this.#types[i], this.#sizes[i]),
        );
      }
    } catch (error) {
      outputs.forEach((output, i) => this.#source[i] < 0 && output.dispose());
      throw error;
    }
    // Giving out may have made the memory another object.
    const { words } = memory;
    let place = this.#table >> 2;
    for (let i = 0; i < inputs.length; i++) words[place++] = (inputs[i] as CpuBuffer).address;
    for (let i = 0; i < outputs.length; i++) words[place++] = (outputs[i] as CpuBuffer).address;
    words[place++] = memory.arena;
    this.#parts.prepare?.(place);
    this.#parts.run(this.#table);
    return outputs;
  }

  dispose(): void {
    if (this.#table === 0) return;
    this.#memory.release(this.#table, this.#tableBytes);
    this.#table = 0;
    this.#parts.close?.();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
