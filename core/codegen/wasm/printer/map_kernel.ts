/**
 * Prints elementwise kernels.
 *
 * @module
 */
import type { Axis } from "../../../ir/expression.ts";
import type { MapKernel, Store } from "../../../loops/program.ts";
import { instructionsOf, slowDepthOf } from "../../cpu/instructions.ts";
import type { Emitter } from "./emitter.ts";
import type { Binding } from "./frame.ts";
import { forPoints, forVectors } from "./loops.ts";
import { printBlocks, transposedBlocks } from "./transposed_map.ts";
import { cheapestAxis, mapCost } from "../../cpu/vector_axis.ts";

/** Vectors that are computed at once where that helps. */
const TOGETHER = 4;

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
  const work = instructionsOf(stores.map(({ value }) => value)) + stores.length;
  const hoist = () => emitter.hoistStores(stores);
  const others = axes.filter((other) => other !== axis);
  const vectors = axis ? Math.ceil(axis.extent / 4) : 1;
  // Where slow operations wait for slow operations, the next vectors have others to do meanwhile.
  const waits = slowDepthOf(stores.map(({ value }) => value)) > 1 &&
    stores.every(({ mode }) => mode === "set");
  const group = waits
    ? {
      unroll: TOGETHER,
      together: (points: readonly (readonly [Axis, Binding])[][]) =>
        emitter.emitStoresTogether(stores, points),
    }
    : {};
  emitter.along(axis, () => {
    forPoints(emitter, others, { work: work * vectors, hoist }, () => {
      if (axis) {
        forVectors(emitter, axis, { work, hoist, ...group }, () => emitter.emitStores(stores));
      } else emitter.within([], () => emitter.emitStores(stores), 1);
    });
  });
}
