/**
 * A program of loops as one WebAssembly module. It imports the memory that all programs of a device
 * share, and exports `run(table)`: one call is one run. The table lists the addresses of the inputs, of
 * the outputs and of the arena, where temporaries lie.
 *
 * @module
 */
import { type Buffer, visitExpression } from "../expression.ts";
import { expressionsOf, type Kernel, kernelsOf, type Program, type Step } from "../kernel.ts";
import { planMemory } from "../plan_memory.ts";
import { load, type Local, ModuleBuilder } from "../wasm/module.ts";
import type { Address } from "../wasm/matmul.ts";
import { Emitter } from "./emitter.ts";
import {
  type PlannedMatmul,
  planProduct,
  printEmptyProduct,
  printMatmul,
  printPacking,
} from "./matmul_kernel.ts";
import { printMap } from "./map_kernel.ts";
import { printReduce } from "./reduce_kernel.ts";
import { straightenOperands } from "./straighten.ts";

/** Options of {@linkcode printWasm}. */
export interface PrintOptions {
  /** Whether multiplications and additions may be fused; by default whether the engine can. */
  readonly relaxed?: boolean;
  /** Whether each step is a function of its own, exported as `step0` and so on, to be timed. */
  readonly separate?: boolean;
}

/** A printed program. */
export interface PrintedProgram {
  /** The module. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Size of the arena that a run needs, aligned to 64 bytes. */
  readonly arenaBytes: number;
  /** Entries of the table: an address for each input, then each output, then the arena. */
  readonly tableLength: number;
}

/** Bytes that may be read, but mean nothing, after each buffer and before it. */
export const SLACK = 32;
/** Code of this many bytes is enough for a function; engines compile small ones better. */
const FUNCTION_BYTES = 6000;
/** Right operands larger than this are packed once before a loop rather than in each of its rounds. */
const PACKED_BYTES = 16 * 1024;
const ALIGNMENT = 64;

/**
 * Prints a program.
 *
 * @param program The program.
 * @param options What the engine can do.
 * @returns The module and what it needs.
 */
export function printWasm(program: Program, options: PrintOptions = {}): PrintedProgram {
  return new ProgramPrinter(straightenOperands(program), options).print();
}

class ProgramPrinter {
  readonly #program: Program;
  readonly #module: ModuleBuilder;
  readonly #separate: boolean;
  readonly #offsets: ReadonlyMap<Buffer, number>;
  readonly #planned = new Map<Kernel, PlannedMatmul | undefined>();
  /** Where the right operands that are packed before a loop lie in the arena. */
  readonly #packed = new Map<Kernel, number>();
  readonly #scratch: number;
  readonly #arenaBytes: number;

