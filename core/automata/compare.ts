/**
 * Whether two machines answer the same to every word.
 *
 * @module
 */
import { checkMachine, type Machine, type Word } from "./machine.ts";

/** How machines are compared. */
export interface CompareOptions {
  /**
   * Whether Moore machines may answer to the empty word as they like, as where nobody asks it; no if left
   * out.
   */
  readonly ignoreEmpty?: boolean;
}

/** What a comparison found. */
export type Comparison<Output = string> =
  | {
    /** That there is no difference, whatever they read. */
    readonly equal: true;
    /** Pairs of states that were looked at. */
    readonly pairs: number;
  }
  | {
    /** That there is one. */
    readonly equal: false;
    /** A shortest word after which they answer differently, or to whose last symbol. */
    readonly word: Word;
    /** What the first and the second answer there. */
    readonly outputs: readonly [Output, Output];
    /** Pairs of states that were looked at. */
    readonly pairs: number;
  };

/**
 * Compares what two machines answer, to words of any length: a breadth-first search in the product of
 * both, so that a difference is found at a shortest word; of those, at the first in the order of symbols.
 *
 * @param a A machine.
 * @param b Another one of its kind, over the same alphabet in the same order.
 * @param options What does not count.
 * @returns That they are equal, or the word.
 * @throws {TypeError} If they are of two kinds, or over two alphabets; or not whole.
 *
 * @example Counting to 3 instead of to 2
 * ```ts
 * import { compareMachines, type MooreMachine } from "@unroll/core/automata";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const round = (outputs: string[]): MooreMachine => ({
 *   kind: "moore",
 *   alphabet: ["tick"],
 *   start: 0,
 *   next: outputs.map((_, i) => [(i + 1) % outputs.length]),
 *   outputs,
 * });
 * const found = compareMachines(round(["tick", "tock"]), round(["tick", "tock", "tick"]));
 * deepStrictEqual(found, { equal: false, word: [0, 0, 0], outputs: ["tock", "tick"], pairs: 3 });
 * ```
 */
export function compareMachines<Output>(
  a: Machine<Output>,
  b: Machine<Output>,
  { ignoreEmpty = false }: CompareOptions = {},
): Comparison<Output> {
  checkMachine(a);
  checkMachine(b);
  if (a.kind !== b.kind) {
    throw new TypeError(
      `Cannot compare machines: two of one kind are needed, found ${a.kind} and ${b.kind}`,
    );
  }
  const symbols = a.alphabet.length;
  if (symbols !== b.alphabet.length || a.alphabet.some((name, i) => name !== b.alphabet[i])) {
    throw new TypeError(
      `Cannot compare machines: one alphabet is needed, found ${JSON.stringify(a.alphabet)} and ${
        JSON.stringify(b.alphabet)
      }`,
    );
  }
  const width = b.next.length;
  const first = a.start * width + b.start;
  /** Pairs found, in order, with what led there: the place of the pair before, and the symbol. */
  const pairs = [first];
  const from = [[-1, -1]];
  const found = new Set(pairs);
  const wordTo = (place: number): number[] => {
    const word: number[] = [];
    for (let [at, symbol] = from[place]; at >= 0; [at, symbol] = from[at]) word.push(symbol);
    return word.reverse();
  };
  const differ = (one: Output, other: Output) => ![one].includes(other);
  if (!ignoreEmpty && a.kind === "moore" && b.kind === "moore") {
    const outputs = [a.outputs[a.start], b.outputs[b.start]] as const;
    if (differ(...outputs)) return { equal: false, word: [], outputs, pairs: 1 };
  }
  for (let place = 0; place < pairs.length; place++) {
    const s = Math.floor(pairs[place] / width);
    const t = pairs[place] % width;
    for (let symbol = 0; symbol < symbols; symbol++) {
      const [to, other] = [a.next[s][symbol], b.next[t][symbol]];
      const outputs = [
        a.kind === "moore" ? a.outputs[to] : a.outputs[s][symbol],
        b.kind === "moore" ? b.outputs[other] : b.outputs[t][symbol],
      ] as const;
      if (differ(...outputs)) {
        return { equal: false, word: [...wordTo(place), symbol], outputs, pairs: pairs.length };
      }
      const pair = to * width + other;
      if (found.has(pair)) continue;
      found.add(pair);
      pairs.push(pair);
      from.push([place, symbol]);
    }
  }
  return { equal: true, pairs: pairs.length };
}
