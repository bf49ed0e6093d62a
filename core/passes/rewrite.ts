/**
 * Rewrites graphs: a list of equations that grows, in which values can be replaced.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../ir/graph.ts";
import type { Params, Primitive } from "../ir/primitive.ts";

/**
 * A rule that may put other values in the place of an equation's results. It emits what it needs and
 * returns the new values, or `undefined` to leave the equation as it is.
 */
export type Rule = (equation: Equation, rewriter: Rewriter) => readonly Value[] | undefined;

/** A graph under construction, made from another. */
export class Rewriter {
  /** Equations so far. */
  readonly equations: Equation[] = [];
  /** Of the first {@linkcode #indexed} equations: most passes ask for none. */
  readonly #producers = new Map<Value, Equation>();
  #indexed = 0;
  readonly #replaced = new Map<Value, Value>();
  readonly #rule: Rule | undefined;

  /** Begins with nothing; `rule` is asked about every equation added. */
  constructor(rule?: Rule) {
    this.#rule = rule;
  }

  /** What stands for a value of the old graph. */
  read(value: Value): Value {
    const by = this.#replaced.get(value);
    return by ? this.read(by) : value;
  }

  /** Lets a value stand for another from here on. */
  replace(value: Value, by: Value): void {
    if (value !== by) this.#replaced.set(value, by);
  }

  /** The equation that binds a value; `undefined` for an input. */
  producer(value: Value): Equation | undefined {
    for (; this.#indexed < this.equations.length; this.#indexed++) {
      const equation = this.equations[this.#indexed];
      const { outputs } = equation;
      for (let i = 0; i < outputs.length; i++) this.#producers.set(outputs[i], equation);
    }
    return this.#producers.get(value);
  }

  /** An equation of the old graph with inputs of the new one. */
  readInputs(equation: Equation): Equation {
    if (this.#replaced.size === 0) return equation;
    const { inputs } = equation;
    for (let i = 0; i < inputs.length; i++) {
      if (!this.#replaced.has(inputs[i])) continue;
      return { ...equation, inputs: inputs.map((value) => this.read(value)) };
    }
    return equation;
  }

  /** Adds an equation of the old graph and returns what stands for its results. */
  add(equation: Equation): readonly Value[] {
    const read = this.readInputs(equation);
    const by = this.#rule?.(read, this);
    if (by) {
      equation.outputs.forEach((value, i) => this.replace(value, by[i]));
      return by;
    }
    this.equations.push(read);
    return read.outputs;
  }

  /** Adds an equation of the new graph as it is. */
  keep(equation: Equation): void {
    this.equations.push(equation);
  }

  /** Adds a new equation and returns its results. */
  emit(primitive: Primitive, inputs: readonly Value[], params: Params = {}): readonly Value[] {
    const types = primitive.inferTypes(inputs.map(({ type }) => type), params);
    return this.add({ primitive, params, inputs, outputs: types.map((type): Value => ({ type })) });
  }

  /** Adds the equations of a graph that is used nowhere else. */
  insert(graph: Graph, inputs: readonly Value[]): Value[] {
    graph.inputs.forEach((value, i) => this.replace(value, inputs[i]));
    for (const equation of graph.equations) this.add(equation);
    return graph.outputs.map((value) => this.read(value));
  }

  /** The graph made from another, or that if nothing changed. */
  finish(graph: Graph): Graph {
    const { equations } = this;
    const outputs = graph.outputs.map((value) => this.read(value));
    const same = sameItems(equations, graph.equations) && sameItems(outputs, graph.outputs);
    return same ? graph : { inputs: graph.inputs, equations, outputs };
  }
}

/** Copies an equation with other inputs. */
export function withInputs(equation: Equation, inputs: readonly Value[]): Equation {
  return inputs.every((value, i) => value === equation.inputs[i])
    ? equation
    : { ...equation, inputs };
}

/**
 * Rebuilds a graph equation by equation.
 *
 * @param graph The graph.
 * @param visit Adds to the rewriter what is to stand for an equation, whose inputs are those of the
 * new graph.
 * @param rule Asked about every equation added.
 * @returns The new graph, or the old one if nothing changed.
 */
export function rewrite(
  graph: Graph,
  visit: (equation: Equation, rewriter: Rewriter) => void,
  rule?: Rule,
): Graph {
  const rewriter = new Rewriter(rule);
  for (const equation of graph.equations) {
    visit(rewriter.readInputs(equation), rewriter);
  }
  return rewriter.finish(graph);
}

/** Returns whether two lists hold the same objects. */
export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
