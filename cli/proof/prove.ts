/**
 * Finds what can be proven of a network: a certificate, or a word after which it is wrong.
 *
 * @module
 */
import { commandLine } from "../program.ts";
import { type Certificate, certificateHead } from "./certificate.ts";
import { type Network, readNetwork } from "./network.ts";
import { followNines, type Nines } from "./nines.ts";
import { proveCycle } from "./prove_cycle.ts";
import { searchWords, type WordSearch } from "./search_words.ts";
import { specification } from "./specification.ts";
import { Refuted, verifyCodes } from "./verify.ts";

/** What was found out about a network. */
export type Proof =
  | {
    readonly outcome: "certified";
    readonly certificate: Certificate;
    readonly margin: number;
    /** How many times as near a round of the cycle brings two states, where there is a cycle. */
    readonly contraction?: number;
  }
  | {
    readonly outcome: "refuted";
    /** The word, and what is right after it. */
    readonly word: readonly number[];
    readonly answer: number;
    readonly seen: WordSearch;
    /** How long it carries, where it counts and could lose what it carries. */
    readonly nines?: Nines;
  }
  | {
    readonly outcome: "open";
    readonly reason: string;
    /** Absent where the prover cannot look into the network. */
    readonly seen?: WordSearch;
    readonly nines?: Nines;
  };

/** How many states are looked at of networks that round them. */
const MOST_CODES = 200_000;

/**
 * Finds what can be proven.
 *
 * @param checkpoint The file of weights.
 * @returns What was found.
 * @throws {RangeError} If the network or its task is not one that can be looked into.
 */
export function prove(checkpoint: Uint8Array): Proof {
  const net = readNetwork(checkpoint);
  const right = specification(net.task.name, net.task.options);
  if (!right) {
    throw new RangeError(
      `Cannot prove ${net.task.name}: what is right is known of fizzbuzz without input or on digits, and of counting`,
    );
  }
  const rough = net.snap
    ? { states: MOST_CODES, length: Infinity, near: 1 }
    : net.inputs === 0
    ? { states: 20_000, length: 20_000, near: 1e-300 }
    : { states: Infinity, length: 64, near: 1e-3, beam: Math.ceil(100_000 / net.hidden ** 2) };
  const seen = searchWords(net, right, rough);
  // A carry may fade after more steps than words are searched.
  const nines = net.task.name === "counting" && !net.snap ? followNines(net, right) : undefined;
  const wrong = seen.wrong ?? nines?.wrong;
  if (wrong) return { outcome: "refuted", ...wrong, seen, nines };
  try {
    if (net.inputs === 0 && !net.snap) {
      return { outcome: "certified", ...proveCycle(net, checkpoint, 15) };
    }
    if (!net.snap) {
      return {
        outcome: "open",
        reason: `its states are numbers without gaps; ${snapped(net)} trains one of finitely many`,
        seen,
        nines,
      };
    }
    if (!seen.isClosed) {
      return { outcome: "open", reason: `it has more than ${MOST_CODES} states`, seen };
    }
    // Where rounding can go two ways the verifier looks at both.
    const { margin, states } = verifyCodes(2 * seen.states, net, right);
    const head = certificateHead(net.task.name, checkpoint);
    return { outcome: "certified", certificate: { ...head, kind: "codes", states }, margin };
  } catch (error) {
    if (error instanceof Refuted) return { outcome: "open", reason: error.message, seen };
    throw error;
  }
}

/** The command that trains such a network for its task, with states that are rounded. */
function snapped({ cell, task: { name, options } }: Network): string {
  const { encoding, base = 10 } = options;
  const what = encoding === undefined
    ? base === 10 ? "" : ` --base ${base}`
    : ` --encoding ${encoding}`;
  return commandLine(`train --model ${cell} --task ${name}${what} --snap`);
}
