/**
 * What a trained network has found out, in sentences, read from its hidden states and what the task knows of each step.
 *
 * Thresholds: a unit stands for something if that explains at least half of the unit's variance, η² ≥ 0.5, and is that
 * thing from 0.9 on. η² is corrected for chance, (η² − (k − 1)/(n − 1)) / (1 − (k − 1)/(n − 1)) for n steps and k values,
 * and nothing is said of what changes fewer than eight times. A unit that moves less than 0.02 to either side does
 * nothing. States are the same if no unit differs by more than a tenth.
 *
 * @module
 */

import type { Annotation } from "@unroll/core/plugin";
import { fadeFinding, type Margin } from "./fading.ts";
import { formatEvery } from "../format.ts";
import { readTogether } from "./read_together.ts";
import { analyzeHidden, type UnitAnalysis } from "./unit_analysis.ts";
import { type Evidence, type HiddenStates, type Study, thresholdOf } from "./hidden_states.ts";

/** Something that a network has found out. */
export interface Finding {
  /** What kind of sentence it is. */
  readonly kind: "cycle" | "follows" | "none" | "fades" | "holds" | "still";
  /** The sentence. */
  readonly text: string;
  /** The units that it is about, from 1, those that show it best first. */
  readonly units: readonly number[];
  /** What the units stand for. */
  readonly annotation?: string;
  /** How much of the first unit's variance that explains, from 0 to 1. */
  readonly score?: number;
  /** How far units are from being mistaken, step by step. */
  readonly margins?: readonly Margin[];
}

/** A share of the variance from which on a unit stands for something. */
export const FOLLOWS = 0.5;
/** A share from which on it is that thing. */
const IS = 0.9;
/** What changes less often than this is not judged. */
const CHANGES = 8;
/** A unit that moves less than this to either side does nothing. */
const STILL = 0.02;
/** Units differ if they are this far from each other. */
const APART = 0.1;
/** Units named in a sentence. */
const NAMED = 6;

/**
 * Finds out what a network has found out.
 *
 * @param study Its hidden states, and what is known of each step.
 * @returns Sentences, the most telling first.
 */
export function findingsOf({ evidence, trial }: Study): readonly Finding[] {
  const analyses = analyzeHidden(evidence.states, [], evidence.isAlone);
  const moving = analyses.filter(({ amplitude }) => amplitude >= STILL);
  const still = analyses.filter(({ amplitude }) => amplitude < STILL).map(({ unit }) => unit);
  if (moving.length === 0) {
    return [{ kind: "still", text: "No unit moves: it has found out nothing yet.", units: still }];
  }
  const judged = judge(evidence);
  return [
    ...(evidence.isAlone ? cycleFindings(evidence, moving) : []),
    ...judged.flatMap((one) => followFinding(one, evidence)),
    ...nobody(judged, evidence),
    ...(trial === undefined
      ? []
      : judged.flatMap((one) => fadeFinding(one, evidence, trial) ?? [])),
    ...(still.length === 0 ? [] : [{
      kind: "still" as const,
      text: `${unitList(still)} ${still.length === 1 ? "does" : "do"} nothing.`,
      units: still,
    }]),
  ];
}

/** What explains how much of which units. */
export interface Judged {
  /** What may explain them. */
  readonly annotation: Annotation;
  /** Whether its values are 0 and 1 alone. */
  readonly isFlag: boolean;
  /** All units, those that it explains best first. */
  readonly units: readonly { readonly unit: number; readonly score: number }[];
}

/**
 * Finds how much of each unit each annotation explains, corrected for chance.
 *
 * @param evidence Many steps.
 * @returns Those annotations that change often enough, what they explain best first.
 */
export function judge(evidence: Evidence): readonly Judged[] {
  const known = JUDGED.get(evidence);
  if (known !== undefined) return known;
  const { states, annotations, sequences } = evidence;
  const analyses = analyzeHidden(states, annotations, false);
  const judged = annotations.flatMap((annotation) => {
    const { values } = annotation;
    if (values.length !== states.time) return [];
    const classes = new Set(values).size;
    let changes = 0;
    for (let t = sequences; t < values.length; t++) {
      if (values[t] !== values[t - sequences]) changes++;
    }
    const chance = (classes - 1) / Math.max(1, values.length - 1);
    if (classes < 2 || changes < CHANGES || chance > 0.5) return [];
    const units = analyses
      .map(({ unit, correlationRatio }) => ({
        unit,
        score: Math.max(0, ((correlationRatio[annotation.name] ?? 0) - chance) / (1 - chance)),
      }))
      .sort((a, b) => b.score - a.score);
    return [{ annotation, isFlag: values.every((value) => value === 0 || value === 1), units }];
  });
  judged.sort((a, b) => b.units[0].score - a.units[0].score);
  JUDGED.set(evidence, judged);
  return judged;
}

/** What was judged before: a page asks several times. */
const JUDGED = new WeakMap<Evidence, readonly Judged[]>();

