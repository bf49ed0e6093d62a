/**
 * Plans the device memory of temporaries before anything runs.
 *
 * @module
 */
import type { Buffer } from "../../ir/expression.ts";
import { accessesOf } from "../../loops/accesses.ts";
import { type MemoryPlan, planMemory } from "../../loops/plan_memory.ts";
import { kernelsOf } from "../../loops/program.ts";
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
  const steps = items.map((item) =>
    kernelsOf(dispatchesOf([item]).flatMap(({ parts }) => parts.flatMap(stepsOf)))
  );
  const used = new Set(steps.flat().flatMap(accessesOf).map(({ buffer }) => buffer));
  const temporaries = [...used].filter(isTemporary).sort((a, b) => b.size - a.size);
  return planMemory(temporaries, steps, {
    sizeOf: ({ size }) => Math.max(ALIGNMENT, Math.ceil(size / ALIGNMENT) * ALIGNMENT),
    typeOf: ({ dtype }) => storageType(dtype),
    limit,
  });
}
