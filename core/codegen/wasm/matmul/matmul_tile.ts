/**
 * The innermost part of a matrix product: one register tile, a few rows by a few vectors of columns, whose
 * sums stay in registers while `k` runs.
 *
 * Two ways to fill it. **Splat**: the row of `y` is read as vectors and each element of `x` is copied to all
 * lanes; the lanes are columns of the result. **Dot**: where `y` lies transposed, both are read along `k`, the
 * lanes are partial sums, and a small transposition at the end adds them up. Either way the tile ends as
 * vectors along the columns, and hands them to the epilogue.
 *
 * Vectors may read up to 12 bytes past the end of a row: every buffer has that much slack, and lanes past the
 * last column hold garbage that is never stored.
 *
 * @module
 */
import { f32x4, type FunctionBuilder, load, type Local, v128 } from "../assembler/module.ts";
import {
  type Address,
  type Epilogue,
  FLOAT_BYTES,
  LANES,
  type Position,
  VECTOR_BYTES,
} from "./matmul_operand.ts";
import { chainsOf, spreadingOf } from "./matmul_plan.ts";
import { walk } from "./matmul_walk.ts";
import { clearSums } from "./sums.ts";

/** The sums of a tile: vectors of columns, row by row. */
type Sums = readonly (readonly Local[])[];
/** Pushes the element of a row of `x` in all lanes. */
type Spread = (row: number) => void;

/** What a tile computes. */
export interface TileOptions {
  readonly rows: number;
  readonly columns: number;
  readonly row: Position;
  readonly column: Position;
  /** Terms summed here. */
  readonly k: number;
  /** Terms after which a sum is added to a total and starts again from zero. */
  readonly chain: number;
  /** Address of `x` at the tile's first row and first `k`, and bytes between rows and between `k`s. */
  readonly x: Address & { readonly rowBytes: number; readonly kBytes: number };
  /** Address of `y` at the tile's first `k` and first column, and bytes between `k`s and between columns. */
  readonly y: Address & {
    readonly kBytes: number;
    readonly columnBytes: number;
  };
  readonly epilogue: Epilogue;
}

/** Emits one tile whose `y` has its columns next to each other. */
export function emitSplatTile(
  code: FunctionBuilder,
  options: TileOptions,
): void {
  const { rows, columns, k, chain, x, y } = options;
  const vectors = Math.ceil(columns / LANES);
  code.scope(() => {
    const tileSums = makeSums(rows, () => code.locals("v128", vectors));
    const chains = chainsOf(rows * vectors, k);
    const chainSums = [tileSums];
    while (chainSums.length < chains) {
      chainSums.push(makeSums(rows, () => code.locals("v128", vectors)));
    }
    startSums(code, chainSums.flat(2));
    const nextTo = { rows: x.rowBytes === FLOAT_BYTES, k: x.kBytes === FLOAT_BYTES };
    const spreading = spreadingOf({ rows, vectors }, nextTo);
    const quads = spreading === "quads" ? Math.floor(k / LANES) : 0;
    const totals = k > chain * chains ? totalsOf(code, chainSums) : undefined;
    if (quads > 0) {
      walk(
        code,
        quads,
        LANES * rows * vectors,
        1,
        { ...x, kBytes: LANES * x.kBytes },
        { ...y, kBytes: LANES * y.kBytes },
        (_, xBase, yBase, xOffset, yOffset) =>
          spreadQuad(code, chainSums, { ...x, base: xBase, offset: xOffset }, {
            ...y,
            base: yBase,
            offset: yOffset,
          }),
        totals && { every: chain * chains / LANES, flush: totals.flush },
      );
    }
    const step = spreading === "rows" ? spreadRows : splatStep;
    const done = quads * LANES;
    walk(
      code,
      k - done,
      rows * vectors,
      chains,
      { ...x, offset: x.offset + done * x.kBytes },
      { ...y, offset: y.offset + done * y.kBytes },
      (index, xBase, yBase, xOffset, yOffset) => {
        const sums = chainSums[index % chains];
        step(code, sums, { ...x, base: xBase, offset: xOffset }, {
          base: yBase,
          offset: yOffset,
        });
      },
      totals && { every: chain * chains, flush: totals.flush },
    );
    if (totals) totals.finish();
    else addChains(code, chainSums);
    options.epilogue(code, { ...options, sums: tileSums });
  });
}

