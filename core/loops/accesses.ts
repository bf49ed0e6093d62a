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
  const accesses = loadsIn(expressionsOf(kernel));
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

/** Lists what expressions read. */
export function loadsIn(expressions: readonly Expression[]): Access[] {
  const loads: Access[] = [];
  const seen = new Set<Expression>();
  for (const root of expressions) {
    visitExpression(root, (part) => {
      if (part.kind === "load") {
        loads.push({ buffer: part.buffer, index: part.index, write: false });
      }
    }, seen);
  }
  return loads;
}

/** Finds the kernels that touch each buffer, in their order. */
export function usersOf(kernels: readonly Kernel[]): Map<Buffer, Set<Kernel>> {
  const users = new Map<Buffer, Set<Kernel>>();
  for (const kernel of kernels) {
    for (const { buffer } of accessesOf(kernel)) {
      const known = users.get(buffer);
      if (known) known.add(kernel);
      else users.set(buffer, new Set([kernel]));
    }
  }
  return users;
}

/** Counts the points of some loops. */
export function pointsOf(axes: readonly Axis[]): number {
  return axes.reduce((product, { extent }) => product * extent, 1);
}

/** Lists the loops that a kernel reduces over. */
export function innerAxesOf(kernel: Kernel): readonly Axis[] {
  return kernel.kind === "matmul" ? [kernel.inner] : kernel.kind === "reduce" ? kernel.inner : [];
}
