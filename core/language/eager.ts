/**
 * Computing what was written outside of {@linkcode compile}: the operations that a tensor waits for
 * become one graph, which is evaluated at once, by a device if one was given and by the interpreter
 * otherwise.
 *
 * @module
 */
import { evaluateGraph } from "../ir/evaluate.ts";
import type { Equation, Graph, Value } from "../ir/graph.ts";
import type { Primitive } from "../ir/primitive.ts";
import { dense } from "../ir/dense.ts";
import type { Tensor } from "./tensor.ts";
import { type DeferredNode, type DeferredSource, setSource, sourceOf } from "./tensor_source.ts";
import { formatType, sizeOf, type TypedArray, typedArray } from "../ir/tensor_type.ts";

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

let running: Promise<void> | undefined;

/**
 * Computes deferred tensors, and leaves the others alone; afterwards they are stored on the host, and so
 * is what was computed on the way to them and would have to be computed again. One call waits for
 * another, for it may need what that computes.
 */
export function evaluateDeferred(
  tensors: readonly Tensor[],
  device: EagerDevice = eagerDevice,
): Promise<void> {
  if (!tensors.some(isDeferred)) return Promise.resolve();
  const start = () => evaluate(tensors, device);
  const evaluated = running ? running.then(start) : start();
  const ended = evaluated.catch(() => {}).then(() => {
    if (running === ended) running = undefined;
  });
  running = ended;
  return evaluated;
}

function isDeferred(tensor: Tensor): boolean {
  return sourceOf(tensor).kind === "deferred";
}

async function evaluate(tensors: readonly Tensor[], device: EagerDevice): Promise<void> {
  const wanted = new Set(tensors.filter(isDeferred));
  if (wanted.size === 0) return;
  const bound = new Map<DeferredNode, readonly Value[]>();
  const leaves = new Map<Tensor, Value>();
  const computed = new Map<Tensor, Primitive>();
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
  const stack = [...wanted].map((tensor) => ({ tensor, ready: false }));
  while (stack.length > 0) {
    const { tensor, ready } = stack.pop() as { tensor: Tensor; ready: boolean };
    const source = sourceOf(tensor);
    if (source.kind !== "deferred") continue;
    const { primitive, inputs, params } = source.node;
    computed.set(tensor, primitive);
    if (bound.has(source.node)) continue;
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
  // All at once: whoever does not wait for us may go on to dispose of one.
  const inputs = await Promise.all([...leaves.keys()].map((tensor) => tensor.data()));
  const others = [...computed].filter(([tensor]) => !wanted.has(tensor));
  const graphOf = (kept: readonly Tensor[]): Graph => ({
    inputs: [...leaves.values()],
    equations,
    outputs: kept.map(valueOf),
  });
  // What a device must write to memory anyway; the rest is fused, and as fast to compute again.
  let kept = [...wanted, ...within(MAX_KEPT_BYTES, others.filter(([, { isHeavy }]) => isHeavy))];
  let results = await device(graphOf(kept), inputs);
  if (!results) {
    const isCheap = ([tensor, { isView }]: Computed) =>
      isView || (sourceOf(tensor) as DeferredSource).node.inputs.length === 0;
    kept = [...wanted, ...within(MAX_KEPT_BYTES, others.filter((entry) => !isCheap(entry)))];
    results = interpret(graphOf(kept), inputs);
  }
  results.forEach((data, i) => setSource(kept[i], { kind: "host", data }));
}

/** A deferred tensor with the operation that it waits for. */
type Computed = readonly [tensor: Tensor, primitive: Primitive];

/** Bytes of what nobody has asked for yet that one evaluation may keep. */
const MAX_KEPT_BYTES = 2 ** 27;

/** The tensors that are nearest to the results, up to some bytes. */
function within(bytes: number, computed: readonly Computed[]): Tensor[] {
  let left = bytes;
  return computed.flatMap(([tensor]) => (left -= 4 * sizeOf(tensor.shape)) >= 0 ? [tensor] : []);
}

function interpret(graph: Graph, inputs: readonly TypedArray[]): TypedArray[] {
  const arrays = inputs.map((data, i) => dense(graph.inputs[i].type, data));
  return evaluateGraph(graph, arrays).map(({ type, data }) => typedArray(type.dtype, data));
}
