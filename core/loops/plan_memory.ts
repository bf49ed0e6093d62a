/**
 * Plans the memory of temporaries: they lie in arenas, in which memory is used again as soon as nothing
 * reads it any more.
 *
 * @module
 */
import type { Buffer } from "../ir/expression.ts";
import type { DType } from "../ir/tensor_type.ts";
import { accessesOf } from "./accesses.ts";
import { type Kernel, kernelsOf, type LoopProgram } from "./program.ts";

/** A piece of memory that temporaries share. */
export interface Arena {
  /** Name in generated code. */
  readonly name: string;
  /** Type of its elements. */
  readonly type: Exclude<DType, "bool">;
  /** Its size, in the unit of {@linkcode MemoryLayout.sizeOf}. */
  size: number;
}

/** Where a temporary lies. */
export interface Place {
  /** The memory. */
  readonly arena: Arena;
  /** Where it begins there, in the unit of {@linkcode MemoryLayout.sizeOf}. */
  readonly offset: number;
}

/** A plan of temporaries. */
export interface MemoryPlan {
  /** Arenas, to be allocated once. */
  readonly arenas: readonly Arena[];
  /** Place of every temporary that is used. */
  readonly places: ReadonlyMap<Buffer, Place>;
}

/** How temporaries are laid out. */
export interface MemoryLayout {
  /** Space that a buffer takes, in bytes or elements, a multiple of the alignment. */
  sizeOf(buffer: Buffer): number;
  /** Type of the arena that a buffer lies in. */
  typeOf(buffer: Buffer): Arena["type"];
  /** Maximum size of an arena; an arena is only larger where a single buffer is. */
  readonly limit?: number;
}

/** First and last step that uses a buffer. */
interface Lifetime {
  readonly first: number;
  last: number;
}

/** What has its place in an arena. */
interface Resident {
  readonly lifetime: Lifetime;
  readonly start: number;
  readonly end: number;
}

/**
 * Plans memory: temporaries that are never alive at the same time share it.
 *
 * @param temporaries The buffers that need a place; those that no step uses get none.
 * @param steps The kernels of each step, in order: a loop is one step.
 * @param layout Sizes, types and the limit of arenas.
 * @returns The plan.
 */
export function planMemory(
  temporaries: readonly Buffer[],
  steps: readonly (readonly Kernel[])[],
  { sizeOf, typeOf, limit = Infinity }: MemoryLayout,
): MemoryPlan {
  const lifetimes = findLifetimes(steps);
  const arenas: Arena[] = [];
  // From the lowest to the highest.
  const residents = new Map<Arena, Resident[]>();
  const places = new Map<Buffer, Place>();
  // Large ones first, each at the lowest offset that is free for all its life.
  for (const buffer of temporaries.toSorted((a, b) => sizeOf(b) - sizeOf(a))) {
    const lifetime = lifetimes.get(buffer);
    if (!lifetime) continue;
    const [size, type] = [sizeOf(buffer), typeOf(buffer)];
    const put = (arena: Arena, start: number): void => {
      arena.size = Math.max(arena.size, start + size);
      const others = residents.get(arena) as Resident[];
      const before = others.findLastIndex((other) => other.start <= start);
      others.splice(before + 1, 0, { lifetime, start, end: start + size });
      places.set(buffer, { arena, offset: start });
    };
    const isPlaced = arenas.some((arena) => {
      if (arena.type !== type) return false;
      const alive = residents.get(arena)?.filter((other) => overlap(other.lifetime, lifetime));
      const start = lowestGap(alive ?? [], size);
      if (start + size > Math.max(limit, arena.size)) return false;
      put(arena, start);
      return true;
    });
    if (isPlaced) continue;
    const count = arenas.filter((arena) => arena.type === type).length;
    const arena = { name: `memory_${type}${count ? `_${count}` : ""}`, type, size: 0 };
    arenas.push(arena);
    residents.set(arena, []);
    put(arena, 0);
  }
  return { arenas, places };
}

function findLifetimes(steps: readonly (readonly Kernel[])[]): Map<Buffer, Lifetime> {
  const lifetimes = new Map<Buffer, Lifetime>();
  steps.forEach((kernels, i) => {
    for (const { buffer } of kernels.flatMap(accessesOf)) {
      const lifetime = lifetimes.get(buffer);
      if (lifetime) lifetime.last = i;
      else lifetimes.set(buffer, { first: i, last: i });
    }
  });
  return lifetimes;
}

function overlap(a: Lifetime, b: Lifetime): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function lowestGap(
  taken: readonly { readonly start: number; readonly end: number }[],
  size: number,
): number {
  let start = 0;
  for (const other of taken) {
    if (start + size <= other.start) break;
    start = Math.max(start, other.end);
  }
  return start;
}

/** The only arena of a program. */
export interface ArenaPlan {
  /** Its size in bytes. */
  readonly size: number;
  /** Where each temporary lies, in bytes from the start. */
  readonly offsets: ReadonlyMap<Buffer, number>;
}

/** Options of {@linkcode planArena}. */
export interface ArenaOptions {
  /** Multiple of bytes that every buffer starts at; 16 if left out. */
  readonly alignment?: number;
  /** Bytes left free after every buffer, which code may read but not use; 16 if left out. */
  readonly slack?: number;
}

/**
 * Plans the temporaries of a program in one arena.
 *
 * @param program The program.
 * @param options Alignment and slack.
 * @returns Size and offsets in bytes.
 */
export function planArena(program: LoopProgram, options: ArenaOptions = {}): ArenaPlan {
  const { alignment = 16, slack = 16 } = options;
  const { arenas, places } = planMemory(
    program.temporaries,
    program.steps.map((step) => kernelsOf([step])),
    {
      sizeOf: ({ size }) => Math.ceil((size * 4 + slack) / alignment) * alignment,
      typeOf: () => "u32",
    },
  );
  const offsets = new Map([...places].map(([buffer, { offset }]) => [buffer, offset]));
  return { size: arenas[0]?.size ?? 0, offsets };
}
