/**
 * Finite-state machines with outputs, of Moore ("Gedanken-experiments on sequential machines", 1956)
 * and of Mealy ("A method for synthesizing sequential circuits", 1955).
 *
 * States are numbered from 0, and so are symbols: by their places in the alphabet. A word is a list of
 * such numbers. A machine without input is a Moore machine that reads {@linkcode TICK} alone.
 *
 * @module
 */

/** Symbols by their places in an alphabet. */
export type Word = readonly number[];

/** What both kinds of machines have. */
export interface Transitions {
  /** What it reads, by names that differ. */
  readonly alphabet: readonly string[];
  /** The state it starts in. */
  readonly start: number;
  /** `next[state][symbol]`: the state after it has read a symbol. */
  readonly next: readonly (readonly number[])[];
}

/**
 * A machine whose states have outputs: to a word it answers with the output of the state that it ends
 * in, and to the empty word with that of its start.
 */
export interface MooreMachine<Output = string> extends Transitions {
  /** That its states have the outputs. */
  readonly kind: "moore";
  /** `outputs[state]`; two are the same if `includes` says so. */
  readonly outputs: readonly Output[];
}

/** A machine that answers to each symbol as it reads it: an increment of a number, digit by digit. */
export interface MealyMachine<Output = string> extends Transitions {
  /** That its transitions have the outputs. */
  readonly kind: "mealy";
  /** `outputs[state][symbol]`; two are the same if `includes` says so. */
  readonly outputs: readonly (readonly Output[])[];
}

/** A machine of either kind. */
export type Machine<Output = string> = MooreMachine<Output> | MealyMachine<Output>;

/** The alphabet of machines without input: each step is a tick. */
export const TICK: readonly string[] = ["tick"];

/**
 * Checks that a machine is whole: an alphabet of different names, and for each state and symbol a next
 * state and, where it belongs, an output.
 *
 * @param machine The machine.
 * @throws {TypeError} If a row is missing, or too short or long.
 * @throws {RangeError} If a state does not exist, or two symbols have one name.
 *
 * @example Usage
 * ```ts
 * import { checkMachine } from "@unroll/core/automata";
 *
 * checkMachine({ kind: "moore", alphabet: ["tick"], start: 0, next: [[1], [0]], outputs: ["a", "b"] });
 * ```
 */
export function checkMachine(machine: Machine<unknown>): void {
  const { alphabet, start, next, outputs, kind } = machine;
  const size = next.length;
  const symbols = alphabet.length;
  if (symbols === 0 || new Set(alphabet).size !== symbols) {
    throw new RangeError(
      `Cannot use a machine: its symbols must be some, and differ, found ${
        JSON.stringify(alphabet)
      }`,
    );
  }
  if (outputs.length !== size) {
    throw new TypeError(
      `Cannot use a machine of ${size} states: as many outputs are needed, found ${outputs.length}`,
    );
  }
  const exists = (state: number) => Number.isInteger(state) && state >= 0 && state < size;
  if (!exists(start)) {
    throw new RangeError(`Cannot start a machine of ${size} states: found state ${start}`);
  }
  for (const [state, row] of next.entries()) {
    const given = kind === "mealy" ? machine.outputs[state].length : symbols;
    if (row.length !== symbols || given !== symbols) {
      throw new TypeError(
        `Cannot use a machine of ${symbols} symbols: state ${state} must have a next state and an ` +
          `output for each, found ${row.length} and ${given}`,
      );
    }
    const wrong = row.find((to) => !exists(to));
    if (wrong !== undefined) {
      throw new RangeError(
        `Cannot use a machine of ${size} states: state ${state} leads to state ${wrong}`,
      );
    }
  }
}

/** What a machine did with a word. */
export interface MachineRun<Output = string> {
  /** The states it was in, from its start: one more than symbols. */
  readonly states: readonly number[];
  /** What it answered: a Moore machine in each of these states, a Mealy machine to each symbol. */
  readonly outputs: readonly Output[];
}

/**
 * Runs a machine on a word.
 *
 * @param machine The machine.
 * @param word The word.
 * @returns The states it was in and what it answered.
 *
 * @example A number and whether it is even
 * ```ts
 * import { runMachine } from "@unroll/core/automata";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const parity = {
 *   kind: "moore",
 *   alphabet: ["tick"],
 *   start: 0,
 *   next: [[1], [0]],
 *   outputs: ["even", "odd"],
 * } as const;
 * const { outputs } = runMachine(parity, [0, 0]);
 * deepStrictEqual(outputs, ["even", "odd", "even"]);
 * ```
 */
export function runMachine<Output>(machine: Machine<Output>, word: Word): MachineRun<Output> {
  const { kind, next, start } = machine;
  const states = [start];
  const outputs: Output[] = kind === "moore" ? [machine.outputs[start]] : [];
  let state = start;
  for (const symbol of word) {
    if (kind === "mealy") outputs.push(machine.outputs[state][symbol]);
    state = next[state][symbol];
    states.push(state);
    if (kind === "moore") outputs.push(machine.outputs[state]);
  }
  return { states, outputs };
}

/**
 * Makes a Mealy machine of a Moore machine: it answers to a symbol with the output of the state that it
 * comes to. What the Moore machine answers to the empty word is lost.
 *
 * @param machine A Moore machine.
 * @returns One of the same states.
 *
 * @example Usage
 * ```ts
 * import { toMealy } from "@unroll/core/automata";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const { outputs } = toMealy({
 *   kind: "moore",
 *   alphabet: ["tick"],
 *   start: 0,
 *   next: [[1], [0]],
 *   outputs: ["even", "odd"],
 * });
 * deepStrictEqual(outputs, [["odd"], ["even"]]);
 * ```
 */
export function toMealy<Output>(machine: MooreMachine<Output>): MealyMachine<Output> {
  const { alphabet, start, next } = machine;
  return {
    kind: "mealy",
    alphabet,
    start,
    next,
    outputs: next.map((row) => row.map((to) => machine.outputs[to])),
  };
}

/**
 * Makes a Moore machine of a Mealy machine: a state is one of the Mealy machine with the answer that it
 * came with.
 *
 * @param machine A Mealy machine.
 * @param empty What is answered to the empty word, to which a Mealy machine says nothing.
 * @returns A machine of at most as many states as there are pairs of states and outputs, and one.
 *
 * @example Usage
 * ```ts
 * import { toMoore } from "@unroll/core/automata";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const { next, outputs } = toMoore(
 *   { kind: "mealy", alphabet: ["tick"], start: 0, next: [[0]], outputs: [["yes"]] },
 *   "no",
 * );
 * deepStrictEqual([next, outputs], [[[1], [1]], ["no", "yes"]]);
 * ```
 */
export function toMoore<Output>(
  machine: MealyMachine<Output>,
  empty: Output,
): MooreMachine<Output> {
  const { alphabet, start } = machine;
  const states: { readonly state: number; readonly output: Output }[] = [];
  const places = new Map<number, Map<Output, number>>();
  const placeOf = (state: number, output: Output): number => {
    const own = places.get(state) ?? new Map<Output, number>();
    places.set(state, own);
    const known = own.get(output);
    if (known !== undefined) return known;
    own.set(output, states.length);
    return states.push({ state, output }) - 1;
  };
  placeOf(start, empty);
  const next: number[][] = [];
  for (let place = 0; place < states.length; place++) {
    const { state } = states[place];
    next.push(machine.next[state].map((to, i) => placeOf(to, machine.outputs[state][i])));
  }
  return { kind: "moore", alphabet, start: 0, next, outputs: states.map(({ output }) => output) };
}
