/**
 * Learning a machine by asking.
 *
 * @module
 */
import { type Machine, runMachine, type Word } from "./machine.ts";
import { minimize } from "./minimize.ts";
import { randomSource } from "../util/random_source.ts";
import { ObservationTable } from "./observation_table.ts";

/** Who is asked. */
export interface MachineOracle<Output = string> {
  /**
   * Answers some words, each with what is said after all of it: a Mealy machine to its last symbol. No Mealy
   * machine is asked the empty word.
   */
  ask(words: readonly Word[]): Promise<readonly Output[]>;
  /**
   * Looks for a word that a machine answers otherwise than this oracle; if it is left out, among
   * {@linkcode testWords}.
   *
   * @returns Such a word, whose last answer is wrong; `undefined` if none was found.
   */
  counterexample?(machine: Machine<Output>): Promise<Word | undefined>;
}

/** What is learned, and how much may be asked. */
export interface LearnOptions {
  /** Whether states have the outputs, or transitions. */
  readonly kind: "moore" | "mealy";
  /** What is read. */
  readonly alphabet: readonly string[];
  /** The most states; 1,000 if left out. */
  readonly maxStates?: number;
  /** About how many words are asked at most, without those that a counterexample is looked for among; 1,000,000 if left out. */
  readonly maxQueries?: number;
}

/** A machine that was learned. */
export interface LearnedMachine<Output = string> {
  /** The least that agrees with all that was answered, if it is complete. */
  readonly machine: Machine<Output>;
  /** How many words were asked to build it, and to find out what a counterexample shows. */
  readonly queries: number;
  /** Counterexamples that were needed. */
  readonly counterexamples: readonly Word[];
  /** Why learning was broken off, as a sentence; if left out, no counterexample was found in the end. */
  readonly incomplete?: string;
}

/**
 * Learns the machine that an oracle is, by L* (Angluin, "Learning regular sets from queries and
 * counterexamples", 1987), for Moore and for Mealy machines (Shahbaz and Groz, "Inferring Mealy
 * machines", 2009). A counterexample gives one suffix that tells two states apart, found by binary
 * search (Rivest and Schapire, "Inference of finite automata using homing sequences", 1993).
 *
 * An oracle that is no finite-state machine, such as a network, has no last answer: then the limits
 * count, and what is learned so far is returned.
 *
 * @param oracle Who is asked.
 * @param options What is learned, and the limits.
 * @returns The least machine that agrees with it, as far as anything asked shows.
 *
 * @example Whether a number of ones is even
 * ```ts
 * import { learnMachine } from "@unroll/core/automata";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const parity = (word: readonly number[]) => word.reduce((a, b) => a ^ b, 0) ? "odd" : "even";
 * const oracle = { ask: (words: readonly (readonly number[])[]) => Promise.resolve(words.map(parity)) };
 * const { machine } = await learnMachine(oracle, { kind: "moore", alphabet: ["0", "1"] });
 * deepStrictEqual(machine.next, [[0, 1], [1, 0]]);
 * ```
 */
export async function learnMachine<Output>(
  oracle: MachineOracle<Output>,
  { kind, alphabet, maxStates = 1000, maxQueries = 1_000_000 }: LearnOptions,
): Promise<LearnedMachine<Output>> {
  const table = new ObservationTable<Output>({
    kind,
    alphabet,
    maxStates,
    maxQueries,
    ask: (words) => oracle.ask(words),
  });
  const counterexamples: Word[] = [];
  let machine = await table.hypothesis();
  while (true) {
    const done = { machine: minimize(machine), counterexamples };
    if (table.stopped !== undefined) {
      return { ...done, queries: table.queries, incomplete: table.stopped };
    }
    const word = await (oracle.counterexample?.(machine) ?? firstMistake(oracle, machine));
    if (word === undefined) return { ...done, queries: table.queries };
    counterexamples.push(word);
    if (!await table.learnFrom(machine, word)) {
      throw new RangeError(
        `Cannot learn from a counterexample of ${word.length} symbols: the answer to it is the machine's`,
      );
    }
    // One word can show more than one state.
    do machine = await table.hypothesis(); while (
      table.stopped === undefined && await table.learnFrom(machine, word)
    );
  }
}

/** Which words are tried. */
export interface TestWords {
  /** All words of at most so many symbols; if left out, as long as there are not more than 1,000 of a length. */
  readonly length?: number;
  /** How many random words besides; 1,000 if left out. */
  readonly count?: number;
  /** The longest of these; 30 if left out. */
  readonly longest?: number;
  /** Random numbers in [0, 1). */
  readonly random: () => number;
}

/** The most words of a length, and the longest, if no length is given. */
const WORDS = 1000;

/**
 * Lists words to try a machine with: all short ones in the order of their lengths, then random ones of
 * random lengths, without the empty word.
 *
 * @param symbols How many symbols there are.
 * @param settings How many words.
 *
 * @example Usage
 * ```ts
 * import { testWords } from "@unroll/core/automata";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const words = testWords(2, { length: 2, count: 0, random: Math.random });
 * deepStrictEqual([...words], [[0], [1], [0, 0], [0, 1], [1, 0], [1, 1]]);
 * ```
 */
export function* testWords(
  symbols: number,
  { length, count = 1000, longest = 30, random }: TestWords,
): Generator<Word, void, undefined> {
  let words: Word[] = [[]];
  const isShort = (size: number) =>
    length === undefined ? size === 1 || Math.max(size, symbols ** size) <= WORDS : size <= length;
  for (let size = 1; isShort(size); size++) {
    words = words.flatMap((word) => Array.from({ length: symbols }, (_, i) => [...word, i]));
    yield* words;
  }
  const draw = (below: number) => Math.floor(random() * below);
  for (let i = 0; i < count; i++) {
    yield Array.from({ length: 1 + draw(longest) }, () => draw(symbols));
  }
}

/** Words that are asked at a time. */
const BATCH = 500;

async function firstMistake<Output>(
  oracle: MachineOracle<Output>,
  machine: Machine<Output>,
): Promise<Word | undefined> {
  // The same words each time: what was answered once needs no new reason.
  const words = [...testWords(machine.alphabet.length, { random: randomSource(1) })];
  for (let first = 0; first < words.length; first += BATCH) {
    const batch = words.slice(first, first + BATCH);
    const answers = await oracle.ask(batch);
    const wrong = batch.find((word, i) =>
      ![runMachine(machine, word).outputs.at(-1)].includes(answers[i])
    );
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
