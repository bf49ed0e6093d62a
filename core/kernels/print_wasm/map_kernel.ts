/**
 * Elementwise kernels as code.
 *
 * @module
 */
import type { Axis } from "../expression.ts";
import type { MapKernel, Store } from "../kernel.ts";
import type { Emitter } from "./emitter.ts";
import { forPoints, forVectors, workOf } from "./loops.ts";
import { printBlocks, transposedBlocks } from "./transposed_map.ts";
import { cheapestAxis, mapCost } from "./vector_axis.ts";

/** Emits an elementwise kernel. */
export function printMap(emitter: Emitter, kernel: MapKernel): void {
  const blocks = transposedBlocks(kernel);
  if (blocks) {
    printBlocks(emitter, blocks);
    for (const rest of blocks.rest) emitter.within([], () => printMap(emitter, rest));
    return;
  }
  const { axes, stores } = kernel;
  const values = stores.map(({ value }) => value);
  const { axis } = cheapestAxis(axes, (axis) => mapCost(axes, stores, values, axis));
  printPoints(emitter, axes, stores, axis);
}

function printPoints(
  emitter: Emitter,
  axes: readonly Axis[],
  stores: readonly Store[],
  axis: Axis | undefined,
): void {
  const work = workOf(stores.map(({ value }) => value)) + stores.length;
  const hoist = () => emitter.hoistStores(stores);
  const others = axes.filter((other) => other !== axis);
  const vectors = axis ? Math.ceil(axis.extent / 4) : 1;
  emitter.along(axis, () => {
    forPoints(emitter, others, { work: work * vectors, hoist }, () => {
      if (axis) forVectors(emitter, axis, { work, hoist }, () => emitter.emitStores(stores));
      else emitter.within([], () => emitter.emitStores(stores), 1);
    });
  });
}
