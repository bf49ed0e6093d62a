import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { paramsOf } from "../ir/graph.ts";
import type { Primitive } from "../ir/primitive.ts";
import { MATMUL } from "./primitives/matmul.ts";
import { REDUCE_MAX, REDUCE_SUM } from "./primitives/reduce.ts";
import { rulesOf } from "./rules.ts";
import { trace } from "./trace.ts";

const COPY: Primitive = {
  name: "copy",
  inferTypes: ([x]) => [x],
  evaluate: ([x]) => [x],
  lowering: { kind: "reshape" },
};

Deno.test("rulesOf() gives a primitive of the language, and throws for another", () => {
  assertStrictEquals(rulesOf(MATMUL), MATMUL);
  assertThrows(
    () => rulesOf(COPY),
    TypeError,
    "Cannot transform copy: rules for its derivative and for batches are needed, found none",
  );
});

Deno.test("paramsOf() gives the parameters of the primitives asked for only", () => {
  const { graph: { equations: [equation] } } = trace(
    [{ dtype: "f32", shape: [3] }],
    (x) => [x.sum()],
  );
  assertEquals(paramsOf(equation, REDUCE_MAX, REDUCE_SUM), { axes: [0] });
  assertThrows(
    () => paramsOf(equation, MATMUL),
    TypeError,
    "Cannot read the parameters of reduce_sum: matmul is wanted",
  );
});
