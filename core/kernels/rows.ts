/**
 * Finding rows: whether steps that depend on each other can be cut along one axis (the batch) into
 * parts that never meet, so that each part can run to its end by itself, in one workgroup.
 *
 * A buffer is cut into rows if every index into it is
 * `outer · (stride · extent) + row · stride + inner` with `inner` in [0, stride): then elements of
 * different rows are different. Each kernel has one axis that counts rows, and everything written
 * among the steps must be cut; what is only read may be read whole.
 *
 * @module
 */
import { accessesOf } from "./accesses.ts";
import {
  type Axis,
  type Buffer,
  type Expression,
  rangeOf,
  visitExpression,
} from "./expression.ts";
import { axesOf, type Kernel, kernelsOf, type Step } from "./kernel.ts";

/** How steps are cut into rows. */
export interface Rows {
  /** How many rows. */
  readonly extent: number;
  /** Which axis of each kernel counts them. */
  readonly axes: ReadonlyMap<Kernel, Axis>;
  /** Distance between rows in each buffer that is written. */
  readonly strides: ReadonlyMap<Buffer, number>;
}

/** An index taken apart: terms times constants, and a constant. */
export interface Terms {
  /** The added constant. */
  readonly constant: number;
  /** What is multiplied by what. */
  readonly terms: readonly { readonly base: Expression; readonly factor: number }[];
}

/** Takes an index apart. */
export function splitTerms(at: Expression): Terms {
  const terms: { base: Expression; factor: number }[] = [];
  let constant = 0;
  const add = (part: Expression, factor: number): void => {
    if (part.kind === "constant") constant += part.value * factor;
    else if (part.kind === "apply" && part.operation === "add") {
      for (const input of part.inputs) add(input, factor);
    } else if (
      part.kind === "apply" && part.operation === "mul" && part.inputs[1].kind === "constant"
    ) {
      add(part.inputs[0], factor * part.inputs[1].value);
    } else terms.push({ base: part, factor });
  };
  add(at, 1);
  return { constant, terms };
}

/** Whether an axis occurs in an expression. */
export function mentions(expression: Expression, axis: Axis): boolean {
  let found = false;
  visitExpression(expression, (part) => {
    if (part.kind === "axis" && part.axis === axis) found = true;
  });
  return found;
}

/**
 * Cuts steps into rows.
 *
 * @param steps What shall run row by row.
 * @returns The cut, or `undefined` if rows meet somewhere.
 */
export function findRows(steps: readonly Step[]): Rows | undefined {
  const kernels = kernelsOf(steps);
  if (kernels.length === 0) return undefined;
  const written = new Set(kernels.flatMap(({ stores }) => stores.map(({ buffer }) => buffer)));
  for (const axis of axesOf(kernels[0])) {
    if (axis.extent === 1) continue;
    const rows = spread(kernels, written, axis);
    if (rows) return rows;
  }
  return undefined;
}

/** Tries an axis of the first kernel: everything that shares a buffer with it must follow. */
function spread(
  kernels: readonly Kernel[],
  written: ReadonlySet<Buffer>,
  first: Axis,
): Rows | undefined {
  const { extent } = first;
  const axes = new Map<Kernel, Axis>();
  const strides = new Map<Buffer, number>();
  const choices = (kernel: Kernel) => axesOf(kernel).filter((axis) => axis.extent === extent);

  /** Gives a kernel its axis and learns the strides of what it touches; false if they disagree. */
  const settle = (kernel: Kernel, axis: Axis): boolean => {
    axes.set(kernel, axis);
    for (const { buffer, index } of accessesOf(kernel)) {
      if (!written.has(buffer)) continue;
      const stride = rowStride(index, axis);
      if (!stride || (strides.get(buffer) ?? stride) !== stride) return false;
      if (!staysInRow(index, axis, stride)) return false;
      strides.set(buffer, stride);
    }
    return true;
  };

  if (!settle(kernels[0], first)) return undefined;
  let waiting = kernels.slice(1);
  while (waiting.length > 0) {
    // First those whose axis follows from a buffer that is cut already.
    let next = waiting.find((kernel) =>
      accessesOf(kernel).some(({ buffer }) => strides.has(buffer))
    );
    next ??= waiting[0];
    const kernel = next;
    const fits = choices(kernel).filter((axis) =>
      accessesOf(kernel).every(({ buffer, index }) => {
        if (!written.has(buffer)) return true;
        const stride = rowStride(index, axis);
        return stride > 0 && (strides.get(buffer) ?? stride) === stride &&
          staysInRow(index, axis, stride);
      })
    );
    if (fits.length === 0 || !settle(kernel, fits[0])) return undefined;
    waiting = waiting.filter((other) => other !== kernel);
  }
  return { extent, axes, strides };
}

/** How far one step of an axis moves an index; 0 if not at all, or not evenly. */
function rowStride(index: Expression, axis: Axis): number {
  let stride = 0;
  for (const { base, factor } of splitTerms(index).terms) {
    if (base.kind === "axis" && base.axis === axis) stride += factor;
  }
  return stride;
}

function staysInRow(index: Expression, axis: Axis, stride: number): boolean {
  const period = stride * axis.extent;
  const { constant, terms } = splitTerms(index);
  let least = ((constant % period) + period) % period;
  let most = least;
  for (const { base, factor } of terms) {
    if (base.kind === "axis" && base.axis === axis) continue;
    if (factor % period === 0) continue;
    if (mentions(base, axis)) return false;
    const range = rangeOf(base);
    const [a, b] = [range.least * factor, range.most * factor];
    least += Math.min(a, b);
    most += Math.max(a, b);
  }
  return least >= 0 && most < stride;
}
