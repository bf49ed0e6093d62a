/**
 * The CPU backend: every graph becomes one WebAssembly module, and a run is one call of it. Tensors of
 * all programs lie in one memory, from which buffers are given out and taken back.
 *
 * @module
 */
import { isWatched } from "../util/debug.ts";
import { isFfiAllowed } from "../util/environment.ts";
import type { Graph } from "../ir/graph.ts";
import { lowerForCpu } from "../loops/lower_for_cpu.ts";
import { loadParts } from "../codegen/wasm/printer/parts.ts";
import { printWasm } from "../codegen/wasm/printer/print_wasm.ts";
import { detectFeatures, roundsOnce } from "../codegen/wasm/assembler/features.ts";
import { optimize } from "../passes/optimize.ts";
import { graphCost } from "../passes/cost.ts";
import type { Backend, CompileOptions, Executable } from "../ir/backend.ts";
import type { Blas } from "./cpu_blas.ts";
import { countThreads } from "./count_threads.ts";
import { CpuExecutable, cpuTensors, kernelInfos } from "./cpu_executable.ts";
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

/** Decides how many threads to use: one where the engine lets no threads share memory. */
function sharingThreads(asked: number | undefined, shares: boolean): number {
  const count = countThreads("cpu", asked);
  const isolated = (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated;
  // Pages get no shared memory unless they are isolated; engines without pages do not say so.
  const allowed = shares && (!("document" in globalThis) || isolated === true);
  return allowed ? count : 1;
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
  const count = sharingThreads(options.threads, features.threads);
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
    if (count > 1) threads = new CpuThreads(memory, count, blas);
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
  return {
    name: "cpu",
    get description() {
      const fused = relaxed && roundsOnce() ? " with fused multiply-add" : "";
      return `WebAssembly SIMD${fused}, ${count} ${count === 1 ? "thread" : "threads"}${
        blas ? `, ${blas.name} for large products${blas.inBlocks ? " in blocks" : ""}` : ""
      }`;
    },
    threads: count,
    ...cpuTensors(memory),
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
  const isLong = graphCost(graph).operations > WORTH_THREADS;
  if (isLong) threads?.prepare();
  const lowered = lowerForCpu(optimize(graph), { name, donated });
  const whole = blas ? (await import("./extras.ts")).lowerForBlas(lowered, blas.inBlocks) : lowered;
  // Two eager threads have shards of what is small too; more have parts of its kernels, so that tests see both.
  const program = threads
    ? threads.sharing.shardRows(whole, {
      threads: threads.count,
      eager: eager && threads.count === 2,
    })
    : whole;
  if (program !== whole) threads?.prepare();
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
  // A loop that never yields would keep threads from joining later, so they are waited for, with a timeout; but not by
  // what is short and may run only once.
  if (eager) await shared?.ready;
  else if (shared && (isLong || donated.length > 0)) await within(READY_TIMEOUT_MS, shared.ready);
  return new CpuExecutable(memory, graph, {
    run,
    ...shared && {
      prepare: (place: number) => {
        memory.words[place] = shared.threads.control;
        shared.threads.start(shared.program);
      },
      close: () => shared.threads.unload(shared.program),
    },
    arenaBytes: printed.arenaBytes,
    tableLength: printed.tableLength,
    donated,
    kernels: kernelInfos(program.steps),
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
