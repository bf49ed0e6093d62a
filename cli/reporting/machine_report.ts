/**
 * The finite-state machine that a trained model is, for people: sentences, a table, a picture.
 *
 * @module
 */

import {
  compareMachines,
  factorMachine,
  type Machine,
  runMachine,
  type Word,
} from "@unroll/core/automata";
import type { TaskMachine } from "@unroll/core/plugin";
import { type ExtractedMachine, extractMachine, type ExtractOptions } from "../proof/extract.ts";
import type { ExtractableRun } from "../proof/network_answers.ts";
import { formatEvery, formatSteps, wrapLines } from "../format.ts";
import type { HiddenStateCapture } from "./hidden_states.ts";

/** Machines of more states are not drawn: nobody would read them. */
const DRAWN = 40;
/** Symbols of a word that are shown. */
const SHOWN = 60;

/** What was found out of a model as a machine. */
export interface MachineReport {
  /** The machine, and how far it is the model. */
  readonly found: ExtractedMachine;
  /** The same, with outputs as people call them. */
  readonly machine: Machine<string>;
  /** The machines that it is a product of, where it is one; they say nothing. */
  readonly factors?: readonly Machine<string>[];
  /** What is to be said of it. */
  readonly sentences: readonly string[];
}

/** Where a report stops: it is one of many things there. */
export const QUICK: ExtractOptions = {
  maxStates: DRAWN,
  maxQueries: 3000,
  words: 200,
  longest: 60,
};

/**
 * Finds the machine that a model is.
 *
 * @param run The model and its task.
 * @param options Where to stop.
 * @returns The machine; `undefined` if the task is none, so far as it says.
 */
export async function findMachine(
  run: ExtractableRun,
  options: ExtractOptions = {},
): Promise<MachineReport | undefined> {
  const { spec, machine } = run.taskInstance;
  const task = machine?.();
  if (task === undefined || spec.outputs.kind !== "class") return undefined;
  const found = await extractMachine(run, options);
  const { alphabet } = found.machine;
  const factors = factorMachine(found.machine)?.map(({ next }): Machine<string> => ({
    kind: "moore",
    alphabet,
    start: 0,
    next,
    outputs: next.map(() => ""),
  }));
  return {
    found,
    machine: withNames(found.machine, task.classes),
    ...(factors === undefined ? {} : { factors }),
    sentences: sentencesOf(found, task, factors?.map(({ next }) => next.length)),
  };
}

function withNames(machine: Machine<number>, classes: readonly string[]): Machine<string> {
  const name = (output: number) => classes[output];
  return machine.kind === "moore"
    ? { ...machine, outputs: machine.outputs.map(name) }
    : { ...machine, outputs: machine.outputs.map((row) => row.map(name)) };
}

function sentencesOf(
  found: ExtractedMachine,
  task: TaskMachine,
  factors: readonly number[] | undefined,
): string[] {
  const { machine, orbit, tried, agreed, queries, refuted, disagreed, incomplete } = found;
  const count = machine.next.length;
  const size = `${count} state${count === 1 ? "" : "s"}${
    factors === undefined ? "" : ` (${factors.join(" × ")})`
  }`;
  const isSame = incomplete === undefined && refuted === undefined &&
    compareMachines(machine, task.machine, { ignoreEmpty: machine.alphabet.length > 1 }).equal;
  const which = `a machine of ${size}${isSame ? ", the same as the task's own" : ""}`;
  const by = `as ${queries.toLocaleString("en")} ${
    machine.alphabet.length === 1 ? "steps" : "words"
  } show`;
  return [
    incomplete === undefined
      ? `It is ${which}, ${by}.`
      : `No machine was found that it is, ${by}: ${incomplete[0].toLowerCase()}${
        incomplete.slice(1)
      }.`,
    ...(orbit === undefined
      ? machine.alphabet.length === 1 ? [] : [
        `The machine answers ${agreed.toLocaleString("en")} of ${
          tried.toLocaleString("en")
        } other random words as the model does.${
          disagreed === undefined || agreed < tried || incomplete !== undefined
            ? ""
            : ` They part after ${wordText(disagreed, machine.alphabet)}.`
        }`,
      ]
      : [orbitSentence(orbit)]),
    ...(refuted === undefined ? [] : [
      `It is wrong after ${wordText(refuted.word, machine.alphabet)}: it says ${
        task.classes[refuted.said]
      }, where ${task.classes[refuted.wanted]} is right.${
        incomplete === undefined && disagreed === undefined && orbit === undefined
          ? " If it is this machine, it is right about all shorter words."
          : ""
      }`,
    ]),
  ];
}

