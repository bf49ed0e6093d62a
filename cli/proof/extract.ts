/**
 * The machine that a trained network is: followed where there is no input, else learned by asking the
 * network (Weiss, Goldberg and Yahav, "Extracting automata from recurrent neural networks using queries
 * and counterexamples", 2018).
 *
 * @module
 */
import {
  compareMachines,
  learnMachine,
  type Machine,
  runMachine,
  type Word,
} from "@unroll/core/automata";
import { randomFor } from "@unroll/core/plugin";
import { followOrbit, type Orbit } from "./orbit.ts";
import { type ExtractableRun, NetworkAnswers } from "./network_answers.ts";
import { Questions, randomWords, shortWords, uniformWords } from "./words.ts";
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

/** A word that a network answered otherwise than its task asks. */
export interface Refutation {
  /** The word; its last answer is the wrong one. */
  readonly word: Word;
  /** The class that the network answered. */
  readonly said: number;
  /** The class that the task's machine answers. */
  readonly wanted: number;
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
  /** The shortest word after which they part, of these and of one symbol again and again, 1,000 times. */
  readonly disagreed?: Word;
  /**
   * What the network answers otherwise than the task's machine, where it was seen to: if `machine` is right, and
   * complete, a shortest word.
   */
  readonly refuted?: Refutation;
  /** Without input: after which prefix the network repeats itself, and how exactly. */
  readonly orbit?: Orbit;
  /** Why there is no machine that agrees, as a sentence, where that is so. */
  readonly incomplete?: string;
}

/**
 * Extracts the machine that a trained network is.
 *
 * Where the task is a machine too, words by which a guess differs from that are the first to be asked. A network
 * that is right is learned at once so, and a wrong one refuted; nothing is taken for granted.
 *
 * To words that nobody asks, such as none at all, what a network says means nothing: there the task's own
 * machine is followed, or class 0 stands there.
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
    const found = await followOrbit(run, options.steps ?? STEPS);
    const task = run.taskInstance.machine?.();
    const refuted = task === undefined ? undefined : differenceOf(found.machine, task.machine);
    // What it says was read from the network itself, as far as the machine has seen it.
    return { ...found, ...(refuted === undefined ? {} : { refuted }) };
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
  const { machine: known, asked: domain } = task?.() ?? {};
  const questions = new Questions(domain);
  const answerOf = (word: Word) =>
    known === undefined ? 0 : runMachine(known, word).outputs.at(-1) as number;
  const sample = { count: words, longest };
  // The same words each time: short ones, then longer ones, until one is answered otherwise.
  const tests = [
    shortWords(alphabet.length),
    uniformWords(alphabet.length, longest),
    randomWords(alphabet.length, { ...sample, random: randomFor(seed, 0) }),
  ].map((words) => questions.among(words));
  const { machine, incomplete } = await learnMachine<number>({
    async ask(asked) {
      const isAsked = asked.map((word) => questions.has(word));
      const answers = await network.answer(asked.filter((_, i) => isAsked[i]));
      const said = answers.values().map((answer) => answer.said[answer.said.length - 1]);
      return asked.map((word, i) => isAsked[i] ? said.next().value as number : answerOf(word));
    },
    async counterexample(guess) {
      const doubtful = known === undefined ? undefined : differenceOf(guess, known)?.word;
      if (doubtful !== undefined) {
        const wrong = await firstMistake(network, guess, [doubtful], questions);
        if (wrong !== undefined) return wrong;
      }
      for (const group of tests) {
        const wrong = await firstMistake(network, guess, group, questions);
        if (wrong !== undefined) return wrong;
      }
      // States of the network that the guess takes for one may differ in what comes after them.
      const doubted = await wordsThatSplit(network, guess, tests[2], randomFor(seed, 1));
      return await firstMistake(network, guess, questions.among(doubted), questions);
    },
  }, { kind, alphabet, maxStates, maxQueries });
  const fresh = questions.among(
    randomWords(alphabet.length, { ...sample, random: randomFor(seed, 2) }),
  );
  const wrong = await mistakes(network, machine, fresh, questions);
  // To learn from such long words would take too long; that they are answered otherwise is worth knowing.
  const long = questions.among(uniformWords(alphabet.length, Math.max(LONG, longest)));
  const parted = [...wrong, ...await mistakes(network, machine, long, questions)];
  const refuted = known === undefined ? undefined : await refute(network, {
    machine,
    known,
    questions,
    words: [...tests.flat(), ...fresh, ...long],
  });
  return {
    machine,
    queries: network.words,
    tried: fresh.length,
    agreed: fresh.length - wrong.length,
    ...(parted.length === 0 ? {} : { disagreed: shortest(parted) }),
    ...(refuted === undefined ? {} : { refuted }),
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}

/** A shortest word that a machine answers otherwise than it should; nobody asks what it says to nothing. */
function differenceOf(machine: Machine<number>, known: Machine<number>): Refutation | undefined {
  // Without input the start answers at the first step.
  const ignoreEmpty = machine.alphabet.length > 1;
  const found = compareMachines(machine, known, { ignoreEmpty });
  if (found.equal) return undefined;
  return { word: found.word, said: found.outputs[0], wanted: found.outputs[1] };
}

/**
 * Looks for a word that a network answers wrongly: the one by which its machine differs, or if the machine is not
 * right there, the shortest of those that were tried.
 */
async function refute(
  network: NetworkAnswers,
  { machine, known, questions, words }: {
    readonly machine: Machine<number>;
    readonly known: Machine<number>;
    readonly questions: Questions;
    readonly words: readonly Word[];
  },
): Promise<Refutation | undefined> {
  const found = differenceOf(machine, known);
  const wrong = [
    ...found === undefined ? [] : await mistakes(network, known, [found.word], questions),
    ...await mistakes(network, known, words, questions),
  ];
  if (wrong.length === 0) return undefined;
  const word = shortest(wrong);
  const [{ said }] = await network.answer([word]);
  const wanted = runMachine(known, word).outputs;
  return { word, said: said[said.length - 1], wanted: wanted[wanted.length - 1] };
}

/** Symbols of the words that are tried when all is learned. */
const LONG = 1000;

/** Words, each cut after its first wrong answer. */
async function mistakes(
  network: NetworkAnswers,
  machine: Machine<number>,
  words: readonly Word[],
  questions: Questions,
): Promise<Word[]> {
  const answers = await network.answer(words);
  return words.flatMap((word, i) => {
    const { outputs } = runMachine(machine, word);
    // A Moore machine has an answer before the first symbol too.
    const before = outputs.length - word.length;
    const isAsked = questions.along(word);
    const wrong = answers[i].said.findIndex((said, t) =>
      isAsked(t) && said !== outputs[before + t]
    );
    return wrong < 0 ? [] : [word.slice(0, wrong + 1)];
  });
}

/** Words that are asked at a time: a mistake among them is worth more than those after them. */
const GROUP = 256;

async function firstMistake(
  network: NetworkAnswers,
  machine: Machine<number>,
  words: readonly Word[],
  questions: Questions,
): Promise<Word | undefined> {
  for (let first = 0; first < words.length; first += GROUP) {
    const wrong = await mistakes(network, machine, words.slice(first, first + GROUP), questions);
    if (wrong.length > 0) return shortest(wrong);
  }
  return undefined;
}

function shortest(words: readonly Word[]): Word {
  return words.reduce((best, word) => word.length < best.length ? word : best);
}
