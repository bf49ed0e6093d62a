/**
 * What is known of the regions between the barriers of a schedule for threads.
 *
 * @module
 */
import { cycles } from "./cycles.ts";
import type { LoopTask, ScheduledTask, Work } from "./scheduled_tasks.ts";

/** A region whose parts take fewer cycles is left to the caller. */
export const MIN_REGION_CYCLES = 12_000;

/** Estimates the cycles that a thread's part of a task takes. */
export function taskCycles(task: ScheduledTask): number {
  if (task.kind === "barrier") return 0;
  if (task.kind === "kernel") return cycles(task.kernel);
  return task.loop.time.extent * task.tasks.reduce((sum, inner) => sum + taskCycles(inner), 0);
}

/** Returns whether a task is a loop with barriers inside. */
export function hasBarriers(task: ScheduledTask): task is LoopTask {
  return task.kind === "loop" && !task.single &&
    task.tasks.some((inner) => inner.kind === "barrier" || hasBarriers(inner));
}

/** Counts the loops around the barrier that is deepest inside of loops. */
export function barrierDepth(tasks: readonly ScheduledTask[]): number {
  const depths = tasks.map((task) => hasBarriers(task) ? 1 + barrierDepth(task.tasks) : 0);
  return Math.max(0, ...depths);
}

/** What threads do between two barriers, or a loop with barriers inside. */
export type SchedulePart =
  | {
    readonly kind: "region";
    /** What the first thread does alone. */
    readonly single: readonly Work[];
    /** What each thread does its part of. */
    readonly shared: readonly Work[];
    /** Estimated cycles of a thread's part; infinite if it was put together to be shared. */
    readonly cycles: number;
  }
  | { readonly kind: "loop"; readonly task: LoopTask; readonly parts: readonly SchedulePart[] };

/** Cuts tasks at their barriers. */
export function partsOf(tasks: readonly ScheduledTask[]): SchedulePart[] {
  const parts: SchedulePart[] = [];
  let open: Work[] = [];
  const close = () => {
    const [single, shared] = [true, false].map((is) => open.filter((task) => task.single === is));
    const cycles = shared.some(({ isIteration }) => isIteration)
      ? Infinity
      : shared.reduce((sum, task) => sum + taskCycles(task), 0);
    if (open.length > 0) parts.push({ kind: "region", single, shared, cycles });
    open = [];
  };
  for (const task of tasks) {
    if (task.kind !== "barrier" && !hasBarriers(task)) open.push(task);
    else {
      close();
      if (task.kind === "loop") parts.push({ kind: "loop", task, parts: partsOf(task.tasks) });
    }
  }
  close();
  return parts;
}
