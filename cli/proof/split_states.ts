/**
 * Doubts about a guess: where a network has states far apart that a machine takes for one, they may differ
 * in what comes after them. This refines the partition of hidden states by asking.
 *
 * @module
 */
import { type Machine, runMachine, type Word } from "@unroll/core/automata";
import type { NetworkAnswers } from "./network_answers.ts";
import { randomWords } from "./words.ts";

/** Hidden states of each state of the machine that are looked at: those farthest from each other. */
const MEMBERS = 6;
/** What comes after each of them. */
const SUFFIXES = 24;
/** The longest of that. */
const LONGEST = 40;

/**
 * Finds words that would show that a network tells states apart which a machine takes for one.
 *
 * @param network The network.
 * @param machine The guess.
 * @param words Words on whose ways the hidden states are.
 * @param random Random numbers in [0, 1).
 * @returns Words to ask; none if the network does not show its hidden states.
 */
export async function wordsThatSplit(
  network: NetworkAnswers,
  machine: Machine<number>,
  words: readonly Word[],
  random: () => number,
): Promise<Word[]> {
  const answers = await network.answer(words, true);
  const { units } = network;
  /** Places by the state of the machine: which word, after how many symbols. */
  const members: Place[][] = machine.next.map(() => []);
  for (const [i, word] of words.entries()) {
    const { hidden } = answers[i];
    if (hidden === undefined) return [];
    runMachine(machine, word).states.forEach((state, t) => {
      if (t === 0) return;
      members[state].push({ word, length: t, at: hidden.subarray((t - 1) * units, t * units) });
    });
  }
  const suffixes = randomWords(machine.alphabet.length, {
    count: SUFFIXES,
    longest: LONGEST,
    random,
  });
  return members.flatMap(farthest).flatMap(({ word, length }) =>
    suffixes.map((suffix) => [...word.slice(0, length), ...suffix])
  );
}

/** A place on the way of a word. */
interface Place {
  readonly word: Word;
  readonly length: number;
  /** The hidden state. */
  readonly at: Float32Array;
}

/** Chooses places far from each other, each the farthest from those before (Gonzalez, 1985). */
function farthest(places: readonly Place[]): Place[] {
  if (places.length === 0) return [];
  const chosen = [places[0]];
  const nearest = places.map(({ at }) => distance(at, places[0].at));
  while (chosen.length < MEMBERS) {
    const next = nearest.indexOf(maxOf(nearest));
    if (!(nearest[next] > 0)) break;
    chosen.push(places[next]);
    places.forEach(({ at }, i) => nearest[i] = Math.min(nearest[i], distance(at, places[next].at)));
  }
  return chosen;
}

function maxOf(values: readonly number[]): number {
  let most = -Infinity;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** The square of it. */
function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}
