/**
 * What is added to the sums of a tile, and partial sums, which wait in memory until the next block of `k`.
 *
 * @module
 */
import { f32x4, f64x2, type FunctionBuilder, type Local, store } from "../assembler/module.ts";
import {
  addressOf,
  type Epilogue,
  FLOAT_BYTES,
  forEachVector,
  LANES,
  type MatrixOperand,
  storeTo,
  type Tile,
  VECTOR_BYTES,
} from "./matmul_operand.ts";
import { narrow, pushWide } from "./sums.ts";

/** Makes an epilogue that first adds a matrix to the sums. */
export function addingTo(operand: MatrixOperand, epilogue: Epilogue): Epilogue {
  return (code, tile) => {
    visitAt(code, operand, tile, (sum, base, offset) => {
      code.vector(base, offset);
      code.get(sum);
      code.op(f32x4.add);
      code.set(sum);
    });
    epilogue(code, tile);
  };
}

/** Makes an epilogue that first adds a matrix of double floats to the sums. */
export function addingWide(operand: MatrixOperand, epilogue: Epilogue): Epilogue {
  return (code, tile) => {
    visitAt(code, operand, tile, (sum, base, offset) => {
      narrow(code, (half) => pushWideSum(code, sum, half, base, offset));
      code.set(sum);
    });
    epilogue(code, tile);
  };
}

/** Makes an epilogue that adds the sums to a matrix, whose rows are whole vectors, perhaps of double floats. */
export function addInto(operand: MatrixOperand, isWide: boolean): Epilogue {
  if (!isWide) return addingTo(operand, storeTo(operand));
  return (code, tile) => {
    visitAt(code, operand, tile, (sum, base, offset) => {
      for (const half of [0, 1] as const) {
        code.get(base);
        pushWideSum(code, sum, half, base, offset);
        code.store(store.v128, offset + half * VECTOR_BYTES);
      }
    });
  };
}

function pushWideSum(
  code: FunctionBuilder,
  sum: Local,
  half: 0 | 1,
  base: Local,
  offset: number,
): void {
  code.vector(base, offset + half * VECTOR_BYTES);
  pushWide(code, sum, half);
  code.op(f64x2.add);
}

/** Visits the sums of a tile with the addresses of their elements of a matrix. */
function visitAt(
  code: FunctionBuilder,
  operand: MatrixOperand,
  tile: Tile,
  visit: (sum: Local, base: Local, offset: number) => void,
): void {
  code.scope(() => {
    const { base, offset } = addressOf(code, operand, tile.row, tile.column);
    const { rowStride, columnStride } = operand;
    forEachVector(tile, (sum, r, v) => {
      const element = r * rowStride + v * LANES * columnStride;
      visit(sum, base, offset + FLOAT_BYTES * element);
    });
  });
}
