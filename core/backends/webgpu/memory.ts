/**
 * Device memory with explicit owners. Dropped buffers are not given back promptly by the runtime, so
 * every buffer returns to a pool when it is disposed of, and is handed out again for the next tensor
 * of its size; a loop that repeats itself makes nothing new.
 *
 * @module
 */
import { formatType, sizeOf, type TensorType } from "../../ir/tensor_type.ts";
import type { DeviceBuffer } from "../../ir/backend.ts";
import type { WebGpuDevice } from "./device.ts";

/** A piece of memory, numbered so that what was bound to it can be found again. */
export interface Block {
  /** The memory. */
  readonly buffer: GPUBuffer;
  /** Its number; never used twice. */
  readonly id: number;
  /** Bytes it holds. */
  readonly size: number;
}

/** Bytes that unused blocks may take before they are destroyed instead of kept. */
const MAX_UNUSED_BYTES = 2 ** 28;

/** Blocks of one usage, those not in use sorted by size. */
export class BlockPool {
  readonly #device: WebGpuDevice;
  readonly #usage: number;
  readonly #free = new Map<number, Block[]>();
  #unused = 0;
  #next = 0;

  /** Makes an empty pool. */
  constructor(device: WebGpuDevice, usage: number) {
    this.#device = device;
    this.#usage = usage;
  }

  /** A block of at least some bytes; what it holds is anything. */
  take(bytes: number, label: string): Block {
    const size = roundSize(bytes);
    // The one given back last: programs that repeat themselves meet the same blocks again.
    const block = this.#free.get(size)?.pop();
    if (block) {
      this.#unused -= size;
      return block;
    }
    const buffer = this.#device.createBuffer(label, size, this.#usage);
    return { buffer, id: this.#next++, size };
  }

  /** Takes a block back. Work already given to the device may still use it. */
  give(block: Block): void {
    if (this.#unused + block.size > MAX_UNUSED_BYTES) return block.buffer.destroy();
    this.#unused += block.size;
    const list = this.#free.get(block.size);
    if (list) list.push(block);
    else this.#free.set(block.size, [block]);
  }

  /** Destroys the blocks that are not in use. */
  dispose(): void {
    for (const list of this.#free.values()) for (const { buffer } of list) buffer.destroy();
    this.#free.clear();
    this.#unused = 0;
  }
}

/** Sizes come in quarters of powers of two, so that similar tensors share blocks. */
function roundSize(bytes: number): number {
  const min = Math.max(16, Math.ceil(bytes / 16) * 16);
  if (min <= 1024) return min;
  const step = 2 ** (Math.floor(Math.log2(min)) - 2);
  return Math.ceil(min / step) * step;
}

/** Bytes of a tensor. */
export function bytesOf(type: TensorType): number {
  return 4 * sizeOf(type.shape);
}

/** A tensor on the device. */
export class WebGpuBuffer implements DeviceBuffer {
  /** Type of the tensor. */
  readonly type: TensorType;
  readonly #pool: BlockPool;
  #block: Block | undefined;

  /** Takes a block over. */
  constructor(type: TensorType, block: Block, pool: BlockPool) {
    this.type = type;
    this.#block = block;
    this.#pool = pool;
  }

  /** The memory, if this is a buffer of the pool that is still in use. */
  blockOf(pool: BlockPool): Block {
    if (!this.#block || this.#pool !== pool) {
      const why = this.#block ? "it is another device's" : "it was disposed of";
      throw new TypeError(`Cannot use a buffer of ${formatType(this.type)}: ${why}`);
    }
    return this.#block;
  }

  /** Hands the memory to a new owner; the buffer must not be used any more. */
  release(): void {
    this.#block = undefined;
  }

  /** Gives the memory back to the pool. */
  dispose(): void {
    if (this.#block) this.#pool.give(this.#block);
    this.#block = undefined;
  }

  /** Gives the memory back to the pool. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
