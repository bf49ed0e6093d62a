/**
 * The memory of the CPU backend: one WebAssembly memory that grows, and lists of what was given back,
 * by size.
 *
 * @module
 */
import {
  ALIGNMENT_BYTES,
  MAX_PAGES,
  PAGE_BYTES,
  SLACK_BYTES,
} from "../codegen/cpu/memory_layout.ts";
import { checkCounts } from "../util/check_counts.ts";
import type { DType, TypedArray } from "../ir/tensor_type.ts";

/** Minimum number of pages by which memory grows. */
const MIN_GROWTH_PAGES = 16;

/** Gives out memory. */
export class CpuMemory {
  /** The memory itself, for modules to import. */
  readonly memory: WebAssembly.Memory;
  /** All of it as integers; another object once it has grown. */
  words: Int32Array;
  /** Address of the arena that all programs share, one after the other. */
  arena = 0;
  #arenaBytes = 0;
  /** First address that was never given out. */
  #end = ALIGNMENT_BYTES;
  readonly #free = new Map<number, number[]>();

  /** Makes a memory; `shared` if threads shall use it. */
  constructor(shared = false) {
    this.memory = new WebAssembly.Memory({ initial: MIN_GROWTH_PAGES, maximum: MAX_PAGES, shared });
    this.words = new Int32Array(this.memory.buffer);
  }

  /** Bytes that were ever given out. */
  get used(): number {
    return this.#end;
  }

  /** Gives out memory for so many bytes. */
  allocate(bytes: number): number {
    checkCounts(`allocate ${bytes} bytes`, "their number", [bytes]);
    const size = bucketOf(bytes);
    const known = this.#free.get(size)?.pop();
    if (known !== undefined) return known;
    const address = this.#end;
    const end = address + size;
    // What lies beyond the last buffer may be read by those who read one vector too far.
    const missing = Math.ceil((end + ALIGNMENT_BYTES) / PAGE_BYTES) -
      this.words.byteLength / PAGE_BYTES;
    if (missing > 0) this.#grow(missing, bytes);
    this.#end = end;
    return address;
  }

  #grow(missing: number, bytes: number): void {
    const pages = this.words.byteLength / PAGE_BYTES;
    // By an eighth at least, so that growing is rare.
    const wanted = Math.max(missing, MIN_GROWTH_PAGES, pages >> 3);
    const available = MAX_PAGES - pages;
    if (missing > available) {
      throw new RangeError(
        `Cannot allocate ${bytes} bytes: at most 4 GiB are possible, found ${this.#end} in use`,
      );
    }
    this.memory.grow(Math.min(wanted, available));
    this.words = new Int32Array(this.memory.buffer);
  }

  /** Takes back what was given out for so many bytes. */
  release(address: number, bytes: number): void {
    const size = bucketOf(bytes);
    const list = this.#free.get(size);
    if (list) list.push(address);
    else this.#free.set(size, [address]);
  }

  /** Makes the arena at least this large. */
  reserveArena(bytes: number): void {
    if (bytes <= this.#arenaBytes) return;
    if (this.arena !== 0) this.release(this.arena, this.#arenaBytes);
    this.arena = this.allocate(bytes);
    this.#arenaBytes = bytes;
  }

  /** Makes the memory at least so many pages large. */
  reservePages(pages: number): void {
    const missing = pages - this.words.byteLength / PAGE_BYTES;
    if (missing > 0) this.#grow(missing, missing * PAGE_BYTES);
  }

  /** Part of the memory as elements of a type. */
  view(dtype: DType, address: number, length: number): TypedArray {
    const { buffer } = this.words;
    if (dtype === "f32") return new Float32Array(buffer, address, length);
    if (dtype === "i32") return new Int32Array(buffer, address, length);
    return new Uint32Array(buffer, address, length);
  }

  /** Forgets everything. The engine frees the memory when the programs are gone too. */
  dispose(): void {
    this.#free.clear();
  }
}

/** Sizes are rounded up to one of four between powers of two, so that what is given back fits others. */
function bucketOf(bytes: number): number {
  const wanted = Math.max(ALIGNMENT_BYTES, bytes + SLACK_BYTES);
  const step = Math.max(ALIGNMENT_BYTES, 2 ** (Math.floor(Math.log2(wanted)) - 2));
  return Math.ceil(wanted / step) * step;
}
