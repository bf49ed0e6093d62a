import { assertEquals } from "@std/assert";
import * as ops from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { formatProgram } from "./format_program.ts";
import { lowerGraph } from "./lower.ts";

Deno.test("formatProgram() shows loops, kernels and what they store", () => {
  const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
  const { graph } = trace([f32(2, 3), f32(3, 3)], (start, w) => {
    const step = (h: Tensor) => [ops.tanh(h.matmul(w)), undefined] as [Tensor, undefined];
    const [end] = ops.scan(step, start, undefined, { length: 4 });
    const scaled = ops.mul(end, ops.exp(end));
    return [ops.sum(ops.mul(scaled, scaled))];
  });
  assertEquals(
    formatProgram(lowerGraph(graph, { name: "example" })).split("\n").map((line) => line.trim()),
    [
      "program example(input0: f32[6], input1: f32[9])",
      "outputs output0: f32[1]",
      "temporaries carry0: f32[12]",
      "map copy [i0<6]",
      "carry0[i0] = input0[i0]",
      "loop scan t<4",
      "matmul matmul [m<2, n<3] over k<3",
      "accumulator = sum of carry0[(((t % 2) * 6) + ((m * 3) + k))] * input1[((k * 3) + n)]",
      "carry0[((((t + 1) % 2) * 6) + ((m * 3) + n))] = tanh(accumulator)",
      "reduce reduce_sum [] over r0<6",
      "v0 = (carry0[r0] * exp(carry0[r0]))",
      "accumulator = sum of (v0 * v0)",
      "output0[0] = accumulator",
    ],
  );
});
