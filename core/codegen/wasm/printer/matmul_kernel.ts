/**
 * Prints matrix products: those of `matmul/matmul.ts`, with the kernel's stores as the epilogue of each
 * finished tile.
 *
 * @module
 */
import {
  accumulator,
  addIndex,
  type AffineIndex,
  affineIndex,
  type Axis,
  axisExpression,
  type Buffer,
  type Expression,
  scaleIndex,
} from "../../../ir/expression.ts";
import type { MatmulKernel } from "../../../loops/program.ts";
import { emptyProduct } from "../../cpu/plain_kernels.ts";
import {
  type Address,
  emitMatmul,
  emitPackY,
  type Epilogue,
  type MatmulPlan,
  planMatmul,
  type Position,
  type Strides,
} from "../matmul/matmul.ts";
import type { BlasProduct } from "../../../loops/blas_product.ts";
import { i32 } from "../assembler/module.ts";
import type { Emitter } from "./emitter.ts";
import { forPoints } from "./loops.ts";
import { printMap } from "./map_kernel.ts";

export { blasProduct } from "../../../loops/blas_product.ts";

/** A product with all that is decided of it. */
export interface PlannedMatmul {
  readonly kernel: MatmulKernel;
  readonly plan: MatmulPlan;
  readonly x: AffineIndex;
  readonly y: AffineIndex;
  /** Bytes of scratch memory it needs while it runs. */
  readonly scratchBytes: number;
}

/** Decides how a product is computed; `undefined` if it has no terms. */
export function planProduct(kernel: MatmulKernel, packedY = false): PlannedMatmul | undefined {
  if (kernel.inner.extent === 0) return undefined;
  // A vector on the right is a vector on the left of the transposed product.
  if (kernel.column.extent === 1 && kernel.row.extent > 1) return planProduct(transposed(kernel));
  const { batch, row, column, inner } = kernel;
  const axes = [...batch, row, column, inner];
  const [x, y] = [kernel.x, kernel.y].map(({ index }) => affineIndex(index, axes));
  if (!x || !y) throw new Error(`Cannot print ${kernel.name}: an operand's index is not affine`);
  const plan = planMatmul({
    m: row.extent,
    k: inner.extent,
    n: column.extent,
    x: stridesOf(x, row, inner),
    y: stridesOf(y, inner, column),
    packedY,
  });
  return { kernel, plan, x, y, scratchBytes: plan.scratchBytes };
}

function transposed(kernel: MatmulKernel): MatmulKernel {
  return { ...kernel, row: kernel.column, column: kernel.row, x: kernel.y, y: kernel.x };
}

function stridesOf({ strides }: AffineIndex, row: Axis, column: Axis): Strides {
  return { rowStride: strides.get(row) ?? 0, columnStride: strides.get(column) ?? 0 };
}

/** Emits a product without terms. */
export function printEmptyProduct(emitter: Emitter, kernel: MatmulKernel): void {
  printMap(emitter, emptyProduct(kernel));
}

/** Packs the right operand of a product, once for many. */
export function printPacking(emitter: Emitter, product: PlannedMatmul, to: Address): void {
  emitter.within([], () => {
    const { kernel, plan, y } = product;
    emitPackY(emitter.code, plan, startOf(emitter, kernel.y, y), to);
  });
}

/** Emits a product. */
export function printMatmul(
  emitter: Emitter,
  { kernel, plan, x, y }: PlannedMatmul,
  memory: { readonly scratch: Address; readonly packed?: Address },
): void {
  const { code } = emitter;
  const { batch, stores } = kernel;
  const hoist = () => {
    emitter.hoistStores(stores);
    emitter.hoistIndex(kernel.x.buffer, kernel.x.index);
    emitter.hoistIndex(kernel.y.buffer, kernel.y.index);
  };
  emitter.along(kernel.column, () => {
    forPoints(emitter, batch, { work: Infinity, hoist }, () => {
      emitMatmul(code, plan, {
        x: startOf(emitter, kernel.x, x, batch),
        y: memory.packed ?? startOf(emitter, kernel.y, y, batch),
        scratch: memory.scratch,
        result: epilogueOf(emitter, kernel),
      });
    });
  });
}

/** Emits a product as a call for each element of its batch. */
export function printCall(
  emitter: Emitter,
  { batch, row, column, inner, x, y, stores: [{ buffer, index }] }: MatmulKernel,
  call: BlasProduct,
  sgemm: number,
): void {
  const { code } = emitter;
  const axes = [row, column, inner];
  const pushMatrix = (of: Buffer, at: Expression, stride: number) => {
    const start = affineIndex(at, axes);
    if (!start) throw new Error("Cannot print a call: an index is not affine");
    const { base, offset } = emitter.address(of, start.base);
    code.get(base);
    code.i32Const(offset);
    code.op(i32.add);
    code.i32Const(stride);
  };
  const print = () => {
    for (const { transposed } of [call.x, call.y]) code.i32Const(transposed ? 1 : 0);
    for (const { extent } of axes) code.i32Const(extent);
    pushMatrix(x.buffer, x.index, call.x.stride);
    pushMatrix(y.buffer, y.index, call.y.stride);
    pushMatrix(buffer, index, call.stride);
    code.call(sgemm);
  };
  emitter.within([], () => forPoints(emitter, batch, { work: Infinity, hoist: () => {} }, print));
}

/** Where an operand begins, at the current values of the axes around. */
function startOf(
  emitter: Emitter,
  operand: Expression & { readonly kind: "load" },
  { base, strides }: AffineIndex,
  batch: readonly Axis[] = [],
): Address {
  let start = base;
  for (const axis of batch) {
    const stride = strides.get(axis) ?? 0;
    if (stride !== 0) start = addIndex(start, scaleIndex(axisExpression(axis), stride));
  }
  return emitter.address(operand.buffer, start);
}

function epilogueOf(emitter: Emitter, { row, column, stores }: MatmulKernel): Epilogue {
  const result = accumulator("f32", 0);
  const moved = ({ local, constant }: Position, by: number) => ({ local, constant: constant + by });
  return (_code, tile) => {
    const at = [[row, tile.row], [column, tile.column]] as const;
    emitter.within(at, () => {
      emitter.hoistStores(stores);
      const vectors = tile.sums[0].length;
      for (let v = 0; v < vectors; v++) {
        const lanes = Math.min(4, tile.columns - 4 * v);
        emitter.within([[column, moved(tile.column, 4 * v)]], () => {
          emitter.hoistStores(stores);
          tile.sums.forEach((sums, r) => {
            emitter.within([[row, moved(tile.row, r)]], () => {
              emitter.know(result, sums[v]);
              emitter.emitStores(stores);
            });
          });
        }, lanes);
      }
    });
  };
}
