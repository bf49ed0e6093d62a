/**
 * How a matrix product is computed, decided from its sizes and strides before any code is emitted: the shape
 * of the register tile, what is packed, and how `k` and the rows are cut into blocks that fit the caches.
 *
 * @module
 */
import { packedBytes } from "./matmul_pack.ts";
import { FLOAT_BYTES, LANES, VECTOR_BYTES } from "./matmul_operand.ts";
import { cutIntoTiles, type DimensionTiling, type Tiles } from "./matmul_tiling.ts";
import { STRAIGHT_LINE_OPERATIONS } from "./matmul_walk.ts";

/** Elements from one row and from one column to the next; static and not negative. */
export interface Strides {
  readonly rowStride: number;
  readonly columnStride: number;
}

/** A product of `x[m, k]` and `y[k, n]`. */
export interface MatmulShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly x: Strides;
  readonly y: Strides;
  /**
   * Whether the caller packs `y` once with `emitPackY`, and the product reads the packed copy: worth it when
   * `y` stays the same over many products, like the weights in a loop over time. Default false.
   */
  readonly packedY?: boolean;
  /** Rows and vectors of the register tile. Default: what the cost model likes best. */
  readonly tile?: TileShape;
}

/** A register tile: rows by vectors of four columns. */
export interface TileShape {
  readonly rows: number;
  readonly vectors: number;
}

/** A decided product. */
export interface MatmulPlan {
  readonly shape: MatmulShape;
  /** `dot` reads both operands along `k`; `splat` reads `y` along its columns. */
  readonly method: "splat" | "dot";
  /** The register tile. */
  readonly tile: TileShape;
  /** Whether blocks of `x` are copied into panels. */
  readonly packX: boolean;
  /** `panel`: each panel of `y` is copied just before it is used; `ahead`: the caller did. */
  readonly packY: "none" | "panel" | "ahead";
  /** Terms summed in one go; the partial sums of all but the last block go through memory. */
  readonly kBlock: number;
  /** Terms after which the sums in registers are added to totals, and start again from zero. */
  readonly chain: number;
  /** Whether partial sums are double floats: they are where there are many blocks of `k`. */
  readonly isWide: boolean;
  /** Rows that share a block of `x` in the second-level cache. */
  readonly rowBlock: number;
  /** Scratch memory `emitMatmul` needs, in bytes; 0 if none. One scratch a thread. */
  readonly scratchBytes: number;
  /** Size of the packed `y`, in bytes, if the caller packs it; else 0. */
  readonly packedYBytes: number;
}

/** Vector registers of the least of today's machines (x64 without AVX-512), one kept by the engine. */
const VECTOR_REGISTERS = 15;
/** Terms in a block of `k`: a panel of `y` of 8 columns then takes half of a 32 KiB first-level cache. */
const K_BLOCK_LIMIT = 512;
/** The same where there are no other rows to share a panel with. */
const ROW_K_BLOCK_LIMIT = 1024;
/**
 * Longest chain of additions in products of more terms than a block. Chains, their totals in a block, and blocks
 * then round equal terms by no more than (64 + 16 + 8) · 2⁻²⁶ of their sum, 1.3e-6, however many there are.
 * Products of up to a block are left alone: k terms round by no more than k · 2⁻²⁶, 8e-6.
 */
const CHAIN_LIMIT = 64;
/** Partial sums of more blocks than this are double floats. */
const NARROW_BLOCKS = 8;
/** A block of `x` takes no more than this, about a second-level cache. */
const X_BLOCK_BYTES = 768 * 1024;
/** An operand this small stays in the first-level cache, and is read where it lies. */
const NO_PACK_BYTES = 16 * 1024;
/** Products of fewer rows than this do not repay packing an operand whose columns are contiguous. */
const ROWS_WORTH_PACKING = 12;
/** Products of fewer rows than this do not repay transposing an operand. */
const ROWS_WORTH_TRANSPOSING = 12;
/** Bytes after which the lines of a first-level cache repeat. */
const PAGE_BYTES = 4096;
/** So many vectors of columns repay packing rows whose elements are next to each other. */
const PANELS_WORTH_PACKING = 16;
/** Estimated cycles a tile costs for its loop and its epilogue, as a share of a step along `k`. */
const TILE_OVERHEAD = 5;

