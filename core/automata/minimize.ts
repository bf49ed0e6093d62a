/**
 * The least machine that answers as another does.
 *
 * @module
 */
import { checkMachine, type Machine, type MealyMachine, type MooreMachine } from "./machine.ts";
import { Partition } from "./partition.ts";

/**
 * Makes the least machine that answers to every word as this one does. States that no word leads to are
 * left out, and those are made one that no word tells apart, by Hopcroft's algorithm ("An n log n
 * algorithm for minimizing states in a finite automaton", 1971).
 *
 * States are numbered in the order in which a search from the start comes to them, symbol by symbol, so
 * that two machines of one behaviour and one alphabet give equal results.
 *
 * @param machine The machine.
 * @returns A new machine of the same kind, whose start is state 0.
 * @throws {TypeError | RangeError} If the machine is not whole.
 *
 * @example Counting to 4 where 2 would do
 * ```ts
 * import { minimize } from "@unroll/core/automata";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const { next, outputs } = minimize({
 *   kind: "moore",
 *   alphabet: ["tick"],
 *   start: 0,
 *   next: [[1], [2], [3], [0]],
 *   outputs: ["even", "odd", "even", "odd"],
 * });
 * deepStrictEqual([next, outputs], [[[1], [0]], ["even", "odd"]]);
 * ```
 */
export function minimize<Output>(machine: MooreMachine<Output>): MooreMachine<Output>;
/** Makes the least Mealy machine that answers as this one does. */
export function minimize<Output>(machine: MealyMachine<Output>): MealyMachine<Output>;
/** Makes the least machine that answers as this one does, of its kind. */
export function minimize<Output>(machine: Machine<Output>): Machine<Output>;
export function minimize<Output>(machine: Machine<Output>): Machine<Output> {
  checkMachine(machine);
  const reached = searchOrder(machine);
  const places = new Int32Array(machine.next.length).fill(-1);
  reached.forEach((state, place) => places[state] = place);
  const next = reached.map((state) => machine.next[state].map((to) => places[to]));
  const blockOf = coarsest(next, answerClasses(machine, reached));
  return quotient(machine, (state) => blockOf[places[state]]);
}

/** States in the order in which a breadth-first search comes to them. */
function searchOrder({ start, next }: Machine<unknown>): number[] {
  const found = new Set([start]);
  // A set is walked through in the order of insertion, with what is added on the way.
  for (const state of found) for (const to of next[state]) found.add(to);
  return [...found];
}

/** A number for each state, the same where states answer the same now: to no symbol, or to each. */
function answerClasses<Output>(machine: Machine<Output>, states: readonly number[]): Int32Array {
  const numbers = new Map<unknown, number>();
  const numberOf = (key: unknown) => {
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  };
  if (machine.kind === "moore") {
    return Int32Array.from(states, (state) => numberOf(machine.outputs[state]));
  }
  const rows = states.map((state) => machine.outputs[state].map(numberOf).join());
  numbers.clear();
  return Int32Array.from(rows, numberOf);
}

/** Finds the coarsest partition that is finer than one and closed under each symbol. */
function coarsest(next: readonly (readonly number[])[], classes: Int32Array): Int32Array {
  const size = next.length;
  const partition = new Partition(classes);
  const before = next[0].map((_, symbol) => inverse(next, symbol));
  const waiting = new Set(Array.from({ length: partition.count }, (_, block) => block));
  // The largest can be left out at first: what it tells apart, the others do.
  waiting.delete(partition.largest());
  for (const block of waiting) {
    waiting.delete(block);
    const splitter = partition.elements(block);
    for (const { starts, states } of before) {
      for (const to of splitter) {
        for (let i = starts[to]; i < starts[to + 1]; i++) partition.mark(states[i]);
      }
      for (const [old, added] of partition.split()) {
        const isSmaller = partition.sizeOf(added) <= partition.sizeOf(old);
        waiting.add(waiting.has(old) || isSmaller ? added : old);
      }
    }
  }
  return Int32Array.from({ length: size }, (_, state) => partition.blockOf(state));
}

/** For each state those that a symbol leads to it from, one after the other. */
function inverse(
  next: readonly (readonly number[])[],
  symbol: number,
): { readonly starts: Int32Array; readonly states: Int32Array } {
  const starts = new Int32Array(next.length + 2);
  for (const row of next) starts[row[symbol] + 2]++;
  for (let i = 2; i < starts.length; i++) starts[i] += starts[i - 1];
  const states = new Int32Array(next.length);
  next.forEach((row, state) => states[starts[row[symbol] + 1]++] = state);
  return { starts, states };
}

/** Makes one state of each block of a partition that is closed under each symbol. */
export function quotient<Output>(
  machine: Machine<Output>,
  blockOf: (state: number) => number,
): Machine<Output> {
  const members = new Map([[blockOf(machine.start), machine.start]]);
  for (const state of members.values()) {
    for (const to of machine.next[state]) {
      if (!members.has(blockOf(to))) members.set(blockOf(to), to);
    }
  }
  const numbers = new Map([...members.keys()].map((block, number) => [block, number]));
  const states = [...members.values()];
  const shape = {
    alphabet: machine.alphabet,
    start: 0,
    next: states.map((state) =>
      machine.next[state].map((to) => numbers.get(blockOf(to)) as number)
    ),
  };
  return machine.kind === "moore"
    ? { kind: "moore", ...shape, outputs: states.map((state) => machine.outputs[state]) }
    : { kind: "mealy", ...shape, outputs: states.map((state) => machine.outputs[state]) };
}
