/**
 * Words to try networks with.
 *
 * @module
 */
import { type MooreMachine, runMachine, testWords, type Word } from "@unroll/core/automata";

/** Which words. */
export interface RandomWords {
  /** How many. */
  readonly count: number;
  /** Symbols of the longest. */
  readonly longest: number;
  /** Random numbers in [0, 1). */
  readonly random: () => number;
}

/** Which words are asked. */
export class Questions {
  readonly #asked: MooreMachine<boolean> | undefined;

  /** Those that a machine says, or all but the empty one. */
  constructor(asked: MooreMachine<boolean> | undefined) {
    this.#asked = asked;
  }

  /** Whether one is asked. */
  has(word: Word): boolean {
    return word.length > 0 && this.along(word)(word.length - 1);
  }

  /** Whether what a word has up to a place, from 0, is asked. */
  along(word: Word): (place: number) => boolean {
    if (this.#asked === undefined) return () => true;
    const { outputs } = runMachine(this.#asked, word);
    return (place) => outputs[place + 1];
  }

  /** Cuts words to the longest beginnings that are asked, each of which is there once. */
  among(words: readonly Word[]): Word[] {
    if (this.#asked === undefined) return [...words];
    const found = new Map<string, Word>();
    for (const word of words) {
      const isAsked = this.along(word);
      let { length } = word;
      while (length > 0 && !isAsked(length - 1)) length--;
      if (length > 0) found.set(word.slice(0, length).join(), word.slice(0, length));
    }
    return [...found.values()].sort((a, b) => a.length - b.length);
  }
}

/** Lists all short words: as long as there are not more than 1,000 of a length. */
export function shortWords(symbols: number): Word[] {
  return [...testWords(symbols, { count: 0, random: () => 0 })];
}

/**
 * Lists words of one symbol again and again: a network that counts only so far fails them first.
 *
 * @param symbols How many symbols there are.
 * @param length How long the words are.
 */
export function uniformWords(symbols: number, length: number): Word[] {
  return Array.from({ length: symbols }, (_, symbol) => Array(length).fill(symbol));
}

/**
 * Draws words in which something holds for long, such as a carry through nines, beside those of nothing
 * but chance: each of its own mean length of runs of one symbol, of which half are the same. Lengths are
 * spread evenly over their orders of magnitude. The shortest come first.
 *
 * @param symbols How many symbols there are.
 * @param settings How many words, how long.
 */
export function randomWords(symbols: number, { count, longest, random }: RandomWords): Word[] {
  const draw = (below: number) => Math.floor(random() * below);
  const spread = (most: number) => Math.min(most, Math.floor((most + 1) ** random()));
  return Array.from({ length: count }, () => {
    const length = spread(longest);
    const run = spread(length);
    const favourite = draw(symbols);
    const word: number[] = [];
    while (word.length < length) {
      const symbol = random() < 0.5 ? favourite : draw(symbols);
      const times = run === 1 ? 1 : 1 + draw(2 * run - 1);
      for (let i = 0; i < times && word.length < length; i++) word.push(symbol);
    }
    return word;
  }).sort((a, b) => a.length - b.length);
}
