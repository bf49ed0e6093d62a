import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../ir/backend.ts";
import { evaluateGraph } from "../../../ir/evaluate.ts";
import type { Graph } from "../../../ir/graph.ts";
import * as ops from "../../../language/ops/mod.ts";
import { optimize } from "../../../passes/optimize.ts";
import { dense } from "../../../ir/dense.ts";
import type { DenseArray } from "../../../ir/primitive.ts";
import type { Tensor } from "../../../language/tensor.ts";
import { randomSource } from "../../../util/random_source.ts";
import { sizeOf } from "../../../ir/tensor_type.ts";
import { CPU_DEVICES, type CpuDevice } from "../../../test_support/cpu_devices.ts";
import { trace } from "../../../language/trace.ts";
import { grad } from "../../../language/gradient.ts";
import { lowerGraph } from "../../../loops/lower.ts";
import { printWasm } from "./print_wasm.ts";

/**
 * What equal numbers may be off by, relatively: 64 · 2⁻²⁶ for a chain, and rounding the terms, the totals and
 * the result. Random numbers round up and down, and are off by less.
 */
const TOLERANCE = 1e-6;

/** A number whose sums are rounded in the same direction many times over. */
const NUMBER = Math.fround(0.1);

/** Computes on n numbers, in shapes of about as many elements. */
interface Fold {
  readonly shapes: (n: number) => readonly (readonly number[])[];
  readonly fold: (...inputs: Tensor[]) => Tensor;
}

/** Products of two matrices that are each read along their rows, or along their columns. */
function product(m: number, columns: number, along: "rows" | "columns"): Fold {
  return {
    shapes: (n) => [m, columns].map((size) => along === "rows" ? [size, n] : [n, size]),
    fold: (x, y) =>
      ops.matmul(x, y, { transposeX: along === "columns", transposeY: along === "rows" }),
  };
}

const FOLDS: Readonly<Record<string, Fold>> = {
  "all elements": { shapes: (n) => [[n]], fold: (x) => x.sum() },
  "squares in a mean": { shapes: (n) => [[n]], fold: (x) => x.square().mean() },
  rows: { shapes: (n) => [[3, n]], fold: (x) => x.sum(1) },
  "a few columns": { shapes: (n) => [[n, 3]], fold: (x) => x.sum(0) },
  "some columns": { shapes: (n) => [[n, 18]], fold: (x) => x.sum(0) },
  "many columns": { shapes: (n) => [[n, 67]], fold: (x) => x.sum(0) },
  "a middle axis": { shapes: (n) => [[2, n, 5]], fold: (x) => x.sum(1) },
  "a long and a short axis": { shapes: (n) => [[n, 3, 5]], fold: (x) => x.sum([0, 2]) },
  "a short and a long axis": { shapes: (n) => [[5, 3, n]], fold: (x) => x.sum([0, 2]) },
  "products with a transpose": {
    shapes: (n) => [[n, 6], [6, n]],
    fold: (x, y) => x.mul(y.transpose()).sum(),
  },
  "a carry": {
    shapes: (n) => [[n, 3]],
    fold: (x) => ops.scan((sum, row) => [sum.add(row), undefined], ops.zeros([3]), x)[0],
  },
  "products in a carry": {
    shapes: (n) => [[n, 2, 3], [2, 3]],
    fold: (x, state) =>
      ops.scan(
        ([sum, h], row: Tensor) => [
          [sum.add(ops.matmul(h, row, { transposeX: true })), ops.maximum(h, row)],
          undefined,
        ],
        [ops.zeros([3, 3]), state],
        x,
      )[0][0],
  },
  "the gradient of weights": {
    shapes: (n) => [[n, 4], [4, 5], [n, 5]],
    fold: (x, w, y) => grad((w: Tensor) => x.matmul(w).mul(y).sum())(w),
  },
  "the gradient of a bias": {
    shapes: (n) => [[n, 4], [4]],
    fold: (x, b) => grad((b: Tensor) => x.add(b).square().sum())(b),
  },
  "a product of vectors": product(1, 1, "rows"),
  "a vector times a matrix": product(1, 50, "columns"),
  "a vector times a transposed matrix": product(1, 5, "rows"),
  "a small product": product(4, 4, "columns"),
  "a small product along rows": product(4, 9, "rows"),
  "a product along rows": product(9, 6, "rows"),
  "a product in tiles": product(13, 20, "columns"),
  "a product in tiles along rows": product(17, 20, "rows"),
};

function graphOf({ shapes, fold }: Fold, n: number): Graph {
  const types = shapes(n).map((shape) => ({ dtype: "f32" as const, shape }));
  return trace(types, (...inputs) => [fold(...inputs)]).graph;
}

/** Runs a graph on the numbers that `next` gives. */
async function run(
  backend: Backend,
  graph: Graph,
  next: () => number,
): Promise<{ readonly inputs: DenseArray[]; readonly found: ArrayLike<number> }> {
  using executable = await backend.compile(graph);
  const inputs = graph.inputs.map(({ type }) => {
    const data = Float32Array.from({ length: sizeOf(type.shape) }, next);
    return { input: dense(type, data), buffer: backend.upload(type, data) };
  });
  const [output] = executable.run(inputs.map(({ buffer }) => buffer));
  const found = await backend.download(output);
  for (const { buffer } of inputs) buffer.dispose();
  output.dispose();
  return { inputs: inputs.map(({ input }) => input), found };
}

