/**
 * A program for several threads. All of them run the same code; what they share is cut along one axis of
 * each kernel, small kernels are left to the first thread, and where a thread may read what another has
 * written, or overwrite what another still reads, all wait for each other.
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
  type Kernel,
  kernelsOf,
  type Program,
  type Step,
  type TimeLoop,
} from "../../loops/program.ts";
import { findRows, type Rows, rowStride, splitTerms } from "../../loops/rows.ts";
import { cutAxis, cutKey, cyclesOf, type Share, shareKernel } from "./partition_axis.ts";

/** What threads do, in order. */
export type Task = Barrier | KernelTask | LoopTask;

/** All threads wait for each other. */
export interface Barrier {
  /** Discriminant. */
  readonly kind: "barrier";
}

/** A kernel. */
export interface KernelTask {
  /** Discriminant. */
  readonly kind: "kernel";
  /** The kernel; where all threads run it, it depends on which. */
  readonly kernel: Kernel;
  /** Whether only the first thread runs it. */
  readonly single: boolean;
}

/** A loop over time. */
export interface LoopTask {
  /** Discriminant. */
  readonly kind: "loop";
  /** Its name and its loop variable. */
  readonly loop: TimeLoop;
  /** What an iteration does. */
  readonly tasks: readonly Task[];
  /** Whether only the first thread runs it. */
  readonly single: boolean;
}

/** Where a buffer lies: buffers in the same space may overlap. */
export interface Place {
  /** The memory it is part of. */
  readonly space: unknown;
  /** Bytes from its start. */
  readonly offset: number;
}

/** A program for threads. */
export interface Schedule {
  /** What is done. */
  readonly tasks: readonly Task[];
  /** The number of the thread. Its extent is 1 if sharing is not worth it. */
  readonly thread: Axis;
}

/** Cycles that a region costs beside its work, where all are awake: threads wait, and data change caches. */
const REGION_CYCLES = 3000;
/** A region whose parts take fewer cycles is left to the caller. */
export const LEAST_REGION = 12_000;
/** A kernel that takes fewer cycles is left to the first thread. */
const LEAST_KERNEL = 3000;
/** Threads are used if they save this many cycles a run. */
const LEAST_SAVING = 300_000;
/** They must save this share of the time too: many small regions only seem to pay, see DESIGN.md. */
const LEAST_SHARE = 0.25;
/** A loop is cut inside if that saves this share of its time. */
const LEAST_GAIN = 0.15;

/** A program for one thread. */
export function singleSchedule(program: Program): Schedule {
  return { tasks: program.steps.map(alone), thread: { name: "thread", extent: 1 } };
}

/** Cycles in which a product reads, packs and reads again an element of its right operand. */
const READ_CYCLES = 0.7;
/**
 * Threads with rows of their own all read the whole right operands of products. If that costs each so
 * many cycles in an iteration, it is better to share the columns, and to wait for each other.
 */
const LEAST_AGAIN = 150_000;

/** Width of the range of an index of which nothing is known. */
const ANYWHERE = 2 ** 32 - 1;

/** How threads share a program. */
export interface ThreadOptions {
  /** How many threads there are. */
  readonly count: number;
  /** Whether to share even what is not worth it, which is slow and tests the sharing. */
  readonly eager?: boolean;
}

/**
 * Shares a program among threads.
 *
 * @param program The program.
 * @param options How many threads there are.
 * @param placeOf Where buffers lie.
 * @returns What to do; on one thread if more would not pay.
 */
export function scheduleThreads(
  program: Program,
  { count, eager = false }: ThreadOptions,
  placeOf: (buffer: Buffer) => Place,
): Schedule {
  if (count < 2) return singleSchedule(program);
  const scheduler = new Scheduler({ name: "thread", extent: count }, placeOf, eager);
  const { tasks, saved } = scheduler.schedule(program.steps);
  const cycles = program.steps.reduce((sum, step) => sum + cyclesIn(step), 0);
  const pays = eager || (saved >= LEAST_SAVING && saved >= LEAST_SHARE * cycles);
  return pays ? { tasks, thread: scheduler.thread } : singleSchedule(program);
}

