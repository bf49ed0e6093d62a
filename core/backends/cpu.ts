/**
 * The CPU backend: every graph becomes one WebAssembly module, and a run is one call of it. Tensors of
 * all programs lie in one memory, from which buffers are given out and taken back.
 *
 * @module
 */
import { isWatched } from "../util/debug.ts";
import { isFfiAllowed, readVariable } from "../util/environment.ts";
import type { Graph } from "../ir/graph.ts";
import type { Step } from "../loops/program.ts";
import { lowerForCpu } from "../loops/lower_for_cpu.ts";
import { loadParts } from "../codegen/wasm/printer/parts.ts";
import { printWasm } from "../codegen/wasm/printer/print_wasm.ts";
import { detectFeatures, roundsOnce } from "../codegen/wasm/assembler/features.ts";
import { optimize } from "../passes/optimize.ts";
import {
  formatType,
  sizeOf,
  type TensorType,
  type TypedArray,
  typedArray,
} from "../ir/tensor_type.ts";
import { graphCost } from "../passes/cost.ts";
import type {
  Backend,
  CompileOptions,
  DeviceBuffer,
  Executable,
  KernelInfo,
} from "../ir/backend.ts";
import type { Blas } from "./cpu_blas.ts";
import { CpuMemory } from "./cpu_memory.ts";
import type { CpuThreads } from "./cpu_threads.ts";

/** Options of {@linkcode cpuBackend}. */
export interface CpuOptions {
  /** Whether multiplications and additions may be fused; by default whether the engine can. */
  readonly relaxed?: boolean;
  /**
   * How many threads large programs run on. By default what the environment variable `UNROLL_THREADS`
   * says, else as many as the machine has, at most 8. One where the engine lets no threads share memory.
   * Results are the same each time for the same number; another number may round differently.
   */
  readonly threads?: number;
  /**
   * Whether large matrix products may be left to the system's BLAS, where it is there, faster, and
   * `--allow-ffi` is granted. Default true, unless `relaxed` is false.
   */
  readonly blas?: boolean;
  /** Whether threads share even what is not worth it, which is slow and tests the sharing. */
  readonly eager?: boolean;
}

/** More threads than this rarely help the sizes that fit a CPU. */
const MAX_THREADS = 8;