/**
 * Chooses the units that tell most: of each thing the one that stands for it best, then those that move most.
 *
 * @param evidence Many steps.
 * @param count How many.
 * @returns Units from 1, and what they stand for.
 */
export function tellingUnits(
  evidence: Evidence,
  count: number = 5,
): readonly { readonly unit: number; readonly about: string }[] {
  const chosen = new Map<number, string>();
  for (const { annotation, isFlag, units } of judge(evidence)) {
    const [best] = units.filter(({ unit }) => !chosen.has(unit));
    if (best === undefined || best.score < FOLLOWS || chosen.size >= count) continue;
    chosen.set(best.unit, `${shortName(annotation, isFlag)}, η² ${best.score.toFixed(2)}`);
  }
  const rest = [...analyzeHidden(evidence.states, [], false)].sort((a, b) =>
    b.amplitude - a.amplitude
  );
  for (const { unit, amplitude } of rest) {
    if (chosen.size >= count || amplitude < STILL) break;
    if (!chosen.has(unit)) chosen.set(unit, "");
  }
  return [...chosen].map(([unit, about]) => ({ unit, about }));
}

function shortName({ name, when }: Annotation, isFlag: boolean): string {
  return isFlag && when !== undefined ? when : name;
}

/** What units are on or off with, or follow. */
function followFinding({ annotation, isFlag, units }: Judged, evidence: Evidence): Finding[] {
  const [best, ...others] = units.filter(({ score }) => score >= FOLLOWS);
  if (best === undefined) return [];
  const { name, when, values } = annotation;
  const also = others.slice(0, NAMED - 1);
  const more = others.length - also.length;
  const so = also.length === 0
    ? ""
    : `; so ${also.length + more === 1 ? "is" : "are"} ${
      unitList(also.map(({ unit }) => unit), false)
    }` +
      `${more > 0 ? ` and ${more} more` : ""} (${
        also.map(({ score }) => score.toFixed(2)).join(", ")
      })`;
  const share = `η² ${best.score.toFixed(2)}`;
  const common = {
    kind: "follows" as const,
    units: [best, ...others].map(({ unit }) => unit),
    annotation: name,
    score: best.score,
  };
  if (!isFlag) {
    const follow = so.replace("; so is", "; so does").replace("; so are", "; so do");
    return [{ ...common, text: `Unit ${best.unit} follows ${name} (${share})${follow}.` }];
  }
  const { isOn, right } = agreement(evidence.states, best.unit, values);
  const tells = `right in ${percent(right)} of ${
    evidence.states.time.toLocaleString("en")
  } steps, ${share}`;
  const does = when !== undefined
    ? `is ${isOn ? "on" : "off"} ${when}`
    : best.score >= IS
    ? `is the ${name}`
    : `follows the ${name}`;
  const follow = when === undefined && best.score < IS
    ? so.replace("; so is", "; so does").replace("; so are", "; so do")
    : so;
  return [{ ...common, text: `Unit ${best.unit} ${does} (${tells})${follow}.` }];
}

/** For what there is no unit, all in one sentence. */
function nobody(judged: readonly Judged[], evidence: Evidence): Finding[] {
  const none = judged.filter(({ units }) => units[0].score < FOLLOWS);
  if (none.length === 0) return [];
  const told = none.slice(0, NAMED);
  let isRead = false;
  const parts = told.map(({ annotation: { name, values }, isFlag, units: [{ unit, score }] }) => {
    const right = isFlag ? readTogether(evidence, values)?.right : undefined;
    isRead ||= right !== undefined;
    return `${name} (nearest: unit ${unit}, η² ${score.toFixed(2)}${
      right === undefined ? "" : `; all together: ${percent(right)}`
    })`;
  });
  return [{
    kind: "none",
    text: `No unit stands for it alone: ${parts.join(", ")}${
      none.slice(told.length).map(({ annotation: { name } }) => `, ${name}`).join("")
    }.${
      isRead
        ? " All together: a linear reading of all units is right in so many of the steps where it is so, " +
          "or where it is not, whichever is less."
        : ""
    }`,
    units: [],
  }];
}

/** How a unit says the same as a flag. */
export interface Agreement {
  /** Whether it is high where the flag is 1. */
  readonly isOn: boolean;
  /** The middle between its means where the flag is 0 and 1. */
  readonly middle: number;
  /** How far the mean where the flag is 1 is above that. */
  readonly clear: number;
  /** In what share of the steps it says the same. */
  readonly right: number;
}

/**
 * Finds how often a unit says the same as a flag, on or off by the middle between the means of both.
 *
 * @param states Where the unit is.
 * @param unit Its number, from 1.
 * @param values 0 or 1 for each step.
 */