/** `sums[r] += x[r] · y` for all rows: the vectors of `y` stay in registers, the elements of `x` pass by. */
function addRows(
  code: FunctionBuilder,
  sums: Sums,
  y: Address,
  spread: Spread,
): void {
  code.scope(() => {
    const yVectors = code.locals("v128", sums[0].length);
    const splat = code.local("v128");
    for (let v = 0; v < yVectors.length; v++) {
      code.vector(y.base, y.offset + v * VECTOR_BYTES);
      code.set(yVectors[v]);
    }
    for (let r = 0; r < sums.length; r++) {
      spread(r);
      code.set(splat);
      for (let v = 0; v < yVectors.length; v++) {
        multiplyAddInto(code, sums[r][v], splat, yVectors[v]);
      }
    }
  });
}

/** The same with the elements of `x` in registers, while the vectors of `y` pass by. */
function addColumns(
  code: FunctionBuilder,
  sums: Sums,
  y: Address,
  spread: Spread,
): void {
  code.scope(() => {
    const splats = code.locals("v128", sums.length);
    const yVector = code.local("v128");
    for (let r = 0; r < splats.length; r++) {
      spread(r);
      code.set(splats[r]);
    }
    for (let v = 0; v < sums[0].length; v++) {
      code.vector(y.base, y.offset + v * VECTOR_BYTES);
      code.set(yVector);
      for (let r = 0; r < splats.length; r++) {
        multiplyAddInto(code, sums[r][v], splats[r], yVector);
      }
    }
  });
}

/** One `k`, whose elements of `x` are spread by a function: the fewer of both operands stay in registers. */
function addStep(
  code: FunctionBuilder,
  sums: Sums,
  y: Address,
  spread: Spread,
): void {
  const add = sums.length < sums[0].length ? addColumns : addRows;
  add(code, sums, y, spread);
}

/** Pushes a lane of a vector in all lanes. */
function spreadLane(code: FunctionBuilder, vector: Local, lane: number): void {
  code.get(vector, vector);
  code.shuffle([lane, lane, lane, lane]);
}

/** One `k` whose elements of `x` lie next to each other: four of them are read at once. */
function spreadRows(
  code: FunctionBuilder,
  sums: Sums,
  x: TileOptions["x"],
  y: Address,
): void {
  code.scope(() => {
    code.vector(x.base, x.offset);
    const vector = code.take("v128");
    addRows(
      code,
      sums,
      y,
      (row) =>
        row < LANES
          ? spreadLane(code, vector, row)
          : code.loadFrom(load.v128_splat32, x.base, x.offset + row * x.rowBytes),
    );
  });
}

/** Four `k`, which lie next to each other in each row of `x`. */
function spreadQuad(
  code: FunctionBuilder,
  chains: readonly Sums[],
  x: TileOptions["x"],
  y: TileOptions["y"],
): void {
  code.scope(() => {
    const vectors = chains[0].map((_, r) => {
      code.vector(x.base, x.offset + r * x.rowBytes);
      return code.take("v128");
    });
    for (let k = 0; k < LANES; k++) {
      const row = { base: y.base, offset: y.offset + k * y.kBytes };
      addStep(code, chains[k % chains.length], row, (r) => spreadLane(code, vectors[r], k));
    }
  });
}

/** One `k`, whose elements of `x` are read one by one. */
function splatStep(
  code: FunctionBuilder,
  sums: Sums,
  x: TileOptions["x"],
  y: Address,
): void {
  addStep(
    code,
    sums,
    y,
    (r) => code.loadFrom(load.v128_splat32, x.base, x.offset + r * x.rowBytes),
  );
}

