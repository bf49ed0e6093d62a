/**
 * Matrix products for the CPU: `c[m, n] = Σ_k x[m, k] · y[k, n]`, with static sizes and strides.
 *
 * The product is cut four times. Registers hold a *tile* of the result while `k` runs (`matmul_tile.ts`). A
 * *panel*, a few vectors of columns of `y`, is shared by all tiles below each other and stays in the
 * first-level cache, packed so that it is read straight ahead (`matmul_pack.ts`). A *row block* of `x` is
 * shared by all panels and stays in the second-level cache. *Blocks of `k`* keep panels that small; between
 * them the sums wait in scratch memory. Which of these cuts a product needs is decided beforehand by
 * `planMatmul`; a small one is written out in full, with no loops at all.
 *
 * Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008, is the classic account.
 *
 * @module
 */
import { type FunctionBuilder, i32 } from "../assembler/module.ts";
import { emitPackPanel } from "./matmul_pack.ts";
import { addingTo, addingWide, addInto } from "./matmul_partial.ts";
import { type MatmulPlan, partialRowBytes, rowTiling, scratchLayout } from "./matmul_plan.ts";
import {
  type Address,
  addressOf,
  type Epilogue,
  FLOAT_BYTES,
  LANES,
  type MatrixOperand,
  packedAddress,
  type Position,
  storeTo,
} from "./matmul_operand.ts";
import { emitDotTile, emitSplatTile, type TileOptions } from "./matmul_tile.ts";
import { forTiles } from "./matmul_tiling.ts";

export {
  type MatmulPlan,
  type MatmulShape,
  planMatmul,
  type Strides,
  type TileShape,
} from "./matmul_plan.ts";
export {
  type Address,
  addressOf,
  emitStoreLanes,
  type Epilogue,
  forEachVector,
  type MatrixOperand,
  type Position,
  storeTo,
  type Tile,
} from "./matmul_operand.ts";

/** A product with at most this many vector multiply-adds has all its tiles written out. */
const UNROLLED_PRODUCT = 100;
/** Up to this many panels are written out side by side. */
const UNROLLED_PANELS = 2;

/** The operands of a product. */
export interface MatmulOperands {
  /** Left operand; its strides are those of the plan. */
  readonly x: Omit<MatrixOperand, "rowStride" | "columnStride">;
  /** Right operand, or its packed copy where the plan says `ahead`. */
  readonly y: Omit<MatrixOperand, "rowStride" | "columnStride">;
  /** `plan.scratchBytes` of memory, aligned to 16 bytes. Needed unless that is 0. */
  readonly scratch?: Address;
  /** What happens to finished sums: an epilogue, or a matrix they are stored to. */
  readonly result: Epilogue | MatrixOperand;
}

/** Packs `y` for a plan made with `packedY`: once, for many products. */
export function emitPackY(
  code: FunctionBuilder,
  plan: MatmulPlan,
  y: Omit<MatrixOperand, "rowStride" | "columnStride">,
  to: Address,
): void {
  const { k, n, y: strides } = plan.shape;
  const width = plan.tile.vectors * LANES;
  forTiles(
    code,
    { size: n, tile: width, unroll: 0 },
    (column, count) =>
      code.scope(() => {
        const from = addressOf(
          code,
          { ...y, ...strides },
          { constant: 0 },
          column,
        );
        emitPackPanel(code, {
          from,
          elementBytes: strides.columnStride * FLOAT_BYTES,
          kBytes: strides.rowStride * FLOAT_BYTES,
          count,
          width: Math.ceil(count / LANES) * LANES,
          k,
          to: packedAddress(code, to, column, k),
        });
      }),
  );
}

/** Emits a product. */
export function emitMatmul(
  code: FunctionBuilder,
  plan: MatmulPlan,
  operands: MatmulOperands,
): void {
  code.scope(() => new MatmulEmitter(code, plan, operands).emit());
}

/** A block of the product: some rows, all panels, some of `k`. */
interface Block {
  readonly firstRow: Position;
  readonly rows: number;
  readonly firstK: Position;
  readonly k: number;
  readonly epilogue: Epilogue;
}

