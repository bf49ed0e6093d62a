/**
 * Schedules a program for several threads. All of them run the same code; each kernel is partitioned along
 * one of its axes, small kernels are left to the first thread, and where a thread may read what another has
 * written, or overwrite what another still reads, all wait at a barrier.
 *
 * A loop whose iterations keep the rows of a batch apart is cut into rows, and each thread runs all of
 * its own without waiting. Other loops are cut inside, if an iteration repays the waiting.
 *
 * Sums are never cut, and who computes what is decided here once and for all, so the same number of
 * threads gives the same bits each time. Another number may choose other tiles, which round differently.
 *
 * @module
 */
import { accessesOf } from "../../loops/accesses.ts";
import { type Axis, axisExpression, type Buffer, scaleIndex } from "../../ir/expression.ts";
import { rangeOf } from "../../ir/range.ts";
import {
  findParallel,
  type Kernel,
  kernelsOf,
  type LoopProgram,
  type Step,
  type TimeLoop,
} from "../../loops/program.ts";
import { findRows, type Rows, rowStride, splitTerms } from "../../loops/rows.ts";
import { substituteAxis } from "../../loops/substitute_axis.ts";
import { cycles } from "./cycles.ts";
import { MIN_REGION_CYCLES } from "./regions.ts";
import {
  alone,
  type ScheduledTask,
  singleSchedule,
  type ThreadSchedule,
} from "./scheduled_tasks.ts";
import { cutAxis } from "./cut_axis.ts";
import { cutKey, type KernelPartition, partitionKernel } from "./partition_axis.ts";

/** Where a buffer lies: buffers in the same space may overlap. */
export interface BufferLocation {
  /** The memory it is part of. */
  readonly space: unknown;
  /** Bytes from its start. */
  readonly offset: number;
}

/** Cycles that a region costs beside its work, where all are awake: threads wait, and data change caches. */
const REGION_CYCLES = 3000;
/** A kernel that takes fewer cycles is left to the first thread. */
const MIN_KERNEL_CYCLES = 3000;
/** Threads are used if they save at least this many cycles a run. */
const MIN_SAVED_CYCLES = 300_000;
/** They must save this fraction of the time too: many small regions only seem to pay, see DESIGN.md. */
const MIN_SAVED_FRACTION = 0.25;
/** A loop is partitioned inside if that saves this fraction of its time. */
const MIN_LOOP_SAVED_FRACTION = 0.15;

/** Cycles in which a product reads, packs and reads again an element of its right operand. */
const READ_CYCLES = 0.7;
/**
 * Threads with rows of their own all read the whole right operands of products. If that costs each more
 * cycles in an iteration, it is better to share the columns, and to wait for each other.
 */
const MAX_REREAD_CYCLES = 150_000;

/** Width of the range of an index of which nothing is known. */
const ANYWHERE = 2 ** 32 - 1;

/** How threads share a program. */
export interface ThreadOptions {
  /** How many threads there are. */
  readonly count: number;
  /** Whether to share even what is not worth it, which is slow and tests the sharing. */
  readonly eager?: boolean;
  /** How much more work repays waiting than in WebAssembly, of which cycles are estimated; 1 by default. */
  readonly pace?: number;
}

/**
 * Schedules a program for threads.
 *
 * @param program The program.
 * @param options How many threads there are.
 * @param placeOf Where buffers lie.
 * @returns What to do; on one thread if more would not pay.
 */
export function scheduleThreads(
  program: LoopProgram,
  { count, eager = false, pace = 1 }: ThreadOptions,
  placeOf: (buffer: Buffer) => BufferLocation,
): ThreadSchedule {
  if (count < 2) return singleSchedule(program.steps);
  const parallel = findParallel(program.steps);
  // No more than there are iterations, where steps were put into such loops.
  const extent = Math.min(count, parallel?.time.extent ?? count);
  const scheduler = new Scheduler({ name: "thread", extent }, placeOf, { eager, pace });
  const { tasks, saved } = scheduler.schedule(program.steps);
  const total = program.steps.reduce((sum, step) => sum + cycles(step), 0);
  const pays = eager || parallel !== undefined ||
    (saved >= pace * MIN_SAVED_CYCLES && saved >= MIN_SAVED_FRACTION * total);
  return pays ? { tasks, thread: scheduler.thread } : singleSchedule(program.steps);
}

