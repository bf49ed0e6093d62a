/**
 * What the recipe of "FizzBuzz in Theano" ends with: its two pictures, and the machine that is to be seen in them.
 *
 * @module
 */

import type { Probe } from "@unroll/core/plugin";
import { formatCount, formatTable } from "../format.ts";
import { cycleOf, findingsOf, unitList } from "../reporting/findings.ts";
import { formatHeatMap, formatLegend } from "../reporting/heat_map.ts";
import { captureStudy, type HiddenStates, type Study } from "../reporting/hidden_states.ts";
import { analysesOf } from "../reporting/inspection.ts";
import { limitOf } from "../reporting/limits.ts";
import type { Walk, WalkPart, WalkRun } from "./walk.ts";

/** Above this a unit is on, as in the post. */
const ON = 0.5;
/** What comes back. */
const CYCLE = 15;
/** The numbers whose states the post finds alike. */
export const PAIRS: readonly (readonly [number, number])[] = [[6, 12], [21, 27], [36, 42]];
/** Units of the post. */
const OWN = 5;
/** Units that the post thinks could be enough. */
const FEW = 4;
/** Units at most in a code. */
const CODE = 24;
/** A unit this near to the threshold is on or off, but not strongly. */
const WEAK = 0.15;
/** A machine of 3 states is in a unit if that explains so much of it. */
const IS = 0.9;

/**
 * Makes the walk.
 *
 * @param run The recipe, trained.
 * @returns The walk; `undefined` where numbers are told to the model, which then does not count.
 */
export async function theanoWalk(run: WalkRun): Promise<Walk | undefined> {
  const { task, predict, name } = run;
  if (task.spec.inputs.kind !== "none") return undefined;
  const study = await captureStudy(task, predict);
  if (study === undefined) return undefined;
  const probes: Probe[] = [];
  for await (const probe of task.probes?.(predict) ?? []) {
    probes.push(probe);
    // What comes after the first mistake is not told.
    if (probe.right < probe.count) break;
  }
  const { shown: { states, said = [] } } = study;
  const machine = machineOf(study);
  const right = said.findIndex(({ text }, n) => text !== wordOf(n));
  const clock = machine.threes[0] ?? machine.fives[0];
  return {
    parts: [
      ...mapParts(study, run),
      statesPart(states, said.map(({ text }) => text), run.columns),
    ],
    sentences: [
      ...findingsOf(study).filter(({ kind }) => kind === "cycle" || kind === "still")
        .map(({ text }) => text),
      machineSentence(machine),
      pairsSentence(states),
      right < 0
        ? beyondSentence(probes)
        : `Its first mistake is at ${right}: it says ${said[right].text} where ${
          wordOf(right)
        } is right.`,
    ],
    beside: [
      ["on every 3", "row 2, counted from 0", unitsText(machine.threes)],
      ["on every 5", "row 0, not as consistently", unitsText(machine.fives)],
      [
        "alike at 6, 12",
        "yes; the on is not strong in one unit",
        pairTexts(states).every(({ isSame }) => isSame) ? "yes, on and off" : "no",
      ],
      ["counts on", "checked to 300", `right to ${formatCount(limitOf(probes).rightThrough ?? 0)}`],
    ],
    next: [
      ...(states.units <= FEW ? [] : [{
        what: `see whether ${FEW} units are enough, for 15 states need ${FEW} bits`,
        words: `recipe theano-fizzbuzz --hidden ${FEW}`,
      }]),
      ...(clock === undefined ? [] : [{
        what: `see the words coloured by unit ${clock}`,
        words: `inspect ${name} --unit ${clock}`,
      }]),
      {
        what: `see how many of ten starts get there with ${states.units} units`,
        words: `recipe theano-fizzbuzz${
          states.units === OWN ? "" : ` --hidden ${states.units}`
        } --seeds 0..9`,
      },
    ],
  };
}

/** The two pictures of the post. */
function mapParts({ shown: { states, labels, said } }: Study, { depth, columns }: WalkRun) {
  const options = { depth, columns, labels, said };
  return [{
    title: `The hidden states over ${states.time} steps: a row for each unit, dark is high`,
    lines: [...formatHeatMap(states, options), formatLegend(states, depth)],
  }, {
    title: `The same cleaned up: which units are above ${ON}`,
    lines: formatHeatMap(states, { ...options, threshold: ON }),
  }];
}

/** The word for a number. */
function wordOf(n: number): string {
  return n % 15 === 0 ? "fizzbuzz" : n % 5 === 0 ? "buzz" : n % 3 === 0 ? "fizz" : String(n);
}

/**
 * Writes the units that are on as ones.
 *
 * @param states Hidden states.
 * @param t The step.
 * @returns For example `10011`.
 */
export function codeOf(states: HiddenStates, t: number): string {
  return valuesOf(states, t).map((value) => Number(value > ON)).join("");
}

function valuesOf({ values, units }: HiddenStates, t: number): number[] {
  return [...values.subarray(t * units, (t + 1) * units)];
}