/** Decides how many threads to use. */
function countThreads(asked: number | undefined, shares: boolean): number {
  const variable = readVariable("UNROLL_THREADS");
  const count = asked ?? (variable ? Number(variable) : undefined) ??
    Math.min(MAX_THREADS, globalThis.navigator?.hardwareConcurrency ?? 1);
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot open cpu: threads must be a positive whole number, found ${asked ?? variable}`,
    );
  }
  const isolated = (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated;
  // Pages get no shared memory unless they are isolated; engines without pages do not say so.
  const allowed = shares && (!("document" in globalThis) || isolated === true);
  return allowed ? count : 1;
}

/** Memory of one tensor. Its address is 0 once it was given back. */
class CpuBuffer implements DeviceBuffer {
  readonly type: TensorType;
  readonly memory: CpuMemory;
  readonly bytes: number;
  address: number;

  constructor(memory: CpuMemory, type: TensorType, bytes: number) {
    this.memory = memory;
    this.type = type;
    this.bytes = bytes;
    this.address = memory.allocate(bytes);
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

/**
 * Opens the CPU: programs compiled to WebAssembly with vectors of four floats.
 *
 * @param options What code may be generated.
 * @returns A device that runs where it is called: results are there when a run returns.
 * @throws {RangeError} If the engine has no WebAssembly SIMD.
 *
 * @example Usage
 * ```ts
 * import { compile, type Tensor } from "@unroll/core";
 * import { cpuBackend } from "@unroll/core/backends";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * using backend = cpuBackend();
 * using squares = compile((x: Tensor) => x.mul(x), { backend });
 * using y = await squares(Float32Array.of(1, 2, 3));
 * deepStrictEqual([...await y.data()], [1, 4, 9]);
 * ```
 */
export function cpuBackend(options: CpuOptions = {}): Backend {
  const features = detectFeatures();
  if (!features.simd) {
    throw new RangeError("Cannot open cpu: WebAssembly with SIMD is needed, this engine has none");
  }
  const relaxed = options.relaxed ?? features.relaxedSimd;
  const count = countThreads(options.threads, features.threads);
  const memory = new CpuMemory(count > 1);
  // What a page need not fetch is loaded when the first program is compiled.
  let blas: Blas | undefined;
  let threads: CpuThreads | undefined;
  let helpers: Promise<void> | undefined;
  let isDisposed = false;
  const loadHelpers = async () => {
    const wantsBlas = (options.blas ?? relaxed) && isFfiAllowed();
    if (!wantsBlas && count === 1) return;
    const { CpuThreads, openBlas } = await import("./extras.ts");
    if (wantsBlas) blas = openBlas(memory);
    if (count > 1) threads = new CpuThreads(memory, count, blas?.path);
    if (isDisposed) close();
  };
  const close = () => {
    blas?.close();
    threads?.dispose();
  };
  const dispose = () => {
    if (!isDisposed) close();
    isDisposed = true;
    memory.dispose();
  };
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
    name: "cpu",
    get description() {
      const fused = relaxed && roundsOnce() ? " with fused multiply-add" : "";
      return `WebAssembly SIMD${fused}, ${count} ${count === 1 ? "thread" : "threads"}${
        blas ? `, ${blas.name} for large products` : ""
      }`;
    },
    threads: count,
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
    async compile(graph, settings) {
      await (helpers ??= loadHelpers());
      const resources = { memory, threads, blas, relaxed, eager: options.eager };
      return await compileGraph(resources, graph, settings);
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/** What the programs of a device share. */
interface CpuResources {
  readonly memory: CpuMemory;
  readonly threads: CpuThreads | undefined;
  readonly blas: Blas | undefined;
  readonly relaxed: boolean;
  readonly eager: boolean | undefined;
}

/** Operations of a run from which threads are likely wanted: about half a millisecond of work. */
const WORTH_THREADS = 10_000_000;

async function compileGraph(
  { memory, threads, blas, relaxed, eager }: CpuResources,
  graph: Graph,
  { name = "program", donated = [] }: CompileOptions = {},
): Promise<Executable> {
  // Workers take a while to start; they do so while the program is made.
  if (threads && graphCost(graph).operations > WORTH_THREADS) threads.prepare();
  const lowered = lowerForCpu(optimize(graph), { name, donated });
  const program = blas ? (await import("./extras.ts")).lowerForBlas(lowered) : lowered;
  const printed = printWasm(program, {
    relaxed,
    threads: threads && { count: threads.count, eager },
    shared: threads !== undefined,
    blas: blas !== undefined,
    parts: { ...await loadParts(program), sharing: threads?.sharing },
  });
  if (isWatched()) {
    const { formatProgram, showProgram } = await import("./extras.ts");
    // As loops, because the module is bytes.
    const format = () => `${formatProgram(program)}\n${printed.bytes.length} bytes of WebAssembly`;
    showProgram(`${program.name}.loops.txt`, format);
  }
  const module = await WebAssembly.compile(printed.bytes);
  memory.reservePages(printed.pages);
  const { exports } = new WebAssembly.Instance(module, {
    env: { memory: memory.memory, ...(blas && { sgemm: blas.sgemm }) },
  });
  const run = exports.run as (table: number) => void;
  const shared = threads && printed.threads > 1 ? { threads, ...threads.load(module) } : undefined;
  // A loop that never yields would keep threads from joining later, so they are waited for, with a timeout.
  if (shared) await (eager ? shared.ready : within(READY_TIMEOUT_MS, shared.ready));
  return new CpuExecutable(memory, graph, {
    run,
    shared,
    arenaBytes: printed.arenaBytes,
    tableLength: printed.tableLength,
    donated,
    kernels: kernelInfos(program.steps, 1),
  });
}

/** How long compiling may wait for threads to be ready. */
const READY_TIMEOUT_MS = 400;

/** Waits for a promise, but not longer than some milliseconds. */
async function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

function kernelInfos(steps: readonly Step[], runs: number): KernelInfo[] {
  return steps.flatMap((step) =>
    step.kind === "loop"
      ? kernelInfos(step.steps, runs * step.time.extent)
      : [{ name: step.name, runs }]
  );
}

/** What makes up an executable. */
interface Parts {
  readonly run: (table: number) => void;
  /** The threads that run it too, and what they call it; `undefined` if none do. */
  readonly shared: { readonly threads: CpuThreads; readonly program: number } | undefined;
  readonly arenaBytes: number;
  readonly tableLength: number;
  readonly donated: readonly (readonly [output: number, input: number])[];
  readonly kernels: readonly KernelInfo[];
}

class CpuExecutable implements Executable {
  readonly kernels: readonly KernelInfo[];
  readonly #memory: CpuMemory;
  readonly #run: Parts["run"];
  readonly #shared: Parts["shared"];
  readonly #arenaBytes: number;
  /** Address of the table of addresses. */
  #table: number;
  readonly #tableBytes: number;
  readonly #inputs: number;
  readonly #types: readonly TensorType[];
  readonly #sizes: readonly number[];
  /** For each output the input whose buffer it takes over, or −1. */
  readonly #source: readonly number[];

  constructor(memory: CpuMemory, graph: Graph, parts: Parts) {
    this.#memory = memory;
    this.#run = parts.run;
    this.#shared = parts.shared;
    this.kernels = parts.kernels;
    this.#arenaBytes = parts.arenaBytes;
    this.#tableBytes = 4 * parts.tableLength;
    this.#table = memory.allocate(this.#tableBytes);
    this.#inputs = graph.inputs.length;
    this.#types = graph.outputs.map(({ type }) => type);
    this.#sizes = this.#types.map(({ shape }) => 4 * sizeOf(shape));
    const taken = new Map(parts.donated);
    this.#source = this.#types.map((_, i) => taken.get(i) ?? -1);
    memory.reserveArena(this.#arenaBytes);
  }

  run(inputs: readonly DeviceBuffer[]): DeviceBuffer[] {
    const memory = this.#memory;
    if (this.#table === 0) throw new TypeError("Cannot run a program: it was disposed of");
    if (inputs.length !== this.#inputs) {
      throw new TypeError(
        `Cannot run a program: ${this.#inputs} inputs are needed, found ${inputs.length}`,
      );
    }
    // Before anything is given out: a buffer that is refused shall cost nothing.
    for (let i = 0; i < inputs.length; i++) ownBuffer(inputs[i], memory, "run a program on");
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
    const shared = this.#shared;
    if (shared) {
      words[place] = shared.threads.control;
      shared.threads.start(shared.program);
    }
    this.#run(this.#table);
    return outputs;
  }

  dispose(): void {
    if (this.#table === 0) return;
    this.#memory.release(this.#table, this.#tableBytes);
    this.#table = 0;
    this.#shared?.threads.unload(this.#shared.program);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
