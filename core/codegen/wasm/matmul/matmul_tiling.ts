/**
 * Cutting a dimension of a matrix product into tiles: loops, written-out copies, the shorter last tile.
 *
 * @module
 */
import type { FunctionBuilder } from "../assembler/module.ts";
import type { Position } from "./matmul_operand.ts";

/** Tiles of one size, next to each other. */
export interface Tiles {
  readonly first: number;
  readonly size: number;
  readonly count: number;
}

/** How one dimension is cut into tiles. */
export interface DimensionTiling {
  /** The whole dimension. */
  readonly size: number;
  /** Size of a tile. */
  readonly tile: number;
  /** Size of other tiles, which may come after those if that spares a short last one. Default none. */
  readonly other?: number;
  /** Up to this many tiles of a size are written out, each with its own constants. */
  readonly unroll: number;
}

/** Visits the tiles of a dimension: in loops, or written out. The body is told the size of its tile. */
export function forTiles(
  code: FunctionBuilder,
  tiling: DimensionTiling,
  body: (position: Position, count: number) => void,
): void {
  for (const { first, size, count } of cutIntoTiles(tiling)) {
    if (count <= Math.max(1, tiling.unroll)) {
      for (let i = 0; i < count; i++) body({ constant: first + i * size }, size);
    } else {
      code.repeat(
        { to: count * size, step: size },
        (local) => body({ local, constant: first }, size),
      );
    }
  }
}

/** Cuts a dimension into tiles, the last one perhaps shorter. */
export function cutIntoTiles({ size, tile, other }: Omit<DimensionTiling, "unroll">): Tiles[] {
  let whole = Math.floor(size / tile);
  // As few others as fill the rest, if any number does.
  for (let fewer = whole; other !== undefined && fewer >= 0; fewer--) {
    if ((size - fewer * tile) % other !== 0) continue;
    whole = fewer;
    break;
  }
  const rest = size - whole * tile;
  const last = other !== undefined && rest % other === 0 ? other : rest;
  const tiles = [
    { first: 0, size: tile, count: whole },
    { first: whole * tile, size: last, count: last > 0 ? rest / last : 0 },
  ];
  return tiles.filter(({ count }) => count > 0);
}
