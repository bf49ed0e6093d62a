/**
 * What is known at a place in the generated code: loop variables, and what has been computed so far. A
 * loop opens a frame; what is computed in a frame may be used in the frames inside.
 *
 * @module
 */
import { axesIn, type Axis, type Expression } from "../../../ir/expression.ts";
import type { Local } from "../assembler/module.ts";

/** The value of a loop variable: a local that holds it, a constant, or their sum. */
export interface Binding {
  /** The part known at run time. */
  readonly local?: Local;
  /** The part known now. */
  readonly constant: number;
}

/** A binding, and how deep it was made. */
export interface BoundAxis extends Binding {
  /** Depth of the frame that set it. */
  readonly depth: number;
  /** Depth of the frame that set its local. */
  readonly localDepth: number;
}

/** One level. */
export interface Frame {
  readonly parent: Frame | undefined;
  readonly depth: number;
  /** How many lanes of a vector count here. */
  readonly lanes: number;
  readonly axes: Map<Axis, BoundAxis>;
  /** Vectors in locals. */
  readonly vectors: Map<Expression, Local>;
  /** Integers in locals. */
  readonly integers: Map<Expression, Local>;
  /** Addresses in locals, by what they are the sum of. */
  readonly addresses: Map<string, Local>;
}

/** Opens a frame inside another. */
export function openFrame(
  parent: Frame | undefined,
  axes: ReadonlyMap<Axis, Binding>,
  lanes = parent?.lanes ?? 4,
): Frame {
  const depth = (parent?.depth ?? -1) + 1;
  const bound = new Map<Axis, BoundAxis>();
  for (const [axis, binding] of axes) {
    const known = parent && lookAxis(parent, axis);
    const same = known !== undefined && known.local === binding.local;
    bound.set(axis, { ...binding, depth, localDepth: same ? known.localDepth : depth });
  }
  return {
    parent,
    depth,
    lanes,
    axes: bound,
    vectors: new Map(),
    integers: new Map(),
    addresses: new Map(),
  };
}

/** Looks up the binding of an axis, if it has one. */
export function lookAxis(frame: Frame, axis: Axis): BoundAxis | undefined {
  for (let at: Frame | undefined = frame; at; at = at.parent) {
    const bound = at.axes.get(axis);
    if (bound) return bound;
  }
  return undefined;
}

/**
 * Looks up what one of the tables of a frame, or of those around it down to a depth, holds. Frames less deep
 * than the axes of an expression hold its value at other values of the axes.
 */
export function lookUp<K>(
  frame: Frame,
  table: (frame: Frame) => Map<K, Local>,
  key: K,
  depth = 0,
): Local | undefined {
  for (let at: Frame | undefined = frame; at && at.depth >= depth; at = at.parent) {
    const local = table(at).get(key);
    if (local !== undefined) return local;
  }
  return undefined;
}

/** Returns the binding of an axis. */
export function bindingOf(frame: Frame, axis: Axis): BoundAxis {
  const bound = lookAxis(frame, axis);
  if (!bound) throw new Error(`Cannot print an expression: axis ${axis.name} is not bound`);
  return bound;
}

/** Computes the depth at which the last of the axes of an expression is bound. */
export function axisDepth(frame: Frame, expression: Expression): number {
  let depth = 0;
  for (const axis of axesIn(expression)) {
    depth = Math.max(depth, lookAxis(frame, axis)?.depth ?? Infinity);
  }
  return depth;
}
