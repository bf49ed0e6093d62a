/**
 * Looks for a word after which a network is wrong: by breadth, so that a shorter one comes first.
 *
 * @module
 */
import type { Network } from "./network.ts";
import { plainAnswer, plainStart, plainStep } from "./plain_step.ts";
import type { Specification } from "./specification.ts";

/** What a search has seen. */
export interface WordSearch {
  /** The first word found with a wrong answer; all before have right ones. */
  readonly wrong?: { readonly word: readonly number[]; readonly answer: number };
  /** States that were looked at, of the network together with the task. */
  readonly states: number;
  /** How long the words were, at most. */
  readonly length: number;
  /** Whether no further state can be reached. */
  readonly isClosed: boolean;
  /** The least margin of a right answer. */
  readonly margin: number;
}

/** A state on the way. */
interface Place {
  readonly state: Float64Array;
  readonly number: number;
  readonly symbol: number;
  readonly before?: Place;
  readonly margin: number;
}

/**
 * Searches.
 *
 * @param net The network.
 * @param right What is right.
 * @param limits `states` is how many may be looked at, `length` how long words may be; states whose numbers
 * are the same in units of `near` count as one. With `beam`, only so many of the words of a length are gone on
 * with that come to the same state of the task: those with the least margins.
 * @returns What was seen.
 */
export function searchWords(
  net: Network,
  right: Specification,
  { states, length, near, beam }: {
    readonly states: number;
    readonly length: number;
    readonly near: number;
    readonly beam?: number;
  },
): WordSearch {
  const seen = new Set<string>();
  let frontier: Place[] = [{ state: plainStart(net), number: -1, symbol: -1, margin: Infinity }];
  let margin = Infinity;
  let depth = 0;
  while (frontier.length > 0 && depth < length && seen.size < states) {
    depth++;
    const found: Place[] = [];
    for (const place of frontier) {
      for (let symbol = 0; symbol < right.symbols; symbol++) {
        const next = right.next(place.number, symbol);
        if (!next) continue;
        const state = plainStep(net, place.state, symbol);
        const distance = plainAnswer(net, state, next.answer);
        const reached = { state, number: next.state, symbol, before: place, margin: distance };
        if (!(distance > 0)) {
          return {
            wrong: { word: wordOf(reached), answer: next.answer },
            states: seen.size,
            length: depth,
            isClosed: false,
            margin,
          };
        }
        margin = Math.min(margin, distance);
        const key = `${next.state} ${state.map((value) => Math.round(value / near)).join()}`;
        if (seen.has(key)) continue;
        seen.add(key);
        found.push(reached);
      }
    }
    frontier = beam === undefined ? found : leastOfEach(found, beam);
  }
  return { states: seen.size, length: depth, isClosed: frontier.length === 0, margin };
}

/** Those of each state of the task with the least margins. */
function leastOfEach(places: readonly Place[], beam: number): Place[] {
  const groups = Map.groupBy(places, ({ number }) => number);
  return [...groups.values()].flatMap((group) =>
    group.sort((a, b) => a.margin - b.margin).slice(0, beam)
  );
}

function wordOf(place: Place): number[] {
  const word: number[] = [];
  for (let at: Place | undefined = place; at?.before; at = at.before) word.unshift(at.symbol);
  return word;
}
