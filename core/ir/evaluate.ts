/**
 * The meaning of a graph: each equation evaluated as its primitive says, in double precision.
 *
 * @module
 */
import type { Graph, Value } from "./graph.ts";
import type { DenseArray } from "./primitive.ts";
import { formatType, sameType } from "./tensor_type.ts";

/**
 * Evaluates a graph as it is written.
 *
 * @param graph The graph.
 * @param inputs Its arguments, of the types it names.
 * @returns Its results.
 * @throws {TypeError} If an argument has another type.
 *
 * @example Usage
 * ```ts
 * import { mul } from "@unroll/core";
 * import { evaluateGraph, trace } from "@unroll/core/compiler";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const type = { dtype: "f32", shape: [2] } as const;
 * const { graph } = trace([type], (x) => [mul(x, x)]);
 * const [square] = evaluateGraph(graph, [{ type, data: Float64Array.of(2, 3) }]);
 * deepStrictEqual([...square.data], [4, 9]);
 * ```
 */
export function evaluateGraph(graph: Graph, inputs: readonly DenseArray[]): DenseArray[] {
  const environment = new Map<Value, DenseArray>();
  graph.inputs.forEach((value, i) => {
    if (!inputs[i] || !sameType(value.type, inputs[i].type)) {
      throw new TypeError(
        `Cannot evaluate a graph: input ${i} must be ${formatType(value.type)}, found ${
          inputs[i] ? formatType(inputs[i].type) : "nothing"
        }`,
      );
    }
    environment.set(value, inputs[i]);
  });
  const read = (value: Value) => environment.get(value) as DenseArray;
  for (const { primitive, params, inputs, outputs } of graph.equations) {
    const results = primitive.evaluate(inputs.map(read), params);
    outputs.forEach((value, i) => environment.set(value, results[i]));
  }
  return graph.outputs.map(read);
}
