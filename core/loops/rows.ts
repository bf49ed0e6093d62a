/**
 * Finds an axis, usually the batch, along which kernels that depend on each other are independent: its
 * rows never meet, so that each can run to its end by itself, in one workgroup or on one thread.
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
  axisExpression,
  type Buffer,
  dependsOn,
  type Expression,
  flattenIndex,
  rewriteExpression,
  splitFactor,
  termsOf,
} from "../ir/expression.ts";
import { rangeOf } from "../ir/range.ts";
import { axesOf, type Kernel, kernelsOf, mapKernel, type Step } from "./program.ts";

/** How steps are cut into rows. */
export interface Rows {
  /** The steps, with merged axes taken apart where the rows are one part of them. */
  readonly steps: readonly Step[];
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

/** Takes an index apart into its terms. */
export function splitTerms(at: Expression): Terms {
  const terms: { base: Expression; factor: number }[] = [];
  let constant = 0;
  for (const term of termsOf(at)) {
    if (term.kind === "constant") constant += term.value;
    else {
      const [base, factor] = splitFactor(term);
      terms.push({ base, factor });
    }
  }
  return { constant, terms };
}

/**
 * Finds how steps can be cut into rows.
 *
 * @param steps What shall run row by row.
 * @returns The cut, or `undefined` if rows meet somewhere.
 */
export function findRows(steps: readonly Step[]): Rows | undefined {
  const kernels = kernelsOf(steps);
  const written = new Set(kernels.flatMap(({ stores }) => stores.map(({ buffer }) => buffer)));
  // Products keep their axes apart, where elementwise kernels may have merged theirs.
  const seeds = [...kernels].sort((a, b) => freedom(a) - freedom(b)).slice(0, MAX_SEEDS);
  for (const seed of seeds) {
    for (const axis of axesOf(seed)) {
      if (axis.extent === 1) continue;
      const rows = spread(steps, kernels, written, seed, axis);
      if (rows) return rows;
    }
  }
  return undefined;
}

const MAX_SEEDS = 3;

function freedom(kernel: Kernel): number {
  return kernel.kind === "matmul" ? 0 : kernel.kind === "reduce" ? 1 : 2;
}

/** Tries an axis of a kernel: everything that shares a buffer with it must follow. */
function spread(
  steps: readonly Step[],
  kernels: readonly Kernel[],
  written: ReadonlySet<Buffer>,
  seed: Kernel,
  first: Axis,
): Rows | undefined {
  const { extent } = first;
  const axes = new Map<Kernel, Axis>();
  const strides = new Map<Buffer, number>();
  const split = new Map<Kernel, Kernel>();

  /** Whether an axis of a kernel may count its rows. */
  const fits = (kernel: Kernel, axis: Axis): boolean =>
    accessesOf(kernel).every(({ buffer, index }) => {
      if (!written.has(buffer)) return true;
      const stride = rowStride(index, axis);
      return stride > 0 && (strides.get(buffer) ?? stride) === stride &&
        staysInRow(index, axis, stride);
    });
  /** Gives a kernel its axis and learns the strides of what it touches; false if they disagree. */
  const settle = (kernel: Kernel, own: Kernel, axis: Axis): boolean => {
    for (const { buffer, index } of accessesOf(own)) {
      if (!written.has(buffer)) continue;
      const stride = rowStride(index, axis);
      if ((strides.get(buffer) ?? stride) !== stride) return false;
      strides.set(buffer, stride);
    }
    axes.set(own, axis);
    split.set(kernel, own);
    return true;
  };

  if (!fits(seed, first) || !settle(seed, seed, first)) return undefined;
  let waiting = kernels.filter((kernel) => kernel !== seed);
  while (waiting.length > 0) {
    // First those whose axis follows from a buffer that is cut already.
    const cut = (kernel: Kernel) => accessesOf(kernel).some(({ buffer }) => strides.has(buffer));
    const kernel = waiting.find(cut) ?? waiting[0];
    const plain = axesOf(kernel).find((axis) => axis.extent === extent && fits(kernel, axis));
    if (plain) {
      if (!settle(kernel, kernel, plain)) return undefined;
    } else {
      const apart = splitAxis(kernel, extent, strides);
      if (!apart || !fits(apart.kernel, apart.row)) return undefined;
      if (!settle(kernel, apart.kernel, apart.row)) return undefined;
    }
    waiting = waiting.filter((other) => other !== kernel);
  }
  const replace = (list: readonly Step[]): Step[] =>
    list.map((step) =>
      step.kind === "loop" ? { ...step, steps: replace(step.steps) } : split.get(step) ?? step
    );
  return { steps: replace(steps), extent, axes, strides };
}

/** Takes an axis that was merged from several apart again, so that one of its parts counts rows. */
function splitAxis(
  kernel: Kernel,
  extent: number,
  strides: ReadonlyMap<Buffer, number>,
): { readonly kernel: Kernel; readonly row: Axis } | undefined {
  if (kernel.kind === "matmul") return undefined;
  for (const { buffer, index: at } of accessesOf(kernel)) {
    const stride = strides.get(buffer);
    if (stride === undefined) continue;
    for (const axis of kernel.axes) {
      const step = rowStride(at, axis);
      const below = stride / step;
      if (step <= 0 || !Number.isInteger(below) || axis.extent % (extent * below) !== 0) continue;
      const parts: Axis[] = [
        { name: axis.name, extent: axis.extent / (extent * below) },
        { name: "row", extent },
        { name: axis.name, extent: below },
      ];
      const whole = flattenIndex(
        parts.map(axisExpression),
        parts.map((part) => part.extent),
      );
      const known = new Map<Expression, Expression>();
      const rewrite = (expression: Expression) =>
        rewriteExpression(
          expression,
          (part) => part.kind === "axis" && part.axis === axis ? whole : undefined,
          known,
        );
      const axes = kernel.axes.flatMap((other) => other === axis ? parts : [other]);
      return { kernel: { ...mapKernel(kernel, rewrite), axes } as Kernel, row: parts[1] };
    }
  }
  return undefined;
}

/** Computes how far one step of an axis moves an index; 0 if not at all, or not evenly. */
export function rowStride(index: Expression, axis: Axis): number {
  let stride = 0;
  for (const { base, factor } of splitTerms(index).terms) {
    if (base.kind === "axis" && base.axis === axis) stride += factor;
  }
  return stride;
}

/** Returns whether elements at different places of an axis, `stride` apart, are always different ones. */
export function staysInRow(index: Expression, axis: Axis, stride: number): boolean {
  const period = stride * axis.extent;
  const { constant, terms } = splitTerms(index);
  let min = ((constant % period) + period) % period;
  let max = min;
  for (const { base, factor } of terms) {
    if (base.kind === "axis" && base.axis === axis) continue;
    if (factor % period === 0) continue;
    if (dependsOn(base, [axis])) return false;
    const range = rangeOf(base);
    const [a, b] = [range.min * factor, range.max * factor];
    min += Math.min(a, b);
    max += Math.max(a, b);
  }
  return min >= 0 && max < stride;
}
