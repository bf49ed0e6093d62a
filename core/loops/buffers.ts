/**
 * What is done with the buffers of steps: counting what a device must bind, copying, putting others in their place.
 *
 * @module
 */
import {
  axisExpression,
  type Buffer,
  type Expression,
  index,
  load,
  rewriteExpression,
} from "../ir/expression.ts";
import { type Kernel, mapKernel, type Step } from "./program.ts";

/**
 * Counts what must be bound to touch some buffers.
 *
 * @param buffers The buffers.
 * @param isExternal Whether a buffer is an argument or a result.
 * @returns One for each of these, and one for each type of the others.
 */
export function countBindings(
  buffers: Iterable<Buffer>,
  isExternal: (buffer: Buffer) => boolean,
): number {
  const bound = new Set<Buffer | string>();
  for (const buffer of buffers) bound.add(isExternal(buffer) ? buffer : memoryOf(buffer));
  return bound.size;
}

/** Names the memory of a temporary. */
export function memoryOf({ dtype }: Buffer): string {
  return dtype === "bool" ? "u32" : dtype;
}

/**
 * Replaces buffers wherever steps read or write them.
 *
 * @param steps The steps.
 * @param renamed What takes the place of each buffer.
 */
export function renameBuffers(
  steps: readonly Step[],
  renamed: ReadonlyMap<Buffer, Buffer>,
): readonly Step[] {
  if (renamed.size === 0) return steps;
  const known = new Map<Expression, Expression>();
  const rename = (expression: Expression): Expression =>
    rewriteExpression(expression, (part) => {
      if (part.kind !== "load") return undefined;
      const buffer = renamed.get(part.buffer);
      return buffer ? load(buffer, rename(part.index)) : undefined;
    }, known);
  const map = (steps: readonly Step[]): Step[] =>
    steps.map((step) =>
      step.kind === "loop"
        ? { ...step, steps: map(step.steps) }
        : mapKernel(step, rename, (buffer) => renamed.get(buffer) ?? buffer)
    );
  return map(steps);
}

/** Makes a kernel that copies a buffer to another. */
export function copyKernel(from: Buffer, to: Buffer): Kernel {
  const axis = { name: "i", extent: from.size };
  const at = from.size === 1 ? index(0) : axisExpression(axis);
  return {
    kind: "map",
    name: "copy",
    axes: from.size === 1 ? [] : [axis],
    stores: [{ buffer: to, index: at, value: load(from, at), mode: "set" }],
  };
}
