/**
 * Takes scans apart and puts them together again, so that passes can change them: each value inside the
 * body next to the one outside that it comes from, or becomes.
 *
 * @module
 */
import { type Equation, type Graph, isApplication, paramsOf, type Value } from "../ir/graph.ts";
import type { Primitive } from "../ir/primitive.ts";
import { SCAN, splitAt } from "../language/primitives/scan.ts";
import { Rewriter, withInputs } from "./rewrite.ts";

/** A value that the body reads: whole (a constant) or cut into slices (a sequence). */
export interface LoopInput {
  /** The value outside. */
  readonly outer: Value;
  /** The body's input. */
  readonly inner: Value;
}

/** A value threaded through the steps. */
export interface LoopCarry {
  /** Outside, before the first step. */
  readonly initial: Value;
  /** What a step begins with. */
  readonly inner: Value;
  /** What it ends with. */
  next: Value;
  /** Outside, after the last step. */
  readonly last: Value;
}

/** A value of each step, stacked. */
export interface LoopStack {
  /** The value in the body. */
  inner: Value;
  /** The stack outside. */
  readonly outer: Value;
}

/** A scan whose parts can be changed. */
export interface Loop {
  /** What every step reads whole. */
  constants: LoopInput[];
  /** What is carried. */
  carries: LoopCarry[];
  /** What is cut into slices. */
  sequences: LoopInput[];
  /** What is stacked. */
  stacks: LoopStack[];
  /** The body. */
  equations: readonly Equation[];
  /** Number of steps. */
  readonly length: number;
  /** Whether the steps run from the last slice to the first. */
  readonly reverse: boolean;
  /** Whether it stacks as little as it can: nothing leaves it that would have to be stacked. */
  readonly recompute: boolean;
}

/** Takes a scan apart. */
export function openScan(equation: Equation): Loop {
  const { body, constants, carries, length, reverse, recompute } = paramsOf(equation, SCAN);
  const [fixed, initial, sequences] = splitAt(equation.inputs, constants, carries);
  const [inFixed, inCarry, inSequences] = splitAt(body.inputs, constants, carries);
  const [next, slices] = splitAt(body.outputs, carries);
  const [last, stacks] = splitAt(equation.outputs, carries);
  return {
    constants: fixed.map((outer, i) => ({ outer, inner: inFixed[i] })),
    carries: initial.map((value, i) => ({
      initial: value,
      inner: inCarry[i],
      next: next[i],
      last: last[i],
    })),
    sequences: sequences.map((outer, i) => ({ outer, inner: inSequences[i] })),
    stacks: stacks.map((outer, i) => ({ outer, inner: slices[i] })),
    equations: body.equations,
    length,
    reverse,
    recompute: recompute === true,
  };
}

/** Puts a scan together again. */
export function closeScan(loop: Loop): Equation {
  const { constants, carries, sequences, stacks, length, reverse, recompute } = loop;
  return {
    primitive: SCAN,
    inputs: [
      ...constants.map(({ outer }) => outer),
      ...carries.map(({ initial }) => initial),
      ...sequences.map(({ outer }) => outer),
    ],
    outputs: [...carries.map(({ last }) => last), ...stacks.map(({ outer }) => outer)],
    params: {
      body: bodyOf(loop),
      constants: constants.length,
      carries: carries.length,
      length,
      reverse,
      ...(recompute ? { recompute } : {}),
    },
  };
}

/** Returns the body as a graph. */
export function bodyOf({ constants, carries, sequences, stacks, equations }: Loop): Graph {
  return {
    inputs: [...constants, ...carries, ...sequences].map(({ inner }) => inner),
    equations,
    outputs: [...carries.map(({ next }) => next), ...stacks.map(({ inner }) => inner)],
  };
}

/** Puts other values in the place of some inside the body. */
export function replaceInBody(loop: Loop, by: ReadonlyMap<Value, Value>): void {
  if (by.size === 0) return;
  const read = (value: Value): Value => {
    const other = by.get(value);
    return other ? read(other) : value;
  };
  loop.equations = loop.equations.map((equation) =>
    withInputs(equation, equation.inputs.map(read))
  );
  for (const carry of loop.carries) carry.next = read(carry.next);
  for (const stack of loop.stacks) stack.inner = read(stack.inner);
}

/** Counts how often each value is read in the body: by equations, as a carry, as a slice of a stack. */
export function countReads(loop: Loop): Map<Value, number> {
  const reads = new Map<Value, number>();
  const read = (value: Value) => reads.set(value, (reads.get(value) ?? 0) + 1);
  for (const { inputs } of loop.equations) inputs.forEach(read);
  for (const { next } of loop.carries) read(next);
  for (const { inner } of loop.stacks) read(inner);
  return reads;
}

/** Finds the equation that binds each value of the body. */
export function producersOf(loop: Loop): Map<Value, Equation> {
  const producers = new Map<Value, Equation>();
  for (const equation of loop.equations) {
    for (const value of equation.outputs) producers.set(value, equation);
  }
  return producers;
}

/**
 * Rebuilds a graph, changing its scans, those inside bodies first. A loop whose body has changed waits for
 * the next round of passes: they may see more in the new body than in what would be left of it.
 *
 * @param graph The graph.
 * @param visit Changes a loop and returns whether it did; what must come before it goes into the
 * rewriter at once, what must come after goes into a function returned.
 * @returns The new graph, or the old one if nothing changed.
 */
export function rewriteScans(
  graph: Graph,
  visit: (loop: Loop, outside: Rewriter) => boolean | (() => void),
): Graph {
  // Most have none.
  if (!graph.equations.some(({ primitive }) => primitive === SCAN)) return graph;
  const outside = new Rewriter();
  for (const before of graph.equations) {
    const equation = outside.readInputs(before);
    if (equation.primitive === SCAN) rewriteScan(equation, outside, visit);
    else outside.keep(equation);
  }
  return outside.finish(graph);
}

function rewriteScan(
  equation: Equation,
  outside: Rewriter,
  visit: (loop: Loop, outside: Rewriter) => boolean | (() => void),
): void {
  const params = paramsOf(equation, SCAN);
  const body = rewriteScans(params.body, visit);
  if (body !== params.body) return outside.keep({ ...equation, params: { ...params, body } });
  const loop = openScan(equation);
  const change = visit(loop, outside);
  outside.add(change ? closeScan(loop) : equation);
  if (typeof change === "function") change();
}

/** Returns whether a graph, or the body of a scan in it, applies one of some primitives, known by their names. */
export function applies(graph: Graph, ...primitives: readonly Pick<Primitive, "name">[]): boolean {
  return graph.equations.some((equation) =>
    primitives.some(({ name }) => name === equation.primitive.name) ||
    (isApplication(equation, SCAN) && applies(equation.params.body, ...primitives))
  );
}

/** The bodies that a function has left as they are. */
const settled = new WeakMap<(body: Graph) => Graph, WeakSet<Graph>>();

/** Changes the body of a scan by a function, which is not asked again about what it left as it is. */
export function withBody(equation: Equation, change: (body: Graph) => Graph): Equation {
  const params = paramsOf(equation, SCAN);
  let left = settled.get(change);
  if (!left) settled.set(change, left = new WeakSet());
  if (left.has(params.body)) return equation;
  const body = change(params.body);
  if (body !== params.body) return { ...equation, params: { ...params, body } };
  left.add(body);
  return equation;
}
