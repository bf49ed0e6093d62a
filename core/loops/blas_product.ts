/**
 * Reads products as a BLAS wants them.
 *
 * @module
 */
import { affineIndex } from "../ir/expression.ts";
import type { MatmulKernel } from "./program.ts";

/** Terms of a call that repay it, and reading its result once more. */
const MIN_TERMS = 100_000;

/** A product as BLAS wants it: row-major matrices, either operand perhaps transposed; one for each element of a batch. */
export interface BlasProduct {
  /** Whether `x` lies transposed, and elements from one of its lines to the next. */
  readonly x: { readonly transposed: boolean; readonly stride: number };
  /** The same of `y`. */
  readonly y: { readonly transposed: boolean; readonly stride: number };
  /** Elements from one row of the result to the next. */
  readonly stride: number;
}

/** Reads a product as one for BLAS; `undefined` if it is none, or too small. */
export function blasProduct(kernel: MatmulKernel): BlasProduct | undefined {
  const { batch, row, column, inner, stores } = kernel;
  const [m, n, k] = [row.extent, column.extent, inner.extent];
  if (m * n * k < MIN_TERMS || stores.length !== 1) return undefined;
  const [{ value, index, mode }] = stores;
  if (value.kind !== "accumulator" || mode !== "set") return undefined;
  const axes = [...batch, row, column, inner];
  const [x, y, z] = [kernel.x.index, kernel.y.index, index].map((at) => affineIndex(at, axes));
  if (!x || !y || !z) return undefined;
  const line = (of: typeof x, outer: typeof row, own: typeof row) => {
    // A single line may be as far from the next as one likes.
    const far = outer.extent === 1 ? own.extent : of.strides.get(outer) ?? 0;
    const near = own.extent === 1 ? 1 : of.strides.get(own) ?? 0;
    return near === 1 && far >= own.extent ? far : undefined;
  };
  const read = (of: typeof x, outer: typeof row, own: typeof row) => {
    const plain = line(of, outer, own);
    if (plain !== undefined) return { transposed: false, stride: plain };
    const other = line(of, own, outer);
    return other === undefined ? undefined : { transposed: true, stride: other };
  };
  const [left, right] = [read(x, row, inner), read(y, inner, column)];
  const stride = line(z, row, column);
  return left && right && stride !== undefined ? { x: left, y: right, stride } : undefined;
}
