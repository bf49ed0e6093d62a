/**
 * Machines that are two smaller ones side by side.
 *
 * @module
 */
import { checkMachine, type Machine, type Word } from "./machine.ts";

/** A machine as a product. */
export interface MachineFactor {
  /** The factor's state for each state of the machine, numbered from 0 from the start on. */
  readonly of: readonly number[];
  /** `next[state][symbol]` of the factor, which starts in state 0. */
  readonly next: readonly Word[];
}

/**
 * Finds two smaller machines that run side by side as one does: two congruences (partitions of the
 * states that are closed under each symbol) of which no two states share both blocks, and whose sizes
 * multiply to that of the machine (Hartmanis and Stearns, "Algebraic structure theory of sequential
 * machines", 1966). FizzBuzz without input is 3 × 5.
 *
 * The congruences that are tried are those which one pair of states generates, and joins of them, at most
 * 1,000 in all.
 *
 * @param machine A machine of at most 64 states that its start reaches.
 * @returns The factors, the smaller first, the smallest possible; `undefined` if there are none, or too
 * many states.
 * @throws {TypeError | RangeError} If the machine is not whole.
 *
 * @example Counting to 6
 * ```ts
 * import { factorMachine } from "@unroll/core/automata";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const factors = factorMachine({
 *   kind: "moore",
 *   alphabet: ["tick"],
 *   start: 0,
 *   next: [[1], [2], [3], [4], [5], [0]],
 *   outputs: [0, 1, 2, 3, 4, 5],
 * });
 * deepStrictEqual(factors?.map(({ next }) => next.length), [2, 3]);
 * ```
 */
export function factorMachine<Output>(
  machine: Machine<Output>,
): readonly [MachineFactor, MachineFactor] | undefined {
  checkMachine(machine);
  const { next, start } = machine;
  const size = next.length;
  if (size > MOST || size < 4) return undefined;
  const basic = new Map<string, readonly number[]>();
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < a; b++) {
      const blocks = congruence(next, [[a, b]], start);
      basic.set(blocks.join(), blocks);
    }
  }
  // Joins of these are all that there are; each is joined with the basic ones in its turn.
  const found = new Map(basic);
  for (const one of found.values()) {
    for (const other of basic.values()) {
      if (found.size >= MOST_CONGRUENCES) break;
      const blocks = congruence(next, [...linksOf(one), ...linksOf(other)], start);
      const key = blocks.join();
      if (!found.has(key)) found.set(key, blocks);
    }
  }
  const all = [...found.values()]
    .filter((blocks) =>
      countOf(blocks) > 1 && countOf(blocks) < size && size % countOf(blocks) === 0
    )
    .sort((a, b) => countOf(a) - countOf(b));
  for (const one of all) {
    for (const other of all) {
      if (countOf(one) > countOf(other) || countOf(one) * countOf(other) !== size) continue;
      if (new Set(one.map((block, state) => `${block} ${other[state]}`)).size !== size) continue;
      return [factorOf(next, one), factorOf(next, other)];
    }
  }
  return undefined;
}

/** Machines of more states are not looked at. */
const MOST = 64;

/** More congruences are not looked for. */
const MOST_CONGRUENCES = 1000;

function countOf(blocks: readonly number[]): number {
  return Math.max(...blocks) + 1;
}

/** Pairs that make a partition. */
function linksOf(blocks: readonly number[]): [number, number][] {
  return blocks.map((block, state) => [state, blocks.indexOf(block)]);
}

/** The finest congruence that holds some pairs together: a block for each state, numbered from the start on. */
function congruence(
  next: readonly (readonly number[])[],
  links: readonly (readonly [number, number])[],
  start: number,
): number[] {
  const parent = next.map((_, state) => state);
  const root = (state: number): number => {
    while (parent[state] !== state) state = parent[state] = parent[parent[state]];
    return state;
  };
  const waiting = [...links];
  for (let link = waiting.pop(); link !== undefined; link = waiting.pop()) {
    const [a, b] = link;
    const [one, other] = [root(a), root(b)];
    if (one === other) continue;
    parent[one] = other;
    // What one of each class leads to is enough: the members are linked already.
    next[a].forEach((to, symbol) => waiting.push([to, next[b][symbol]]));
  }
  const numbers = new Map<number, number>();
  const reached = new Set([start]);
  for (const state of reached) {
    if (!numbers.has(root(state))) numbers.set(root(state), numbers.size);
    for (const to of next[state]) reached.add(to);
  }
  // States that nothing leads to have blocks too.
  return next.map((_, state) => {
    const known = numbers.get(root(state)) ?? numbers.size;
    numbers.set(root(state), known);
    return known;
  });
}

function factorOf(next: readonly (readonly number[])[], of: readonly number[]): MachineFactor {
  const rows = Array.from(
    { length: countOf(of) },
    (_, block) => next[of.indexOf(block)].map((to) => of[to]),
  );
  return { of, next: rows };
}
