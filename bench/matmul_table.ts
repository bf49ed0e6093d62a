/**
 * How near do our matrix kernels come to the machine's peak?
 *
 * Prints GFLOP/s for the shapes of the example models, next to the peak that a loop of nothing but multiply-adds
 * reaches in the same run. Run it with `deno run bench/matmul_table.ts`; give part of a name to run only those,
 * and then a tile such as `4x2` to try it. What users get, through the compiler, is in `matmul_bench.ts`.
 *
 * @module
 */
import {
  emitMatmul,
  emitPackY,
  type MatmulShape,
  planMatmul,
  type Strides,
} from "../core/codegen/wasm/matmul/matmul.ts";
import { ModuleBuilder } from "../core/codegen/wasm/assembler/module.ts";
import { instantiate, peakGigaflops, secondsPerCall, warmUp } from "./peak.ts";

async function productSeconds(shape: MatmulShape): Promise<number> {
  const plan = planMatmul(shape);
  const { m, k, n } = shape;
  let next = 4096;
  const place = (bytes: number): number => {
    const at = next;
    next += Math.ceil((bytes + 16) / 64) * 64;
    return at;
  };
  const [xAt, yAt, outAt] = [m * k, k * n, m * n].map((count) => place(count * 4));
  const packedAt = place(plan.packedYBytes);
  const scratchAt = place(plan.scratchBytes);
  const module = new ModuleBuilder({
    memory: { minimumPages: Math.ceil(next / 65536) + 1 },
  });
  // One call of the product is a function of its own, so that the optimising compiler replaces it.
  const product = module.addFunction({ parameters: [] }, (code) => {
    const [x, y, out, scratch] = code.locals("i32", 4);
    const bases: [number, number][] = [
      [x, xAt],
      [y, plan.packY === "ahead" ? packedAt : yAt],
      [out, outAt],
      [scratch, scratchAt],
    ];
    for (const [local, address] of bases) {
      code.i32Const(address);
      code.set(local);
    }
    emitMatmul(code, plan, {
      x: { base: x },
      y: { base: y },
      scratch: { base: scratch, offset: 0 },
      result: { base: out, rowStride: n, columnStride: 1 },
    });
  });
  module.addFunction({ parameters: ["i32"], exportAs: "run" }, (code) => {
    const [y, packed] = code.locals("i32", 2);
    code.i32Const(yAt);
    code.set(y);
    code.i32Const(packedAt);
    code.set(packed);
    if (plan.packY === "ahead") {
      emitPackY(code, plan, { base: y }, { base: packed, offset: 0 });
    }
    code.repeat({ to: { local: 0 } }, () => code.call(product));
  });
  const run = instantiate(module);
  await warmUp(run);
  return secondsPerCall(run);
}

type Layout = "" | "yT" | "xT" | "packed" | "yT packed";

function shapeOf(m: number, k: number, n: number, layout: Layout): MatmulShape {
  const rowMajor = (columns: number): Strides => ({
    rowStride: columns,
    columnStride: 1,
  });
  const columnMajor = (rows: number): Strides => ({
    rowStride: 1,
    columnStride: rows,
  });
  return {
    ...{ m, k, n },
    x: layout === "xT" ? columnMajor(m) : rowMajor(k),
    y: layout.startsWith("yT") ? columnMajor(k) : rowMajor(n),
    packedY: layout.endsWith("packed"),
  };
}

const SHAPES: readonly (readonly [number, number, number, Layout])[] = [
  [1, 5, 5, ""],
  [1, 5, 5, "yT"],
  [1, 20, 20, ""],
  [32, 20, 20, ""],
  [32, 20, 10, ""],
  [1, 128, 128, ""],
  [1, 128, 128, "packed"],
  [1, 128, 128, "yT"],
  [1, 512, 512, ""],
  [1, 512, 512, "packed"],
  [1, 512, 512, "yT"],
  [1, 512, 512, "yT packed"],
  [64, 256, 256, ""],
  [64, 256, 256, "packed"],
  [64, 256, 256, "yT"],
  [512, 42, 256, ""],
  [512, 256, 86, ""],
  [86, 512, 256, "xT"],
  [32, 512, 2048, ""],
  [32, 512, 2048, "packed"],
  [64, 512, 2048, ""],
  [512, 2048, 2048, "xT"],
  [256, 256, 256, ""],
  [512, 512, 512, ""],
  [512, 512, 512, "yT"],
  [512, 512, 512, "xT"],
];

if (import.meta.main) {
  const wanted = Deno.args[0] ?? "";
  const tile = Deno.args[1]?.split("x").map(Number);
  const peak = await peakGigaflops();
  console.log(`peak, multiply-adds only: ${peak.toFixed(1)} GFLOP/s`);
  console.log(
    "product              layout     tile  us/call  GFLOP/s  of peak",
  );
  for (const [m, k, n, layout] of SHAPES) {
    const name = `${m}x${k}x${n}`;
    if (!`${name} ${layout}`.includes(wanted)) continue;
    const shape: MatmulShape = {
      ...shapeOf(m, k, n, layout),
      tile: tile && { rows: tile[0], vectors: tile[1] },
    };
    const plan = planMatmul(shape);
    const seconds = await productSeconds(shape);
    const gigaflops = 2 * m * k * n / seconds / 1e9;
    console.log(
      name.padEnd(20),
      layout.padEnd(10),
      `${plan.tile.rows}x${plan.tile.vectors}`.padEnd(5),
      (seconds * 1e6).toFixed(seconds < 1e-4 ? 3 : 0).padStart(8),
      gigaflops.toFixed(1).padStart(8),
      `${(100 * gigaflops / peak).toFixed(0)}%`.padStart(8),
    );
  }
}
