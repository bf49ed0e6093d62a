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
  type Expression,
  flattenIndex,
  splitFactor,
  termsOf,
} from "../ir/expression.ts";
import { rangeOf } from "../ir/range.ts";
import { axesOf, type Kernel, kernelsOf, type Step, type TimeLoop } from "./program.ts";
import { substituteAxis } from "./substitute_axis.ts";

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
  const [step] = steps;
  if (steps.length > 1 || step?.kind !== "loop") return searchRows(steps);
  // Several ask about a loop.
  if (!rowsKnown.has(step)) rowsKnown.set(step, searchRows(steps));
  return rowsKnown.get(step);
}

const rowsKnown = new WeakMap<TimeLoop, Rows | undefined>();

function searchRows(steps: readonly Step[]): Rows | undefined {
  const kernels = kernelsOf(steps);
  const written = new Set(kernels.flatMap(({ stores }) => stores.map(({ buffer }) => buffer)));
  // Products keep their axes apart, where elementwise kernels may have merged theirs.
  const seeds = [...kernels].sort((a, b) => freedom(a) - freedom(b)).slice(0, MAX_SEEDS);
  for (const seed of seeds) {
    for (const axis of axesOf(seed)) {
      if (axis.extent === 1) continue;
      const cut = new RowCut(axis.extent, written);
      const others = kernels.filter((kernel) => kernel !== seed);
      if (cut.take(seed, axis) && cut.spread(others)) return cut.finish(steps);
    }
  }
  return undefined;
}

const MAX_SEEDS = 3;

function freedom(kernel: Kernel): number {
  return kernel.kind === "matmul" ? 0 : kernel.kind === "reduce" ? 1 : 2;
}

/** Whether a kernel touches a buffer that is cut. */
function isConnected(kernel: Kernel, strides: ReadonlyMap<Buffer, number>): boolean {
  return accessesOf(kernel).some(({ buffer }) => strides.has(buffer));
}

/** A cut while it is found, or extended by more steps. */
export class RowCut {
  readonly #extent: number;
  readonly #written: Set<Buffer>;
  readonly #axes = new Map<Kernel, Axis>();
  readonly #strides = new Map<Buffer, number>();
  readonly #split = new Map<Kernel, Kernel>();
  /** The kernels that touch each buffer, where the cut is extended. */
  readonly #users = new Map<Buffer, Kernel[]>();
  /** What the last step has added. */
  #added: { kernels: Kernel[]; buffers: Buffer[] } = { kernels: [], buffers: [] };
  /** Whether rows of products may be taken apart, which makes several smaller products of one. */
  #splitsProducts = false;

  constructor(extent: number, written: Iterable<Buffer>) {
    this.#extent = extent;
    this.#written = new Set(written);
  }

  /** Takes up a cut to extend it. */
  static of({ extent, axes, strides }: Rows): RowCut {
    const cut = new RowCut(extent, strides.keys());
    for (const [kernel, axis] of axes) cut.take(kernel, axis);
    cut.#addUsers(axes.keys());
    cut.#splitsProducts = true;
    return cut;
  }

