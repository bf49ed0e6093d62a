import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  emitMatmul,
  emitPackY,
  type MatmulPlan,
  type MatmulShape,
  planMatmul,
  type Strides,
} from "./matmul.ts";
import { cutIntoTiles } from "./matmul_tiling.ts";
import { addressOf, emitStoreLanes, forEachVector } from "./matmul.ts";
import { randomSource } from "../../../util/random_source.ts";
import { detectFeatures } from "../assembler/features.ts";
import { f32x4, ModuleBuilder } from "../assembler/module.ts";

interface Case {
  readonly shape: MatmulShape;
  readonly relaxed?: boolean;
  readonly reluEpilogue?: boolean;
}

const SLACK = 16;
const GUARD = 12345;

/** Elements from the first to one past the last of a matrix. */
function extent(rows: number, columns: number, strides: Strides): number {
  return (rows - 1) * strides.rowStride + (columns - 1) * strides.columnStride +
    1;
}

/** Lays out buffers, runs the product, compares it with one in f64. */
function checkProduct(
  description: string,
  { shape, ...options }: Case,
  seed: number,
): MatmulPlan {
  const { m, k, n, x, y } = shape;
  const plan = planMatmul(shape);
  let floats = 64;
  const place = (count: number): number => {
    const at = floats;
    // What follows a buffer is NaN, which no result may pick up.
    floats += Math.ceil((count + SLACK) / 4) * 4;
    return at;
  };
  const xAt = place(extent(m, k, x));
  const yAt = place(extent(k, n, y));
  const outStride = n + 3;
  const outAt = place(m * outStride);
  const packedAt = place(plan.packedYBytes / 4);
  const scratchAt = place(plan.scratchBytes / 4);
  const module = new ModuleBuilder({
    memory: { minimumPages: Math.ceil(floats * 4 / 65536) },
    relaxed: options.relaxed,
  });
  // Parameters: x, y, out, packed, scratch.
  const parameters = new Array<"i32">(5).fill("i32");
  module.addFunction({ parameters, exportAs: "run" }, (code) => {
    const out = { base: 2, rowStride: outStride, columnStride: 1 };
    emitMatmul(code, plan, {
      x: { base: 0 },
      y: { base: plan.packY === "ahead" ? 3 : 1 },
      scratch: { base: 4, offset: 0 },
      result: !options.reluEpilogue ? out : (code, tile) => {
        // max(sum, 0) · 2, to see that an epilogue is given finished sums, once.
        const { base, offset } = addressOf(code, out, tile.row, tile.column);
        forEachVector(tile, (sum, r, v, lanes) => {
          code.get(sum, sum);
          code.op(f32x4.add);
          code.i32x4Const(0);
          code.op(f32x4.max);
          code.set(sum);
          emitStoreLanes(
            code,
            base,
            offset + 4 * (r * outStride + 4 * v),
            sum,
            lanes,
          );
        });
      },
    });
  });
  module.addFunction({ parameters, exportAs: "pack" }, (code) => {
    if (plan.packY === "ahead") {
      emitPackY(code, plan, { base: 1 }, { base: 3, offset: 0 });
    }
  });
  const memory = module.createMemory();
  const all = new Float32Array(memory.buffer).fill(NaN);
  const random = randomSource(seed);
  const fill = (at: number, count: number): void => {
    for (let i = 0; i < count; i++) all[at + i] = random() * 2 - 1;
  };
  fill(xAt, extent(m, k, x));
  fill(yAt, extent(k, n, y));
  all.fill(GUARD, outAt, outAt + m * outStride + SLACK);
  const instance = new WebAssembly.Instance(
    new WebAssembly.Module(module.finish()),
    { env: { memory } },
  );
  const { run, pack } = instance.exports as Record<
    string,
    (...values: number[]) => void
  >;
  const bases = [xAt, yAt, outAt, packedAt, scratchAt].map((at) => at * 4);
  pack(...bases);
  run(...bases);
  // Products in [-1, 1] have variance 1/9, so the sum after i terms is about √i / 3, and each addition rounds it
  // by 2^-24 / √3 of that: in all √k times the result's own size. Eight standard deviations. Where a row of y is the
  // same for all k, the variance may be three times as large.
  const variance = y.rowStride === 0 ? 1 / 3 : 1 / 9;
  const tolerance = 8 * 2 ** -24 / Math.sqrt(3) *
    Math.sqrt(variance * k * (k + 1) / 2 + k + 1);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let want = 0;
      for (let l = 0; l < k; l++) {
        want += all[xAt + i * x.rowStride + l * x.columnStride] *
          all[yAt + l * y.rowStride + j * y.columnStride];
      }
      if (options.reluEpilogue) want = 2 * Math.max(want, 0);
      const found = all[outAt + i * outStride + j];
      assert(
        Math.abs(found - want) <= (options.reluEpilogue ? 2 : 1) * tolerance,
        `${description}, seed ${seed}: wanted ${want} at (${i}, ${j}), found ${found}`,
      );
    }
    for (let j = n; j < outStride; j++) {
      assertEquals(
        all[outAt + i * outStride + j],
        GUARD,
        `${description}: wrote past the end of row ${i}`,
      );
    }
  }
  return plan;
}

const rowMajor = (columns: number): Strides => ({
  rowStride: columns,
  columnStride: 1,
});
const columnMajor = (rows: number): Strides => ({
  rowStride: 1,
  columnStride: rows,
});

/** The layouts a product may find its operands in. */
const LAYOUTS: Readonly<
  Record<
    string,
    (m: number, k: number, n: number) => { x: Strides; y: Strides }
  >
