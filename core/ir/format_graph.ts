/**
 * Graphs as text, for people.
 *
 * @module
 */
import { type Graph, isGraph, type Value } from "./graph.ts";
import { formatType } from "./tensor_type.ts";

/**
 * Prints a graph: one line an equation, the bodies of loops indented below theirs.
 *
 * @param graph The graph to print.
 * @returns Text such as `c:f32[2] = add a b`.
 *
 * @example Usage
 * ```ts
 * import { add } from "@unroll/core";
 * import { formatGraph, trace } from "@unroll/core/compiler";
 * import { strictEqual } from "node:assert/strict";
 *
 * const type = { dtype: "f32", shape: [2] } as const;
 * const { graph } = trace([type], (x) => [add(x, x)]);
 * strictEqual(formatGraph(graph), "inputs a:f32[2]\nb:f32[2] = add a a\noutputs b");
 * ```
 */
export function formatGraph(graph: Graph): string {
  return formatLines(graph, new Map()).join("\n");
}

function formatLines(graph: Graph, names: Map<Value, string>): string[] {
  const bind = (value: Value) => {
    names.set(value, nameOf(names.size));
    return `${names.get(value)}:${formatType(value.type)}`;
  };
  const lines = [["inputs", ...graph.inputs.map(bind)].join(" ")];
  for (const equation of graph.equations) {
    const inputs = equation.inputs.map((value) => names.get(value) ?? "?");
    const plain: string[] = [];
    const bodies: string[] = [];
    for (const [key, param] of Object.entries(equation.params)) {
      if (isGraph(param)) bodies.push(...formatLines(param, names).map((line) => `  ${line}`));
      else if (param !== undefined && param !== false) {
        plain.push(`${key}=${JSON.stringify(param)}`);
      }
    }
    const head = [equation.primitive.name, ...plain, ...inputs].join(" ");
    lines.push(`${equation.outputs.map(bind).join(", ")} = ${head}`, ...bodies);
  }
  lines.push(["outputs", ...graph.outputs.map((value) => names.get(value) ?? "?")].join(" "));
  return lines;
}

/** Names a value by its number: a, b, … z, aa, ab, … */
function nameOf(number: number): string {
  const letter = String.fromCharCode(97 + number % 26);
  return number < 26 ? letter : nameOf(Math.floor(number / 26) - 1) + letter;
}
