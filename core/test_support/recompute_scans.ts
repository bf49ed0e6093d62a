/**
 * The same program with loops that recompute.
 *
 * @module
 */
import { type Graph, paramsOf } from "../ir/graph.ts";
import { scan } from "../language/ops/scan.ts";
import { SCAN, splitAt } from "../language/primitives/scan.ts";
import type { Tensor } from "../language/tensor.ts";
import { applyEquation, replayGraph, trace } from "../language/trace.ts";

/**
 * Rebuilds a graph with `recompute` set on all of its loops, also on those inside others.
 *
 * @param graph The graph.
 * @param recompute Steps of a segment, or `true`.
 * @returns A graph of the same meaning.
 */
export function recomputeScans(graph: Graph, recompute: true | number): Graph {
  return trace(
    graph.inputs.map(({ type }) => type),
    (...inputs) => replay(graph, inputs, recompute),
  ).graph;
}

function replay(graph: Graph, inputs: readonly Tensor[], recompute: true | number): Tensor[] {
  return replayGraph(graph, inputs, (equation, inputs) => {
    if (equation.primitive !== SCAN) return applyEquation(equation, inputs);
    const { body, constants, carries, length, reverse } = paramsOf(equation, SCAN);
    const [fixed, initial, sequences] = splitAt(inputs, constants, carries);
    const [last, stacks] = scan(
      (carry: Tensor[], slices: Tensor[]) => {
        const [next, outputs] = splitAt(
          replay(body, [...fixed, ...carry, ...slices], recompute),
          carries,
        );
        return [next, outputs];
      },
      initial,
      sequences,
      { length, reverse, recompute },
    );
    return [...last, ...stacks];
  });
}
