/**
 * The native backend: every graph becomes C, which the machine's own compiler makes a library of, called
 * through Deno's foreign function interface. It takes the loops, the schedule of threads and the memory of the
 * CPU backend; what it adds is a printer (`codegen/c`), passes that save memory and its traffic, and this file.
 *
 * Libraries lie in a folder of the user's own, named by the hash of their text, of the compiler, of its flags and
 * of what the processor can do, and are loaded from nowhere else.
 *
 * @module
 */
import type { Backend, CompileOptions, Executable } from "../ir/backend.ts";
import type { Graph } from "../ir/graph.ts";
import { printC } from "../codegen/c/print_c.ts";
import { flattenEpilogues } from "../codegen/c/flatten_epilogues.ts";
import { updateCarriesInPlace } from "../loops/carry_in_place.ts";
import { inlineMaps } from "../loops/inline_maps.ts";
import { lowerForCpu } from "../loops/lower_for_cpu.ts";
import { shardRows } from "../loops/shard_rows.ts";
import { formatProgram } from "../loops/format_program.ts";
import { optimize } from "../passes/optimize.ts";
import { isWatched } from "../util/debug.ts";
import { showProgram } from "../util/debug_output.ts";
import { CpuExecutable, cpuTensors, kernelInfos } from "./cpu_executable.ts";
import { CpuMemory } from "./cpu_memory.ts";
import { countThreads } from "./count_threads.ts";
import {
  type AddressLibrary,
  findToolchain,
  openAddressLibrary,
  openLibrary,
} from "./native_toolchain.ts";

/** Options of {@linkcode nativeBackend}. */
export interface NativeOptions {
  /**
   * How many threads large programs run on, as in {@linkcode CpuOptions.threads}. Results are the same each time
   * for the same number; another number may round differently.
   */
  readonly threads?: number;
  /** Whether threads share even what is not worth it, which is slow and tests the sharing. */
  readonly eager?: boolean;
}

/** What a library exports. */
const SYMBOLS = {
  run: { parameters: ["usize", "usize"], result: "void" },
  start: { parameters: [], result: "void", optional: true },
  stop: { parameters: [], result: "void", optional: true },
} as const;

/**
 * Opens the CPU with programs compiled to native code.
 *
 * @param options How many threads.
 * @returns A device that runs where it is called: results are there when a run returns.
 * @throws {RangeError} If there is no compiler here, or not the permissions: `--allow-run=cc`, and `--allow-ffi`,
 * `--allow-read` and `--allow-write` for the folder that the libraries are kept in. Nothing is asked for.
 *
 * @example Usage
 * ```ts ignore
 * import { compile, type Tensor } from "@unroll/core";
 * import { nativeBackend } from "@unroll/core/backends";
 *
 * using backend = await nativeBackend();
 * using squares = compile((x: Tensor) => x.mul(x), { backend });
 * using y = await squares(Float32Array.of(1, 2, 3));
 * console.log(await y.data()); // 1, 4, 9
 * ```
 */
export async function nativeBackend(options: NativeOptions = {}): Promise<Backend> {
  const toolchain = await findToolchain();
  const { machine, name } = toolchain;
  const threads = countThreads("native", options.threads);
  const memory = new CpuMemory();
  const addresses = await openAddressLibrary(toolchain);
  const dispose = () => {
    memory.dispose();
    addresses.close();
  };
  const [vectors, several] = [`vectors of ${machine.lanes}`, threads === 1 ? "thread" : "threads"];
  return {
    name: "native",
    description: `native code by ${name}, ${vectors}, ${threads} ${several}`,
    threads,
    ...cpuTensors(memory),
    async compile(graph: Graph, settings: CompileOptions = {}): Promise<Executable> {
      const { name = "program", donated = [] } = settings;
      const lowered = lowerForCpu(optimize(graph), { name, donated });
      const saved = flattenEpilogues(updateCarriesInPlace(lowered), machine.lanes);
      const eager = options.eager && threads === 2;
      const program = shardRows(inlineMaps(saved), { threads, eager });
      const sharing = { count: threads, eager: options.eager };
      const printed = printC(program, { machine, threads: sharing });
      if (isWatched()) {
        showProgram(`${program.name}.loops.txt`, () => formatProgram(program));
        showProgram(`${program.name}.c`, () => printed.text);
      }
      const library = await openLibrary(toolchain, printed.text, SYMBOLS);
      const { run, start, stop } = library.symbols;
      start?.();
      const base = baseOf(memory, addresses);
      return new CpuExecutable(memory, graph, {
        run: (table) => run(base(), BigInt(table)),
        close() {
          stop?.();
          library.close();
        },
        arenaBytes: printed.arenaBytes,
        tableLength: printed.tableLength,
        donated,
        kernels: kernelInfos(program.steps),
      });
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/** Finds where a memory begins, each time that it has grown. */
function baseOf(memory: CpuMemory, { addressOf }: AddressLibrary): () => bigint {
  let words: Int32Array | undefined;
  let base = 0n;
  return () => {
    if (memory.words !== words) {
      base = addressOf(memory.words);
      ({ words } = memory);
    }
    return base;
  };
}
