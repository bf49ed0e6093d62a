/**
 * Hoists out of loops what a step computes without its carry: `x_t @ W` for all t becomes one matrix
 * product before the loop.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../ir/graph.ts";
import { BROADCAST } from "../language/primitives/layout.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import { countReads, type Loop, producersOf, rewriteScans } from "./loop.ts";
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
 * Moves equations before their loop:
 *
 * - what depends on constants only, save fills and repetitions, which cost nothing where they are;
 * - what depends on constants and sequences, if it is heavy, or if a step's result has at most
 *   {@linkcode SMALL_STEP} elements; it runs for all steps at once by its primitive's `batch` rule.
 *   Results of more than {@linkcode LARGEST_STACK} elements for all steps stay.
 *   What would take more memory than what it is made of (a repetition) moves only where something
 *   heavy needs it. Nothing of this kind leaves a loop that recomputes.
 */
export function hoistFromScan(graph: Graph): Graph {
  return rewriteScans(graph, (loop, outside) => loop.length > 0 && hoist(loop, outside));
}

function hoist(loop: Loop, outside: Rewriter): boolean {
  const levels = levelsOf(loop);
  const producers = producersOf(loop);
  const wanted = new Set(
    loop.equations.filter((equation) => isWanted(equation, loop, levels, producers)),
  );
  if (wanted.size === 0) return false;
  const needed = new Set<Value>();
  for (const equation of loop.equations.toReversed()) {
    if (!wanted.has(equation) && !equation.outputs.some((value) => needed.has(value))) continue;
    for (const value of equation.inputs) needed.add(value);
  }

  const outer = new Map<Value, Value>();
  for (const input of [...loop.constants, ...loop.sequences]) outer.set(input.inner, input.outer);
  for (const equation of loop.equations) {
    if (!wanted.has(equation) && !equation.outputs.some((value) => needed.has(value))) continue;
    const level = levels.ofEquation(equation);
    if (level === "carry") continue;
    const inputs = equation.inputs.map((value) => outer.get(value) as Value);
    const results = level === "constant"
      ? outside.emit(equation.primitive, inputs, equation.params)
      : outside.insert(levels.batched(equation) as Graph, inputs);
    equation.outputs.forEach((value, i) => outer.set(value, results[i]));
  }

  const moved = loop.equations.filter((equation) => wanted.has(equation));
  loop.equations = loop.equations.filter((equation) => !wanted.has(equation));
  const reads = countReads(loop);
  for (const equation of moved) {
    const list = levels.ofEquation(equation) === "constant" ? loop.constants : loop.sequences;
    for (const inner of equation.outputs) {
      if (reads.has(inner)) list.push({ outer: outer.get(inner) as Value, inner });
    }
  }
  return true;
}

function isWanted(
  equation: Equation,
  loop: Loop,
  levels: LoopLevels,
  producers: ReadonlyMap<Value, Equation>,
): boolean {
  if (isFree(equation)) return false;
  const level = levels.ofEquation(equation);
  if (level !== "sequence") return level === "constant";
  if (loop.recompute) return false;
  const { primitive: { lowering } } = equation;
  const products = isHeavy(equation) && lowering.kind !== "element";
  if (products) return resultSize(equation) * loop.length <= LARGEST_STACK;
  const small = isHeavy(equation) || resultSize(equation) <= SMALL_STEP;
  return small && resultSize(equation) <= sourceSize(equation, producers, levels);
}

/** Elements a step that an equation is made of, repetitions not counted. */
function sourceSize(
  { inputs }: Equation,
  producers: ReadonlyMap<Value, Equation>,
  levels: LoopLevels,
): number {
  let size = 0;
  for (const value of inputs) {
    let source = value;
    let producer = producers.get(source);
    while (producer?.primitive === BROADCAST) {
      [source] = producer.inputs;
      producer = producers.get(source);
    }
    if (levels.of(source) === "sequence") size += sizeOf(source.type.shape);
  }
  return size;
}