/** Emits one tile whose `x` and `y` both have successive `k` next to each other. */
export function emitDotTile(code: FunctionBuilder, options: TileOptions): void {
  const { rows, columns, k, chain, x, y } = options;
  code.scope(() => {
    const sums = makeSums(rows, () => code.locals("v128", columns));
    const xVectors = code.locals("v128", rows);
    const yVector = code.local("v128");
    startSums(code, sums.flat());
    const wholeSteps = Math.floor(k / LANES);
    const totals = wholeSteps > chain ? totalsOf(code, [sums]) : undefined;
    const body = (mask: boolean) =>
    (
      _step: number,
      xBase: Local,
      yBase: Local,
      xOffset: number,
      yOffset: number,
    ) => {
      for (let r = 0; r < rows; r++) {
        code.vector(xBase, xOffset + r * x.rowBytes);
        if (mask) maskLanes(code, k % LANES);
        code.set(xVectors[r]);
      }
      for (let c = 0; c < columns; c++) {
        code.vector(yBase, yOffset + c * y.columnBytes);
        if (mask) maskLanes(code, k % LANES);
        code.set(yVector);
        for (let r = 0; r < rows; r++) {
          multiplyAddInto(code, sums[r][c], xVectors[r], yVector);
        }
      }
    };
    const xVectorSteps = { ...x, kBytes: VECTOR_BYTES };
    const yVectorSteps = { ...y, kBytes: VECTOR_BYTES };
    walk(
      code,
      wholeSteps,
      rows * columns,
      1,
      xVectorSteps,
      yVectorSteps,
      body(false),
      totals && { every: chain, flush: totals.flush },
    );
    if (k % LANES > 0) {
      const done = wholeSteps * VECTOR_BYTES;
      body(true)(0, x.base, y.base, x.offset + done, y.offset + done);
    }
    totals?.finish();
    const results = sums.map((row) => transposeAdd(code, row));
    options.epilogue(code, { ...options, sums: results });
  });
}

/** `sum += a * b` in four lanes. */
function multiplyAddInto(
  code: FunctionBuilder,
  sum: Local,
  a: Local,
  b: Local,
): void {
  code.get(a, b);
  code.multiplyAdd(sum);
  code.set(sum);
}

function makeSums(rows: number, row: () => Local[]): Local[][] {
  return Array.from({ length: rows }, row);
}

/** Starts sums at zero. */
function startSums(code: FunctionBuilder, sums: readonly Local[]): void {
  for (const sum of sums) {
    code.i32x4Const(0);
    code.set(sum);
  }
}

/** Totals of long sums: what chains have reached now and then, and in the end. */
interface Totals {
  /** Adds the chains to the totals, and starts them again. */
  readonly flush: () => void;
  /** Adds the chains and the totals to the first chain. */
  readonly finish: () => void;
}

function totalsOf(
  code: FunctionBuilder,
  chains: readonly Sums[],
): Totals {
  const totals = chains[0].map((row) => code.locals("v128", row.length));
  clearSums(code, totals.flat());
  return {
    flush: () => {
      addChains(code, chains);
      addChains(code, [totals, chains[0]]);
      clearSums(code, chains.flat(2));
    },
    finish: () => addChains(code, [...chains, totals]),
  };
}

/** Adds all chains to the first. */
function addChains(
  code: FunctionBuilder,
  chains: readonly Sums[],
): void {
  const [first, ...others] = chains;
  for (const other of others) {
    first.forEach((row, r) =>
      row.forEach((sum, v) => {
        code.get(sum, other[r][v]);
        code.op(f32x4.add);
        code.set(sum);
      })
    );
  }
}

/** Clears the lanes from `count` on of the vector on the stack. */
function maskLanes(code: FunctionBuilder, count: number): void {
  const word = (i: number): number => i < count ? 0xffffffff : 0;
  code.v128Const([word(0), word(1), word(2), word(3)]);
  code.op(v128.and);
}

/** Adds up the lanes of each vector; the totals come out as vectors, the last one padded with garbage. */
function transposeAdd(
  code: FunctionBuilder,
  vectors: readonly Local[],
): Local[] {
  const results: Local[] = [];
  for (let first = 0; first < vectors.length; first += LANES) {
    const at = (i: number): Local => vectors[Math.min(first + i, vectors.length - 1)];
    const pairSum = (a: Local, b: Local): Local => {
      code.get(a, b);
      code.shuffle([0, 4, 1, 5]);
      code.get(a, b);
      code.shuffle([2, 6, 3, 7]);
      code.op(f32x4.add);
      return code.take("v128");
    };
    const left = pairSum(at(0), at(1));
    const right = pairSum(at(2), at(3));
    code.get(left, right);
    code.shuffle([0, 1, 4, 5]);
    code.get(left, right);
    code.shuffle([2, 3, 6, 7]);
    code.op(f32x4.add);
    results.push(code.take("v128"));
  }
  return results;
}