/** Part of memory that a task touches. */
interface Touch {
  readonly buffer: Buffer;
  readonly space: unknown;
  /** First and last byte; at iteration 0, if it moves. */
  readonly first: number;
  readonly last: number;
  /** Bytes that it moves in each iteration of the loop around. */
  readonly moves: number;
  readonly write: boolean;
  /** Whether only the first thread touches it. */
  readonly single: boolean;
  /** How it is cut; see `cutKey`. */
  readonly cut: string | undefined;
}

/** Tasks of one step, between which nobody waits, and the memory they touch. */
interface SharedWork {
  readonly tasks: readonly ScheduledTask[];
  readonly touches: readonly Touch[];
  /** Whether threads wait inside. */
  readonly waits: boolean;
  /** Cycles that a thread's part of it takes; 0 if threads wait inside. */
  readonly part: number;
  /** Cycles that sharing saves. */
  readonly saved: number;
}

class Scheduler {
  readonly thread: Axis;
  readonly #placeOf: (buffer: Buffer) => BufferLocation;
  readonly #eager: boolean;
  readonly #pace: number;

  constructor(
    thread: Axis,
    placeOf: (buffer: Buffer) => BufferLocation,
    { eager, pace }: Required<Pick<ThreadOptions, "eager" | "pace">>,
  ) {
    this.thread = thread;
    this.#placeOf = placeOf;
    this.#eager = eager;
    this.#pace = pace;
  }

