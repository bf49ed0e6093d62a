/**
 * Plans the memory of temporaries: they lie in arenas, in which memory is used again as soon as nothing
 * reads it any more.
 *
 * @module
 */
import { type Axis, type Buffer, dependsOn } from "../ir/expression.ts";
import type { DType } from "../ir/tensor_type.ts";
import { type Access, accessesOf } from "./accesses.ts";
import { type Kernel, kernelsOf, type LoopProgram, type Step, type TimeLoop } from "./program.ts";

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

/** A step that is done as a whole, or a loop in whose iterations memory is used again. */
export type PlannedStep =
  | { readonly kernels: readonly Kernel[]; readonly isLoop?: boolean }
  | { readonly time: Axis; readonly steps: readonly PlannedStep[] };

/** First and last of some numbered steps. */
interface Span {
  readonly first: number;
  readonly last: number;
}

/** When a buffer is used. */
interface Lifetime {
  /** The steps that use it. */
  readonly steps: Span;
  /** The same, and inside of loops all up to the next loop: threads mostly wait for each other there. */
  readonly phases: Span;
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
 * @param steps What is done, in order.
 * @param layout Sizes, types and the limit of arenas.
 * @returns The plan.
 */
export function planMemory(
  temporaries: readonly Buffer[],
  steps: readonly PlannedStep[],
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
      const gap = (part: keyof Lifetime): number => {
        const others = residents.get(arena) ?? [];
        return lowestGap(others.filter((o) => overlap(o.lifetime[part], lifetime[part])), size);
      };
      // Where that takes no more memory, not where it was used just before: threads would wait for each other.
      let start = gap("phases");
      if (start + size > arena.size) start = gap("steps");
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

/** A loop, with the numbers of its first and last step. */
interface LoopSpan extends Span {
  readonly time: Axis;
  last: number;
}

/** An access to a buffer: the number of its step, the steps up to the next loop, and the loops around it. */
interface Use extends Access {
  readonly at: number;
  readonly phase: Span;
  readonly kernel: Kernel;
  readonly loops: readonly LoopSpan[];
}

function findLifetimes(steps: readonly PlannedStep[]): Map<Buffer, Lifetime> {
  const uses = new Map<Buffer, Use[]>();
  let at = 0;
  let phase = { first: 0, last: 0 };
  const visit = (list: readonly PlannedStep[], loops: readonly LoopSpan[]): void => {
    for (const step of list) {
      if (loops.length === 0 || "time" in step || step.isLoop) phase = { first: at, last: at };
      if ("time" in step) {
        const span = { time: step.time, first: at, last: at };
        visit(step.steps, [...loops, span]);
        span.last = at - 1;
        phase = { first: at, last: at };
        continue;
      }
      phase.last = at;
      for (const kernel of step.kernels) {
        for (const access of accessesOf(kernel)) {
          const use = { ...access, at, phase, kernel, loops };
          const others = uses.get(access.buffer);
          if (others) others.push(use);
          else uses.set(access.buffer, [use]);
        }
      }
      at++;
    }
  };
  visit(steps, []);
  return new Map([...uses].map(([buffer, own]) => [buffer, lifetimeOf(own)]));
}

function lifetimeOf(uses: readonly Use[]): Lifetime {
  const spans = [...new Set(uses.flatMap(({ loops }) => loops))]
    .filter((loop) => !isLocal(uses, loop));
  const [first, last] = [uses[0], uses[uses.length - 1]];
  return {
    steps: around([{ first: first.at, last: last.at }, ...spans]),
    phases: around([first.phase, last.phase, ...spans]),
  };
}

function around(spans: readonly Span[]): Span {
  return {
    first: Math.min(...spans.map(({ first }) => first)),
    last: Math.max(...spans.map(({ last }) => last)),
  };
}

/**
 * Returns whether a buffer holds only what an iteration of a loop has computed itself: it is used nowhere else, is
 * written before it is read, and has no slots that the loop counts. What an iteration leaves for the next does not look
 * so, because it is written before the loop too (see `TimeLoop`).
 */
function isLocal(uses: readonly Use[], loop: LoopSpan): boolean {
  const isWritten = uses.every(({ kernel, write }) => write || kernel !== uses[0].kernel);
  return isWritten &&
    uses.every(({ loops, index }) => loops.includes(loop) && !dependsOn(index, [loop.time]));
}

function overlap(a: Span, b: Span): boolean {
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
  /** Whether memory is not used again inside of a loop, in each of its iterations; of none if left out. */
  readonly isWhole?: (loop: TimeLoop) => boolean;
}

/**
 * Plans the temporaries of a program in one arena.
 *
 * @param program The program.
 * @param options Alignment and slack.
 * @returns Size and offsets in bytes.
 */
export function planArena(program: LoopProgram, options: ArenaOptions = {}): ArenaPlan {
  const { alignment = 16, slack = 16, isWhole } = options;
  // A loop without others inside has little to gain, and its kernels should not wait for each other; those of a loop
  // whose iterations run at the same time do not.
  const isSeenInto = (loop: TimeLoop): boolean =>
    loop.steps.some(({ kind }) => kind === "loop") && !loop.isParallel && !isWhole?.(loop);
  const planned = (steps: readonly Step[]): PlannedStep[] =>
    steps.map((step) =>
      step.kind === "loop" && isSeenInto(step)
        ? { time: step.time, steps: planned(step.steps) }
        : { kernels: kernelsOf([step]), isLoop: step.kind === "loop" }
    );
  const { arenas, places } = planMemory(
    program.temporaries,
    planned(program.steps),
    {
      sizeOf: ({ size }) => Math.ceil((size * 4 + slack) / alignment) * alignment,
      typeOf: () => "u32",
    },
  );
  const offsets = new Map([...places].map(([buffer, { offset }]) => [buffer, offset]));
  return { size: arenas[0]?.size ?? 0, offsets };
}
