/**
 * Computing what was written outside of {@linkcode compile}: the operations that a tensor waits for
 * become one graph, which is evaluated at once.
 *
 * @module
 */
import { cpuBackend } from "../backends/cpu.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import type { Equation, Graph, Value } from "../ir/graph.ts";
import { dense } from "../ir/dense.ts";
import type { DeferredNode, Tensor } from "./tensor.ts";
import { formatType, type TypedArray, typedArray } from "../ir/tensor_type.ts";
import { graphCost } from "../passes/cost.ts";

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
  const inputs: TypedArray[] = [];
  for (const tensor of leaves.keys()) inputs.push(await tensor.data());
  const run = graphCost(graph).operations > MUCH_WORK ? compute : interpret;
  const results = await run(graph, inputs);
  results.forEach((data, i) => waiting[i].source = { kind: "host", data });
}

/** Operations that the interpreter takes about as long for as compiling takes. */
const MUCH_WORK = 2e7;

function interpret(graph: Graph, inputs: readonly TypedArray[]): TypedArray[] {
  const arrays = inputs.map((data, i) => dense(graph.inputs[i].type, data));
  return evaluateGraph(graph, arrays).map(({ type, data }) => typedArray(type.dtype, data));
}

/**
 * Computes on the CPU without the fused operations that some machines lack, and on one thread, whose
 * helpers would take longer to start: the same bits on all.
 */
async function compute(graph: Graph, inputs: readonly TypedArray[]): Promise<TypedArray[]> {
  using backend = cpuBackend({ relaxed: false, threads: 1 });
  using program = await backend.compile(graph, { name: "deferred" });
  const buffers = inputs.map((data, i) => backend.upload(graph.inputs[i].type, data));
  const results = program.run(buffers).map((buffer) => backend.download(buffer));
  return (await Promise.all(results)).map((data) => data.slice());
}
