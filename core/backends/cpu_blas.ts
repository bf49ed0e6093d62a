/**
 * A BLAS of the system for large matrix products: OpenBLAS or Accelerate, called through Deno's foreign
 * function interface straight on the memory of the programs. It is used only where `--allow-ffi` is
 * granted already, where the library is there, and where it is faster than our own products. Nothing needs it.
 *
 * @module
 */
import { ModuleBuilder } from "../codegen/wasm/assembler/module.ts";
import { emitMatmul, planMatmul } from "../codegen/wasm/matmul/matmul.ts";
import { MAX_PAGES } from "../codegen/cpu/memory_layout.ts";
import { isFfiAllowed } from "../util/environment.ts";
import type { CpuMemory } from "./cpu_memory.ts";

/** A product of matrices in memory, as programs import it; see `split_matmul_epilogues.ts`. */
export type Sgemm = (
  xTransposed: number,
  yTransposed: number,
  m: number,
  n: number,
  k: number,
  x: number,
  xStride: number,
  y: number,
  yStride: number,
  z: number,
  zStride: number,
) => void;

/** What a thread must know to open a library. */
export interface BlasLibrary {
  /** Where it is. */
  readonly path: string;
  /**
   * Whether products of few rows are several calls: some libraries do not copy the operands of small products, and
   * copying takes longer than so few rows repay.
   */
  readonly inBlocks: boolean;
}

/** An open library. */
export interface Blas extends BlasLibrary {
  /** What it is called. */
  readonly name: string;
  /** The product. */
  readonly sgemm: Sgemm;
  /** Closes the library. */
  close(): void;
}

const LIBRARIES: Readonly<Record<string, readonly (readonly [name: string, path: string])[]>> = {
  linux: [["OpenBLAS", "libopenblas.so.0"], ["OpenBLAS", "libopenblas.so"]],
  darwin: [["Accelerate", "/System/Library/Frameworks/Accelerate.framework/Accelerate"]],
};

/** A library that is open in a thread. */
interface BoundBlas {
  /** Makes the product, whole or in blocks. */
  readonly product: (inBlocks: boolean) => Sgemm;
  /** Closes the library. */
  readonly close: () => void;
}

/**
 * Opens a library in this thread. It is also sent to workers as text, and must not use anything from
 * outside.
 */
export function bindBlas(memory: WebAssembly.Memory, path: string): BoundBlas {
  const library = Deno.dlopen(path, {
    cblas_sgemm: {
      parameters: [
        ...["i32", "i32", "i32", "i32", "i32", "i32", "f32", "usize", "i32"],
        ...["usize", "i32", "f32", "usize", "i32"],
      ] as ("i32" | "f32" | "usize")[],
      result: "void",
    },
    openblas_set_num_threads: { parameters: ["i32"], result: "void", optional: true },
  });
  // Threads are our business.
  library.symbols.openblas_set_num_threads?.(1);
  const multiply = library.symbols.cblas_sgemm as unknown as (...numbers: number[]) => void;
  const [rowMajor, plain, transposed] = [101, 111, 112];
  let [base, bytes] = [0, -1];
  const product =
    (inBlocks: boolean): Sgemm =>
    (xTransposed, yTransposed, m, n, k, x, xStride, y, yStride, z, zStride) => {
      // Memory may have moved when it grew.
      const { buffer } = memory;
      if (buffer.byteLength !== bytes) {
        bytes = buffer.byteLength;
        const view = new Uint8Array(buffer as ArrayBuffer);
        base = Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(view)));
      }
      // As large as OpenBLAS takes for small, and fast: the operands are read along their rows. A matrix times a few
      // vectors, which it does not copy either, is faster whole: by two times for one, as measured.
      const isFew = inBlocks && !xTransposed && m >= 4 && m <= 64;
      const [width, depth] = !isFew
        ? [n, k]
        : yTransposed
        ? [16, 512]
        : [64, m * 64 * 256 > 1e6 ? 128 : 256];
      for (let column = 0; column < n; column += width) {
        for (let term = 0; term < k; term += depth) {
          multiply(
            rowMajor,
            xTransposed ? transposed : plain,
            yTransposed ? transposed : plain,
            m,
            Math.min(width, n - column),
            Math.min(depth, k - term),
            1,
            base + x + 4 * term,
            xStride,
            base + y + 4 * (yTransposed ? column * yStride + term : term * yStride + column),
            yStride,
            term === 0 ? 0 : 1,
            base + z + 4 * column,
            zStride,
          );
        }
      }
    };
  return { product, close: () => library.close() };
}

/** A library that was tried. */
export interface BlasTrial {
  /** What it is called. */
  readonly name: string;
  /** Where the system was asked for it. */
  readonly path: string;
  /** How many times as fast as our own product it was; absent if it could not be opened. */
  readonly gain?: number;
  /** Whether that is enough to use it. */
  readonly isUsed: boolean;
  /** Whether products of few rows are several calls, because that was faster. */
  readonly inBlocks?: boolean;
}