function alone(step: Step): Task {
  if (step.kind !== "loop") return { kind: "kernel", kernel: step, single: false };
  return { kind: "loop", loop: step, tasks: step.steps.map(alone), single: false };
}

/** Part of memory that a task touches. */
interface Touch {
  readonly buffer: Buffer;
  readonly space: unknown;
  /** First and last byte; at iteration 0, if it moves. */
  readonly least: number;
  readonly most: number;
  /** Bytes that it moves in each iteration of the loop around. */
  readonly moves: number;
  readonly write: boolean;
  /** Whether only the first thread touches it. */
  readonly single: boolean;
  /** How it is cut; see `cutKey`. */
  readonly cut: string | undefined;
}

/** Some tasks between which nobody waits, and what they touch. */
interface Work {
  readonly tasks: readonly Task[];
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
  readonly #placeOf: (buffer: Buffer) => Place;
  readonly #eager: boolean;

  constructor(thread: Axis, placeOf: (buffer: Buffer) => Place, eager: boolean) {
    this.thread = thread;
    this.#placeOf = placeOf;
    this.#eager = eager;
  }

  /** Shares some steps; `time` is the loop they are in, if they are run again and again. */
  schedule(steps: readonly Step[], time?: Axis): { tasks: Task[]; saved: number } {
    const works = steps.map((step) => this.#work(step, time));
    const barriers = new Array<boolean>(works.length).fill(false);
    // What was touched since all have waited; in a loop also in the iteration before.
    let open: { readonly touch: Touch; readonly before: number }[] = [];
    for (let round = 0; round < (time ? 2 : 1); round++) {
      works.forEach((work, i) => {
        const meets = open.some(({ touch, before }) =>
          work.touches.some((own) => conflict(touch, own, round - before))
        );
        if (meets) barriers[i] = true;
        if (barriers[i]) open = [];
        // Threads that wait inside have all finished what came before.
        if (work.waits) open = [];
        open.push(...work.touches.map((touch) => ({ touch, before: round })));
      });
    }
    // A thread may be ahead by less than one iteration only if all wait in each.
    if (time && !barriers.includes(true) && !works.some(({ waits }) => waits)) barriers[0] = true;
    const tasks = works.flatMap((work, i): Task[] =>
      barriers[i] ? [{ kind: "barrier" }, ...work.tasks] : [...work.tasks]
    );
    return { tasks, saved: this.#savedBy(works, barriers) };
  }

  /** Cycles that works save which are shared as regions between barriers. */
  #savedBy(works: readonly Work[], barriers: readonly boolean[]): number {
    let [saved, region, part] = [0, 0, 0];
    const close = () => {
      if (part >= LEAST_REGION) saved += region - REGION_CYCLES;
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

  #work(step: Step, time: Axis | undefined): Work {
    if (step.kind === "loop") return this.#loop(step, time);
    const cycles = cyclesOf(step);
    const worth = this.#eager || cycles >= LEAST_KERNEL;
    const share = worth ? shareKernel(step, this.thread) : undefined;
    if (!share) {
      return {
        tasks: [{ kind: "kernel", kernel: step, single: true }],
        touches: this.#touches([step], time, true, () => undefined),
        waits: false,
        part: 0,
        saved: 0,
      };
    }
    const { part, rest } = share;
    const tasks: Task[] = [{ kind: "kernel", kernel: part, single: false }];
    if (rest) tasks.push({ kind: "kernel", kernel: rest, single: true });
    return {
      tasks,
      touches: this.#touches([step], time, false, (_, buffer) => keyOf(step, share, buffer)),
      waits: false,
      part: share.chunk / share.axis.extent * cycles,
      saved: cycles * (1 - share.fraction),
    };
  }

  #loop(loop: TimeLoop, time: Axis | undefined): Work {
    const cycles = cyclesIn(loop);
    const single: Work = {
      tasks: [{ kind: "loop", loop, tasks: loop.steps.map(alone), single: true }],
      touches: this.#touches(kernelsOf([loop]), time, true, () => undefined),
      waits: false,
      part: 0,
      saved: 0,
    };
    if (loop.time.extent === 0 || (!this.#eager && cycles < 2 * LEAST_KERNEL)) return single;
    const rows = findRows([loop]);
    if (rows && rows.extent % this.thread.extent === 0) {
      const again = readAgain(rows) * (1 - 1 / this.thread.extent);
      const wide = again > LEAST_AGAIN ? this.#inside(loop, time) : undefined;
      return wide ?? this.#rows(loop, rows, time);
    }
    return this.#inside(loop, time) ?? single;
  }

  /** A loop cut into rows. */
  #rows(loop: TimeLoop, rows: Rows, time: Axis | undefined): Work {
    const chunk = rows.extent / this.thread.extent;
    const first = scaleIndex(axisExpression(this.thread), chunk);
    const cut = (steps: readonly Step[]): Task[] =>
      steps.map((step): Task => {
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
      part: cyclesIn(loop) / this.thread.extent,
      saved: cyclesIn(loop) * (1 - 1 / this.thread.extent),
    };
  }

  /** A loop whose iterations are cut, if that saves enough. */
  #inside(loop: TimeLoop, time: Axis | undefined): Work | undefined {
    const inside = this.schedule(loop.steps, loop.time);
    const saved = inside.saved * loop.time.extent;
    if (!this.#eager && saved < LEAST_GAIN * cyclesIn(loop)) return undefined;
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
        const last = buffer.size - 1;
        const whole = { least: offset, most: offset + 4 * last + 3, moves: 0 };
        const own = { buffer, space, write, single, cut: cutOf(kernel, buffer) };
        const moves = time ? rowStride(index, time) : 0;
        if (moves === 0) {
          const { least, most } = rangeOf(index);
          return {
            ...own,
            least: offset + 4 * Math.max(0, least),
            most: offset + 4 * Math.min(last, most) + 3,
            moves: 0,
          };
        }
        // Without the part that moves evenly; if time occurs elsewhere too, it may be anywhere.
        const { constant, terms } = splitTerms(index);
        let [least, most] = [constant, constant];
        for (const { base, factor } of terms) {
          if (base.kind === "axis" && base.axis === time) continue;
          const range = rangeOf(base);
          const ends = [range.least * factor, range.most * factor];
          least += Math.min(...ends);
          most += Math.max(...ends);
        }
        if (most - least >= ANYWHERE) return { ...own, ...whole };
        return {
          ...own,
          least: offset + 4 * least,
          most: offset + 4 * most + 3,
          moves: 4 * moves,
        };
      })
    );
  }
}

function keyOf(kernel: Kernel, share: Share, buffer: Buffer): string | undefined {
  return share.rest ? undefined : cutKey(kernel, share.axis, share.chunk, buffer);
}

function cyclesIn(step: Step): number {
  if (step.kind !== "loop") return cyclesOf(step);
  return step.time.extent * step.steps.reduce((sum, inner) => sum + cyclesIn(inner), 0);
}

/** Cycles in which an iteration reads the right operands that all threads with rows of their own read. */
function readAgain(rows: Rows): number {
  let elements = 0;
  for (const kernel of kernelsOf(rows.steps)) {
    if (kernel.kind !== "matmul" || rows.axes.get(kernel) !== kernel.row) continue;
    elements += kernel.inner.extent * kernel.column.extent;
  }
  return elements * READ_CYCLES;
}

/** Whether a thread that is at a later touch must wait for others at an earlier one. */
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
  return earlier.least <= later.most + shift && later.least + shift <= earlier.most;
}
