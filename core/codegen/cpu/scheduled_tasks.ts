/**
 * What threads do, as the scheduler hands it to the printer: kernels, loops, and barriers between them.
 *
 * @module
 */
import { accessesOf } from "../../loops/accesses.ts";
import type { Axis, Buffer } from "../../ir/expression.ts";
import type { Kernel, Step, TimeLoop } from "../../loops/program.ts";

/** A schedule of a program for threads. */
export interface ThreadSchedule {
  /** What threads do, in order. */
  readonly tasks: readonly ScheduledTask[];
  /** The number of the thread. Its extent is 1 if sharing is not worth it. */
  readonly thread: Axis;
}

/** A task of a schedule. */
export type ScheduledTask = Barrier | Work;

/** A task that is no barrier. */
export type Work = KernelTask | LoopTask;

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
  /** Whether it was put together so that threads share it: its region repays waiting, however short it is. */
  readonly isIteration?: boolean;
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
  /** As of kernels. */
  readonly isIteration?: boolean;
}

/** Schedules the steps of a program for one thread. */
export function singleSchedule(steps: readonly Step[]): ThreadSchedule {
  return { tasks: steps.map(alone), thread: { name: "thread", extent: 1 } };
}

/** Makes a task of a step, of which all threads do their part. */
export function alone(step: Step): Work {
  if (step.kind !== "loop") return { kind: "kernel", kernel: step, single: false };
  return { kind: "loop", loop: step, tasks: step.steps.map(alone), single: false };
}

/** Lists all kernels of some tasks, in order. */
export function kernelsOfTasks(tasks: readonly ScheduledTask[]): Kernel[] {
  return tasks.flatMap((task) => {
    if (task.kind === "barrier") return [];
    return task.kind === "loop" ? kernelsOfTasks(task.tasks) : [task.kernel];
  });
}

/** Lists the kernels that only the first thread runs, or those of which all threads run their part. */
export function kernelsOfThreads(tasks: readonly ScheduledTask[], single: boolean): Kernel[] {
  return tasks.flatMap((task) => {
    if (task.kind === "barrier") return [];
    if (task.kind === "loop" && !task.single) return kernelsOfThreads(task.tasks, single);
    return task.single === single ? kernelsOfTasks([task]) : [];
  });
}

/** Lists every buffer that some tasks touch. */
export function buffersOfTasks(tasks: readonly ScheduledTask[]): Set<Buffer> {
  const buffers = new Set<Buffer>();
  for (const kernel of kernelsOfTasks(tasks)) {
    for (const { buffer } of kernel.stores) buffers.add(buffer);
    for (const { buffer } of accessesOf(kernel)) buffers.add(buffer);
  }
  return buffers;
}
