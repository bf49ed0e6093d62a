/**
 * Reverse mode on a graph. `record` replays it and keeps what each equation saw; `backpropagate` walks
 * that tape backwards and asks each primitive for its rule. Both only apply primitives, so the result is
 * a graph like any other, and can be differentiated again.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../ir/graph.ts";
import { isDifferentiable } from "../ir/tensor_type.ts";
import { rulesOf } from "./rules.ts";
import { apply, type Tensor } from "./tensor.ts";
import { replayGraph } from "./trace.ts";

/** What one equation saw on the way forward. */
export interface TapeEntry {
  /** The equation. */
  readonly equation: Equation;
  /** Its inputs. */
  readonly inputs: readonly Tensor[];
  /** Its outputs. */
  readonly outputs: readonly Tensor[];
  /** What its primitive saved for the way back. */
  readonly residuals: readonly Tensor[];
}

/** Replays a graph in the current trace and keeps a tape. */
export function record(
  graph: Graph,
  inputs: readonly Tensor[],
): { readonly outputs: Tensor[]; readonly tape: TapeEntry[] } {
  const tape: TapeEntry[] = [];
  const outputs = replayGraph(graph, inputs, (equation, inputs) => {
    const { params } = equation;
    const primitive = rulesOf(equation.primitive);
    const { outputs, residuals } = primitive.forward?.(inputs, params) ??
      { outputs: apply(primitive, inputs, params), residuals: [] };
    tape.push({ equation, inputs, outputs, residuals });
    return outputs;
  });
  return { outputs, tape };
}

/**
 * Gradients of a graph's inputs from those of its outputs.
 *
 * @param graph The graph.
 * @param tape What {@linkcode record} kept.
 * @param cotangents Gradients by the outputs; `undefined` where zero.
 * @returns Gradients by the inputs; `undefined` where zero.
 */
export function backpropagate(
  graph: Graph,
  tape: readonly TapeEntry[],
  cotangents: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  const gradients = new Map<Value, Tensor>();
  const accumulate = (value: Value, gradient: Tensor | undefined) => {
    if (!gradient || !isDifferentiable(value.type)) return;
    const sum = gradients.get(value);
    gradients.set(value, sum ? sum.add(gradient) : gradient);
  };
  graph.outputs.forEach((value, i) => accumulate(value, cotangents[i]));
  for (let i = tape.length - 1; i >= 0; i--) {
    const { equation, inputs, outputs, residuals } = tape[i];
    const cotangents = equation.outputs.map((value) => gradients.get(value));
    if (cotangents.every((cotangent) => cotangent === undefined)) continue;
    const { params } = equation;
    const results = rulesOf(equation.primitive).vjp({
      inputs,
      outputs,
      residuals,
      cotangents,
      params,
    });
    equation.inputs.forEach((value, j) => accumulate(value, results[j]));
  }
  return graph.inputs.map((value) => gradients.get(value));
}
