import { assertEquals } from "@std/assert";
import { evaluateGraph } from "../ir/evaluate.ts";
import * as ops from "../language/ops/mod.ts";
import { sampleArray } from "../ir/dense.ts";
import type { DenseArray } from "../ir/primitive.ts";
import type { Graph } from "../ir/graph.ts";
import { randomSource } from "../util/random_source.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { evaluateProgram } from "../test_support/evaluate_program.ts";
import { kernelsOf, type LoopProgram } from "./program.ts";
import { lowerForBlas } from "./lower_for_blas.ts";
import { lowerGraph } from "./lower.ts";
import { ALL_PARTS } from "../codegen/wasm/printer/all_parts.ts";
import { printWasm } from "../codegen/wasm/printer/print_wasm.ts";
import { blasProduct } from "./blas_product.ts";
import { splitMatmulEpilogues } from "./split_matmul_epilogues.ts";

const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;

/** Products with either operand transposed, one in a loop, one too small, each with something after it. */
const { graph } = trace([f32(48, 64), f32(64, 40), f32(48, 40), f32(40)], (x, y, z, b) => {
  const [end] = ops.scan(
    (h: Tensor, _: undefined) => [
      ops.tanh(ops.add(ops.matmul(ops.matmul(h, y, { transposeY: true }), y), b)),
      undefined,
    ],
    z,
    undefined,
    { length: 3 },
  );
  return [
    ops.tanh(ops.add(ops.matmul(x, y), b)),
    ops.mul(ops.matmul(x, z, { transposeX: true }), 2),
    ops.matmul(ops.tanh(z), ops.exp(y), { transposeY: true }),
    ops.matmul(ops.reshape(b, [1, 40]), ops.reshape(b, [40, 1])),
    end,
  ];
});
const inputs = inputsOf(graph);
const wanted = evaluateGraph(graph, inputs);

function inputsOf({ inputs }: Graph): DenseArray[] {
  const random = randomSource(4);
  return inputs.map(({ type }) => sampleArray(random, type.shape, { max: 0.3 }));
}

function assertClose(
  found: readonly ArrayLike<number>[],
  tolerance: number,
  expected: readonly DenseArray[] = wanted,
) {
  expected.forEach(({ data }, i) =>
    data.forEach((x, j) => {
      const close = Math.abs(x - found[i][j]) <= tolerance * Math.max(1, Math.abs(x));
      assertEquals(close, true, `output ${i}[${j}] must be ${x}, found ${found[i][j]}`);
    })
  );
}

Deno.test("splitMatmulEpilogues() keeps the meaning and leaves large products bare", () => {
  const program = splitMatmulEpilogues(lowerGraph(graph));
  const products = kernelsOf(program.steps).filter((kernel) => kernel.kind === "matmul");
  const bare = products.filter((kernel) => blasProduct(kernel) !== undefined);
  assertEquals([products.length, bare.length], [6, 5]);
  assertClose(evaluateProgram(program, inputs.map(({ data }) => Float64Array.from(data))), 1e-9);
});

/** Runs a program whose large products are calls, and counts these. */
function runWithBlas(
  program: LoopProgram,
  inputs: readonly DenseArray[],
): { readonly found: readonly Float32Array[]; readonly calls: number } {
  const { bytes, pages, tableLength } = printWasm(program, { blas: true, parts: ALL_PARTS });
  const memory = new WebAssembly.Memory({ initial: pages + 32, maximum: 65535 });
  const words = new Int32Array(memory.buffer);
  const floats = new Float32Array(memory.buffer);
  let calls = 0;
  const sgemm = (...numbers: number[]) => {
    const [xTransposed, yTransposed, m, n, k, x, xStride, y, yStride, z, zStride] = numbers;
    const at = (start: number, stride: number, transposed: number, i: number, j: number) =>
      floats[start / 4 + (transposed ? j * stride + i : i * stride + j)];
    calls++;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let q = 0; q < k; q++) {
          sum += at(x, xStride, xTransposed, i, q) * at(y, yStride, yTransposed, q, j);
        }
        floats[z / 4 + i * zStride + j] = sum;
      }
    }
  };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory, sgemm },
  });
  let end = 4096;
  const places = [...program.inputs, ...program.outputs].map((buffer, i) => {
    const place = end;
    end += Math.ceil((4 * buffer.size + 64) / 64) * 64;
    words[(1024 >> 2) + i] = place;
    if (i < inputs.length) floats.set(inputs[i].data, place / 4);
    return place / 4;
  });
  words[(1024 >> 2) + tableLength - 2] = end;
  (instance.exports.run as (table: number) => void)(1024);
  const found = program.outputs.map(({ size }, i) => {
    const place = places[inputs.length + i];
    return floats.subarray(place, place + size);
  });
  return { found, calls };
}

Deno.test("printWasm() calls a BLAS with the matrices it means", () => {
  const { found, calls } = runWithBlas(splitMatmulEpilogues(lowerGraph(graph)), inputs);
  assertClose(found, 1e-5);
  assertEquals(calls, 3 + 2 * 3);
});

Deno.test("printWasm() calls a BLAS for each panel of a right operand, and for each element of a batch", () => {
  const { graph } = trace(
    [f32(32, 192), f32(192, 192), f32(2, 48, 64), f32(2, 64, 40)],
    (h, w, x, y) => {
      const [end] = ops.scan(
        (h: Tensor, _: undefined) => [ops.tanh(ops.matmul(h, w, { transposeY: true })), undefined],
        ops.matmul(h, w),
        undefined,
        { length: 4 },
      );
      return [end, ops.matmul(x, y)];
    },
  );
  const inputs = inputsOf(graph);
  const { found, calls } = runWithBlas(lowerForBlas(lowerGraph(graph), true), inputs);
  assertClose(found, 1e-5, evaluateGraph(graph, inputs));
  // One outside the loop, three panels in each of its iterations, two of the batch.
  assertEquals(calls, 1 + 4 * 3 + 2);
});
