/**
 * Plans the device memory of temporaries before anything runs.
 *
 * @module
 */
import type { Buffer } from "../../ir/expression.ts";
import { accessesOf } from "../../loops/accesses.ts";
import { type MemoryPlan, planMemory, type PlannedStep } from "../../loops/plan_memory.ts";
import { type Kernel, kernelsOf } from "../../loops/program.ts";
import { storageType } from "./expressions.ts";
import { type Dispatch, type ScheduleItem, stepsOf } from "./schedule.ts";

/** Dispatches of some items, those inside of loops included. */
export function dispatchesOf(items: readonly ScheduleItem[]): Dispatch[] {
  return items.flatMap((item) => item.kind === "loop" ? dispatchesOf(item.items) : [item]);
}

/** Elements that every place is a multiple of: a vector of four. */
const ALIGNMENT = 4;

/**
 * Plans device memory.
 *
 * @param items The schedule.
 * @param isTemporary Whether a buffer needs a place.
 * @param limit Maximum size of an arena, in elements.
 * @returns The plan; an arena is only larger than `limit` where a single temporary is.
 */
export function planDeviceMemory(
  items: readonly ScheduleItem[],
  isTemporary: (buffer: Buffer) => boolean,
  limit: number,
): MemoryPlan {
  const kernelsIn = (item: ScheduleItem): Kernel[] =>
    kernelsOf(dispatchesOf([item]).flatMap(({ parts }) => parts.flatMap(stepsOf)));
  // The workgroups of a dispatch do not wait for each other; dispatches do.
  const planned = (list: readonly ScheduleItem[]): PlannedStep[] =>
    list.map((item) =>
      item.kind === "loop"
        ? { time: item.time, steps: planned(item.items) }
        : { kernels: kernelsIn(item) }
    );
  const used = new Set(items.flatMap(kernelsIn).flatMap(accessesOf).map(({ buffer }) => buffer));
  const temporaries = [...used].filter(isTemporary).sort((a, b) => b.size - a.size);
  return planMemory(temporaries, planned(items), {
    sizeOf: ({ size }) => Math.max(ALIGNMENT, Math.ceil(size / ALIGNMENT) * ALIGNMENT),
    typeOf: ({ dtype }) => storageType(dtype),
    limit,
  });
}
