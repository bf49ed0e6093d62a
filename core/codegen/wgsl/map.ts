/**
 * Printing elementwise kernels: one invocation a point.
 *
 * @module
 */
import { pointsOf } from "../../loops/accesses.ts";
import type { Axis } from "../../ir/expression.ts";
import type { MapKernel } from "../../loops/program.ts";
import {
  axesOfAll,
  forEachPoint,
  type PrintContext,
  unflatten,
  writerFor,
  writeStores,
} from "./context.ts";

/** Writes an elementwise kernel. */
export function printMap(kernel: MapKernel, context: PrintContext): void {
  const used = axesOfAll(kernel.stores.flatMap(({ index, value }) => [index, value]));
  forEachPoint(context, pointsOf(kernel.axes), (point) => {
    const axes = new Map<Axis, string>();
    unflatten(context, kernel.axes, point, used, axes);
    writeStores(context, writerFor(context, axes), kernel.stores);
  });
}
