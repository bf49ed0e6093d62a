/**
 * Finds what kernels read and write.
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
import { compensationOf, expressionsOf, type Kernel } from "./program.ts";

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

/** Counts the points of some loops. */
export function pointsOf(axes: readonly Axis[]): number {
  return axes.reduce((product, { extent }) => product * extent, 1);
}

/** Lists the loops that a kernel reduces over. */
export function innerAxesOf(kernel: Kernel): readonly Axis[] {
  return kernel.kind === "matmul" ? [kernel.inner] : kernel.kind === "reduce" ? kernel.inner : [];
}
