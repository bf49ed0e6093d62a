/**
 * Restricts kernels to parts of an axis.
 *
 * @module
 */
import { addIndex, type Axis, axisExpression, type Expression } from "../../ir/expression.ts";
import type { Kernel } from "../../loops/program.ts";
import { substituteAxis } from "../../loops/substitute_axis.ts";

/** Restricts a kernel to part of an axis: `extent` places from `first` on. */
export function cutAxis(kernel: Kernel, axis: Axis, extent: number, first: Expression): Kernel {
  const own: Axis = { name: axis.name, extent };
  const place = addIndex(first, axisExpression(own));
  return replaceAxis(kernel, axis, own, place);
}

function replaceAxis(kernel: Kernel, axis: Axis, own: Axis, place: Expression): Kernel {
  const swap = (axes: readonly Axis[]): Axis[] => axes.map((one) => one === axis ? own : one);
  const changed = substituteAxis(kernel, axis, place);
  if (changed.kind !== "matmul") return { ...changed, axes: swap(changed.axes) };
  const [row, column] = swap([changed.row, changed.column]);
  return { ...changed, batch: swap(changed.batch), row, column };
}
