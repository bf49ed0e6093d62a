/**
 * The machine that a trained network is: followed where there is no input, else learned by asking the
 * network (Weiss, Goldberg and Yahav, "Extracting automata from recurrent neural networks using queries
 * and counterexamples", 2018).
 *
 * @module
 */
import { learnMachine, type Machine, runMachine, type Word } from "@unroll/core/automata";
import { randomFor } from "@unroll/core/plugin";
import { followOrbit, type Orbit } from "./orbit.ts";
import { type ExtractableRun, NetworkAnswers } from "./network_answers.ts";
import { randomWords, shortWords } from "./words.ts";
import { wordsThatSplit } from "./split_states.ts";

/** How long is looked for a machine. */
export interface ExtractOptions {
  /** The most states; 200 if left out. */
  readonly maxStates?: number;
  /** About the most words that are asked to build the machine; 100,000 if left out. */
  readonly maxQueries?: number;
  /** Random words that each guess, and at last the machine, is tried with; 1,000 if left out. */
  readonly words?: number;
  /** Symbols of the longest of them; 100 if left out. */
  readonly longest?: number;
  /** Steps that a network without input is followed; 4,096 if left out. */
  readonly steps?: number;
  /** Seed of the words; 0 if left out. */
  readonly seed?: number;
}

/** A machine that a network is, as far as was tried. */
export interface ExtractedMachine {
  /** The least such machine; its outputs are classes. */
  readonly machine: Machine<number>;
  /** How many words the network was asked in all; without input, how many steps it was followed. */
  readonly queries: number;
  /** How many random words that were not used before were tried. */
  readonly tried: number;
  /** In how many of them all answers were the machine's. */
  readonly agreed: number;
  /** The shortest of the others. */
  readonly disagreed?: Word;
  /** Without input: after which prefix the network repeats itself, and how exactly. */
  readonly orbit?: Orbit;
  /** Why there is no machine that agrees, as a sentence, where that is so. */
  readonly incomplete?: string;
}

/**
 * Extracts the machine that a trained network is.
 *
 * What it answers to no symbol at all is nothing that a network says: where it answers after the last
 * symbol, the task's own machine is followed there, else class 0 stands there.
 *
 * @param run The network and its task, such as a run that was loaded.
 * @param options Where to stop.
 * @returns The machine, and how far it is the network's.
 * @throws {RangeError} If the network does not read symbols and answer with classes.
 */
export async function extractMachine(
  run: ExtractableRun,
  options: ExtractOptions = {},
): Promise<ExtractedMachine> {
  const { spec } = run.taskInstance;
  const network = new NetworkAnswers(run);
  if (spec.inputs.kind === "none" && spec.outputs.at === "every") {
    return await followOrbit(run, options.steps ?? STEPS);
  }
  return await learnNetwork(run, network, options);
}

const STEPS = 4096;

async function learnNetwork(
  { taskInstance: { machine: task } }: ExtractableRun,
  network: NetworkAnswers,
  { maxStates = 200, maxQueries = 100_000, words = 1000, longest = 100, seed = 0 }: ExtractOptions,
): Promise<ExtractedMachine> {
  const { alphabet, at } = network;
  const kind = at === "every" ? "mealy" : "moore";
  const known = task?.().machine;
  const empty = known?.kind === "moore" ? known.outputs[known.start] : 0;
  const sample = { count: words, longest };
  // The same words each time: short ones, then longer ones, until one is answered otherwise.
  const tests = [
    shortWords(alphabet.length),
    randomWords(alphabet.length, { ...sample, random: randomFor(seed, 0) }),
  ];
  const { machine, incomplete } = await learnMachine<number>({
    async ask(asked) {
      const filled = asked.filter(({ length }) => length > 0);
      const answers = await network.answer(filled);
      const said = answers.map((answer) => answer.said[answer.said.length - 1]);
      return asked.map(({ length }) => length === 0 ? empty : said.shift() as number);
    },
    async counterexample(guess) {
      for (const group of tests) {
        const wrong = await firstMistake(network, guess, group);
        if (wrong !== undefined) return wrong;
      }
      // States of the network that the guess takes for one may differ in what comes after them.
      const doubted = await wordsThatSplit(network, guess, tests[1], randomFor(seed, 1));
      return await firstMistake(network, guess, doubted);
    },
  }, { kind, alphabet, maxStates, maxQueries });
  const fresh = randomWords(alphabet.length, { ...sample, random: randomFor(seed, 2) });
  const wrong = await mistakes(network, machine, fresh);
  return {
    machine,
    queries: network.words,
    tried: fresh.length,
    agreed: fresh.length - wrong.length,
    ...(wrong.length === 0 ? {} : { disagreed: shortest(wrong) }),
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}

/** Words, each cut after its first wrong answer. */
async function mistakes(
  network: NetworkAnswers,
  machine: Machine<number>,
  words: readonly Word[],
): Promise<Word[]> {
  const answers = await network.answer(words);
  return words.flatMap((word, i) => {
    const { outputs } = runMachine(machine, word);
    // A Moore machine has an answer before the first symbol too.
    const before = outputs.length - word.length;
    const wrong = answers[i].said.findIndex((said, t) => said !== outputs[before + t]);
    return wrong < 0 ? [] : [word.slice(0, wrong + 1)];
  });
}

/** Words that are asked at a time: a mistake among them is worth more than those after them. */
const GROUP = 256;

async function firstMistake(
  network: NetworkAnswers,
  machine: Machine<number>,
  words: readonly Word[],
): Promise<Word | undefined> {
  for (let first = 0; first < words.length; first += GROUP) {
    const wrong = await mistakes(network, machine, words.slice(first, first + GROUP));
    if (wrong.length > 0) return shortest(wrong);
  }
  return undefined;
}

function shortest(words: readonly Word[]): Word {
  return words.reduce((best, word) => word.length < best.length ? word : best);
}