/** Estimated cycles to fetch the code of a vector of sums and what follows it: a small program runs it but once. */
const FETCH = 20;

/** Estimated cycles to pack an element. */
const PACKING = 0.4;

/**
 * Rows of the tiles that keep a core busiest, two vectors wide: four of their elements of `x` are read at once, and
 * there are enough sums that none waits for itself.
 */
const WIDE_ROWS = 5;

/** What a panel of `y` that fills the first-level cache costs, as a factor. */
const CRAMPED_PANEL_COST = 1.1;

/**
 * Decides how to compute a product.
 *
 * @throws {RangeError} If a size is not positive or a stride is negative.
 */
export function planMatmul(shape: MatmulShape): MatmulPlan {
  const { m, k, n, x, y } = shape;
  if (!(m > 0 && k > 0 && n > 0)) {
    throw new RangeError(
      `Cannot plan a matrix product: wanted positive sizes, found m=${m} k=${k} n=${n}`,
    );
  }
  const strides = [x.rowStride, x.columnStride, y.rowStride, y.columnStride];
  if (strides.some((stride) => stride < 0)) {
    throw new RangeError(
      `Cannot plan a matrix product: wanted no negative stride, found ${strides.join(", ")}`,
    );
  }
  const method = choosesDot(shape) ? "dot" : "splat";
  const tile = shape.tile ??
    (method === "dot" ? dotTile(m, n) : splatTile(shape));
  const packY = shape.packedY
    ? "ahead"
    : method === "splat" && choosesPackY(shape, tile)
    ? "panel"
    : "none";
  const packX = method === "splat" && choosesPackX(shape, tile);
  const kBlocks = Math.ceil(k / (m <= tile.rows ? ROW_K_BLOCK_LIMIT : K_BLOCK_LIMIT));
  const kBlock = kBlocks === 1 ? k : Math.ceil(k / kBlocks / 8) * 8;
  const isWide = kBlocks > NARROW_BLOCKS;
  // Blocks alike: each packs all of y again.
  const rowLimit = Math.max(1, Math.floor(X_BLOCK_BYTES / (kBlock * FLOAT_BYTES)));
  const rowBlocks = Math.ceil(m / rowLimit);
  const rowBlock = Math.min(m, Math.ceil(m / rowBlocks / tile.rows) * tile.rows);
  const width = tile.vectors * LANES;
  return {
    shape,
    method,
    tile,
    packX,
    packY,
    kBlock,
    chain: k > K_BLOCK_LIMIT ? CHAIN_LIMIT : K_BLOCK_LIMIT,
    isWide,
    rowBlock,
    scratchBytes: scratchLayout({ shape, tile, packX, packY, kBlock, isWide, rowBlock }).bytes,
    packedYBytes: packY === "ahead" ? packedBytes(k, n, width) : 0,
  };
}

/** Where the parts of the scratch memory begin, in bytes, and how much there is. */
export interface ScratchLayout {
  readonly yPanel: number;
  readonly xPanels: number;
  readonly partialSums: number;
  readonly bytes: number;
}

/** Divides the scratch memory of a plan. */
export function scratchLayout(
  plan: Pick<
    MatmulPlan,
    "shape" | "tile" | "packX" | "packY" | "kBlock" | "isWide" | "rowBlock"
  >,
): ScratchLayout {
  const { shape: { k }, tile, kBlock, rowBlock } = plan;
  const width = tile.vectors * LANES;
  const yPanelBytes = plan.packY === "panel" ? kBlock * width * FLOAT_BYTES + VECTOR_BYTES : 0;
  const xPanelBytes = plan.packX ? packedBytes(kBlock, rowBlock, tile.rows) : 0;
  const sumBytes = kBlock < k ? rowBlock * partialRowBytes(plan) : 0;
  const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;
  const xPanels = align(yPanelBytes);
  const partialSums = xPanels + align(xPanelBytes);
  return {
    yPanel: 0,
    xPanels,
    partialSums,
    bytes: partialSums + align(sumBytes),
  };
}