> = {
  plain: (_m, k, n) => ({ x: rowMajor(k), y: rowMajor(n) }),
  "y transposed": (_m, k, _n) => ({ x: rowMajor(k), y: columnMajor(k) }),
  "x transposed": (m, _k, n) => ({ x: columnMajor(m), y: rowMajor(n) }),
  "both transposed": (m, k, _n) => ({ x: columnMajor(m), y: columnMajor(k) }),
  "wide rows": (_m, k, n) => ({ x: rowMajor(k + 5), y: rowMajor(n + 2) }),
  "y the same for all k": (_m, k, _n) => ({
    x: rowMajor(k),
    y: { rowStride: 0, columnStride: 1 },
  }),
  "every other element": (_m, k, n) => ({
    x: { rowStride: 2 * k, columnStride: 2 },
    y: { rowStride: 3 * n, columnStride: 3 },
  }),
};

const relaxedChoices = detectFeatures().relaxedSimd ? [false, true] : [false];

Deno.test("emitMatmul() computes every small size in every layout", () => {
  const random = randomSource(1);
  for (const [name, layout] of Object.entries(LAYOUTS)) {
    for (let m = 1; m <= 9; m++) {
      for (let n = 1; n <= 9; n++) {
        const k = 1 + Math.floor(random() * 9);
        const shape = { m, k, n, ...layout(m, k, n), packedY: random() < 0.25 };
        const options = { relaxed: relaxedChoices.at(-1 - (n & 1)) ?? false };
        checkProduct(`${name} ${m}x${k}x${n} ${JSON.stringify(options)}`, {
          shape,
          ...options,
        }, m * 10 + n);
      }
    }
  }
});

Deno.test("emitMatmul() computes sizes that need packing, blocks and remainders in every layout", () => {
  const sizes = [
    [1, 70, 50],
    [13, 300, 23],
    [64, 37, 41],
    [26, 1100, 18],
    [50, 600, 9],
    [7, 530, 5],
    [2, 99, 100],
    // Few rows, and so many terms that partial sums are double floats.
    [1, 1500, 50],
    [3, 9500, 5],
    [13, 4700, 9],
  ];
  for (const [name, layout] of Object.entries(LAYOUTS)) {
    for (const [m, k, n] of sizes) {
      for (const packedY of [false, true]) {
        const shape = { m, k, n, ...layout(m, k, n), packedY };
        checkProduct(`${name} ${m}x${k}x${n} packedY ${packedY}`, { shape }, m + k + n);
      }
    }
  }
});

Deno.test("emitMatmul() cuts many rows into blocks, their partial sums apart", () => {
  // Blocks of k, and one or two of rows in a loop, with remainders in every direction.
  for (const [m, k, n] of [[803, 700, 21], [1700, 1000, 9]]) {
    for (const name of ["plain", "x transposed"]) {
      const shape = { m, k, n, ...LAYOUTS[name](m, k, n) };
      const plan = checkProduct(name, { shape, reluEpilogue: true }, 5);
      assert(plan.kBlock < k && plan.rowBlock < m, "the case must have several blocks");
    }
  }
});

Deno.test("cutIntoTiles() fills what the first tiles leave with others, if those fit", () => {
  for (const [tile, other] of [[5, 4], [5, undefined], [8, undefined], [3, 2]] as const) {
    for (let size = 1; size <= 70; size++) {
      const tiles = cutIntoTiles({ size, tile, other });
      let end = 0;
      for (const { first, size, count } of tiles) {
        assertEquals(first, end);
        assert(size > 0 && count > 0);
        end += size * count;
      }
      assertEquals(end, size);
    }
  }
  const cut = (size: number) =>
    cutIntoTiles({ size, tile: 5, other: 4 }).map(({ size, count }) => [size, count]);
  assertEquals(cut(64), [[5, 12], [4, 1]]);
  assertEquals(cut(32), [[5, 4], [4, 3]]);
  assertEquals(cut(11), [[5, 2], [1, 1]]);
  assertEquals(cut(8), [[4, 2]]);
});

Deno.test("emitMatmul() gives finished sums to an epilogue, with any tile", () => {
  for (const rows of [1, 2, 3, 4, 5, 6]) {
    for (const vectors of [1, 2, 3, 5]) {
      const shape = {
        m: 18,
        k: 31,
        n: 37,
        x: rowMajor(31),
        y: rowMajor(37),
        tile: { rows, vectors },
      };
      checkProduct(
        `tile ${rows}x${vectors}`,
        { shape, reluEpilogue: true },
        rows,
      );
    }
  }
});

Deno.test("emitMatmul() multiplies a broadcast operand, whose stride is zero", () => {
  const shape = {
    m: 5,
    k: 6,
    n: 7,
    x: { rowStride: 0, columnStride: 1 },
    y: { rowStride: 7, columnStride: 1 },
  };
  checkProduct("one row of x for all", { shape }, 3);
  checkProduct("one column of y for all", {
    shape: { ...shape, y: { rowStride: 1, columnStride: 0 } },
  }, 4);
});

Deno.test("planMatmul() writes small products in one function without scratch, and refuses what it cannot do", () => {
  const small = planMatmul({
    m: 1,
    k: 5,
    n: 5,
    x: rowMajor(5),
    y: rowMajor(5),
  });
  assertEquals(small.scratchBytes, 0);
  const strides = { x: rowMajor(5), y: rowMajor(5) };
  assertThrows(
    () => planMatmul({ m: 0, k: 5, n: 5, ...strides }),
    RangeError,
    "m=0",
  );
  const negative = { rowStride: -5, columnStride: 1 };
  assertThrows(
    () => planMatmul({ m: 2, k: 5, n: 5, x: negative, y: rowMajor(5) }),
    RangeError,
    "negative",
  );
});
