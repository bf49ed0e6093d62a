/**
 * Elementwise kernels that read along one axis and write along another: blocks of four by four elements,
 * which are transposed in registers.
 *
 * @module
 */
import type { Axis } from "../../../ir/expression.ts";
import { type Expression, index, visitExpression } from "../../../ir/expression.ts";
import type { MapKernel } from "../../../loops/program.ts";
import { cutAxis } from "../../cpu/cut_axis.ts";
import { transpose } from "../transpose.ts";
import type { Emitter } from "./emitter.ts";
import { forPoints, LANES } from "./loops.ts";
import { strideAlong } from "../../cpu/vector_axis.ts";

/** A kernel as blocks and what is left of it. */
export interface Blocks {
  /** The part of whole blocks. */
  readonly kernel: MapKernel;
  /** The axis along which it reads. */
  readonly read: Axis;
  /** The axis along which it writes. */
  readonly write: Axis;
  /** The rest, if the blocks do not cover all. */
  readonly rest: readonly MapKernel[];
}

/** Takes a kernel apart into blocks; `undefined` if it does not read and write along different axes. */
export function transposedBlocks(kernel: MapKernel): Blocks | undefined {
  const { axes, stores } = kernel;
  if (stores.length !== 1 || stores[0].mode !== "set") return undefined;
  const [{ index: place, value }] = stores;
  const write = axes.find((axis) => strideAlong(place, axis) === 1);
  const read = axes.find((axis) => axis !== write && readsAlong(value, axis));
  if (!write || !read || write.extent < LANES || read.extent < LANES) return undefined;
  if (readsAlong(value, write)) return undefined;
  const rest: MapKernel[] = [];
  let blocks = kernel;
  const cut = (axis: Axis): Axis => {
    const whole = axis.extent - axis.extent % LANES;
    if (whole === axis.extent) return axis;
    const place = blocks.axes.indexOf(axis);
    rest.push(cutAxis(blocks, axis, axis.extent - whole, index(whole)) as MapKernel);
    blocks = cutAxis(blocks, axis, whole, index(0)) as MapKernel;
    return blocks.axes[place];
  };
  const [readWhole, writeWhole] = [cut(read), cut(write)];
  return { kernel: blocks, read: readWhole, write: writeWhole, rest };
}

/** Returns whether all loads of an expression, of which there are some, are of neighbours along an axis. */
function readsAlong(value: Expression, axis: Axis): boolean {
  let [some, all] = [false, true];
  visitExpression(value, (part) => {
    if (part.kind !== "load") return;
    some = true;
    all &&= strideAlong(part.index, axis) === 1;
  });
  return some && all;
}

/** Emits the blocks of a kernel. */
export function printBlocks(emitter: Emitter, { kernel, read, write }: Blocks): void {
  const { code } = emitter;
  const [store] = kernel.stores;
  const hoist = () => emitter.along(read, () => emitter.hoist([store.value]));
  const others = kernel.axes.filter((axis) => axis !== read && axis !== write);
  // Along the axis read innermost: whole lines are read, and the lines written are few enough for a cache.
  forPoints(emitter, others, { work: Infinity, hoist }, () => {
    code.repeat({ to: write.extent, step: LANES }, (w) => {
      code.repeat({ to: read.extent, step: LANES }, (r) => {
        const at = (i: number, j: number) =>
          [
            [write, { local: w, constant: i }],
            [read, { local: r, constant: j }],
          ] as const;
        const rows = code.locals("v128", LANES);
        rows.forEach((row, i) =>
          emitter.within(at(i, 0), () =>
            emitter.along(read, () => {
              emitter.push(store.value);
              code.set(row);
            }))
        );
        transpose(code, rows).forEach((column, j) =>
          emitter.within(at(0, j), () =>
            emitter.along(write, () => {
              emitter.know(store.value, column);
              emitter.emitStores(kernel.stores);
            }))
        );
      });
    });
  });
}