/** The states of one round, with those that are on and off alike. */
function statesPart(
  states: HiddenStates,
  said: readonly string[],
  columns: number,
): WalkPart {
  // Of many units only whether they are on, and that of as many as there is room for.
  const room = columns - 48 - Math.min(states.units, CODE);
  const isAll = 5 * states.units <= room;
  // The second round: the first begins on the way to the cycle.
  const rounds = Array.from({ length: CYCLE }, (_, i) => CYCLE + i);
  const rows = rounds.map((n) => {
    const code = codeOf(states, n);
    const alike = rounds.filter((other) => other !== n && codeOf(states, other) === code);
    return [
      String(n),
      String(n % 3),
      String(n % 5),
      code.length > CODE ? `${code.slice(0, CODE - 1)}…` : code,
      ...(isAll ? [valuesOf(states, n).map((value) => value.toFixed(2)).join(" ")] : []),
      said[n] ?? "",
      alike.length === 0 ? "" : `as ${alike.slice(0, 3).join(", ")}${alike.length > 3 ? " …" : ""}`,
    ];
  });
  const heads = ["n", "mod 3", "mod 5", "on/off", ...(isAll ? ["states"] : []), "says", ""];
  return {
    title: `The ${CYCLE} states of one round, ${CYCLE} to ${2 * CYCLE - 1}`,
    lines: formatTable([heads, ...rows], [3, 4, 5, 6].slice(0, isAll ? 4 : 3)),
  };
}

/** Which units are machines of 3 and of 5 states. */
export interface Machine {
  /** Units that `n mod 3` explains, from 1. */
  readonly threes: readonly number[];
  /** Units that `n mod 5` explains. */
  readonly fives: readonly number[];
  /** States and patterns of on and off of the cycle, where there is one. */
  readonly cycle?: { readonly period: number; readonly states: number; readonly patterns: number };
}

/**
 * Finds the machines of 3 and of 5 states in the units.
 *
 * @param study The hidden states.
 */
export function machineOf(study: Study): Machine {
  const analyses = analysesOf(study);
  const explained = (by: number) =>
    analyses.filter(({ correlationRatio }) => (correlationRatio[`n mod ${by}`] ?? 0) >= IS)
      .map(({ unit }) => unit);
  const cycle = cycleOf(study.evidence.states);
  return { threes: explained(3), fives: explained(5), ...(cycle === undefined ? {} : { cycle }) };
}

function machineSentence({ threes, fives, cycle }: Machine): string {
  if (threes.length > 0 && fives.length > 0) {
    const both =
      `${unitList(threes)} ${threes.length === 1 ? "is" : "are"} a machine of 3 states ` +
      `(n mod 3 explains at least ${IS * 100} % of each), ${unitList(fives, false)} one of 5`;
    return `${both}: side by side they are the 3 × 5 = 15 states that the post thought of.`;
  }
  const [by, units] = threes.length > 0 ? [3, threes] : [5, fives];
  if (units.length > 0) {
    return `${unitList(units)} ${
      units.length === 1 ? "is" : "are"
    } a machine of ${by} states; the ` +
      `other one is in no unit alone.`;
  }
  return cycle?.period === CYCLE
    ? "No unit is a machine of 3 or of 5 states alone: this start found one of 15 in all units together."
    : "No unit is a machine of 3 or of 5 states.";
}

/** Two states that the post finds alike. */
interface PairText {
  readonly text: string;
  readonly isSame: boolean;
}

/**
 * Compares the states of which the post says that they are alike.
 *
 * @param states Hidden states of 46 steps at least.
 * @returns For each pair whether the same units are on.
 */
export function pairTexts(states: HiddenStates): PairText[] {
  return PAIRS.filter(([, b]) => b < states.time).map(([a, b]) => {
    const [one, other] = [codeOf(states, a), codeOf(states, b)];
    const isSame = one === other;
    return { isSame, text: `(${a}, ${b}) ${one}${isSame ? "" : `/${other}`}` };
  });
}

function pairsSentence(states: HiddenStates): string {
  const pairs = pairTexts(states);
  const same = pairs.filter(({ isSame }) => isSame).length;
  const list = pairs.map(({ text }) => text).join(", ");
  if (same < pairs.length) {
    return `Of the pairs that the post finds alike, ${same} of ${pairs.length} have the same units ` +
      `on: ${list}.`;
  }
  const weak = weakUnits(states);
  return `The pairs that the post finds alike have the same units on here too: ${list}${
    weak.length === 0
      ? ""
      : `; ${
        weak.map(({ unit, value }) => `unit ${unit} is not strongly so (${value.toFixed(2)})`)
          .join(", ")
      }`
  }.`;
}

/** The units that are near the threshold in any of these states, and the nearest value of each. */
export function weakUnits(
  { values, units, time }: HiddenStates,
): { readonly unit: number; readonly value: number }[] {
  const steps = PAIRS.flat().filter((t) => t < time);
  return Array.from({ length: units }, (_, unit) => {
    const [value] = steps.map((t) => values[t * units + unit])
      .sort((a, b) => Math.abs(a - ON) - Math.abs(b - ON));
    return { unit: unit + 1, value };
  }).filter(({ value }) => Math.abs(value - ON) < WEAK);
}

function beyondSentence(probes: readonly Probe[]): string {
  const { rightThrough, wrongFrom, sentence } = limitOf(probes);
  const bits = "Joel Grus' network is told a number in 10 bits and cannot be asked beyond 1,023";
  if (wrongFrom !== undefined) return `Counting on alone, ${sentence}. ${bits}.`;
  return `Trained to 60, it counts on alone and is right for every number to ${
    formatCount(rightThrough ?? 0)
  }. ${bits}.`;
}

function unitsText(units: readonly number[]): string {
  return units.length === 0 ? "no unit alone" : unitList(units, false);
}
