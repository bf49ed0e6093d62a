/**
 * Finds what each value in a loop's body depends on, and what it costs: the grounds on which equations
 * move out of loops.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../ir/graph.ts";
import { FILL, IOTA } from "../language/primitives/creation.ts";
import { BROADCAST } from "../language/primitives/layout.ts";
import { MAX_ELEMENTS, sizeOf } from "../ir/tensor_type.ts";
import { rulesOf } from "../language/rules.ts";
import { trace } from "../language/trace.ts";
import type { Loop } from "./loop.ts";

/** What a value of the body depends on, at most. */
export type Level =
  /** Constants only: it is the same at each step. */
  | "constant"
  /** Constants and sequences: it can be computed for all steps before the loop. */
  | "sequence"
  /** The carry. */
  | "carry";

/** The levels of all values of a body, and how its equations run for all steps at once. */
export interface LoopLevels {
  /** Level of a value of the body. */
  of(value: Value): Level;
  /** Level of an equation: the greatest of its inputs. */
  ofEquation(equation: Equation): Level;
  /**
   * The equation for all steps at once: a graph whose inputs of level `constant` are whole and the
   * others stacked; `undefined` if it can only be done step by step. Made anew at each call.
   */
  batched(equation: Equation): Graph | undefined;
  /** Whether there is such a graph. */
  isBatchable(equation: Equation): boolean;
}

/** Whether equations can run for so many steps at once, by which of their inputs differ from step to step. */
const batchable = new WeakMap<Equation, Map<string, boolean>>();

/** Sorts the values of a loop's body by what they depend on. */
export function levelsOf(loop: Loop): LoopLevels {
  const levels = new Map<Value, Level>();
  for (const { inner } of loop.constants) levels.set(inner, "constant");
  for (const { inner } of loop.carries) levels.set(inner, "carry");
  for (const { inner } of loop.sequences) levels.set(inner, "sequence");
  const of = (value: Value): Level => levels.get(value) as Level;
  const ofEquation = ({ inputs }: Equation): Level => {
    const found = inputs.map(of);
    return found.includes("carry") ? "carry" : found.includes("sequence") ? "sequence" : "constant";
  };
  const batched = ({ primitive, inputs, outputs, params }: Equation): Graph | undefined => {
    // Of a loop that never runs there is nothing to move, and rows of no tables cannot be gathered.
    if (loop.length === 0) return undefined;
    const mapped = inputs.map((value) => of(value) !== "constant");
    const types = inputs.map(({ type: { dtype, shape } }, i) => ({
      dtype,
      shape: mapped[i] ? [loop.length, ...shape] : shape,
    }));
    const sizes = [
      ...types,
      ...outputs.map(({ type: { shape } }) => ({ shape: [loop.length, ...shape] })),
    ];
    if (sizes.some(({ shape }) => sizeOf(shape) > MAX_ELEMENTS)) return undefined;
    let possible = true;
    const { graph } = trace(types, (...tensors) => {
      const results = rulesOf(primitive).batchRule(tensors, mapped, params, loop.length);
      possible = results !== undefined;
      return results ?? [];
    });
    return possible ? graph : undefined;
  };
  const isBatchable = (equation: Equation): boolean => {
    const key = `${loop.length}:${equation.inputs.map((value) => of(value) !== "constant")}`;
    let known = batchable.get(equation);
    if (!known) batchable.set(equation, known = new Map());
    const possible = known.get(key) ?? batched(equation) !== undefined;
    known.set(key, possible);
    return possible;
  };
  for (const equation of loop.equations) {
    let level = ofEquation(equation);
    // What cannot run for all steps at once stays in the loop, and with it what depends on it.
    if (level === "sequence" && !isBatchable(equation)) level = "carry";
    for (const value of equation.outputs) levels.set(value, level);
  }
  const level = ({ outputs }: Equation) => levels.get(outputs[0]) ?? "carry";
  return { of, ofEquation: level, batched, isBatchable };
}

/** Returns whether an equation only names or repeats numbers: never worth moving for its own sake. */
export function isFree({ primitive }: Equation): boolean {
  return primitive === FILL || primitive === IOTA || primitive === BROADCAST;
}

/** Cost against an addition from which an elementwise operation counts as heavy: exp and the like. */
const HEAVY_COST = 10;

/** Returns whether an equation costs so much that it should leave a loop whatever its size. */
export function isHeavy({ primitive: { isHeavy, cost = 1 } }: Equation): boolean {
  return isHeavy ?? cost >= HEAVY_COST;
}

/**
 * Elements a step up to which cheap equations leave a loop too: a step that small spends its time on
 * waiting for the one before, and every operation less is time won. Above, a cheap operation is
 * better off fused into the loop than writing its results for all steps to memory.
 */
export const SMALL_STEP = 4096;

/** Elements that the results of an equation have together. */
export function resultSize({ outputs }: Equation): number {
  return outputs.reduce((sum, { type }) => sum + sizeOf(type.shape), 0);
}

/** Most elements that one value stacked for the sake of a pass may have: 256 MiB. */
export const LARGEST_STACK = 2 ** 26;
