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
  /** Loop variables, those of the frames around included. */
  readonly axes: ReadonlyMap<Axis, BoundAxis>;
  /** Vectors in locals, if there are any. */
  vectors: Map<Expression, Local> | undefined;
  /** Integers in locals. */
  integers: Map<Expression, Local> | undefined;
  /** Addresses in locals, by what they are the sum of. */
  addresses: Map<string, Local> | undefined;
}

/** Opens a frame inside another. */
export function openFrame(
  parent: Frame | undefined,
  axes: readonly (readonly [Axis, Binding])[],
  lanes = parent?.lanes ?? 4,
): Frame {
  const depth = (parent?.depth ?? -1) + 1;
  const around = parent?.axes;
  const bound = axes.length === 0 && around ? around : new Map(around);
  for (let i = 0; i < axes.length; i++) {
    const [axis, { local, constant }] = axes[i];
    const known = around?.get(axis);
    const localDepth = known !== undefined && known.local === local ? known.localDepth : depth;
    (bound as Map<Axis, BoundAxis>).set(axis, { local, constant, depth, localDepth });
  }
  return {
    parent,
    depth,
    lanes,
    axes: bound,
    vectors: undefined,
    integers: undefined,
    addresses: undefined,
  };
}

/**
 * Looks up the local of an expression in the frames, from the last to those in which all of its axes are bound: frames
 * less deep hold its value at other values of the axes.
 */
export function lookUp(
  frame: Frame,
  table: "vectors" | "integers",
  expression: Expression,
): Local | undefined {
  for (let at: Frame | undefined = frame; at; at = at.parent) {
    const local = at[table]?.get(expression);
    if (local === undefined) continue;
    return at === frame || at.depth >= axisDepth(frame, expression) ? local : undefined;
  }
  return undefined;
}

/** Looks up an address in the frames. */
export function lookUpAddress(frame: Frame, key: string): Local | undefined {
  for (let at: Frame | undefined = frame; at; at = at.parent) {
    const local = at.addresses?.get(key);
    if (local !== undefined) return local;
  }
  return undefined;
}

/** Returns the binding of an axis. */
export function bindingOf(frame: Frame, axis: Axis): BoundAxis {
  const bound = frame.axes.get(axis);
  if (!bound) throw new Error(`Cannot print an expression: axis ${axis.name} is not bound`);
  return bound;
}

/** Computes the depth at which the last of the axes of an expression is bound. */
export function axisDepth(frame: Frame, expression: Expression): number {
  let depth = 0;
  axesIn(expression).forEach((axis) => {
    depth = Math.max(depth, frame.axes.get(axis)?.depth ?? Infinity);
  });
  return depth;
}
