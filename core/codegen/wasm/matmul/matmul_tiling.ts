/**
 * Cutting a dimension of a matrix product into tiles: loops, written-out copies, the shorter last tile.
 *
 * @module
 */
import { type FunctionBuilder, i32, type Local } from "../assembler/module.ts";
import type { Position } from "./matmul_operand.ts";

/** A range of rows or columns, known at run time: from the first local up to but not including the second. */
export interface RuntimeRange {
  /** First index; a multiple of the tile's size. */
  readonly from: Local;
  /** End; a multiple of the tile's size, or the size of the whole. */
  readonly to: Local;
}

/** How one dimension is cut into tiles. */
export interface DimensionTiling {
  /** The whole dimension. */
  readonly size: number;
  /** Size of a tile; the last one may be smaller. */
  readonly tile: number;
  /** The part to visit. Default all. */
  readonly range?: RuntimeRange;
  /** Up to this many whole tiles are written out, each with its own constants. */
  readonly unroll: number;
}

/** Visits the tiles of a dimension: in a loop, or written out. The body is told the size of its tile. */
export function forTiles(
  code: FunctionBuilder,
  { size, tile, range, unroll }: DimensionTiling,
  body: (position: Position, count: number) => void,
): void {
  const whole = Math.floor(size / tile);
  const rest = size - whole * tile;
  if (range === undefined) {
    if (whole <= unroll) {
      for (let i = 0; i < whole; i++) body({ constant: i * tile }, tile);
    } else {code.repeat({ to: whole * tile, step: tile }, (local) =>
        body({ local, constant: 0 }, tile));}
    if (rest > 0) body({ constant: whole * tile }, rest);
    return;
  }
  if (whole > 0) {
    code.scope(() => {
      // The range may end in the shorter last tile: whole tiles end where it begins.
      const end = code.local("i32");
      code.get(range.to);
      code.i32Const(whole * tile);
      code.get(range.to);
      code.i32Const(whole * tile);
      code.op(i32.lt_s);
      code.select();
      code.set(end);
      code.repeat({
        from: { local: range.from },
        to: { local: end },
        step: tile,
      }, (local) => body({ local, constant: 0 }, tile));
    });
  }
  if (rest > 0) {
    code.get(range.to);
    code.i32Const(whole * tile);
    code.op(i32.gt_s);
    code.if(() =>
      code.scope(() => {
        // In a local, because operands may be addressed from the first element of the range.
        const local = code.local("i32");
        code.i32Const(whole * tile);
        code.set(local);
        body({ local, constant: 0 }, rest);
      })
    );
  }
}
