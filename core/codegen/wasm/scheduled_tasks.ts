/**
 * What threads do, as the scheduler hands it to the printer: kernels, loops, and barriers between them.
 *
 * @module
 */
import { type Axis, type Buffer, visitExpression } from "../../ir/expression.ts";
import { expressionsOf, type Kernel, type Step, type TimeLoop } from "../../loops/program.ts";
import { cycles } from "./cycles.ts";

/** A schedule of a program for threads. */
export interface ThreadSchedule {
  /** What threads do, in order. */
  readonly tasks: readonly ScheduledTask[];
  /** The number of the thread. Its extent is 1 if sharing is not worth it. */
  readonly thread: Axis;
}

/** A task of a schedule. */
export type ScheduledTask = Barrier | KernelTask | LoopTask;

/** A barrier: all threads wait for each other. */
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
  readonly tasks: readonly ScheduledTask[];
  /** Whether only the first thread runs it. */
  readonly single: boolean;
}

/** Schedules the steps of a program for one thread. */
export function singleSchedule(steps: readonly Step[]): ThreadSchedule {
  return { tasks: steps.map(alone), thread: { name: "thread", extent: 1 } };
}

/** Makes a task of a step, of which all threads do their part. */
export function alone(step: Step): ScheduledTask {
  if (step.kind !== "loop") return { kind: "kernel", kernel: step, single: false };
  return { kind: "loop", loop: step, tasks: step.steps.map(alone), single: false };
}

/** A region whose parts take fewer cycles is left to the caller. */
export const MIN_REGION_CYCLES = 12_000;

/** Lists all kernels of some tasks, in order. */
export function kernelsOfTasks(tasks: readonly ScheduledTask[]): Kernel[] {
  return tasks.flatMap((task) => {
    if (task.kind === "barrier") return [];
    return task.kind === "loop" ? kernelsOfTasks(task.tasks) : [task.kernel];
  });
}

/** Lists every buffer that some tasks touch. */
export function buffersOfTasks(tasks: readonly ScheduledTask[]): Set<Buffer> {
  const buffers = new Set<Buffer>();
  for (const kernel of kernelsOfTasks(tasks)) {
    for (const { buffer } of kernel.stores) buffers.add(buffer);
    for (const expression of expressionsOf(kernel)) {
      visitExpression(expression, (part) => part.kind === "load" && buffers.add(part.buffer));
    }
  }
  return buffers;
}

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
