/**
 * Checks that a graph is well formed: what every pass must keep.
 *
 * @module
 */
import { type Graph, isApplication, isGraph, type Value } from "../ir/graph.ts";
import { SCAN } from "../language/primitives/scan.ts";
import { formatType, sameType, type TensorType } from "../ir/tensor_type.ts";

/**
 * Checks a graph and the bodies of its loops: every value is bound exactly once and before it is
 * read, every type is what the primitive's type rule says, and a body reads nothing from outside.
 *
 * @param graph The graph.
 * @throws {TypeError} At the first thing that is wrong.
 *
 * @example Usage
 * ```ts
 * import { add } from "@unroll/core";
 * import { checkGraph, trace } from "@unroll/core/compiler";
 *
 * const type = { dtype: "f32", shape: [2] } as const;
 * checkGraph(trace([type], (x) => [add(x, x)]).graph);
 * ```
 */
export function checkGraph(graph: Graph): void {
  const bound = new Set<Value>();
  const bind = (value: Value, by: string) => {
    if (bound.has(value)) {
      throw new TypeError(
        `Cannot accept the graph: ${formatType(value.type)} of ${by} is bound already`,
      );
    }
    bound.add(value);
  };
  const read = (value: Value, by: string) => {
    if (bound.has(value)) return;
    throw new TypeError(
      `Cannot accept the graph: ${formatType(value.type)} is read by ${by} before it is bound`,
    );
  };
  graph.inputs.forEach((value) => bind(value, "the inputs"));
  for (const equation of graph.equations) {
    const { primitive, inputs, outputs, params } = equation;
    inputs.forEach((value) => read(value, primitive.name));
    if (isApplication(equation, SCAN)) {
      const { body, constants, carries } = equation.params;
      checkGraph(body);
      const wanted = inputs.map(({ type: { dtype, shape } }, i) => ({
        dtype,
        shape: i < constants + carries ? shape : shape.slice(1),
      }));
      checkTypes("the body of scan", body.inputs, wanted);
    } else if (Object.values(params).some(isGraph)) {
      throw new TypeError(`Cannot accept the graph: ${primitive.name} has a body`);
    }
    checkTypes(
      primitive.name,
      outputs,
      primitive.inferTypes(inputs.map(({ type }) => type), params),
    );
    outputs.forEach((value) => bind(value, primitive.name));
  }
  graph.outputs.forEach((value) => read(value, "the outputs"));
}

function checkTypes(
  name: string,
  values: readonly Value[],
  wanted: readonly TensorType[],
): void {
  if (
    values.length === wanted.length && values.every(({ type }, i) => sameType(type, wanted[i]))
  ) return;
  throw new TypeError(
    `Cannot accept the graph: ${name} must have ${wanted.map(formatType).join(", ")}, found ${
      values.map(({ type }) => formatType(type)).join(", ")
    }`,
  );
}
