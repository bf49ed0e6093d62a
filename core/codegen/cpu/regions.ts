/**
 * What is known of the regions between the barriers of a schedule for threads.
 *
 * @module
 */
import { cycles } from "./cycles.ts";
import type { LoopTask, ScheduledTask } from "./scheduled_tasks.ts";

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
