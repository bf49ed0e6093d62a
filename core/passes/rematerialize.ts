/**
 * Rematerializes: what is stacked for a later loop but could be had from other stacks by an addition or
 * the like is not stacked but recomputed there.
 *
 * @module
 */
import { type Equation, type Graph, isApplication, type Value } from "../ir/graph.ts";
import { FILL } from "../language/primitives/creation.ts";
import { GATHER } from "../language/primitives/gather.ts";
import { SCAN } from "../language/primitives/scan.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import { type Loop, type LoopInput, producersOf, rewriteScans } from "./loop.ts";
import { levelsOf, SMALL_STEP } from "./loop_levels.ts";
import type { Rewriter } from "./rewrite.ts";
import { StackedValues } from "./sink_from_scan.ts";

/**
 * Takes two steps towards smaller memory, for cheap elementwise operations only:
 *
 * - a stack that only loops walk over, of a value whose operands are stacked too, or sequences, is
 *   computed from those after the loop;
 * - a sequence of more than {@linkcode SMALL_STEP} elements a step that is computed from other
 *   sequences of the same loop is computed in the loop (the small ones are better off before it);
 *   rows picked from a table are picked in the loop.
 */
export function rematerialize(graph: Graph): Graph {
  const whole = new Set<Value>();
  findReadWhole(graph, whole);
  return rewriteScans(graph, (loop, outside) => {
    if (loop.length === 0) return false;
    const entered = computeInLoop(loop, outside);
    return computeAfter(loop, outside, whole) ?? entered;
  });
}

/** Collects the values that something else than a walk over their slices reads. */
function findReadWhole(graph: Graph, whole: Set<Value>): void {
  for (const value of graph.outputs) whole.add(value);
  for (const equation of graph.equations) {
    const { inputs } = equation;
    let read = inputs;
    if (isApplication(equation, SCAN)) {
      const { body, constants, carries } = equation.params;
      findReadWhole(body, whole);
      read = inputs.slice(0, constants + carries);
    }
    for (const value of read) whole.add(value);
  }
}

/** Cost against an addition up to which computing again is cheaper than storing. */
const CHEAP_COST = 1;

function isCheap({ primitive: { isElementwise, cost = 1 } }: Equation): boolean {
  return isElementwise === true && cost <= CHEAP_COST;
}

function computeAfter(
  loop: Loop,
  outside: Rewriter,
  whole: ReadonlySet<Value>,
): (() => void) | undefined {
  const producers = producersOf(loop);
  const levels = levelsOf(loop);
  const ready = new Set<Value>([
    ...loop.sequences.map(({ inner }) => inner),
    ...loop.constants.map(({ inner }) => inner),
  ]);
  // A value may be stacked more than once.
  const stacks = new Map<Value, Loop["stacks"]>();
  for (const stack of loop.stacks) {
    stacks.set(stack.inner, [...stacks.get(stack.inner) ?? [], stack]);
  }
  const isSaved = ({ outputs: [value] }: Equation) =>
    stacks.get(value)?.every(({ outer }) => !whole.has(outer)) === true;
  const isReady = (value: Value) =>
    ready.has(value) || stacks.has(value) || producers.get(value)?.primitive === FILL;
  const again = loop.equations.filter((equation) =>
    isCheap(equation) && isSaved(equation) && equation.inputs.every(isReady) &&
    levels.ofEquation(equation) !== "constant"
  );
  if (again.length === 0) return undefined;
  const made = new Set(again.flatMap(({ outputs }) => outputs));
  loop.stacks = loop.stacks.filter(({ inner }) => !made.has(inner));
  const stacked = new StackedValues(loop, levels);
  const operands = new Map<Value, () => Value>();
  for (const value of again.flatMap(({ inputs }) => inputs)) {
    if (!made.has(value)) operands.set(value, stacked.of(value, outside));
  }
  return () => {
    const outer = new Map<Value, Value>();
    for (const equation of again) {
      const inputs = equation.inputs.map((value) =>
        outer.get(value) ?? (operands.get(value) as () => Value)()
      );
      const batched = levels.batched(equation);
      const [result] = outside.insert(batched as Graph, inputs);
      const [inner] = equation.outputs;
      outer.set(inner, result);
      for (const stack of stacks.get(inner) ?? []) outside.replace(stack.outer, result);
    }
  };
}

function computeInLoop(loop: Loop, outside: Rewriter): boolean {
  const slices = new Map(loop.sequences.map(({ outer, inner }) => [outer, inner]));
  const made: Equation[] = [];
  const added: LoopInput[] = [];
  const sliceOf = (outer: Value): Value => {
    const { dtype, shape } = outer.type;
    const inner = slices.get(outer) ?? { type: { dtype, shape: shape.slice(1) } };
    if (!slices.has(outer)) added.push({ outer, inner });
    slices.set(outer, inner);
    return inner;
  };
  loop.sequences = loop.sequences.filter(({ outer, inner }) => {
    const producer = outside.producer(outer);
    if (!producer || sizeOf(inner.type.shape) <= SMALL_STEP) return true;
    if (producer.primitive === GATHER) {
      const [table, numbers] = producer.inputs;
      if (numbers.type.shape.length === 0) return true;
      const whole: Value = { type: table.type };
      loop.constants.push({ outer: table, inner: whole });
      made.push({ ...producer, inputs: [whole, sliceOf(numbers)], outputs: [inner] });
      return false;
    }
    if (!isCheap(producer)) return true;
    const fills: Equation[] = [];
    const inputs = producer.inputs.map((value) => {
      const fill = outside.producer(value);
      if (fill?.primitive !== FILL) return slices.get(value);
      const type = { dtype: value.type.dtype, shape: inner.type.shape };
      const slice: Value = { type };
      fills.push({ ...fill, params: { ...fill.params, shape: type.shape }, outputs: [slice] });
      return slice;
    });
    if (inputs.some((value) => value === undefined)) return true;
    made.push(...fills, { ...producer, inputs: inputs as Value[], outputs: [inner] });
    return false;
  });
  loop.sequences.push(...added);
  loop.equations = [...inOrder(made), ...loop.equations];
  return made.length > 0;
}

/** Equations sorted so that each comes after those it reads. */
function inOrder(equations: readonly Equation[]): Equation[] {
  const producers = new Map(equations.map((equation) => [equation.outputs[0], equation]));
  const sorted = new Set<Equation>();
  const visit = (equation: Equation) => {
    if (sorted.has(equation)) return;
    for (const value of equation.inputs) {
      const producer = producers.get(value);
      if (producer) visit(producer);
    }
    sorted.add(equation);
  };
  equations.forEach(visit);
  return [...sorted];
}
