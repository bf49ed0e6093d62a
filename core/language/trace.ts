/**
 * Tracing: running a function once on tensors that hold no numbers, to record the graph it describes.
 * This is the only way a graph gets made.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../ir/graph.ts";
import type { Params, Primitive } from "../ir/primitive.ts";
import { rulesOf } from "./rules.ts";
import { apply, currentTrace, setCurrentTrace, Tensor } from "./tensor.ts";
import { sourceOf } from "./tensor_source.ts";
import { checkCounts } from "../util/check_counts.ts";
import { checkElements, formatType, type TensorType } from "../ir/tensor_type.ts";

/** The graph under construction. */
export class Trace {
  readonly #equations: Equation[] = [];
  readonly #inputs: Value[] = [];
  readonly #captures = new Map<
    Tensor | Value,
    { readonly outer: Tensor; readonly inner: Tensor }
  >();
  /** The trace around this one. */
  readonly parent: Trace | undefined;

  /** Opens a trace inside another. */
  constructor(parent: Trace | undefined) {
    this.parent = parent;
  }

  /** Adds an argument to the graph. */
  input(type: TensorType): Tensor {
    const value: Value = { type };
    this.#inputs.push(value);
    return this.#wrap(value);
  }

  /** Adds an equation and returns its results. */
  apply(primitive: Primitive, inputs: readonly Tensor[], params: Params): Tensor[] {
    const own = inputs.map((tensor) => this.#own(tensor));
    const types = primitive.inferTypes(own.map((value) => value.type), params);
    const outputs = types.map((type): Value => ({ type }));
    this.#equations.push({ primitive, params, inputs: own, outputs });
    return outputs.map((value) => this.#wrap(value));
  }

  /** Tensors from outside that this trace read, in order of first use. */
  get captures(): Tensor[] {
    return [...this.#captures.values()].map(({ outer }) => outer);
  }

  /** Closes the trace. Captured tensors become the leading inputs. */
  finish(outputs: readonly Tensor[]): Graph {
    const results = outputs.map((tensor) => this.#own(tensor));
    const captured = [...this.#captures.values()].map(({ inner }) => this.#own(inner));
    return { inputs: [...captured, ...this.#inputs], equations: this.#equations, outputs: results };
  }

  #wrap(value: Value): Tensor {
    checkElements(value.type);
    return new Tensor(value.type, { kind: "traced", trace: this, value });
  }

  /** The value of a tensor in this trace; what comes from outside is captured. */
  #own(tensor: Tensor): Value {
    const source = sourceOf(tensor);
    if (source.kind === "traced") {
      if (source.trace === this) return source.value;
      let outer = this.parent;
      while (outer && outer !== source.trace) outer = outer.parent;
      if (!outer) {
        throw new TypeError(
          `Cannot use a traced ${
            formatType(tensor.type)
          } here: the function it was traced in has ended`,
        );
      }
    }
    const key = source.kind === "traced" ? source.value : tensor;
    const known = this.#captures.get(key);
    if (known) return this.#own(known.inner);
    const inner = this.#wrap({ type: tensor.type });
    this.#captures.set(key, { outer: tensor, inner });
    return this.#own(inner);
  }
}

/** A traced function. */
export interface Traced {
  /** What it computes: captured tensors are the leading inputs. */
  readonly graph: Graph;
  /** Tensors from outside that it read. */
  readonly captures: readonly Tensor[];
}

/**
 * Records the graph of a function applied to arguments of the given types.
 *
 * @param types Types of the arguments.
 * @param build The function; what it reads from outside is captured.
 * @returns The graph, whose leading inputs are the captures.
 * @throws {TypeError} If an operation refuses its inputs.
 * @throws {RangeError} If a size is not a whole number of 0 or more, or a value has 2³¹ elements or more.
 *
 * @example Usage
 * ```ts
 * import { add } from "@unroll/core";
 * import { trace } from "@unroll/core/compiler";
 * import { strictEqual } from "node:assert/strict";
 *
 * const type = { dtype: "f32", shape: [2] } as const;
 * const { graph } = trace([type, type], (x, y) => [add(x, y)]);
 * strictEqual(graph.equations.length, 1);
 * ```
 */
export function trace(
  types: readonly TensorType[],
  build: (...inputs: Tensor[]) => readonly Tensor[],
): Traced {
  for (const type of types) checkCounts(`trace ${formatType(type)}`, "each size", type.shape);
  const outer = currentTrace();
  const inner = new Trace(outer);
  setCurrentTrace(inner);
  try {
    const outputs = build(...types.map((type) => inner.input(type)));
    return { graph: inner.finish(outputs), captures: inner.captures };
  } finally {
    setCurrentTrace(outer);
  }
}

/**
 * Replays a graph in the current trace, seeing every equation go by.
 *
 * @param graph The graph.
 * @param inputs What its inputs are bound to.
 * @param visit What to do for an equation; applies it if left out.
 * @returns The graph's outputs.
 */
export function replayGraph(
  graph: Graph,
  inputs: readonly Tensor[],
  visit: (equation: Equation, inputs: Tensor[]) => readonly Tensor[] = applyEquation,
): Tensor[] {
  const environment = new Map<Value, Tensor>();
  graph.inputs.forEach((value, i) => environment.set(value, inputs[i]));
  const read = (value: Value): Tensor => {
    const tensor = environment.get(value);
    if (!tensor) {
      throw new TypeError(
        `Cannot replay a graph: a value of type ${formatType(value.type)} is unbound`,
      );
    }
    return tensor;
  };
  for (const equation of graph.equations) {
    const results = visit(equation, equation.inputs.map(read));
    equation.outputs.forEach((value, i) => environment.set(value, results[i]));
  }
  return graph.outputs.map(read);
}

/** Applies an equation's primitive to other inputs. */
export function applyEquation(equation: Equation, inputs: readonly Tensor[]): Tensor[] {
  return apply(rulesOf(equation.primitive), inputs, equation.params);
}
