/**
 * Prints a program of loops as one WebAssembly module. It imports the memory that all programs of a device
 * share, and exports `run(table)`: one call is one run. The table lists the addresses of the inputs, of
 * the outputs and of the arena, where temporaries lie.
 *
 * @module
 */
import type { Axis, Buffer } from "../../../ir/expression.ts";
import { type Kernel, type LoopProgram, separateKernels } from "../../../loops/program.ts";
import { planArena } from "../../../loops/plan_memory.ts";
import {
  buffersOfTasks,
  kernelsOfTasks,
  kernelsOfThreads,
  type LoopTask,
  type ScheduledTask,
  singleSchedule,
  type ThreadSchedule,
} from "../../cpu/scheduled_tasks.ts";
import type { ThreadOptions } from "../../cpu/thread_schedule.ts";
import {
  alignBytes,
  ALIGNMENT_BYTES,
  checkPages,
  MAX_PAGES,
  PAGE_BYTES,
  SLACK_BYTES,
} from "../../cpu/memory_layout.ts";
import { load, type Local, ModuleBuilder } from "../assembler/module.ts";
import type { Address } from "../matmul/matmul.ts";
import { Emitter } from "./emitter.ts";
import { printMap } from "./map_kernel.ts";
import type { PrinterParts } from "./parts.ts";
import { planScratch, type ScratchPlan } from "./plan_scratch.ts";
import { printReduce } from "./reduce_kernel.ts";
import { copyReversedOperands } from "./copy_reversed_operands.ts";

/** Options of {@linkcode printWasm}. */
export interface PrintOptions {
  /** Whether multiplications and additions may be fused; by default whether the engine can. */
  readonly relaxed?: boolean;
  /** Whether each kernel, in loops of its own, is a function exported as `kernel0` and so on, to be timed. */
  readonly separate?: boolean;
  /** The threads that may share the work. More than one need a shared memory. Default one. */
  readonly threads?: ThreadOptions;
  /** Whether the memory is shared. By default whether there are several threads. */
  readonly shared?: boolean;
  /**
   * Whether products that fit are calls of an imported `sgemm` of `(xTransposed, yTransposed, m, n, k, x,
   * xStride, y, yStride, z, zStride)`, with addresses of bytes and strides of elements.
   */
  readonly blas?: boolean;
  /** The parts that the program needs beside the printer itself: products, and sharing to use `threads`. */
  readonly parts?: PrinterParts;
}

/** A printed program. */
export interface PrintedProgram {
  /** The module: `run(table)`, and `serve` for those who help; see `team.ts`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Pages of 64 KiB that the memory must have before the module is instantiated. */
  readonly pages: number;
  /** Size of the arena that a run needs, aligned to 64 bytes. */
  readonly arenaBytes: number;
  /**
   * Entries of the table: an address for each input, then each output, the arena, and the control
   * words of the threads (see `team.ts`), which are 0 before the first run.
   */
  readonly tableLength: number;
  /** How many threads run it: all that may, or one if more are not worth it. */
  readonly threads: number;
}

/** Code of this many bytes is enough for a function; engines compile small ones better. */
const FUNCTION_BYTES = 6000;
/** Parameters of all functions. */
const [TABLE, PART]: Local[] = [0, 1];

/**
 * Prints a program.
 *
 * @param program The program.
 * @param options What the engine can do.
 * @returns The module and what it needs.
 */
export function printWasm(program: LoopProgram, options: PrintOptions = {}): PrintedProgram {
  return new ProgramPrinter(copyReversedOperands(program), options).print();
}

class ProgramPrinter {
  readonly #program: LoopProgram;
  readonly #module: ModuleBuilder;
  readonly #separate: boolean;
  readonly #offsets: ReadonlyMap<Buffer, number>;
  readonly #schedule: ThreadSchedule;
  readonly #scratch: ScratchPlan;
  /** Where the first thread's own memory begins in the arena. */
  readonly #ownOffset: number;
  readonly #pages: number;
  /** The imported product of matrices, if there is one. */
  readonly #sgemm: number | undefined;
  readonly #eager: boolean;
  readonly #parts: PrinterParts;

