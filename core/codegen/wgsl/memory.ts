/**
 * Where temporaries live: a place in an arena for each, planned before anything runs. Temporaries
 * that are never alive at the same time share memory.
 *
 * @module
 */
import type { Buffer } from "../../ir/expression.ts";
import { storageType } from "./expressions.ts";
import { buffersOf, type Dispatch, type ScheduleItem } from "./schedule.ts";

/** A piece of device memory that temporaries share. */
export interface Arena {
  /** Name in generated code. */
  readonly name: string;
  /** Type of its elements. */
  readonly type: "f32" | "i32" | "u32";
  /** Number of elements. */
  size: number;
}

/** Where a temporary lies. */
export interface Place {
  /** The memory. */
  readonly arena: Arena;
  /** Its first element there. */
  readonly offset: number;
}

/** Plan of a program's temporaries. */
export interface MemoryPlan {
  /** Arenas, to be made once. */
  readonly arenas: readonly Arena[];
  /** Place of every temporary that lives in device memory. */
  readonly places: ReadonlyMap<Buffer, Place>;
}

/** Dispatches of some items, those inside of loops included. */
export function dispatchesOf(items: readonly ScheduleItem[]): Dispatch[] {
  return items.flatMap((item) => item.kind === "loop" ? dispatchesOf(item.items) : [item]);
}

/** Elements that every place is a multiple of: a vector of four. */
const ALIGNMENT = 4;

/**
 * Plans memory.
 *
 * @param items The schedule.
 * @param isTemporary Whether a buffer needs a place.
 * @param limit Greatest size of an arena, in elements.
 * @returns The plan; an arena is only larger than `limit` where a single temporary is.
 */
export function planMemory(
  items: readonly ScheduleItem[],
  isTemporary: (buffer: Buffer) => boolean,
  limit: number,
): MemoryPlan {
  // Alive from the first item that touches it to the last; a stepped loop counts as one item.
  const lives = new Map<Buffer, { readonly first: number; last: number }>();
  items.forEach((item, i) => {
    for (const dispatch of dispatchesOf([item])) {
      for (const buffer of buffersOf(dispatch).keys()) {
        if (!isTemporary(buffer)) continue;
        const life = lives.get(buffer);
        if (life) life.last = i;
        else lives.set(buffer, { first: i, last: i });
      }
    }
  });
  const arenas: Arena[] = [];
  const residents = new Map<Arena, { buffer: Buffer; offset: number; size: number }[]>();
  const places = new Map<Buffer, Place>();
  const bySize = [...lives.keys()].sort((a, b) => b.size - a.size);
  for (const buffer of bySize) {
    const size = Math.max(ALIGNMENT, Math.ceil(buffer.size / ALIGNMENT) * ALIGNMENT);
    const type = storageType(buffer.dtype);
    const { first, last } = lives.get(buffer) as { first: number; last: number };
    const meets = (other: Buffer) => {
      const life = lives.get(other) as { first: number; last: number };
      return life.first <= last && first <= life.last;
    };
    const settle = (arena: Arena, offset: number): void => {
      arena.size = Math.max(arena.size, offset + size);
      residents.get(arena)?.push({ buffer, offset, size });
      places.set(buffer, { arena, offset });
    };
    const home = arenas.find((arena) => {
      if (arena.type !== type) return false;
      const offset = lowestGap(residents.get(arena)?.filter((r) => meets(r.buffer)) ?? [], size);
      if (offset + size > Math.max(limit, arena.size)) return false;
      settle(arena, offset);
      return true;
    });
    if (!home) {
      const count = arenas.filter((arena) => arena.type === type).length;
      const arena: Arena = { name: `memory_${type}${count ? `_${count}` : ""}`, type, size: 0 };
      arenas.push(arena);
      residents.set(arena, []);
      settle(arena, 0);
    }
  }
  return { arenas, places };
}

function lowestGap(
  taken: readonly { readonly offset: number; readonly size: number }[],
  size: number,
): number {
  let offset = 0;
  for (const other of [...taken].sort((a, b) => a.offset - b.offset)) {
    if (other.offset - offset >= size) break;
    offset = Math.max(offset, other.offset + other.size);
  }
  return offset;
}
