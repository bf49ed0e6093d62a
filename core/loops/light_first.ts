/**
 * Orders equations so that more of them can be fused.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../ir/graph.ts";

/**
 * Puts equations that wait for no product, reduction or loop before all others, so that what follows
 * a product point by point finds its other operands ready and can be computed with it.
 */
export function lightFirst(graph: Graph): Graph {
  const late = new Set<Value>();
  const [first, rest]: [Equation[], Equation[]] = [[], []];
  for (const equation of graph.equations) {
    const { kind } = equation.primitive.lowering;
    const light = (kind === "element" || kind === "reshape") &&
      equation.inputs.every((input) => !late.has(input));
    if (!light) { for (const output of equation.outputs) late.add(output); }
    (light ? first : rest).push(equation);
  }
  return { ...graph, equations: [...first, ...rest] };
}