export function agreement(
  states: HiddenStates,
  unit: number,
  values: Int32Array,
): Agreement {
  const sums = [0, 0];
  const counts = [0, 0];
  values.forEach((value, t) => {
    sums[value] += states.values[t * states.units + unit - 1];
    counts[value]++;
  });
  const [off, on] = sums.map((sum, value) => sum / Math.max(1, counts[value]));
  const middle = (off + on) / 2;
  const isOn = on > off;
  let right = 0;
  values.forEach((value, t) => {
    const above = states.values[t * states.units + unit - 1] > middle;
    if (above === ((value === 1) === isOn)) right++;
  });
  return { isOn, middle, clear: (on - off) / 2, right: right / values.length };
}

/** What repeats itself in a model that runs by itself: units by their periods, and all of them together. */
function cycleFindings({ states }: Evidence, moving: readonly UnitAnalysis[]): Finding[] {
  const periods = new Map<number, number[]>();
  for (const { unit, period } of moving) {
    if (period === undefined) continue;
    periods.set(period, [...periods.get(period) ?? [], unit]);
  }
  const groups = [...periods].sort(([a], [b]) => a - b).map(([period, units], index) =>
    `${index === 0 ? unitList(units) : unitList(units, false)} ${
      index > 0 ? "" : units.length === 1 ? "turns over " : "turn over "
    }${index === 0 || period === 1 ? formatEvery(period) : `every ${period}`}`
  );
  const cycle = cycleOf(states);
  const together = cycle === undefined
    ? "together they do not come back to where they were"
    : `together ${cycle.states} states, over and over${
      cycle.states === cycle.period ? "" : ` ${formatEvery(cycle.period)}`
    }` +
      (cycle.patterns === cycle.states
        ? ", each with a pattern of on and off of its own"
        : `, with ${cycle.patterns} patterns of on and off`);
  const text = groups.length === 0
    ? `${together[0].toUpperCase()}${together.slice(1)}.`
    : `${groups.join(", ")}: ${together}.`;
  return [{ kind: "cycle", text, units: moving.map(({ unit }) => unit) }];
}

/**
 * Finds after how many steps all units together are where they were, and in how many different states they are on the way.
 *
 * @param states Many steps of one sequence; the first third, on the way to the cycle, is left out.
 * @returns The cycle; `undefined` if there is none within a third of the steps.
 */
export function cycleOf(
  states: HiddenStates,
):
  | { readonly period: number; readonly states: number; readonly patterns: number }
  | undefined {
  const { values, time, units } = states;
  const first = Math.floor(time / 3);
  const isAlike = (a: number, b: number) => {
    for (let unit = 0; unit < units; unit++) {
      if (!(Math.abs(values[a * units + unit] - values[b * units + unit]) <= APART)) return false;
    }
    return true;
  };
  const repeats = (period: number) => {
    // All with the first round: what drifts is like its neighbour each time.
    for (let t = first + period; t < time; t++) {
      if (!isAlike(first + (t - first) % period, t)) return false;
    }
    return true;
  };
  let period = 1;
  while (period <= first && !repeats(period)) period++;
  if (period > first) return undefined;
  const found: number[] = [];
  const patterns = new Set<string>();
  const threshold = thresholdOf(states);
  for (let t = first; t < first + period; t++) {
    if (!found.some((other) => isAlike(other, t))) found.push(t);
    patterns.add(values.slice(t * units, (t + 1) * units).map((v) => Number(v > threshold)).join());
  }
  return { period, states: found.length, patterns: patterns.size };
}

/**
 * Says what gates do on the whole.
 *
 * @param parts Gates by their names; `cell` is none.
 * @returns A sentence for each.
 */
export function gateSentences(parts: Readonly<Record<string, HiddenStates>>): readonly string[] {
  return Object.entries(parts).filter(([name]) => name !== "cell").map(([name, states]) => {
    const means = analyzeHidden(states, [], false).map(({ unit, mean }) => ({ unit, mean }));
    const all = means.reduce((sum, { mean }) => sum + mean, 0) / means.length;
    const ordered = means.sort((a, b) => b.mean - a.mean);
    const [most, least] = [ordered[0], ordered[ordered.length - 1]];
    const open = states.values.reduce((sum, value) => sum + Number(value > 0.5), 0);
    return `The ${name} gate is more than half open in ${percent(open / states.values.length)} ` +
      `of all steps and units, by ${all.toFixed(2)} on average: most in unit ${most.unit} ` +
      `(${most.mean.toFixed(2)}), least in unit ${least.unit} (${least.mean.toFixed(2)}).`;
  });
}

/** Lists units in words, as the beginning of a sentence or not. */
export function unitList(units: readonly number[], begins: boolean = true): string {
  const word = begins ? "Unit" : "unit";
  if (units.length === 1) return `${word} ${units[0]}`;
  const shown = [...units].sort((a, b) => a - b);
  const listed = shown.length > 2 * NAMED
    ? `${shown.slice(0, 2 * NAMED).join(", ")} and ${shown.length - 2 * NAMED} more`
    : shown.join(", ");
  return `${word}s ${listed}`;
}

/** Writes a share as whole percent, never 100 % for less than all. */
export function percent(share: number): string {
  return share > 0.995 && share < 1 ? ">99 %" : `${Math.round(share * 100)} %`;
}
