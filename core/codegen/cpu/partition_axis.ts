/**
 * Partitions a kernel among threads along one of its axes.
 *
 * @module
 */
import { accessesOf } from "../../loops/accesses.ts";
import { type Axis, axisExpression, type Buffer, index, scaleIndex } from "../../ir/expression.ts";
import { axesOf, type Kernel } from "../../loops/program.ts";
import { rowStride, staysInRow } from "../../loops/rows.ts";
import { cutAxis } from "./cut_axis.ts";

/** A kernel partitioned among threads. */
export interface KernelPartition {
  /** What a thread computes, in terms of the thread's number. */
  readonly part: Kernel;
  /** What is left over, if the axis does not divide evenly. */
  readonly rest: Kernel | undefined;
  /** The axis that is cut, as it was. */
  readonly axis: Axis;
  /** Places of the axis that each thread has. */
  readonly chunk: number;
  /** Time of the longest part as a fraction of the whole. */
  readonly fraction: number;
}

/** Floats in a cache line: threads had better not write the same one. */
const LINE = 16;
const LANES = 4;

/**
 * Partitions a kernel along the axis that divides it best.
 *
 * @param kernel The kernel.
 * @param thread The number of the thread, 0 … extent − 1.
 * @returns The parts, or `undefined` if no axis can be cut.
 */
export function partitionKernel(kernel: Kernel, thread: Axis): KernelPartition | undefined {
  let best: { axis: Axis; chunk: number; fraction: number; cost: number } | undefined;
  axesOf(kernel).forEach((axis, place) => {
    if (!mayCut(kernel, axis)) return;
    const chunk = chunkOf(kernel, axis, thread.extent);
    if (chunk === 0) return;
    const rest = axis.extent - chunk * thread.extent;
    const fraction = (chunk + rest) / axis.extent;
    // Of equals the outermost; of a product's sides the longer, because all threads read the other whole.
    const again = kernel.kind === "matmul" && axis !== kernel.column && axis !== kernel.row
      ? 0
      : kernel.kind === "matmul"
      ? 0.2 * Math.min(1, kernel.row.extent * kernel.column.extent / axis.extent / axis.extent / 2)
      : 0.01 * place;
    const cost = fraction + again;
    if (best === undefined || cost < best.cost) best = { axis, chunk, fraction, cost };
  });
  if (best === undefined) return undefined;
  const { axis, chunk, fraction } = best;
  const done = chunk * thread.extent;
  return {
    part: cutAxis(kernel, axis, chunk, scaleIndex(axisExpression(thread), chunk)),
    rest: done === axis.extent ? undefined : cutAxis(kernel, axis, axis.extent - done, index(done)),
    axis,
    chunk,
    fraction,
  };
}

/** Returns whether the places of an axis can be computed apart: they write different elements. */
function mayCut(kernel: Kernel, axis: Axis): boolean {
  if (axis.extent < 2) return false;
  return kernel.stores.every(({ index, mode }) => {
    if (mode === "set") return true;
    const stride = rowStride(index, axis);
    return stride > 0 && staysInRow(index, axis, stride);
  });
}

/** Chooses the places that each thread gets: whole cache lines of what is written, or vectors, where there are many. */
function chunkOf(kernel: Kernel, axis: Axis, threads: number): number {
  const even = axis.extent / threads;
  if (!kernel.stores.some(({ index }) => rowStride(index, axis) === 1)) return Math.floor(even);
  if (Number.isInteger(even / LANES)) return even;
  const unit = even >= 4 * LINE ? LINE : LANES;
  return Math.floor(even / unit) * unit;
}

/**
 * Describes how the elements that a kernel touches of a buffer fall to threads: two accesses of one
 * buffer with equal keys never meet across threads. `undefined` if threads touch each other's.
 */
export function cutKey(
  kernel: Kernel,
  axis: Axis,
  chunk: number,
  buffer: Buffer,
): string | undefined {
  let key: string | undefined;
  for (const access of accessesOf(kernel)) {
    if (access.buffer !== buffer) continue;
    const stride = rowStride(access.index, axis);
    if (stride <= 0 || !staysInRow(access.index, axis, stride)) return undefined;
    const own = `${stride * chunk}/${stride * axis.extent}`;
    if (key !== undefined && key !== own) return undefined;
    key = own;
  }
  return key;
}
