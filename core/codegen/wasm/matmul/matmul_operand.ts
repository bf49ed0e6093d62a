/**
 * What matrix products read and what they hand over: operands with their strides, addresses, and the finished
 * tiles that an epilogue stores.
 *
 * @module
 */
import { type FunctionBuilder, i32, type Local, store, storeLane } from "../assembler/module.ts";

/** Floats in a vector. */
export const LANES = 4;
/** Bytes in a float. */
export const FLOAT_BYTES = 4;
/** Bytes in a vector. */
export const VECTOR_BYTES = LANES * FLOAT_BYTES;

/** A matrix in memory: element (row, column) is at `base + offset + 4 (row · rowStride + column · columnStride)`. */
export interface MatrixOperand {
  /** Byte address, an i32 local. */
  readonly base: Local;
  /** Constant bytes added to the address. Default 0. */
  readonly offset?: number;
  /** Elements from one row to the next; not negative. */
  readonly rowStride: number;
  /** Elements from one column to the next; not negative. */
  readonly columnStride: number;
}

/** An index: a constant, or a constant added to an i32 local. */
export interface Position {
  /** The part known only at run time. */
  readonly local?: Local;
  /** The part known now. */
  readonly constant: number;
}

/** A finished tile: what an epilogue is given. */
export interface Tile {
  /** First row of the result in this tile. */
  readonly row: Position;
  /** First column of the result in this tile. */
  readonly column: Position;
  /** Number of rows. */
  readonly rows: number;
  /** Number of columns; the last vector may be partly garbage. */
  readonly columns: number;
  /** The sums: `sums[r][v]` holds columns `4v` to `4v + 3` of row `r`. */
  readonly sums: readonly (readonly Local[])[];
}

/** Consumes a finished tile: applies what follows the product and stores it. */
export type Epilogue = (code: FunctionBuilder, tile: Tile) => void;

/** An address in two parts: an i32 local and a constant. */
export interface Address {
  /** Byte address, an i32 local. */
  readonly base: Local;
  /** Constant bytes added to it. */
  readonly offset: number;
}

/** Computes the address of an element; emits code only for what is not constant. */
export function addressOf(
  code: FunctionBuilder,
  operand: MatrixOperand,
  row: Position,
  column: Position,
): Address {
  const { base, offset = 0, rowStride, columnStride } = operand;
  const constant = offset +
    FLOAT_BYTES * (row.constant * rowStride + column.constant * columnStride);
  const moves: [Local, number][] = [];
  if (row.local !== undefined && rowStride !== 0) {
    moves.push([row.local, rowStride]);
  }
  if (column.local !== undefined && columnStride !== 0) {
    moves.push([column.local, columnStride]);
  }
  if (moves.length === 0) return { base, offset: constant };
  code.get(base);
  for (const [local, stride] of moves) {
    code.get(local);
    code.i32Const(stride * FLOAT_BYTES);
    code.op(i32.mul);
    code.op(i32.add);
  }
  return { base: code.take("i32"), offset: constant };
}

/** Address of the packed panel that begins at an element: panels before it hold `k` floats an element. */
export function packedAddress(
  code: FunctionBuilder,
  to: Address,
  element: Position,
  k: number,
): Address {
  return addressOf(code, { ...to, rowStride: k, columnStride: 1 }, element, {
    constant: 0,
  });
}

/** Makes an epilogue that stores the sums as they are. */
export function storeTo(out: MatrixOperand): Epilogue {
  return (code, tile) => {
    const { base, offset } = addressOf(code, out, tile.row, tile.column);
    forEachVector(tile, (sum, r, v, lanes) => {
      emitStoreLanes(
        code,
        base,
        offset + FLOAT_BYTES * (r * out.rowStride + v * LANES),
        sum,
        lanes,
      );
    });
  };
}

/** Visits the vectors of a tile with their row, their position in the row and how many lanes count. */
export function forEachVector(
  tile: Tile,
  visit: (sum: Local, row: number, vector: number, lanes: number) => void,
): void {
  tile.sums.forEach((row, r) =>
    row.forEach((sum, v) => visit(sum, r, v, Math.min(LANES, tile.columns - v * LANES)))
  );
}

/** Stores the first `lanes` lanes of a vector. */
export function emitStoreLanes(
  code: FunctionBuilder,
  base: Local,
  offset: number,
  value: Local,
  lanes: number,
): void {
  code.get(base, value);
  if (lanes === LANES) {
    code.store(store.v128, offset);
    return;
  }
  if (lanes === 1) {
    code.storeLane(storeLane.lane32, 0, offset);
    return;
  }
  code.storeLane(storeLane.lane64, 0, offset);
  if (lanes === 3) {
    code.get(base, value);
    code.storeLane(storeLane.lane32, 2, offset + 2 * FLOAT_BYTES);
  }
}
