/**
 * Computing what was written outside of {@linkcode compile}: the operations that a tensor waits for
 * become one graph, which is evaluated at once, by a device if one was given and by the interpreter
 * otherwise.
 *
 * @module
 */
import { evaluateGraph } from "../ir/evaluate.ts";
import type { Equation, Graph, Value } from "../ir/graph.ts";
import { dense } from "../ir/dense.ts";
import type { Tensor } from "./tensor.ts";
import { type DeferredNode, setSource, sourceOf } from "./tensor_source.ts";
import { formatType, type TypedArray, typedArray } from "../ir/tensor_type.ts";

/**
 * Computes a graph from numbers on the host, or returns `undefined` to leave it to the interpreter:
 * most graphs are too small to be worth compiling.
 */
export type EagerDevice = (
  graph: Graph,
  inputs: readonly TypedArray[],
) => Promise<TypedArray[]> | undefined;

let eagerDevice: EagerDevice = () => undefined;

/** Sets what computes deferred tensors where no device is given. An entry point of the package does. */
export function setEagerDevice(device: EagerDevice): void {
  eagerDevice = device;
}

/** Computes deferred tensors, and leaves the others alone; afterwards they are stored on the host. */
export async function evaluateDeferred(
  tensors: readonly Tensor[],
  device: EagerDevice = eagerDevice,
): Promise<void> {
  const bound = new Map<DeferredNode, readonly Value[]>();
  const leaves = new Map<Tensor, Value>();
  const equations: Equation[] = [];
  const valueOf = (tensor: Tensor): Value => {
    const source = sourceOf(tensor);
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
    const source = sourceOf(tensor);
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
    const outputs = primitive.inferTypes(values.map(({ type }) => type), params).map((
      type,
    ): Value => ({
      type,
    }));
    equations.push({ primitive, inputs: values, outputs, params });
    bound.set(source.node, outputs);
  }
  const waiting = tensors.filter((tensor) => sourceOf(tensor).kind === "deferred");
  const graph = { inputs: [...leaves.values()], equations, outputs: waiting.map(valueOf) };
  const inputs: TypedArray[] = [];
  for (const tensor of leaves.keys()) inputs.push(await tensor.data());
  const results = await (device(graph, inputs) ?? interpret(graph, inputs));
  results.forEach((data, i) => setSource(waiting[i], { kind: "host", data }));
}

function interpret(graph: Graph, inputs: readonly TypedArray[]): TypedArray[] {
  const arrays = inputs.map((data, i) => dense(graph.inputs[i].type, data));
  return evaluateGraph(graph, arrays).map(({ type, data }) => typedArray(type.dtype, data));
}