/** Carries what all levels of one product's loops need. */
class MatmulEmitter {
  readonly #code: FunctionBuilder;
  readonly #plan: MatmulPlan;
  readonly #operands: MatmulOperands;
  readonly #x: MatrixOperand;
  readonly #y: MatrixOperand;
  readonly #scratch: {
    readonly yPanel: Address;
    readonly xPanels: Address;
    readonly partialSums: MatrixOperand;
  };
  readonly #epilogue: Epilogue;
  readonly #isUnrolled: boolean;

  constructor(
    code: FunctionBuilder,
    plan: MatmulPlan,
    operands: MatmulOperands,
  ) {
    const { shape } = plan;
    if (plan.scratchBytes > 0 && operands.scratch === undefined) {
      throw new TypeError(
        `Cannot emit a matrix product: wanted ${plan.scratchBytes} bytes of scratch, found none`,
      );
    }
    this.#code = code;
    this.#plan = plan;
    this.#operands = operands;
    this.#x = { ...operands.x, ...shape.x };
    this.#y = { ...operands.y, ...shape.y };
    const { base, offset } = operands.scratch ?? { base: 0, offset: 0 };
    const layout = scratchLayout(plan);
    this.#scratch = {
      yPanel: { base, offset: offset + layout.yPanel },
      xPanels: { base, offset: offset + layout.xPanels },
      partialSums: {
        base,
        offset: offset + layout.partialSums,
        rowStride: partialRowBytes(plan) / FLOAT_BYTES,
        columnStride: plan.isWide ? 2 : 1,
      },
    };
    this.#epilogue = typeof operands.result === "function"
      ? operands.result
      : storeTo(operands.result);
    const operations = shape.m * Math.ceil(shape.n / LANES) * shape.k;
    this.#isUnrolled = operations <= UNROLLED_PRODUCT;
  }

  emit(): void {
    const { shape: { m }, rowBlock } = this.#plan;
    forTiles(
      this.#code,
      { size: m, tile: rowBlock, unroll: 1 },
      (row, rows) => this.#code.scope(() => this.#emitRowBlock(row, rows)),
    );
  }

  /** All of `k` for some rows: one block, or several whose partial sums wait in scratch memory. */
  #emitRowBlock(firstRow: Position, rows: number): void {
    const code = this.#code;
    const { shape: { k }, kBlock, isWide } = this.#plan;
    const epilogue = this.#epilogue;
    if (kBlock >= k) {
      this.#emitBlock({ firstRow, rows, firstK: { constant: 0 }, k, epilogue });
      return;
    }
    const sums = this.#partialSumsFrom(firstRow);
    code.get(this.#scratch.partialSums.base);
    code.i32Const(this.#scratch.partialSums.offset ?? 0);
    code.op(i32.add);
    code.i32Const(0);
    code.i32Const(rows * partialRowBytes(this.#plan));
    code.memoryFill();
    const lastBlock = (Math.ceil(k / kBlock) - 1) * kBlock;
    code.repeat({ to: lastBlock, step: kBlock }, (firstK) =>
      this.#emitBlock({
        firstRow,
        rows,
        firstK: { local: firstK, constant: 0 },
        k: kBlock,
        epilogue: addInto(sums, isWide),
      }));
    this.#emitBlock({
      firstRow,
      rows,
      firstK: { constant: lastBlock },
      k: k - lastBlock,
      epilogue: isWide ? addingWide(sums, epilogue) : addingTo(sums, epilogue),
    });
  }

  /** The partial sums, as a matrix indexed by the rows of the whole product, of which it has some. */
  #partialSumsFrom({ local, constant }: Position): MatrixOperand {
    const { partialSums } = this.#scratch;
    const rowBytes = partialSums.rowStride * FLOAT_BYTES;
    // A negative offset is made up for by that of the row.
    const sums = { ...partialSums, offset: (partialSums.offset ?? 0) - constant * rowBytes };
    if (local === undefined) return sums;
    const code = this.#code;
    code.get(sums.base, local);
    code.i32Const(rowBytes);
    code.op(i32.mul);
    code.op(i32.sub);
    return { ...sums, base: code.take("i32") };
  }

  #emitBlock(block: Block): void {
    const { shape, tile, packX, packY } = this.#plan;
    const code = this.#code;
    if (packX) this.#packX(block);
    const width = tile.vectors * LANES;
    const panels = {
      size: shape.n,
      tile: width,
      unroll: this.#panelUnroll(),
    };
    forTiles(code, panels, (column, columns) =>
      code.scope(() => {
        if (packY === "panel") this.#packYPanel(block, column, columns);
        const panel = this.#yPanel(block, column, columns);
        this.#forRowTiles(block, (row, rows) =>
          code.scope(() => this.#emitTile(block, panel, row, rows, column, columns)));
      }));
  }

  #panelUnroll(): number {
    return this.#isUnrolled ? Infinity : UNROLLED_PANELS;
  }

  /** Visits the row tiles of a block: their first row in the block, and how many there are. */
  #forRowTiles(
    block: Block,
    body: (rowInBlock: Position, rows: number) => void,
  ): void {
    const { tile: { rows } } = this.#plan;
    const unroll = this.#isUnrolled ? Infinity : 1;
    forTiles(this.#code, { ...rowTiling(block.rows, rows), unroll }, body);
  }

  #emitTile(
    block: Block,
    y: Address & { readonly kBytes: number; readonly columnBytes: number },
    rowInBlock: Position,
    rows: number,
    column: Position,
    columns: number,
  ): void {
    const code = this.#code;
    const row = this.#plus(block.firstRow, rowInBlock);
    const emit = this.#plan.method === "dot" ? emitDotTile : emitSplatTile;
    emit(code, {
      rows,
      columns,
      row,
      column,
      k: block.k,
      chain: this.#plan.chain,
      x: this.#plan.packX ? this.#xPanel(block, rowInBlock, rows) : this.#xInPlace(block, row),
      y,
      epilogue: block.epilogue,
    });
  }

  /** Where a tile reads `x` in place. */
  #xInPlace(block: Block, row: Position): TileOptions["x"] {
    return {
      ...addressOf(this.#code, this.#x, row, block.firstK),
      rowBytes: this.#x.rowStride * FLOAT_BYTES,
      kBytes: this.#x.columnStride * FLOAT_BYTES,
    };
  }

  /** Where a tile reads packed rows of `x`. */
  #xPanel(block: Block, rowInBlock: Position, rows: number): TileOptions["x"] {
    const panel = packedAddress(this.#code, this.#scratch.xPanels, rowInBlock, block.k);
    return { ...panel, rowBytes: FLOAT_BYTES, kBytes: rows * FLOAT_BYTES };
  }

  /** Adds positions. */
  #plus(a: Position, b: Position): Position {
    const constant = a.constant + b.constant;
    if (a.local === undefined || b.local === undefined) {
      return { local: a.local ?? b.local, constant };
    }
    this.#code.get(a.local, b.local);
    this.#code.op(i32.add);
    return { local: this.#code.take("i32"), constant };
  }

  #packX(block: Block): void {
    const code = this.#code;
    this.#forRowTiles(block, (rowInBlock, rows) =>
      code.scope(() => {
        const row = this.#plus(block.firstRow, rowInBlock);
        emitPackPanel(code, {
          from: addressOf(code, this.#x, row, block.firstK),
          elementBytes: this.#x.rowStride * FLOAT_BYTES,
          kBytes: this.#x.columnStride * FLOAT_BYTES,
          count: rows,
          width: rows,
          k: block.k,
          to: packedAddress(code, this.#scratch.xPanels, rowInBlock, block.k),
        });
      }));
  }

  #packYPanel(block: Block, column: Position, columns: number): void {
    emitPackPanel(this.#code, {
      from: addressOf(this.#code, this.#y, block.firstK, column),
      elementBytes: this.#y.columnStride * FLOAT_BYTES,
      kBytes: this.#y.rowStride * FLOAT_BYTES,
      count: columns,
      width: Math.ceil(columns / LANES) * LANES,
      k: block.k,
      to: this.#scratch.yPanel,
    });
  }

  /** Where tiles read a panel of `y`: in place, in the scratch memory, or in the copy packed ahead. */
  #yPanel(
    block: Block,
    column: Position,
    columns: number,
  ): Address & { readonly kBytes: number; readonly columnBytes: number } {
    const code = this.#code;
    const { packY, shape } = this.#plan;
    const kBytes = Math.ceil(columns / LANES) * LANES * FLOAT_BYTES;
    if (packY === "panel") {
      return { ...this.#scratch.yPanel, kBytes, columnBytes: FLOAT_BYTES };
    }
    if (packY === "ahead") {
      const { base, offset = 0 } = this.#operands.y;
      const panel = packedAddress(code, { base, offset }, column, shape.k);
      const inPanel = {
        ...panel,
        rowStride: kBytes / FLOAT_BYTES,
        columnStride: 1,
      };
      return {
        ...addressOf(code, inPanel, block.firstK, { constant: 0 }),
        kBytes,
        columnBytes: FLOAT_BYTES,
      };
    }
    return {
      ...addressOf(code, this.#y, block.firstK, column),
      kBytes: this.#y.rowStride * FLOAT_BYTES,
      columnBytes: this.#y.columnStride * FLOAT_BYTES,
    };
  }
}
