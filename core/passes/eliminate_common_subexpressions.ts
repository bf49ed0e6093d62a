/**
 * Eliminates common subexpressions: equations of equal primitive, parameters and inputs are computed once.
 *
 * @module
 */
import type { Graph, Value } from "../ir/graph.ts";
import { isGraph } from "../ir/graph.ts";
import type { Params } from "../ir/primitive.ts";
import { SCAN } from "../language/primitives/scan.ts";
import { formatType } from "../ir/tensor_type.ts";
import { withBody } from "./loop.ts";
import { rewrite } from "./rewrite.ts";

/** Replaces each equation that repeats an earlier one by the earlier one's results. */
export function eliminateCommonSubexpressions(graph: Graph): Graph {
  const numbers = new Numbers();
  const known = new Map<string, readonly Value[]>();
  return rewrite(graph, (equation, rewriter) => {
    const inner = equation.primitive === SCAN
      ? withBody(equation, eliminateCommonSubexpressions)
      : equation;
    const inputs = inner.inputs.map((value) => numbers.of(value)).join(",");
    const key = `${inner.primitive.name}(${inputs})${keyOfParams(inner.params)}`;
    const earlier = known.get(key);
    if (earlier) inner.outputs.forEach((value, i) => rewriter.replace(value, earlier[i]));
    else known.set(key, rewriter.add(inner));
  });
}

/** Numbers values in the order they are met. */
class Numbers {
  readonly #numbers = new Map<Value, number>();

  of(value: Value): number {
    const number = this.#numbers.get(value) ?? this.#numbers.size;
    this.#numbers.set(value, number);
    return number;
  }
}

const keys = new WeakMap<Graph, string>();

/** Makes a text that is equal for graphs of equal structure. */
function keyOfGraph(graph: Graph): string {
  const cached = keys.get(graph);
  if (cached !== undefined) return cached;
  const numbers = new Numbers();
  const list = (values: readonly Value[]) => values.map((value) => numbers.of(value)).join(",");
  const lines = [graph.inputs.map(({ type }) => formatType(type)).join(","), list(graph.inputs)];
  for (const { primitive, inputs, outputs, params } of graph.equations) {
    lines.push(`${list(outputs)}=${primitive.name}(${list(inputs)})${keyOfParams(params)}`);
  }
  lines.push(list(graph.outputs));
  const key = `{${lines.join(";")}}`;
  keys.set(graph, key);
  return key;
}

const paramKeys = new WeakMap<Params, string>();

/** Makes a text that is equal for equal parameters. Zeros of both signs, and NaN, are told apart. */
export function keyOfParams(params: Params): string {
  let key = paramKeys.get(params);
  if (key !== undefined) return key;
  key = Object.keys(params).sort().map((name) => ` ${name}=${keyOf(params[name])}`).join("");
  paramKeys.set(params, key);
  return key;
}

function keyOf(param: unknown): string {
  if (typeof param === "number") return Object.is(param, -0) ? "-0" : String(param);
  if (Array.isArray(param)) return `[${param.map(keyOf).join(",")}]`;
  if (isGraph(param)) return keyOfGraph(param);
  return JSON.stringify(param) ?? "undefined";
}