/** Bytes of a row of partial sums: the columns, rounded up to whole vectors. */
export function partialRowBytes({ shape, isWide }: Pick<MatmulPlan, "shape" | "isWide">): number {
  const bytes = Math.ceil(shape.n / LANES) * VECTOR_BYTES * (isWide ? 2 : 1);
  // Rows a page apart would push each other out of the caches.
  return bytes % PAGE_BYTES === 0 ? bytes + 64 : bytes;
}

function choosesDot({ m, x, y, packedY }: MatmulShape): boolean {
  const alongK = x.columnStride === 1 && y.rowStride === 1 &&
    y.columnStride !== 1;
  return alongK && !packedY && m < ROWS_WORTH_TRANSPOSING;
}

function choosesPackY({ m, k, n, y }: MatmulShape, tile: TileShape): boolean {
  if (y.columnStride !== 1) return true;
  // Rows no wider than a panel are one already.
  if (y.rowStride <= tile.vectors * LANES) return false;
  return m >= ROWS_WORTH_PACKING && k * n * FLOAT_BYTES > NO_PACK_BYTES;
}

/**
 * How elements of `x` get into all lanes of a vector: each is read for itself, or four at once are read and spread from
 * there, which lie next to each other in successive rows or along `k`.
 */
export type Spreading = "none" | "rows" | "quads";

/** Chooses how a tile spreads elements of `x`: four at once where they lie so and there are registers for it. */
export function spreadingOf(
  { rows, vectors }: TileShape,
  nextTo: { readonly rows: boolean; readonly k: boolean },
): Spreading {
  const sums = rows * vectors;
  // The vectors of y, the elements that were read, and the one that was spread.
  if (nextTo.rows && rows > 1 && sums + vectors + 2 <= VECTOR_REGISTERS) return "rows";
  if (nextTo.k && sums + rows + Math.min(rows, vectors) + 1 <= VECTOR_REGISTERS) return "quads";
  return "none";
}

/** A tile of few sums is split into several chains, so that additions need not wait for each other. */
export function chainsOf(sums: number, k: number): number {
  return Math.max(1, Math.min(Math.floor(CHAINS_IN_FLIGHT / sums), Math.floor(k / 2), 4));
}

/** How rows are cut into tiles: after the widest ones there may be others, to spare a shorter last one. */
export function rowTiling(size: number, tile: number): Omit<DimensionTiling, "unroll"> {
  return { size, tile, other: tile === WIDE_ROWS ? LANES : undefined };
}

function choosesPackX({ m, k, n, x }: MatmulShape, tile: TileShape): boolean {
  if (n <= 2 * tile.vectors * LANES || m <= tile.rows) return false;
  // Rows a page apart fall on the same lines of a cache and push each other out.
  const crowded = x.rowStride * FLOAT_BYTES % PAGE_BYTES === 0 && n >= PANELS_WORTH_PACKING * LANES;
  const isLarge = m * k * FLOAT_BYTES > NO_PACK_BYTES;
  const isNear = x.columnStride === 1 && !crowded || !isLarge;
  // Four rows are read at once only where they lie next to each other.
  return !isNear || tile.rows === WIDE_ROWS && x.rowStride !== 1;
}

/** Instructions that an engine spends on a load of a vector, the check of its address included. */
const LOAD = 3;
/** The same where the load also spreads one element to all lanes. */
const SPREADING_LOAD = 4;
/** Instructions a core starts in a cycle, as measured: in loops, and where all is written out. */
const WIDTH = { looped: 5.4, straight: 5.7 } as const;
/** Cycles by which a shuffle holds up multiply-adds. */
const SHUFFLE_DELAY = 0.1;
/** Cycles from a multiply-add to the next of its chain. */
const LATENCY = 4;
/** Independent chains of multiply-adds that keep a core busy, which begins two in a cycle. */
const CHAINS_IN_FLIGHT = 2 * LATENCY;
/** Sums in a tile that are enough for none to wait for itself, what else holds them up included. */
const SUMS_IN_FLIGHT = 10;
/** What fewer cost, as a factor. */
const WAITING_COST = 1.07;

