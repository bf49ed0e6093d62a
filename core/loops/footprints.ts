/**
 * Finds which steps must wait for which.
 *
 * @module
 */
import type { Buffer } from "../ir/expression.ts";
import { rangeOf } from "../ir/range.ts";
import { accessesOf } from "./accesses.ts";
import { kernelsOf, type Step } from "./program.ts";

/** A range of elements that a step touches. */
export interface Footprint {
  /** First and last element read, for each buffer. */
  readonly reads: ReadonlyMap<Buffer, Interval>;
  /** First and last element written, for each buffer. */
  readonly writes: ReadonlyMap<Buffer, Interval>;
}

interface Interval {
  readonly min: number;
  readonly max: number;
}

/** Finds what some steps touch together. */
export function footprintOf(steps: readonly Step[]): Footprint {
  const reads = new Map<Buffer, Interval>();
  const writes = new Map<Buffer, Interval>();
  for (const kernel of kernelsOf(steps)) {
    for (const { buffer, index, write } of accessesOf(kernel)) {
      const map = write ? writes : reads;
      const range = rangeOf(index);
      const known = map.get(buffer);
      map.set(buffer, {
        min: Math.max(0, Math.min(range.min, known?.min ?? Infinity)),
        max: Math.min(buffer.size - 1, Math.max(range.max, known?.max ?? -Infinity)),
      });
    }
  }
  return { reads, writes };
}

/** Finds the buffers over which a later step must wait for an earlier one. */
export function conflicts(earlier: Footprint, later: Footprint): Buffer[] {
  return [
    ...meeting(earlier.writes, later.reads),
    ...meeting(earlier.writes, later.writes),
    ...meeting(earlier.reads, later.writes),
  ];
}

function meeting(
  a: ReadonlyMap<Buffer, Interval>,
  b: ReadonlyMap<Buffer, Interval>,
): Buffer[] {
  const met: Buffer[] = [];
  for (const [buffer, x] of a) {
    const y = b.get(buffer);
    if (y && x.min <= y.max && y.min <= x.max) met.push(buffer);
  }
  return met;
}