  /** Adds a step that shares a buffer with those before; returns false, and nothing changes, if rows would meet. */
  extend(step: Step): boolean {
    const kernels = kernelsOf([step]);
    const stores = new Set(kernels.flatMap(({ stores }) => stores.map(({ buffer }) => buffer)));
    const written = [...stores].filter((buffer) => !this.#written.has(buffer));
    this.#added = { kernels: [], buffers: [] };
    for (const buffer of written) this.#written.add(buffer);
    // What the others read of what is written now must keep to their rows too.
    const others = new Set(written.flatMap((buffer) => this.#users.get(buffer) ?? []));
    const isCut = [...others].every((own) => this.take(own, this.#axes.get(own) as Axis)) &&
      kernels.some((kernel) => isConnected(kernel, this.#strides)) && this.spread(kernels);
    if (isCut) this.#addUsers(this.#added.kernels);
    else {
      for (const buffer of written) this.#written.delete(buffer);
      for (const kernel of this.#added.kernels) this.#axes.delete(kernel);
      for (const buffer of this.#added.buffers) this.#strides.delete(buffer);
    }
    return isCut;
  }

  #addUsers(kernels: Iterable<Kernel>): void {
    for (const kernel of kernels) {
      for (const { buffer } of accessesOf(kernel)) {
        const users = this.#users.get(buffer);
        if (users) users.push(kernel);
        else this.#users.set(buffer, [kernel]);
      }
    }
  }

  /** Takes an axis of a kernel, if it may count its rows. */
  take(kernel: Kernel, axis: Axis): boolean {
    return this.#fits(kernel, axis) && this.#settle(kernel, kernel, axis);
  }

  /** Finds the axes of kernels: everything that shares a buffer with what is cut must follow. */
  spread(kernels: readonly Kernel[]): boolean {
    let waiting = kernels;
    while (waiting.length > 0) {
      // First those whose axis follows from a buffer that is cut already.
      const kernel = waiting.find((one) => isConnected(one, this.#strides)) ?? waiting[0];
      const plain = axesOf(kernel).find((axis) =>
        axis.extent === this.#extent && this.#fits(kernel, axis)
      );
      if (plain) {
        if (!this.#settle(kernel, kernel, plain)) return false;
      } else {
        const apart = splitAxis(kernel, this.#extent, this.#strides, this.#splitsProducts);
        if (!apart || !this.#fits(apart.kernel, apart.row)) return false;
        if (!this.#settle(kernel, apart.kernel, apart.row)) return false;
      }
      waiting = waiting.filter((other) => other !== kernel);
    }
    return true;
  }

  /** Gives the cut of steps that were all added. */
  finish(steps: readonly Step[]): Rows {
    const replace = (list: readonly Step[]): Step[] =>
      list.map((step) =>
        step.kind === "loop"
          ? { ...step, steps: replace(step.steps) }
          : this.#split.get(step) ?? step
      );
    return {
      steps: replace(steps),
      extent: this.#extent,
      axes: this.#axes,
      strides: this.#strides,
    };
  }

  /** Whether an axis of a kernel may count its rows. */
  #fits(kernel: Kernel, axis: Axis): boolean {
    return accessesOf(kernel).every(({ buffer, index }) => {
      if (!this.#written.has(buffer)) return true;
      const stride = rowStride(index, axis);
      return stride > 0 && (this.#strides.get(buffer) ?? stride) === stride &&
        staysInRow(index, axis, stride);
    });
  }

  /** Gives a kernel its axis and learns the strides of what it touches; false if they disagree. */
  #settle(kernel: Kernel, own: Kernel, axis: Axis): boolean {
    for (const { buffer, index } of accessesOf(own)) {
      if (!this.#written.has(buffer)) continue;
      const stride = rowStride(index, axis);
      const known = this.#strides.get(buffer);
      if ((known ?? stride) !== stride) return false;
      if (known === undefined) this.#added.buffers.push(buffer);
      this.#strides.set(buffer, stride);
    }
    if (!this.#axes.has(own)) this.#added.kernels.push(own);
    this.#axes.set(own, axis);
    this.#split.set(kernel, own);
    return true;
  }
}

/** Takes an axis that was merged from several apart again, so that one of its parts counts rows. */
function splitAxis(
  kernel: Kernel,
  extent: number,
  strides: ReadonlyMap<Buffer, number>,
  splitsProducts: boolean,
): { readonly kernel: Kernel; readonly row: Axis } | undefined {
  if (kernel.kind === "matmul" && !splitsProducts) return undefined;
  for (const { buffer, index: at } of accessesOf(kernel)) {
    const stride = strides.get(buffer);
    if (stride === undefined) continue;
    for (const axis of axesOf(kernel)) {
      const step = rowStride(at, axis);
      const below = stride / step;
      if (step <= 0 || !Number.isInteger(below) || axis.extent % (extent * below) !== 0) continue;
      // A product for each of the outer part; the inner one must be a single place.
      if (kernel.kind === "matmul" && (below !== 1 || kernel.batch.includes(axis))) continue;
      return takeApart(kernel, axis, extent, below);
    }
  }
  return undefined;
}

/** Takes an axis of a kernel apart into three, the middle of which counts rows. */
export function takeApart(
  kernel: Kernel,
  axis: Axis,
  extent: number,
  below: number,
): { readonly kernel: Kernel; readonly row: Axis } {
  const parts: Axis[] = [
    { name: axis.name, extent: axis.extent / (extent * below) },
    { name: "row", extent },
    { name: axis.name, extent: below },
  ];
  const [outer, row] = parts;
  const whole = flattenIndex(parts.map(axisExpression), parts.map((part) => part.extent));
  const mapped = substituteAxis(kernel, axis, whole);
  const swap = (axes: readonly Axis[]) => axes.flatMap((one) => one === axis ? parts : [one]);
  if (mapped.kind === "map") return { kernel: { ...mapped, axes: swap(mapped.axes) }, row };
  if (mapped.kind === "reduce") {
    const { axes, inner } = mapped;
    return { kernel: { ...mapped, axes: swap(axes), inner: swap(inner) }, row };
  }
  const [first, second] = [mapped.row, mapped.column].map((side) => side === axis ? row : side);
  return {
    kernel: { ...mapped, batch: [...mapped.batch, outer], row: first, column: second },
    row,
  };
}

/** Computes how far one step of an axis moves an index; 0 if not at all, or not evenly. */
export function rowStride(index: Expression, axis: Axis): number {
  let stride = 0;
  for (const { base, factor } of splitTerms(index).terms) {
    if (base.kind === "axis" && base.axis === axis) stride += factor;
  }
  return stride;
}

/**
 * Returns whether elements at different places of an axis, `stride` apart, are always different ones, but for whole
 * periods: what the axis spans, if nothing else is said.
 */
export function staysInRow(
  index: Expression,
  axis: Axis,
  stride: number,
  period = stride * axis.extent,
): boolean {
  const { constant, terms } = splitTerms(index);
  let min = ((constant % period) + period) % period;
  let max = min;
  for (const { base, factor } of terms) {
    if (base.kind === "axis" && base.axis === axis) continue;
    if (factor % period === 0) continue;
    const range = rangeOf(base);
    const [a, b] = [range.min * factor, range.max * factor];
    min += Math.min(a, b);
    max += Math.max(a, b);
  }
  return min >= 0 && max < stride;
}