  constructor(program: Program, options: PrintOptions) {
    this.#program = program;
    this.#separate = options.separate ?? false;
    this.#module = new ModuleBuilder({ memory: { minimumPages: 1 }, relaxed: options.relaxed });
    const { size, offsets } = planMemory(program, { alignment: ALIGNMENT, slack: SLACK });
    this.#offsets = offsets;
    this.#scratch = size;
    let end = size;
    for (const step of program.steps) {
      // What one step leaves in its scratch memory is of no use to the next.
      let scratch = 0;
      for (const kernel of kernelsOf([step])) {
        if (kernel.kind !== "matmul") continue;
        this.#planned.set(kernel, planProduct(kernel));
        const ahead = step.kind === "loop" ? this.#packsAhead(kernel, step) : undefined;
        if (ahead) this.#planned.set(kernel, ahead);
        scratch = Math.max(scratch, align(this.#planned.get(kernel)?.scratchBytes ?? 0));
      }
      let packed = size + scratch;
      for (const kernel of kernelsOf([step])) {
        const bytes = this.#planned.get(kernel)?.plan.packedYBytes ?? 0;
        if (bytes === 0) continue;
        this.#packed.set(kernel, packed);
        packed += align(bytes + SLACK);
      }
      end = Math.max(end, packed);
    }
    this.#arenaBytes = align(end + SLACK);
  }

  /** A product whose right operand stays the same throughout a loop, if packing it pays. */
  #packsAhead(
    kernel: Kernel & { readonly kind: "matmul" },
    loop: Step & { readonly kind: "loop" },
  ): PlannedMatmul | undefined {
    const plain = this.#planned.get(kernel);
    if (!plain || loop.time.extent < 4 || plain.kernel.batch.length > 0) return undefined;
    const { y } = plain.kernel;
    let moves = false;
    visitExpression(plain.y.base, (part) => moves ||= part.kind !== "constant");
    const written = kernelsOf([loop]).some(({ stores }) =>
      stores.some(({ buffer }) => buffer === y.buffer)
    );
    if (moves || written) return undefined;
    const { shape, packY } = plain.plan;
    const isLarge = shape.k * shape.n * 4 > PACKED_BYTES;
    if (packY === "none" && !isLarge) return undefined;
    const product = planProduct(kernel, true);
    return product?.plan.packY === "ahead" ? product : undefined;
  }

  print(): PrintedProgram {
    const { steps, inputs, outputs } = this.#program;
    const functions: number[] = [];
    for (let next = 0; next < steps.length;) {
      const first = next;
      const buffers = new Set<Buffer>();
      const exportAs = this.#separate ? `step${first}` : undefined;
      functions.push(this.#module.addFunction({ parameters: ["i32"], exportAs }, (code) => {
        // The addresses of all buffers come first: which, is known once the steps are chosen.
        const locals = new Map<Buffer | "arena", Local>();
        let end = first;
        const most = this.#separate ? 0 : FUNCTION_BYTES;
        for (let size = 0; end < steps.length && (end === first || size < most); end++) {
          size += this.#guessSize(steps[end]);
        }
        next = end;
        const own = steps.slice(first, end);
        for (const buffer of buffersOf(own)) buffers.add(buffer);
        const emitter = new Emitter(code, (buffer) => this.#addressOf(buffer, locals));
        code.loadFrom(load.i32, 0, 4 * (inputs.length + outputs.length));
        locals.set("arena", code.take("i32"));
        for (const buffer of buffers) {
          if (this.#offsets.has(buffer)) continue;
          const input = inputs.indexOf(buffer);
          const place = input < 0 ? inputs.length + outputs.indexOf(buffer) : input;
          code.loadFrom(load.i32, 0, 4 * place);
          locals.set(buffer, code.take("i32"));
        }
        this.#printSteps(emitter, own, locals.get("arena") as Local);
      }));
    }
    this.#module.addFunction({ parameters: ["i32"], exportAs: "run" }, (code) => {
      for (const index of functions) {
        code.get(0);
        code.call(index);
      }
    });
    return {
      bytes: this.#module.finish(),
      arenaBytes: this.#arenaBytes,
      tableLength: inputs.length + outputs.length + 1,
    };
  }

  /** Rough size of the code of a step: only loops and products are large. */
  #guessSize(step: Step): number {
    if (step.kind === "loop") return FUNCTION_BYTES;
    return step.kind === "matmul" ? 2500 : 600;
  }

  #addressOf(buffer: Buffer, locals: ReadonlyMap<Buffer | "arena", Local>): Address {
    const offset = this.#offsets.get(buffer);
    const base = locals.get(offset === undefined ? buffer : "arena");
    if (base === undefined) {
      throw new Error(`Cannot print a program: buffer ${buffer.name} has no place`);
    }
    return { base, offset: offset ?? 0 };
  }

  #printSteps(emitter: Emitter, steps: readonly Step[], arena: Local): void {
    for (const step of steps) {
      if (step.kind !== "loop") emitter.within([], () => this.#printKernel(emitter, step, arena));
      else {
        this.#printPacking(emitter, step, arena);
        emitter.code.repeat({ to: step.time.extent }, (local) => {
          emitter.within([[step.time, { local, constant: 0 }]], () => {
            this.#printSteps(emitter, step.steps, arena);
          });
        });
      }
    }
  }

  /** Packs operands before the outermost loop; those of loops inside are packed there already. */
  #printPacking(emitter: Emitter, loop: Step & { readonly kind: "loop" }, arena: Local): void {
    if (!this.#program.steps.includes(loop)) return;
    for (const kernel of kernelsOf([loop])) {
      const [product, offset] = [this.#planned.get(kernel), this.#packed.get(kernel)];
      if (product && offset !== undefined) {
        printPacking(emitter, product, { base: arena, offset });
      }
    }
  }

  #printKernel(emitter: Emitter, kernel: Kernel, arena: Local): void {
    if (kernel.kind === "map") return printMap(emitter, kernel);
    if (kernel.kind === "reduce") return printReduce(emitter, kernel);
    const product = this.#planned.get(kernel);
    const packed = this.#packed.get(kernel);
    if (!product) return printEmptyProduct(emitter, kernel);
    printMatmul(emitter, product, {
      scratch: { base: arena, offset: this.#scratch },
      packed: packed === undefined ? undefined : { base: arena, offset: packed },
    });
  }
}

function buffersOf(steps: readonly Step[]): Set<Buffer> {
  const buffers = new Set<Buffer>();
  for (const kernel of kernelsOf(steps)) {
    for (const { buffer } of kernel.stores) buffers.add(buffer);
    for (const expression of expressionsOf(kernel)) {
      visitExpression(expression, (part) => part.kind === "load" && buffers.add(part.buffer));
    }
  }
  return buffers;
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