  /** Schedules some steps; `time` is the loop they are in, if they are run again and again. */
  schedule(steps: readonly Step[], time?: Axis): { tasks: ScheduledTask[]; saved: number } {
    const works = steps.map((step) => this.#work(step, time));
    const barriers = new Array<boolean>(works.length).fill(false);
    // What was touched since all have waited; in a loop also in the iteration before.
    let open = new OpenTouches();
    for (let round = 0; round < (time ? 2 : 1); round++) {
      works.forEach((work, i) => {
        if (work.touches.some((touch) => open.conflicts(touch, round))) barriers[i] = true;
        // Threads that wait inside have all finished what came before.
        if (barriers[i] || work.waits) open = new OpenTouches();
        for (const touch of work.touches) open.add(touch, round);
      });
    }
    // A thread may be ahead by less than one iteration only if all wait in each.
    if (time && !barriers.includes(true) && !works.some(({ waits }) => waits)) barriers[0] = true;
    const tasks = works.flatMap((work, i): ScheduledTask[] =>
      barriers[i] ? [{ kind: "barrier" }, ...work.tasks] : [...work.tasks]
    );
    return { tasks, saved: this.#savedBy(works, barriers) };
  }

  /** Estimates the cycles that works save which are shared as regions between barriers. */
  #savedBy(works: readonly SharedWork[], barriers: readonly boolean[]): number {
    let [saved, region, part] = [0, 0, 0];
    const close = () => {
      if (part >= this.#pace * MIN_REGION_CYCLES) saved += region - this.#pace * REGION_CYCLES;
      [region, part] = [0, 0];
    };
    works.forEach((work, i) => {
      if (barriers[i] || work.waits) close();
      if (work.waits) saved += work.saved;
      else {
        region += work.saved;
        part += work.part;
      }
    });
    close();
    return saved;
  }

  #work(step: Step, time: Axis | undefined): SharedWork {
    if (step.kind === "loop") return this.#loop(step, time);
    const total = cycles(step);
    const worth = this.#eager || total >= this.#pace * MIN_KERNEL_CYCLES;
    const partition = worth ? partitionKernel(step, this.thread) : undefined;
    if (!partition) {
      return {
        tasks: [{ kind: "kernel", kernel: step, single: true }],
        touches: this.#touches([step], time, true, () => undefined),
        waits: false,
        part: 0,
        saved: 0,
      };
    }
    const { part, rest } = partition;
    const tasks: ScheduledTask[] = [{ kind: "kernel", kernel: part, single: false }];
    if (rest) tasks.push({ kind: "kernel", kernel: rest, single: true });
    return {
      tasks,
      touches: this.#touches([step], time, false, (_, buffer) => keyOf(step, partition, buffer)),
      waits: false,
      part: partition.chunk / partition.axis.extent * total,
      saved: total * (1 - partition.fraction),
    };
  }

  #loop(loop: TimeLoop, time: Axis | undefined): SharedWork {
    if (loop.isParallel) return this.#iterations(loop, time);
    const total = cycles(loop);
    const single: SharedWork = {
      tasks: [{ kind: "loop", loop, tasks: loop.steps.map(alone), single: true }],
      touches: this.#touches(kernelsOf([loop]), time, true, () => undefined),
      waits: false,
      part: 0,
      saved: 0,
    };
    const isShort = total < 2 * this.#pace * MIN_KERNEL_CYCLES;
    if (loop.time.extent === 0 || (!this.#eager && isShort)) return single;
    const rows = findRows([loop]);
    if (rows && rows.extent % this.thread.extent === 0 && !this.#shareMemory(rows)) {
      const again = readAgain(rows) * (1 - 1 / this.thread.extent);
      const wide = again > MAX_REREAD_CYCLES ? this.#inside(loop, time) : undefined;
      return wide ?? this.#rows(loop, rows, time);
    }
    return this.#inside(loop, time) ?? single;
  }

  /** Returns whether buffers of a loop overlap, so that threads must not be at different iterations. */
  #shareMemory(rows: Rows): boolean {
    const buffers = new Set(
      kernelsOf(rows.steps).flatMap(accessesOf).map(({ buffer }) => buffer),
    );
    const ends = new Map<unknown, number>();
    return [...buffers].map((buffer) => ({ ...this.#placeOf(buffer), bytes: 4 * buffer.size }))
      .sort((a, b) => a.offset - b.offset)
      .some(({ space, offset, bytes }) => {
        const end = ends.get(space) ?? 0;
        ends.set(space, Math.max(end, offset + bytes));
        return offset < end;
      });
  }

  /** Partitions a loop into rows. */
  #rows(loop: TimeLoop, rows: Rows, time: Axis | undefined): SharedWork {
    const chunk = rows.extent / this.thread.extent;
    const first = scaleIndex(axisExpression(this.thread), chunk);
    const cut = (steps: readonly Step[]): ScheduledTask[] =>
      steps.map((step): ScheduledTask => {
        if (step.kind === "loop") {
          return { kind: "loop", loop: step, tasks: cut(step.steps), single: false };
        }
        const axis = rows.axes.get(step);
        if (!axis) throw new Error(`Cannot share ${loop.name}: ${step.name} has no rows`);
        const kernel = cutAxis(step, axis, chunk, first);
        return { kind: "kernel", kernel, single: false };
      });
    const key = (_: Kernel, buffer: Buffer) => {
      const stride = rows.strides.get(buffer);
      return stride && `${stride * chunk}/${stride * rows.extent}`;
    };
    return {
      tasks: cut(rows.steps),
      touches: this.#touches(kernelsOf(rows.steps), time, false, (k, b) => key(k, b) || undefined),
      waits: false,
      part: cycles(loop) / this.thread.extent,
      saved: cycles(loop) * (1 - 1 / this.thread.extent),
    };
  }

  /** Gives each thread an iteration of a loop whose iterations do not meet. */
  #iterations(loop: TimeLoop, time: Axis | undefined): SharedWork {
    const thread = axisExpression(this.thread);
    const inThread = (steps: readonly Step[]): Step[] =>
      steps.map((step) =>
        step.kind === "loop"
          ? { ...step, steps: inThread(step.steps) }
          : substituteAxis(step, loop.time, thread)
      );
    const total = cycles(loop);
    return {
      tasks: inThread(loop.steps).map((step) => ({ ...alone(step), isIteration: true })),
      touches: this.#touches(kernelsOf([loop]), time, false, () => undefined),
      waits: false,
      part: total / this.thread.extent,
      saved: total * (1 - 1 / this.thread.extent),
    };
  }

  /** Partitions each iteration of a loop, if that saves enough. */
  #inside(loop: TimeLoop, time: Axis | undefined): SharedWork | undefined {
    const inside = this.schedule(loop.steps, loop.time);
    const saved = inside.saved * loop.time.extent;
    const pays = this.#eager || findParallel(loop.steps) !== undefined ||
      saved >= MIN_LOOP_SAVED_FRACTION * cycles(loop);
    if (!pays) return undefined;
    return {
      tasks: [{ kind: "loop", loop, tasks: inside.tasks, single: false }],
      touches: this.#touches(kernelsOf([loop]), time, false, () => undefined),
      waits: true,
      part: 0,
      saved,
    };
  }

  #touches(
    kernels: readonly Kernel[],
    time: Axis | undefined,
    single: boolean,
    cutOf: (kernel: Kernel, buffer: Buffer) => string | undefined,
  ): Touch[] {
    return kernels.flatMap((kernel) =>
      accessesOf(kernel).map(({ buffer, index, write }): Touch => {
        const { space, offset } = this.#placeOf(buffer);
        const end = buffer.size - 1;
        const whole = { first: offset, last: offset + 4 * end + 3, moves: 0 };
        const own = { buffer, space, write, single, cut: cutOf(kernel, buffer) };
        const moves = time ? rowStride(index, time) : 0;
        if (moves === 0) {
          const { min, max } = rangeOf(index);
          return {
            ...own,
            first: offset + 4 * Math.max(0, min),
            last: offset + 4 * Math.min(end, max) + 3,
            moves: 0,
          };
        }
        // Without the part that moves evenly; if time occurs elsewhere too, it may be anywhere.
        const { constant, terms } = splitTerms(index);
        let [first, last] = [constant, constant];
        for (const { base, factor } of terms) {
          if (base.kind === "axis" && base.axis === time) continue;
          const range = rangeOf(base);
          const ends = [range.min * factor, range.max * factor];
          first += Math.min(...ends);
          last += Math.max(...ends);
        }
        if (last - first >= ANYWHERE) return { ...own, ...whole };
        return {
          ...own,
          first: offset + 4 * first,
          last: offset + 4 * last + 3,
          moves: 4 * moves,
        };
      })
    );
  }
}