/** What is known of a BLAS here. */
export interface BlasReport {
  /** Whether libraries may be called: `--allow-ffi`. Nothing is tried otherwise. */
  readonly isAllowed: boolean;
  /** The libraries that were tried so far, each when a CPU device first compiled a program. */
  readonly trials: readonly BlasTrial[];
  /** How many times as fast as our own product a library must be. */
  readonly minGain: number;
}

/** The trials of this process, by path: one each, so that all its devices calculate alike. */
const trials = new Map<string, BlasTrial>();

/** Reports what is known of a BLAS after CPU devices were opened. */
export function blasReport(): BlasReport {
  return { isAllowed: isFfiAllowed(), trials: [...trials.values()], minGain: MIN_GAIN };
}

/** Products of this size are timed. */
const SIZE = 96;
/** How long the timing may take. */
const TRIAL_MS = 25;
/** Rows, columns and terms of a product of few rows that is timed, whole and in blocks. */
const [FEW_ROWS, FEW_COLUMNS, FEW_TERMS] = [32, 256, 1024];
/** How long that may take. */
const BLOCKS_TRIAL_MS = 8;
/** Minimum speed of blocks, as a multiple of that of the whole. */
const MIN_BLOCKS_GAIN = 1.15;
/** Minimum speed of a library, as a multiple of that of our own product. */
const MIN_GAIN = 1.3;

/**
 * Opens the system's BLAS, if it is permitted, there, and faster than our own products.
 *
 * @param memory The memory of the programs.
 * @returns The library, or `undefined`.
 */
export function openBlas(memory: CpuMemory): Blas | undefined {
  if (!isFfiAllowed()) return undefined;
  for (const [name, path] of LIBRARIES[Deno.build.os] ?? []) {
    if (trials.get(path)?.isUsed === false) continue;
    try {
      const { product, close } = bindBlas(memory.memory, path);
      if (!trials.has(path)) trials.set(path, { name, path, ...timeBlas(memory, product) });
      const { isUsed, inBlocks = false } = trials.get(path)!;
      if (isUsed) return { name, path, inBlocks, sgemm: product(inBlocks), close };
      close();
    } catch {
      trials.set(path, { name, path, isUsed: false });
    }
  }
  return undefined;
}

/** Times a library's product of square matrices beside our own, and that of few rows in blocks and whole. */
function timeBlas(
  memory: CpuMemory,
  product: BoundBlas["product"],
): Required<Pick<BlasTrial, "gain" | "isUsed" | "inBlocks">> {
  const sizes = [SIZE * SIZE, FEW_COLUMNS * FEW_TERMS, FEW_ROWS * FEW_TERMS].map((size) =>
    4 * size
  );
  const [x, y, z] = sizes.map((bytes) => memory.allocate(bytes));
  const [whole, blocks] = [product(false), product(true)];
  const square = () => whole(0, 0, SIZE, SIZE, SIZE, x, SIZE, y, SIZE, z, SIZE);
  const gain = gainOf(square, ownProduct(memory, SIZE, [x, y, z]), TRIAL_MS);
  const few = (sgemm: Sgemm) => () =>
    sgemm(0, 1, FEW_ROWS, FEW_COLUMNS, FEW_TERMS, z, FEW_TERMS, y, FEW_TERMS, x, FEW_COLUMNS);
  const blocksGain = gainOf(few(blocks), few(whole), BLOCKS_TRIAL_MS);
  sizes.forEach((bytes, i) => memory.release([x, y, z][i], bytes));
  return { gain, isUsed: gain > MIN_GAIN, inBlocks: blocksGain > MIN_BLOCKS_GAIN };
}

/** Compiles our product of two square matrices, to compare libraries with. */
function ownProduct(
  memory: CpuMemory,
  size: number,
  addresses: readonly number[],
): () => void {
  const strides = { rowStride: size, columnStride: 1 };
  const plan = planMatmul({ m: size, k: size, n: size, x: strides, y: strides });
  const scratch = memory.allocate(plan.scratchBytes);
  const shared = memory.words.buffer instanceof SharedArrayBuffer;
  const limits = { minimumPages: 1, maximumPages: MAX_PAGES, shared };
  const module = new ModuleBuilder({ memory: limits });
  module.addFunction({ parameters: [], exportAs: "run" }, (code) => {
    const [x, y, z, work] = [...addresses, scratch].map((address) => {
      code.i32Const(address);
      return { base: code.take("i32"), offset: 0 };
    });
    emitMatmul(code, plan, { x, y, scratch: work, result: { ...z, ...strides } });
  });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), {
    env: { memory: memory.memory },
  });
  return instance.exports.run as () => void;
}

/** How many times as fast as another a function is, by the best of some runs in turns. */
function gainOf(one: () => void, other: () => void, milliseconds: number): number {
  const best = [Infinity, Infinity];
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    [one, other].forEach((run, i) => {
      const start = performance.now();
      for (let k = 0; k < 4; k++) run();
      best[i] = Math.min(best[i], performance.now() - start);
    });
  }
  return best[1] / best[0];
}
