/**
 * Decides how products of matrices are computed: tiles of rows by vectors of columns, whose sums stay in registers.
 *
 * The right operand is read in panels, as wide as a tile. Where its columns do not lie next to each other, or
 * where many rows read it and it is large, a panel is copied first; if nothing in the outermost loop around
 * changes it, all panels are copied once before that loop. So is a left operand whose terms lie far apart.
 *
 * @module
 */
import {
  type AffineIndex,
  affineIndex,
  type Buffer,
  type Expression,
} from "../../ir/expression.ts";
import type { MatmulKernel } from "../../loops/program.ts";
import { type Segment, segmentsOf } from "./kernels.ts";

/** What a processor has for a product. */
export interface Machine {
  /** Numbers that a vector register holds: 4, 8 or 16. */
  readonly lanes: number;
  /** How many vector registers there are. */
  readonly registers: number;
}

/** Sums of a tile in registers. */
export interface Tile {
  readonly rows: number;
  /** Vectors of columns. */
  readonly vectors: number;
}

/** A product with all that is decided of it. */
export interface ProductPlan {
  readonly kernel: MatmulKernel;
  readonly x: AffineIndex;
  readonly y: AffineIndex;
  readonly tile: Tile;
  /** Columns next to each other: panels of `tile.vectors` vectors, then what is left. */
  readonly panels: readonly Panel[];
  /** When panels of the right operand are copied. */
  readonly pack: "never" | "each" | "ahead";
  /** Whether the left operand is copied first, the rows of each tile next to each other. */
  readonly packsLeft: boolean;
  /** Floats of memory of its own: panels, the left operand and sums. */
  readonly scratch: { readonly panel: number; readonly left: number; readonly sums: number };
}

/** Columns that a tile has. */
export interface Panel {
  readonly start: number;
  /** How many such panels there are, one after the other. */
  readonly count: number;
  /** Its vectors, in order. */
  readonly segments: readonly Segment[];
  readonly columns: number;
  /** Numbers of its vectors, those that do not count included. */
  readonly width: number;
  /** The same of all panels before it. */
  readonly before: number;
  /** Rows of its tiles: fewer than of others where shorter vectors make it wider. */
  readonly rows: number;
}

/** Terms that are added before a tile is added to what it had in memory, while its operands stay in the cache. */
export const BLOCK_TERMS = 512;
/** With more terms than this, totals are doubles. */
export const MANY_TERMS = 1 << 14;
/** Rows from which on a copy of a panel pays. */
const MIN_PACKED_ROWS = 24;
/** Right operands of fewer elements than this stay in the first cache however they lie. */
const SMALL_OPERAND = 6000;
/** Numbers between the terms of a left operand from which on each is in a line of the cache, and many in the same place. */
const FAR_APART = 64;
/** Left operands of fewer elements stay in the second cache however they lie. */
const LARGE_OPERAND = 1 << 14;
/** Panels that repay a copy of the left operand. */
const MIN_PANELS = 4;

/** Decides how a product is computed. */
export function planProduct(
  kernel: MatmulKernel,
  machine: Machine,
  isFixed: (buffer: Buffer, base: Expression) => boolean,
): ProductPlan {
  // A vector on the right is a vector on the left of the transposed product.
  if (kernel.column.extent === 1 && kernel.row.extent > 1) {
    const { row, column, x, y } = kernel;
    return planProduct({ ...kernel, row: column, column: row, x: y, y: x }, machine, isFixed);
  }
  const { batch, row, column, inner } = kernel;
  const axes = [...batch, row, column, inner];
  const [x, y] = [kernel.x, kernel.y].map(({ index }) => affineIndex(index, axes));
  if (!x || !y) throw new Error(`Cannot print ${kernel.name}: an operand's index is not affine`);
  const [m, k, n] = [row.extent, inner.extent, column.extent];
  const tile = chooseTile(m, n, machine);
  const panels = panelsOf(m, n, tile, machine);
  const isRow = y.strides.get(column) === 1;
  const isLarge = k * n > SMALL_OPERAND;
  const fixed = batch.length === 0 && (isLarge || !isRow) && isFixed(kernel.y.buffer, y.base);
  const pack = fixed ? "ahead" : !isRow || (isLarge && m >= MIN_PACKED_ROWS) ? "each" : "never";
  const padded = panels.reduce((sum, { count, width }) => sum + count * width, 0);
  const widest = Math.max(...panels.map(({ width }) => width));
  const packsLeft = (x.strides.get(inner) ?? 0) >= FAR_APART && m * k >= LARGE_OPERAND &&
    panels[0].count >= MIN_PANELS;
  const scratch = {
    left: packsLeft ? m * k : 0,
    panel: pack === "ahead" ? padded * k : pack === "each" ? widest * k : 0,
    sums: k > BLOCK_TERMS ? m * widest * (k > MANY_TERMS ? 2 : 1) : 0,
  };
  return { kernel, x, y, tile, panels, pack, packsLeft, scratch };
}

/** Chooses the tile that takes the fewest cycles for all rows and columns. */
function chooseTile(m: number, n: number, { lanes, registers }: Machine): Tile {
  const whole = Math.max(1, Math.floor(n / lanes));
  let best = { rows: 1, vectors: 1, cost: Infinity };
  for (let vectors = 1; vectors <= Math.min(4, whole); vectors++) {
    for (let rows = 1; rows <= Math.min(28, m); rows++) {
      if ((rows + 1) * vectors + 1 > registers && rows > 1) continue;
      const rounds = Math.floor(m / rows);
      const panels = Math.floor(whole / vectors);
      const cycles = (r: number, v: number) =>
        r === 0 || v === 0 ? 0 : Math.max(r * v / 2, (r + v) / 2, 4) + 0.5;
      const columnsOf = (v: number) => rounds * cycles(rows, v) + cycles(m % rows, v);
      const cost = panels * columnsOf(vectors) + columnsOf(whole % vectors);
      if (cost < best.cost - 1e-9) best = { rows, vectors, cost };
    }
  }
  return { rows: best.rows, vectors: best.vectors };
}

function panelsOf(m: number, n: number, tile: Tile, { lanes, registers }: Machine): Panel[] {
  const panels: Panel[] = [];
  let [start, before] = [0, 0];
  const add = (count: number, segments: readonly Segment[], columns: number) => {
    if (count === 0 || columns === 0) return;
    const width = segments.reduce((sum, { width, vectors }) => sum + width * vectors, 0);
    const vectors = segments.reduce((sum, { vectors }) => sum + vectors, 0);
    const fit = Math.floor((registers - 1) / vectors) - 1;
    const rows = Math.min(m, tile.rows, Math.max(1, fit));
    panels.push({ start, count, segments, columns, width, before, rows });
    start += count * columns;
    before += count * width;
  };
  const whole = Math.floor(n / lanes);
  // Shorter vectors share what they read of the left operand with a single whole one.
  const count = whole === 1 && n > lanes ? 0 : Math.floor(whole / tile.vectors);
  const columns = lanes * tile.vectors;
  add(count, segmentsOf(columns, lanes), columns);
  // What is left is one panel: whole vectors, and shorter ones.
  add(1, segmentsOf(n - start, lanes), n - start);
  return panels;
}