function orbitSentence(
  { prefix, period, distance, exactPrefix, exactPeriod }: NonNullable<ExtractedMachine["orbit"]>,
): string {
  const after = prefix === 0 ? "from the first step on" : `after ${formatSteps(prefix)}`;
  const near = distance === undefined
    ? ""
    : exactPeriod === undefined
    ? `; its hidden states come back to within ${distance.toPrecision(2)} of themselves`
    : `; its hidden states are the same in every bit after ${
      formatSteps(exactPrefix ?? 0)
    }, ${exactPeriod} apart`;
  return `Its answers repeat themselves ${formatEvery(period)}, ${after}${near}.`;
}

/** A word for people: runs of one symbol are counted. */
function wordText(word: Word, alphabet: readonly string[]): string {
  if (alphabet.length === 1) return formatSteps(word.length);
  const parts: string[] = [];
  for (let i = 0; i < word.length;) {
    let end = i;
    while (word[end] === word[i]) end++;
    const name = alphabet[word[i]];
    parts.push(end - i > 3 ? `${name} (${end - i} times)` : Array(end - i).fill(name).join(" "));
    i = end;
  }
  const text = parts.join(" ");
  return `${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}${
    word.length > 3 ? `, ${word.length} symbols` : ""
  }`;
}

/**
 * Tells whether a picture of a machine can be read, and is one of the model.
 *
 * @param report The machine.
 */
export function isDrawn({ machine, found }: MachineReport): boolean {
  return machine.next.length <= DRAWN && found.incomplete === undefined;
}

/**
 * Finds the state of a machine at each step that is shown.
 *
 * @param report The machine.
 * @param shown What was read there.
 * @returns A state for each step; `undefined` if it is not known what was read.
 */
export function statesAt(
  { machine }: Pick<MachineReport, "machine">,
  { states: { time }, inputs }: HiddenStateCapture,
): readonly number[] | undefined {
  if (machine.alphabet.length === 1) {
    return runMachine(machine, Array(time - 1).fill(0)).states;
  }
  const word = inputs === undefined ? [] : [...inputs].slice(0, time);
  const isWord = word.every((symbol) => machine.next[0][symbol] !== undefined);
  return isWord && word.length === time ? runMachine(machine, word).states.slice(1) : undefined;
}

/**
 * Lists what was found out of a machine, for programs.
 *
 * @param report The machine.
 * @returns Plain values; words by the names of their symbols.
 */
export function machineAsJson({ machine, found, factors, sentences }: MachineReport): object {
  const { queries, tried, agreed, orbit, refuted, disagreed, incomplete } = found;
  const names = (word: Word) => word.map((symbol) => machine.alphabet[symbol]);
  return {
    machine,
    ...(factors === undefined ? {} : { factors: factors.map(({ next }) => next.length) }),
    queries,
    tried,
    agreed,
    ...(disagreed === undefined ? {} : { disagreed: names(disagreed) }),
    ...(refuted === undefined ? {} : { refuted: { ...refuted, word: names(refuted.word) } }),
    ...(orbit === undefined ? {} : { orbit }),
    ...(incomplete === undefined ? {} : { incomplete }),
    sentences,
  };
}

/**
 * Formats a machine for the terminal.
 *
 * @param report The machine.
 * @param columns How long a line may be.
 * @returns Lines, without ends.
 */
export function machineAsText(report: MachineReport, columns: number = Infinity): string[] {
  const { machine } = report;
  const sentences = report.sentences.flatMap((sentence) => wrapLines(sentence, columns));
  const { alphabet, next, start } = machine;
  if (!isDrawn(report)) return [...sentences, `It is too large to be shown: --json lists it.`];
  const rows = next.flatMap((row, state) => {
    const targets = Map.groupBy(row.keys(), (symbol) => {
      const said = machine.kind === "mealy" ? ` says ${machine.outputs[state][symbol]}` : "";
      return `→ ${row[symbol]}${said}`;
    });
    const arrows = [...targets].map(([target, symbols]) =>
      `${symbols.map((symbol) => alphabet[symbol]).join(" ")} ${target}`
    );
    const says = machine.kind === "moore" ? ` says ${machine.outputs[state]}` : "";
    const beginning = `${state === start ? ">" : " "} ${String(state).padStart(3)}${says}: `;
    return wrapLines(arrows.join(", "), columns, beginning);
  });
  return [...sentences, "", ...rows];
}