/**
 * Estimated cycles of one step along `k`, fitted to measurements: two multiply-adds a cycle, so many
 * instructions a cycle, and no faster than the sums' own latency allows. Deno's engine checks the address of
 * every load in instructions of its own, so that loads cost more than arithmetic.
 */
function stepCycles(
  { rows, vectors }: TileShape,
  k: number,
  spreading: Spreading,
  width: number,
): number {
  const sums = rows * vectors;
  const shuffles = spreading === "quads" ? rows : spreading === "rows" ? Math.min(rows, LANES) : 0;
  const loads = spreading === "quads" ? rows / LANES : Math.min(shuffles, 1);
  const x = LOAD * loads + shuffles + SPREADING_LOAD * (rows - shuffles);
  const waiting = sums < SUMS_IN_FLIGHT ? WAITING_COST : 1;
  return Math.max(
    waiting * sums / 2 + SHUFFLE_DELAY * shuffles,
    (x + vectors * LOAD + sums) / width,
    LATENCY / chainsOf(sums, k),
  );
}

/** Estimated cycles of a product with a given tile, its remainders included. */
function productCycles(
  shape: MatmulShape,
  k: number,
  tile: TileShape,
  rowTiles: readonly Tiles[],
): number {
  const { m, n, x, packedY } = shape;
  const packsX = choosesPackX(shape, tile);
  const packsY = !packedY && choosesPackY(shape, tile);
  const packing = PACKING * k * ((packsX ? m : 0) + (packsY ? n : 0));
  const vectors = Math.ceil(n / LANES);
  const nextTo = { rows: packsX || x.rowStride === 1, k: !packsX && x.columnStride === 1 };
  const cost = (rows: number, wide: number): number => {
    if (rows * wide === 0) return 0;
    const part = { rows, vectors: wide };
    const width = k * rows * wide <= STRAIGHT_LINE_OPERATIONS ? WIDTH.straight : WIDTH.looped;
    const spreading = spreadingOf(part, nextTo);
    // What is left of k is read one by one.
    const rest = spreading === "quads" ? k % LANES : 0;
    return (k - rest) * stepCycles(part, k, spreading, width) +
      rest * stepCycles(part, k, "none", width) + TILE_OVERHEAD;
  };
  const wholeVectors = Math.floor(vectors / tile.vectors);
  const restVectors = vectors - wholeVectors * tile.vectors;
  const isCramped = m > tile.rows && k * tile.vectors * VECTOR_BYTES > NO_PACK_BYTES;
  const cacheCost = isCramped ? CRAMPED_PANEL_COST : 1;
  let cycles = packing;
  for (const { size, count } of rowTiles) {
    cycles += FETCH * size * (tile.vectors + restVectors) +
      cacheCost * count * (wholeVectors * cost(size, tile.vectors) + cost(size, restVectors));
  }
  return cycles;
}

/** Finds the splat tile of minimum estimated cost among those whose sums fit the registers. */
function splatTile(shape: MatmulShape): TileShape {
  const { m, k, n } = shape;
  let best: TileShape = { rows: 1, vectors: 1 };
  let minCycles = Infinity;
  for (let rows = 1; rows <= Math.min(6, m); rows++) {
    const maxVectors = Math.min(12, Math.ceil(n / LANES));
    const rowTiles = cutIntoTiles(rowTiling(m, rows));
    for (let vectors = 1; vectors <= maxVectors; vectors++) {
      // Engines keep wide tiles in registers only if one is left over.
      const spare = rows > 1 && rows < vectors ? 2 : 1;
      if (rows * vectors + Math.min(rows, vectors) + spare > VECTOR_REGISTERS) break;
      const tile = { rows, vectors };
      const cycles = productCycles(shape, Math.min(k, K_BLOCK_LIMIT), tile, rowTiles);
      if (cycles < minCycles) [best, minCycles] = [{ rows, vectors }, cycles];
    }
  }
  return best;
}

/** Rows and *vectors of columns* of a dot tile; each column is a sum of its own. */
function dotTile(m: number, n: number): TileShape {
  if (m === 1) return { rows: 1, vectors: Math.min(3, Math.ceil(n / LANES)) };
  return { rows: m % 3 === 0 || m > 6 ? 3 : 2, vectors: 1 };
}
