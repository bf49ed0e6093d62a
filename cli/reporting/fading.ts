/**
 * Whether a network keeps what it has found out: how far it is from being mistaken, while one thing holds far longer than
 * in training.
 *
 * @module
 */

import { agreement, type Finding, FOLLOWS, type Judged, unitList } from "./findings.ts";
import { type Evidence, type HiddenStateCapture, thresholdOf } from "./hidden_states.ts";
import { marginAt, readTogether } from "./read_together.ts";

/** How far from being mistaken a network is, at each step for which one thing holds. */
export interface Margin {
  /** The unit, from 1; all of them together if left out. */
  readonly unit?: number;
  /** 1: as clear as on average; 0: on the edge; below: mistaken. */
  readonly values: readonly number[];
}

/** Together units tell a thing if they are right in so many of the steps. */
const TOGETHER = 0.9;
/** A shorter trial says nothing. */
const SHORTEST = 12;
/** What keeps this much of its margin holds. */
const HOLDS = 0.5;
/** Steps after which units have settled. */
const SETTLED = 4;

/** What a person calls many of a digit. */
const MANY: Readonly<Record<string, string>> = {
  "0": "zeros",
  "1": "ones",
  "2": "twos",
  "3": "threes",
  "4": "fours",
  "5": "fives",
  "6": "sixes",
  "7": "sevens",
  "8": "eights",
  "9": "nines",
};

/**
 * Finds whether something fades in a trial: read from the unit that is it, or else from all units together.
 *
 * @param judged What it is, a flag, and which units stand for it.
 * @param evidence Where they do: there the margin is 1 on average.
 * @param trial A sequence where it holds for long.
 * @returns A sentence; `undefined` where neither tells it, or the trial is too short.
 */
export function fadeFinding(
  { annotation: { name, when, values }, isFlag, units: [best] }: Judged,
  evidence: Evidence,
  trial: HiddenStateCapture,
): Finding | undefined {
  const held = trial.annotations.find((other) => other.name === name)?.values;
  if (!isFlag || held?.length !== trial.states.time) return undefined;
  const { start, end } = longestRun(held, trial.labels);
  if (end - start < SHORTEST) return undefined;
  const margin = marginOf(values, evidence, best);
  if (margin === undefined) return undefined;
  const { states } = trial;
  const it = when === undefined ? `The ${name}` : `Being ${when}`;
  const way = Array.from({ length: end - start }, (_, i) => margin.at(states.values, start + i));
  const steps = new Set(trial.labels.slice(start, end)).size === 1
    ? MANY[trial.labels[start]] ?? `times ${JSON.stringify(trial.labels[start])}`
    : "steps";
  const flipped = flippedUnits(trial, start, end);
  const named = {
    annotation: name,
    units: margin.unit === undefined ? flipped.map(({ unit }) => unit) : [margin.unit],
    margins: [{ ...(margin.unit === undefined ? {} : { unit: margin.unit }), values: way }],
  };
  const by = margin.unit === undefined ? "all units together" : `unit ${margin.unit}`;
  // The step at which so many have been read.
  const gone = way.findIndex((value) => value <= 0) + 1;
  const said = trial.said?.slice(start, end).map(({ text }) => text) ?? [];
  const turned = said.findIndex((text) => text !== said[0]);
  const turns = turned < 0
    ? ""
    : `. What it says turns from ${said[0]} to ${said[turned]} after ${turned}`;
  const drift = flipped.length === 0
    ? ""
    : `; ${unitList(flipped.map(({ unit }) => unit), false)} ${
      flipped.length === 1 ? "drifts and flips" : "drift and flip"
    } on the way, after ${range(flipped.map(({ after }) => after))}`;
  const last = way[way.length - 1];
  if (gone === 1) return undefined; // It was never there.
  if (gone > 1) {
    const places = [...new Set([0, 1, 2, 3].map((part) => Math.round(part * (gone - 1) / 3)))];
    return {
      ...named,
      kind: "fades",
      text: `${it} fades: after ${gone} ${steps} ${by} ` +
        `${margin.unit === undefined ? "tell" : "tells"} the opposite. The margin after ${
          places.map((place) => place + 1).join(", ")
        } is ${places.map((place) => way[place].toFixed(2)).join(", ")}${drift}${turns}.`,
    };
  }
  const through = `${way.length} ${steps}`;
  return last >= HOLDS * Math.min(1, way[0])
    ? {
      ...named,
      kind: "holds",
      text: `${it} holds: through ${through} ${by} ` +
        `${margin.unit === undefined ? "keep" : "keeps"} a margin of ${last.toFixed(2)} ` +
        `(${Math.min(...way).toFixed(2)} at the least).`,
    }
    : {
      ...named,
      kind: "fades",
      text: `${it} wears off: through ${through} the margin of ${by} ` +
        `goes from ${way[0].toFixed(2)} to ${last.toFixed(2)}${drift}${turns}.`,
    };
}

/** How far it is from being mistaken at a step: the unit that is it, else all together. */
function marginOf(
  values: Int32Array,
  evidence: Evidence,
  best: Judged["units"][number],
): { readonly unit?: number; at(values: Float32Array, t: number): number } | undefined {
  const { units } = evidence.states;
  const together = readTogether(evidence, values);
  const alone = best.score >= FOLLOWS ? agreement(evidence.states, best.unit, values) : undefined;
  if (alone !== undefined && alone.right >= (together?.right ?? 0) - 0.01) {
    const { middle, clear } = alone;
    return {
      unit: best.unit,
      at: (values, t) => (values[t * units + best.unit - 1] - middle) / clear,
    };
  }
  if (together === undefined || together.right < TOGETHER) return undefined;
  return { at: (values, t) => marginAt(together, values, t * units) };
}

/** Units that end on the other side of their threshold, and after how many steps they are there for good. */
function flippedUnits(
  { states }: HiddenStateCapture,
  start: number,
  end: number,
): readonly { readonly unit: number; readonly after: number }[] {
  const threshold = thresholdOf(states);
  const isOn = (t: number, unit: number) => states.values[t * states.units + unit] > threshold;
  const flipped = [];
  for (let unit = 0; unit < states.units; unit++) {
    const before = isOn(start + SETTLED, unit);
    let t = end - 1;
    if (isOn(t, unit) === before) continue;
    while (isOn(t - 1, unit) !== before) t--;
    flipped.push({ unit: unit + 1, after: t - start + 1 });
  }
  return flipped.sort((a, b) => a.after - b.after);
}

/** The longest stretch where a flag is 1, while the same is read. */
function longestRun(
  values: Int32Array,
  labels: readonly string[],
): { readonly start: number; readonly end: number } {
  let best = { start: 0, end: 0 };
  let start = 0;
  for (let t = 1; t <= values.length; t++) {
    if (t < values.length && values[t] === values[start] && labels[t] === labels[start]) continue;
    if (values[start] === 1 && t - start > best.end - best.start) best = { start, end: t };
    start = t;
  }
  return best;
}

function range(numbers: readonly number[]): string {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return low === high ? String(low) : `${low} to ${high}`;
}
