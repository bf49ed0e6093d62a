/**
 * Finds what steps read and write, and which must wait for which.
 *
 * @module
 */
import {
  addIndex,
  type Axis,
  type Buffer,
  type Expression,
  index as indexOf,
  visitExpression,
} from "../ir/expression.ts";
import { rangeOf } from "../ir/range.ts";
import { compensationOf, expressionsOf, type Kernel, kernelsOf, type Step } from "./program.ts";

/** One place in a kernel that touches memory. */
export interface Access {
  /** The memory. */
  readonly buffer: Buffer;
  /** Element touched. */
  readonly index: Expression;
  /** Whether it is written. */
  readonly write: boolean;
}

const accessesKnown = new WeakMap<Kernel, readonly Access[]>();

/** Lists everything a kernel touches. */
export function accessesOf(kernel: Kernel): readonly Access[] {
  const known = accessesKnown.get(kernel);
  if (known) return known;
  const accesses: Access[] = [];
  const seen = new Set<Expression>();
  for (const root of expressionsOf(kernel)) {
    visitExpression(root, (part) => {
      if (part.kind === "load") {
        accesses.push({ buffer: part.buffer, index: part.index, write: false });
      }
    }, seen);
  }
  for (const { buffer, index, mode } of kernel.stores) {
    accesses.push({ buffer, index, write: true });
    if (mode === "set") continue;
    accesses.push({ buffer, index, write: false });
    if (mode === "add") continue;
    const other = addIndex(index, indexOf(compensationOf(buffer)));
    accesses.push({ buffer, index: other, write: true }, { buffer, index: other, write: false });
  }
  accessesKnown.set(kernel, accesses);
  return accesses;
}

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

/** Counts the points of some loops. */
export function pointsOf(axes: readonly Axis[]): number {
  return axes.reduce((product, { extent }) => product * extent, 1);
}

/** Lists the loops that a kernel reduces over. */
export function innerAxesOf(kernel: Kernel): readonly Axis[] {
  return kernel.kind === "matmul" ? [kernel.inner] : kernel.kind === "reduce" ? kernel.inner : [];
}
