/**
 * Sinks out of loops what no later step reads: the logits of all steps become one matrix product of the
 * stacked states.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../ir/graph.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import { type Loop, producersOf, rewriteScans } from "./loop.ts";
import {
  isFree,
  isHeavy,
  LARGEST_STACK,
  levelsOf,
  type LoopLevels,
  resultSize,
  SMALL_STEP,
} from "./loop_levels.ts";
import type { Rewriter } from "./rewrite.ts";

/**
 * Moves equations that feed only stacks after their loop, where they run for all steps at once:
 *
 * - heavy ones and what depends on them, provided that none of the operands to stack in their place
 *   has more than {@linkcode LARGEST_STACK} elements;
 * - what those need, if stacking its operands takes no more memory than stacking its results;
 * - small ones (at most {@linkcode SMALL_STEP} elements a step) whose operands are stacked anyway.
 *
 * From loops that recompute nothing moves.
 */
export function sinkFromScan(graph: Graph): Graph {
  return rewriteScans(
    graph,
    (loop, outside) => loop.length > 0 && !loop.recompute && sink(loop, outside),
  );
}

function sink(loop: Loop, outside: Rewriter): false | (() => void) {
  const levels = levelsOf(loop);
  const sunk = chooseSunk(loop, levels);
  if (sunk.size === 0) return false;

  const stacked = new StackedValues(loop, levels);
  const made = new Set(
    loop.equations.flatMap((equation) => sunk.has(equation) ? equation.outputs : []),
  );
  const left = loop.stacks.filter(({ inner }) => made.has(inner));
  loop.stacks = loop.stacks.filter(({ inner }) => !made.has(inner));
  const operands = new Map<Value, () => Value>();
  for (const equation of loop.equations) {
    if (!sunk.has(equation)) continue;
    for (const value of equation.inputs) {
      if (!made.has(value)) operands.set(value, stacked.of(value, outside));
    }
  }
  const moved = loop.equations.filter((equation) => sunk.has(equation));
  loop.equations = loop.equations.filter((equation) => !sunk.has(equation));
  return () => {
    const outer = new Map<Value, Value>();
    for (const equation of moved) {
      const inputs = equation.inputs.map((value) =>
        outer.get(value) ?? (operands.get(value) as () => Value)()
      );
      const results = outside.insert(levels.batched(equation) as Graph, inputs);
      equation.outputs.forEach((value, i) => outer.set(value, results[i]));
    }
    for (const stack of left) outside.replace(stack.outer, outer.get(stack.inner) as Value);
  };
}

function chooseSunk(loop: Loop, levels: LoopLevels): Set<Equation> {
  // What a carry depends on stays, and so does what an equation needs that cannot leave.
  const core = new Set<Value>(loop.carries.map(({ next }) => next));
  const free = new Set<Equation>();
  for (const equation of loop.equations.toReversed()) {
    const stays = equation.outputs.some((value) => core.has(value)) ||
      levels.ofEquation(equation) === "constant" || !levels.isBatchable(equation);
    if (!stays) free.add(equation);
    else for (const value of equation.inputs) core.add(value);
  }

  const sunk = new Set<Equation>();
  const made = new Set<Value>();
  const take = (equation: Equation) => {
    sunk.add(equation);
    for (const value of equation.outputs) made.add(value);
  };
  const kept = new Set<Value>(loop.stacks.map(({ inner }) => inner));
  const walked = new Set<Value>(loop.sequences.map(({ inner }) => inner));
  // Elements to be stacked so that a value can be read outside.
  const price = (value: Value): number =>
    made.has(value) || kept.has(value) || walked.has(value) || levels.of(value) === "constant"
      ? 0
      : sizeOf(value.type.shape);
  const affordable = ({ inputs }: Equation) =>
    inputs.every((value) => price(value) * loop.length <= LARGEST_STACK);
  const total = (values: readonly Value[]) =>
    [...new Set(values)].reduce((sum, value) => sum + price(value), 0);
  for (const equation of loop.equations) {
    if (!free.has(equation)) continue;
    const follows = equation.inputs.some((value) => made.has(value));
    const small = resultSize(equation) <= SMALL_STEP && !isFree(equation) &&
      total(equation.inputs) === 0;
    // A repetition of what is stacked anyway need not be stored step by step.
    const repeats = isFree(equation) && total(equation.inputs) === 0;
    if (follows || small || repeats || (isHeavy(equation) && affordable(equation))) take(equation);
  }
  const readers = readersOf(loop);
  for (const equation of loop.equations.toReversed()) {
    if (!free.has(equation) || sunk.has(equation)) continue;
    const onlySunk = equation.outputs.every((value) =>
      !kept.has(value) && (readers.get(value) ?? []).every((reader) => sunk.has(reader))
    );
    if (onlySunk && affordable(equation) && total(equation.inputs) <= resultSize(equation)) {
      take(equation);
    }
  }
  return sunk;
}

function readersOf(loop: Loop): Map<Value, Equation[]> {
  const readers = new Map<Value, Equation[]>();
  for (const equation of loop.equations) {
    for (const value of equation.inputs) {
      const list = readers.get(value) ?? [];
      readers.set(value, list);
      list.push(equation);
    }
  }
  return readers;
}

/** Gives values of a loop's body to equations outside; those not stacked yet are stacked. */
export class StackedValues {
  readonly #loop: Loop;
  readonly #levels: LoopLevels;
  readonly #known = new Map<Value, Value>();
  readonly #promised = new Map<Value, () => Value>();
  readonly #producers: ReadonlyMap<Value, Equation>;

  /** For a loop about to change. */
  constructor(loop: Loop, levels: LoopLevels) {
    this.#loop = loop;
    this.#levels = levels;
    this.#producers = producersOf(loop);
    for (const { inner, outer } of loop.stacks) {
      // The same at each step, it is wanted whole and not stacked.
      if (levels.of(inner) !== "constant") this.#known.set(inner, outer);
    }
    for (const { inner, outer } of [...loop.constants, ...loop.sequences]) {
      this.#known.set(inner, outer);
    }
  }

  /**
   * A value of the body outside: whole if it is the same at each step, else stacked.
   *
   * @returns A function to call once the loop has been added.
   */
  of(value: Value, outside: Rewriter): () => Value {
    const known = this.#known.get(value);
    if (known) return () => outside.read(known);
    const promised = this.#promised.get(value);
    if (promised) return promised;
    const producer = this.#producers.get(value);
    if (producer && this.#levels.of(value) === "constant") {
      const inputs = producer.inputs.map((input) => this.of(input, outside));
      const make = () => {
        const made = this.#known.get(value);
        if (made) return outside.read(made);
        const results = outside.emit(
          producer.primitive,
          inputs.map((input) => input()),
          producer.params,
        );
        producer.outputs.forEach((output, i) => this.#known.set(output, results[i]));
        return results[producer.outputs.indexOf(value)];
      };
      this.#promised.set(value, make);
      return make;
    }
    const { dtype, shape } = value.type;
    const outer: Value = { type: { dtype, shape: [this.#loop.length, ...shape] } };
    this.#loop.stacks.push({ inner: value, outer });
    this.#known.set(value, outer);
    return () => outer;
  }
}