  constructor(program: LoopProgram, options: PrintOptions) {
    const { separate = false, threads = { count: 1 }, relaxed, blas = false, parts = {} } = options;
    const { products, sharing } = parts;
    this.#parts = parts;
    this.#program = program;
    this.#separate = separate;
    this.#eager = threads.eager ?? false;
    const { size, offsets } = planArena(program, {
      alignment: ALIGNMENT_BYTES,
      slack: SLACK_BYTES,
      // Threads with rows of their own would be at different iterations.
      isWhole: (loop) => threads.count > 1 && sharing?.findRows([loop]) !== undefined,
    });
    this.#offsets = offsets;
    this.#schedule = separate || !sharing
      ? singleSchedule(separate ? separateKernels(program.steps) : program.steps)
      : sharing.scheduleThreads(program, threads, (buffer) => {
        const offset = offsets.get(buffer);
        return offset === undefined ? { space: buffer, offset: 0 } : { space: "arena", offset };
      });
    this.#scratch = planScratch(this.#schedule, blas, products);
    this.#ownOffset = alignBytes(size + SLACK_BYTES);
    // Engines that check addresses need not check constants below the size that a memory surely has.
    const { inputs, outputs } = program;
    const largest = Math.max(
      0,
      ...[...inputs, ...outputs].map(({ size }) => 4 * size + SLACK_BYTES),
    );
    this.#pages = checkPages(Math.ceil(Math.max(largest, this.#arenaBytes) / PAGE_BYTES) + 1);
    const shared = options.shared ?? threads.count > 1;
    this.#module = new ModuleBuilder({
      memory: { minimumPages: this.#pages, maximumPages: MAX_PAGES, shared },
      relaxed,
    });
    const parameters = new Array<"i32">(11).fill("i32");
    this.#sgemm = blas ? this.#module.importFunction("sgemm", { parameters }) : undefined;
  }

  get #arenaBytes(): number {
    const { extent } = this.#schedule.thread;
    const memories = extent > 1 ? extent + 1 : 1;
    return alignBytes(this.#ownOffset + memories * this.#scratch.bytes);
  }

  print(): PrintedProgram {
    const { inputs, outputs } = this.#program;
    const { tasks, thread } = this.#schedule;
    const { sharing } = this.#parts;
    const table = inputs.length + outputs.length;
    if (sharing && thread.extent > 1) {
      const host = {
        module: this.#module,
        eager: this.#eager,
        addFunctions: this.#addFunctions.bind(this),
        addPacking: this.#addPacking.bind(this),
      };
      sharing.printTeam(host, this.#schedule, 4 * (table + 1));
    } else {
      const functions = this.#addFunctions(tasks, []);
      this.#module.addFunction({ parameters: ["i32"], exportAs: "run" }, (code) => {
        for (const index of functions) {
          code.get(TABLE);
          code.i32Const(0);
          code.call(index);
        }
      });
    }
    return {
      bytes: this.#module.finish(),
      arenaBytes: this.#arenaBytes,
      pages: this.#pages,
      tableLength: table + 2,
      threads: thread.extent,
    };
  }

  /** A function that packs operands of a loop: of the kernels of one thread, or of those of all. */
  #addPacking(task: LoopTask, single: boolean, times: number): number | undefined {
    const kernels = kernelsOfThreads([task], single);
    const isPacked = this.#isOutermost(task) &&
      kernels.some((kernel) => this.#scratch.packed.has(kernel));
    if (!isPacked) return undefined;
    return this.#addFunction([task], [], times, (emitter, locals) => {
      this.#printPacking(emitter, kernels, locals);
    });
  }

  /** Adds functions that run some tasks, in order. */
  #addFunctions(tasks: readonly ScheduledTask[], around: readonly Axis[], times = 0): number[] {
    const functions: number[] = [];
    const max = this.#separate ? 0 : FUNCTION_BYTES;
    for (let next = 0; next < tasks.length;) {
      const first = next;
      for (let size = 0; next < tasks.length && (next === first || size < max); next++) {
        size += this.#guessSize(tasks[next]);
      }
      const some = tasks.slice(first, next);
      const exportAs = this.#separate ? `kernel${first}` : undefined;
      functions.push(this.#addFunction(some, around, times, (emitter, locals) => {
        this.#printTasks(emitter, some, locals);
      }, exportAs));
    }
    return functions;
  }

  /** Adds a function `(table, part, …times)`. */
  #addFunction(
    tasks: readonly ScheduledTask[],
    around: readonly Axis[],
    times: number,
    body: (emitter: Emitter, locals: Locals) => void,
    exportAs?: string,
  ): number {
    const { inputs, outputs } = this.#program;
    const parameters = new Array<"i32">(2 + times).fill("i32");
    return this.#module.addFunction({ parameters, exportAs }, (code) => {
      // The addresses of all buffers come first.
      code.loadFrom(load.i32, TABLE, 4 * (inputs.length + outputs.length));
      const arena = code.take("i32");
      code.address(arena, PART, this.#scratch.bytes, this.#ownOffset);
      const locals: Locals = {
        buffers: new Map(),
        arena,
        own: code.take("i32"),
        around,
        times: around.map((_, i) => 2 + i),
      };
      for (const buffer of buffersOfTasks(tasks)) {
        if (this.#offsets.has(buffer)) continue;
        const input = inputs.indexOf(buffer);
        const place = input < 0 ? inputs.length + outputs.indexOf(buffer) : input;
        code.loadFrom(load.i32, TABLE, 4 * place);
        locals.buffers.set(buffer, code.take("i32"));
      }
      const emitter = new Emitter(
        code,
        (buffer) => this.#addressOf(buffer, locals),
        this.#parts.functions?.VECTOR_FUNCTIONS,
      );
      const bound = around.map((axis, i) => [axis, { local: 2 + i, constant: 0 }] as const);
      const part = [this.#schedule.thread, { local: PART, constant: 0 }] as const;
      emitter.within([part, ...bound], () => body(emitter, locals));
    });
  }

  /** Rough size of the code of a task, written out in one function. */
  #guessSize(task: ScheduledTask): number {
    if (task.kind === "barrier") return 10;
    if (task.kind === "loop") {
      return task.tasks.reduce((sum, inner) => sum + this.#guessSize(inner), 0);
    }
    return task.kernel.kind === "matmul" ? 2500 : 600;
  }

  #addressOf(buffer: Buffer, { buffers, arena }: Locals): Address {
    const offset = this.#offsets.get(buffer);
    const base = offset === undefined ? buffers.get(buffer) : arena;
    if (base === undefined) {
      throw new Error(`Cannot print a program: buffer ${buffer.name} has no place`);
    }
    return { base, offset: offset ?? 0 };
  }

  #printTasks(emitter: Emitter, tasks: readonly ScheduledTask[], locals: Locals): void {
    for (const task of tasks) {
      if (task.kind === "barrier") throw new Error("Cannot print a barrier inside a function");
      emitter.within([], () => this.#printTask(emitter, task, locals));
    }
  }

  #printTask(
    emitter: Emitter,
    task: Exclude<ScheduledTask, { kind: "barrier" }>,
    locals: Locals,
  ): void {
    if (task.kind === "kernel") return this.#printKernel(emitter, task.kernel, locals);
    const { loop: { time }, tasks } = task;
    if (this.#isOutermost(task)) this.#printPacking(emitter, kernelsOfTasks([task]), locals);
    // What is too much for one function is several, called in each round.
    const around = [...locals.around, time];
    const functions = this.#guessSize(task) > FUNCTION_BYTES
      ? this.#addFunctions(tasks, around, around.length)
      : undefined;
    const { code } = emitter;
    code.repeat({ to: time.extent }, (local) => {
      if (functions) {
        for (const index of functions) {
          code.get(TABLE, PART);
          for (const time of locals.times) code.get(time);
          code.get(local);
          code.call(index);
        }
      } else {
        emitter.within([[time, { local, constant: 0 }]], () => {
          this.#printTasks(emitter, tasks, { ...locals, around, times: [...locals.times, local] });
        });
      }
    });
  }

  /** Packs operands before the outermost loop; those of loops inside are packed there already. */
  #printPacking(emitter: Emitter, kernels: readonly Kernel[], { own }: Locals): void {
    for (const kernel of kernels) {
      const { products, packed } = this.#scratch;
      const [product, offset] = [products.get(kernel), packed.get(kernel)];
      if (product && offset !== undefined) {
        this.#parts.products?.printPacking(emitter, product, { base: own, offset });
      }
    }
  }

  #isOutermost({ loop }: LoopTask): boolean {
    return this.#schedule.tasks.some((task) => task.kind === "loop" && task.loop === loop);
  }

  #printKernel(emitter: Emitter, kernel: Kernel, { own }: Locals): void {
    if (kernel.kind === "map") return printMap(emitter, kernel);
    if (kernel.kind === "reduce") return printReduce(emitter, kernel);
    const { products } = this.#parts;
    if (!products) {
      throw new Error(`Cannot print ${kernel.name}: the part for products is not there`);
    }
    const call = this.#sgemm === undefined ? undefined : products.blasProduct(kernel);
    if (call && this.#sgemm !== undefined) {
      return products.printCall(emitter, kernel, call, this.#sgemm);
    }
    const product = this.#scratch.products.get(kernel);
    const packed = this.#scratch.packed.get(kernel);
    if (!product) return products.printEmptyProduct(emitter, kernel);
    products.printMatmul(emitter, product, {
      scratch: { base: own, offset: 0 },
      packed: packed === undefined ? undefined : { base: own, offset: packed },
    });
  }
}

/** Addresses in locals of a function. */
interface Locals {
  /** Inputs and outputs. */
  readonly buffers: Map<Buffer, Local>;
  /** The arena. */
  readonly arena: Local;
  /** The part's own memory. */
  readonly own: Local;
  /** Loops over time around, and their variables. */
  readonly around: readonly Axis[];
  readonly times: readonly Local[];
}