/** Checks a fold of n terms each against the reference. */
async function checkFold(
  backend: Backend,
  fold: Fold,
  n: number,
  next: () => number,
): Promise<void> {
  const graph = graphOf(fold, n);
  const { inputs, found } = await run(backend, graph, next);
  const [{ data }] = evaluateGraph(graph, inputs);
  data.forEach((x, i) => checkNumber(found[i], x, n));
}

function checkNumber(found: number, wanted: number, n: number): void {
  assert(
    Math.abs(found / wanted - 1) <= TOLERANCE,
    `wanted ${wanted} of ${n} terms, found ${found}, off by ${found / wanted - 1}`,
  );
}

/** One test for each device that runs on the processor. */
function testOnBoth(what: string, fn: (open: CpuDevice["open"]) => Promise<void>): void {
  const [, label = "", rest] = /^(\[long\] )?(.*)$/.exec(what) ?? [];
  for (const { printer, ignore, open } of CPU_DEVICES) {
    Deno.test(`${label}${printer} ${rest}`, { ignore }, () => fn(open));
  }
}

for (const [name, fold] of Object.entries(FOLDS)) {
  testOnBoth(`adds up ${name} to the last digits`, async (open) => {
    using backend = await open({ threads: 1 });
    const random = randomSource(1);
    await checkFold(backend, fold, 10_000, () => NUMBER);
    await checkFold(backend, fold, 7_001, () => random() + 1e-3);
  });
}

testOnBoth("adds up to the last digits on two threads", async (open) => {
  using backend = await open({ threads: 2, eager: true });
  for (const fold of Object.values(FOLDS)) await checkFold(backend, fold, 5_003, () => NUMBER);
});

testOnBoth("adds up a million terms to the last digits", async (open) => {
  using backend = await open({ threads: 1 });
  const cases: [name: string, n: number, sum: number][] = [
    ["all elements", 1_000_001, NUMBER],
    ["a few columns", 1_000_001, NUMBER],
    ["the gradient of a bias", 1_000_001, 4 * NUMBER],
    ["a product of vectors", 1_000_001, NUMBER ** 2],
    ["a small product", 1_000_001, NUMBER ** 2],
    ["the gradient of weights", 300_001, NUMBER ** 2],
    ["a product in tiles", 100_001, NUMBER ** 2],
  ];
  for (const [name, n, sum] of cases) {
    const { found } = await run(backend, graphOf(FOLDS[name], n), () => NUMBER);
    for (const x of Array.from(found)) checkNumber(x, n * sum, n);
  }
  const random = randomSource(2);
  const n = 1_000_001;
  const { inputs: [x, y], found } = await run(
    backend,
    graphOf(FOLDS["a product of vectors"], n),
    random,
  );
  checkNumber(found[0], x.data.reduce((sum, each, i) => sum + each * y.data[i], 0), n);
});

testOnBoth("[long] adds up ten million terms to the last digits", async (open) => {
  using backend = await open({ threads: 1 });
  const n = 10_000_000;
  const all = await run(backend, graphOf(FOLDS["all elements"], n), () => NUMBER);
  checkNumber(all.found[0], n * NUMBER, n);
  const mean = await run(backend, graphOf(FOLDS["squares in a mean"], n), () => NUMBER);
  checkNumber(mean.found[0], NUMBER ** 2, n);
});

testOnBoth("gives what is not finite of long sums as of short ones", async (open) => {
  using backend = await open({ threads: 1 });
  const cases: [numbers: number[], sum: number, products: number][] = [
    [[1, Infinity], Infinity, Infinity],
    [[-Infinity, 1], -Infinity, Infinity],
    [[Infinity, -Infinity], NaN, Infinity],
    [[1, NaN], NaN, NaN],
    [[3e38, 1], Infinity, Infinity],
    [[-3e38, -3e38], -Infinity, Infinity],
  ];
  for (const [numbers, sum, products] of cases) {
    for (const [name, wanted] of [["all elements", sum], ["a product of vectors", products]]) {
      let i = 0;
      const graph = graphOf(FOLDS[name], 5_000);
      const { found } = await run(backend, graph, () => numbers[i++ % 2]);
      assertEquals(found[0], wanted, `${name}: ${numbers} again and again`);
    }
  }
});

Deno.test("printWasm() writes a loop in a loop only for sums that are long", () => {
  const bytesOf = (shape: number[], axes: number[]) => {
    const { graph } = trace([{ dtype: "f32", shape }], (x) => [x.sum(axes)]);
    return printWasm(lowerGraph(optimize(graph))).bytes.length;
  };
  // Four chains of four lanes, and two chains.
  for (
    const [chains, shapeOf, axes] of [
      [16, (n: number) => [n], [0]],
      [2, (n: number) => [n, 16], [0]],
    ] as const
  ) {
    const [short, most, long] = [64, 128, 192].map((n) => bytesOf(shapeOf(chains * n), [...axes]));
    // Numbers take a byte more.
    assert(Math.abs(most - short) < 8, `${short} and ${most} bytes`);
    assert(long > most + 50, `${most} and ${long} bytes`);
  }
});
