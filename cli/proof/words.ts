/**
 * Words to try networks with.
 *
 * @module
 */
import { testWords, type Word } from "@unroll/core/automata";

/** Which words. */
export interface RandomWords {
  /** How many. */
  readonly count: number;
  /** Symbols of the longest. */
  readonly longest: number;
  /** Random numbers in [0, 1). */
  readonly random: () => number;
}

/** Lists all short words: as long as there are not more than 1,000 of a length. */
export function shortWords(symbols: number): Word[] {
  return [...testWords(symbols, { count: 0, random: () => 0 })];
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
