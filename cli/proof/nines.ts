/**
 * How long a counting network carries: its margin after so many of the greatest digit, where it breaks, and where that was
 * to be seen coming.
 *
 * @module
 */
import type { Network } from "./network.ts";
import { plainAnswer, plainStart, plainStep } from "./plain_step.ts";
import type { Specification } from "./specification.ts";

/** What was found. */
export interface Nines {
  /** The least margin of the next digit, whichever it is, after 0, 1, 2, … of the greatest digit. */
  readonly margins: readonly number[];
  /** After how many of them an answer is wrong; `undefined` if it was not seen. */
  readonly breaksAfter?: number;
  /** The word of them and the digit that comes out wrong. */
  readonly wrong?: { readonly word: readonly number[]; readonly answer: number };
  /** After how many of them it was foretold to be, from the first {@linkcode SEEN} alone. */
  readonly foretold?: number;
}

/** From how many the rest is foretold. */
export const SEEN = 32;

/** How many are tried. */
const TRIED = 1024;

/** Reads ever more of the greatest digit. */
export function followNines(net: Network, right: Specification): Nines {
  const margins: number[] = [];
  let [state, number] = [plainStart(net), -1];
  let wrong: Nines["wrong"];
  const symbols = Array.from({ length: right.symbols }, (_, symbol) => symbol);
  for (let count = 0; count < TRIED; count++) {
    const next = symbols.map((symbol) => right.next(number, symbol)!);
    const states = symbols.map((symbol) => plainStep(net, state, symbol));
    const found = symbols.map((symbol) => plainAnswer(net, states[symbol], next[symbol].answer));
    margins.push(Math.min(...found));
    const symbol = found.findIndex((margin) => !(margin > 0));
    if (symbol >= 0) {
      const before = Array.from({ length: count }, () => right.symbols - 1);
      wrong = { word: [...before, symbol], answer: next[symbol].answer };
      break;
    }
    [state, number] = [states[right.symbols - 1], next[right.symbols - 1].state];
  }
  const breaksAfter = wrong && margins.length - 1;
  const foretold = breaksAfter !== undefined && breaksAfter <= SEEN
    ? undefined
    : foretell(margins.slice(0, SEEN + 1));
  return {
    margins,
    ...(breaksAfter === undefined ? {} : { breaksAfter, wrong }),
    ...(foretold === undefined ? {} : { foretold }),
  };
}

/**
 * Foretells where margins that shrink ever faster come to 0: each time by a part more than the time before.
 *
 * @param margins The margins so far, of which the last ones tell.
 * @returns At which place; `undefined` if they do not shrink faster.
 */
export function foretell(margins: readonly number[]): number | undefined {
  // Over several places, since single steps are uneven.
  const [a, b, c] = [9, 5, 1].map((back) => margins[margins.length - back]);
  const [before, after] = [a - b, b - c];
  if (!(before > 0 && after > before)) return undefined;
  const growth = after / before;
  // c − after · (growth + growth² + …) = 0, in blocks of four.
  const blocks = Math.log(1 + c * (growth - 1) / (after * growth)) / Math.log(growth);
  return Math.round(margins.length - 1 + 4 * blocks);
}
