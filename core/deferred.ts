/**
 * Computing what was written outside of {@linkcode compile}: the operations that a tensor waits for
 * become one graph, which is evaluated at once.
 *
 * @module
 */
import { evaluateGraph } from "./backends/evaluate.ts";
import type { Equation, Value } from "./graph.ts";
import { dense } from "./primitives/dense.ts";
import type { DenseArray } from "./primitives/primitive.ts";
import type { DeferredNode, Tensor } from "./tensor.ts";
import { formatType, typedArray } from "./tensor_type.ts";

/** Computes deferred tensors; afterwards they are stored on the host. */
export async function evaluateDeferred(tensors: readonly Tensor[]): Promise<void> {
  const bound = new Map<DeferredNode, readonly Value[]>();
  const leaves = new Map<Tensor, Value>();
  const equations: Equation[] = [];
  const valueOf = (tensor: Tensor): Value => {
    const { source } = tensor;
    if (source.kind === "deferred") {
      return (bound.get(source.node) as readonly Value[])[source.position];
    }
    if (source.kind === "traced") {
      throw new TypeError(
        `Cannot read the data of ${
          formatType(tensor.type)
        }: it depends on a value that is being traced`,
      );
    }
    const known = leaves.get(tensor);
    if (known) return known;
    const value: Value = { type: tensor.type };
    leaves.set(tensor, value);
    return value;
  };
  // Depth first with an explicit stack: chains of operations can be long.
  const stack = tensors.map((tensor) => ({ tensor, ready: false }));
  while (stack.length > 0) {
    const { tensor, ready } = stack.pop() as { tensor: Tensor; ready: boolean };
    const { source } = tensor;
    if (source.kind !== "deferred" || bound.has(source.node)) continue;
    const { primitive, inputs, params } = source.node;
    if (!ready) {
      stack.push(
        { tensor, ready: true },
        ...inputs.map((input) => ({ tensor: input, ready: false })),
      );
      continue;
    }
    const values = inputs.map(valueOf);
    const outputs = primitive.type(values.map(({ type }) => type), params).map((type): Value => ({
      type,
    }));
    equations.push({ primitive, inputs: values, outputs, params });
    bound.set(source.node, outputs);
  }
  const waiting = tensors.filter(({ source }) => source.kind === "deferred");
  const graph = { inputs: [...leaves.values()], equations, outputs: waiting.map(valueOf) };
  const inputs: DenseArray[] = [];
  for (const tensor of leaves.keys()) inputs.push(dense(tensor.type, await tensor.data()));
  evaluateGraph(graph, inputs).forEach(({ type, data }, i) => {
    waiting[i].source = { kind: "host", data: typedArray(type.dtype, data) };
  });
}