/** What was touched since all have waited, by what may meet it. */
class OpenTouches {
  readonly #kinds = new Map<unknown, Map<string, { touch: Touch; before: number }[]>>();

  /** Adds a touch in a round. */
  add(touch: Touch, before: number): void {
    const kinds = this.#kinds.get(touch.space) ?? new Map();
    this.#kinds.set(touch.space, kinds);
    const kind = `${touch.single} ${touch.write}`;
    const list = kinds.get(kind) ?? [];
    kinds.set(kind, list);
    list.push({ touch, before });
  }

  /** Returns whether a thread at a touch must wait for others at one of these. */
  conflicts(later: Touch, round: number): boolean {
    for (const list of this.#kinds.get(later.space)?.values() ?? []) {
      const [{ touch }] = list;
      if ((touch.single && later.single) || (!touch.write && !later.write)) continue;
      if (list.some(({ touch, before }) => conflict(touch, later, round - before))) return true;
    }
    return false;
  }
}

function keyOf(
  kernel: Kernel,
  { axis, chunk, rest }: KernelPartition,
  buffer: Buffer,
): string | undefined {
  return rest ? undefined : cutKey(kernel, axis, chunk, buffer);
}

/** Estimates the cycles in which an iteration reads the right operands that all threads with rows read. */
function readAgain(rows: Rows): number {
  let elements = 0;
  for (const kernel of kernelsOf(rows.steps)) {
    if (kernel.kind !== "matmul" || rows.axes.get(kernel) !== kernel.row) continue;
    elements += kernel.inner.extent * kernel.column.extent;
  }
  return elements * READ_CYCLES;
}

/** Returns whether a thread that is at a later touch must wait for others at an earlier one. */
function conflict(earlier: Touch, later: Touch, iterations: number): boolean {
  if (!earlier.write && !later.write) return false;
  if (earlier.space !== later.space) return false;
  if (earlier.single && later.single) return false;
  if (earlier.cut !== undefined && earlier.cut === later.cut && earlier.buffer === later.buffer) {
    return false;
  }
  // Where they move differently, they may meet somewhere.
  if (earlier.moves !== later.moves) return true;
  const shift = iterations * later.moves;
  return earlier.first <= later.last + shift && later.first + shift <= earlier.last;
}
