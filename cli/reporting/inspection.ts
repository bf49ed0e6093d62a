/**
 * What `inspect` shows of a trained model: text for the terminal, JSON, and pictures.
 *
 * @module
 */

import type { Terminal } from "../context.ts";
import { wrapLines } from "../format.ts";
import { findingsOf, gateSentences, judge } from "./findings.ts";
import {
  colorDepth,
  type ColoredToken,
  formatColoredText,
  formatHeatMap,
  formatLegend,
} from "./heat_map.ts";
import {
  boundOf,
  type Evidence,
  type HiddenStateCapture,
  type HiddenStates,
  isSigned,
  type Study,
} from "./hidden_states.ts";
import { analyzeHidden, explainAnalysis, formatAnalysis, worthTelling } from "./unit_analysis.ts";
import { writeOut } from "./write_out.ts";

/** Characters at most that are coloured by a unit. */
const CHARACTERS = 800;
/** Words at most. */
const WORDS = 105;

/**
 * Formats a study for the terminal: both heat maps, what each unit does, and what was found out.
 *
 * @param study The hidden states.
 * @param threshold Above this is on.
 * @param terminal Where they are shown.
 * @param what What the rows are.
 * @returns Lines, each with its end.
 */
export function studyAsText(
  study: Study,
  threshold: number,
  terminal: Terminal,
  what: string = "Hidden states",
): string {
  const { shown: { states, labels, said }, evidence } = study;
  const { depth, columns } = look(terminal);
  const options = { depth, columns, labels, said };
  const analyses = analysesOf(study);
  const told = worthTelling(analyses);
  const findings = findingsOf(study);
  return linesOf([
    ...wrapLines(`${what}: a row for each unit, a column for each step`, columns),
    ...formatHeatMap(states, options),
    formatLegend(states, depth),
    ...saidLegend(study.shown, columns),
    "",
    `Above ${threshold}`,
    ...formatHeatMap(states, { ...options, threshold }),
    ...(told.length === 0 ? [] : [
      "",
      ...formatAnalysis(told),
      ...(told.length < analyses.length
        ? wrapLines(
          `The ${told.length} of ${analyses.length} units that something explains by half.`,
          columns,
        )
        : []),
      ...explainAnalysis(told).flatMap((line) => wrapLines(line, columns)),
    ]),
    ...(findings.length === 0 ? [] : [
      "",
      `What it has found out, by ${stepsText(evidence)}:`,
      ...findings.flatMap(({ text }) => wrapLines(text, columns, "- ")),
    ]),
  ]);
}

/**
 * Formats the text that a model read, or what it said, coloured by one unit.
 *
 * @param study The hidden states.
 * @param unit The unit, from 1.
 * @param terminal Where it is shown.
 * @param isTyped Whether a person chose the sequence.
 * @returns Lines, each with its end.
 */
export function unitAsText(
  study: Study,
  unit: number,
  terminal: Terminal,
  isTyped: boolean,
): string {
  const { depth, columns } = look(terminal);
  const capture = isTyped ? study.shown : longText(study);
  const tokens = tokensOf(capture, unit);
  const { values } = capture.states;
  const about = findingsOf(study).filter(({ units }) => units.includes(unit));
  return linesOf([
    ...wrapLines(
      `Unit ${unit}, as it is ${
        capture.said !== undefined && isNumbered(capture)
          ? "when each word is said"
          : "when each has been read"
      }`,
      columns,
    ),
    ...formatColoredText(tokens, {
      depth,
      columns,
      isSigned: isSigned(values),
      bound: boundOf(values),
    }),
    formatLegend(capture.states, depth),
    "",
    ...about.flatMap(({ text }) => wrapLines(text, columns, "- ")),
    ...wrapLines(sharesOf(study.evidence, unit), columns),
  ]);
}

/** What explains a unit, the most first. */
function sharesOf(evidence: Evidence, unit: number): string {
  const shares = judge(evidence).map(({ annotation: { name }, units }) => ({
    name,
    score: units.find((one) => one.unit === unit)?.score ?? 0,
  })).sort((a, b) => b.score - a.score).slice(0, 4);
  if (shares.length === 0) return `The task knows of nothing that could explain unit ${unit}.`;
  return `Of unit ${unit}'s variance is explained (η²), by ${stepsText(evidence)}: ${
    shares.map(({ name, score }) => `${name} ${score.toFixed(2)}`).join(", ")
  }.`;
}

/**
 * Formats the gates of a model for the terminal.
 *
 * @param study With the gates.
 * @param gates Those that are shown, by their names.
 * @param terminal Where they are shown.
 * @returns Lines, each with its end.
 */
export function gatesAsText(
  study: Study,
  gates: readonly (readonly [string, HiddenStates])[],
  terminal: Terminal,
): string {
  const { shown: { labels, said }, evidence } = study;
  const { depth, columns } = look(terminal);
  return linesOf([
    ...gates.flatMap(([name, states]) => [
      ...wrapLines(`The ${name} gate: a row for each unit, a column for each step`, columns),
      ...formatHeatMap(states, { depth, columns, labels, said }),
      "",
    ]),
    formatLegend(gates[0][1], depth),
    ...saidLegend(study.shown, columns),
    "",
    `What the gates do, by ${stepsText(evidence)}:`,
    ...gateSentences(evidence.parts ?? {}).flatMap((line) => wrapLines(line, columns, "- ")),
  ]);
}

/**
 * Finds the longest text of a study that people can read.
 *
 * @param study The hidden states.
 * @returns The steps of one sequence, cut where it gets too long.
 */
export function longText({ shown, evidence, trial = shown }: Study): HiddenStateCapture {
  const long = evidence.sequences === 1 && evidence.labels.length > 0 ? evidence : trial;
  const most = isNumbered(long) ? WORDS : CHARACTERS;
  const time = Math.min(most, long.states.time);
  const { values, units } = long.states;
  return {
    states: { values: values.subarray(0, time * units), time, units },
    labels: long.labels.slice(0, time),
    annotations: [],
    ...(long.said === undefined ? {} : { said: long.said.slice(0, time) }),
  };
}

/**
 * Sets a text apart into pieces, each with what a unit was then: what was read, or what was said where only steps are counted.
 *
 * @param capture The steps.
 * @param unit The unit, from 1.
 */
export function tokensOf(
  capture: HiddenStateCapture,
  unit: number,
): readonly ColoredToken[] {
  const { labels, said, states: { values, units, time } } = capture;
  return Array.from({ length: time }, (_, t) => ({
    text: said !== undefined && isNumbered(capture) ? said[t].text : labels[t],
    value: values[t * units + unit - 1],
  }));
}

function isNumbered({ labels }: HiddenStateCapture): boolean {
  return labels.every((label, t) => label === String(t));
}

/**
 * Analyses the units by all the steps that there are; of what reads something no periods, which would be its input's.
 *
 * @param study The hidden states.
 * @returns One for each unit.
 */
export function analysesOf({ evidence }: Study): ReturnType<typeof analyzeHidden> {
  return analyzeHidden(evidence.states, evidence.annotations, evidence.isAlone);
}

/** Says how many steps something is read from. */
export function stepsText({ states: { time }, sequences }: Evidence): string {
  const count = time.toLocaleString("en");
  return sequences === 1 ? `${count} steps` : `${count} steps of ${sequences} sequences`;
}

/** Explains the marks of what was said. */
export function saidMeanings({ said = [] }: HiddenStateCapture): string | undefined {
  const texts = new Map<string, Set<string>>();
  for (const { mark, text } of said) texts.set(mark, (texts.get(mark) ?? new Set()).add(text));
  const one = [...texts].filter(([mark, all]) => all.size === 1 && !all.has(mark));
  if (one.length === 0) return undefined;
  const more = [...texts].filter(([, all]) => all.size > 1).map(([mark]) => `${mark} else`);
  return [...one.map(([mark, all]) => `${mark} ${[...all][0]}`), ...more].join(", ");
}

function saidLegend(capture: HiddenStateCapture, columns: number): string[] {
  const meanings = saidMeanings(capture);
  return meanings === undefined ? [] : wrapLines(`Said: ${meanings}`, columns);
}

function look({ outputColor, columns, variable }: Terminal) {
  return { depth: colorDepth(outputColor, variable), columns: columns() };
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * Lists what a study holds, for programs.
 *
 * @param study The hidden states.
 * @returns Plain values.
 */
export function studyAsJson(study: Study): object {
  const { shown: { states, labels, annotations, said, parts = {} }, evidence } = study;
  return {
    time: states.time,
    units: states.units,
    hidden: rowsOf(states),
    labels,
    ...(said === undefined ? {} : { said: said.map(({ text }) => text) }),
    annotations: Object.fromEntries(annotations.map(({ name, values }) => [name, [...values]])),
    ...(Object.keys(parts).length === 0 ? {} : {
      parts: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, rowsOf(part)])),
    }),
    analysis: analysesOf(study),
    analyzedSteps: evidence.states.time,
    findings: findingsOf(study),
  };
}

function rowsOf({ values, time, units }: HiddenStates): number[][] {
  return Array.from({ length: time }, (_, t) => [...values.subarray(t * units, (t + 1) * units)]);
}

/**
 * Writes heat maps as pictures: the raw states, and the thresholded ones under a name of their own; or each gate.
 *
 * @param capture What was read and said.
 * @param maps What is drawn, by its title and what its name ends in.
 * @param out The file, `.svg` or `.png`.
 * @returns The files.
 * @throws {RangeError} When one cannot be written.
 */
export async function writeMaps(
  { labels, said }: HiddenStateCapture,
  maps: readonly {
    readonly states: HiddenStates;
    readonly title: string;
    readonly suffix: string;
    readonly threshold?: number;
  }[],
  out: string,
): Promise<string[]> {
  // Drawing is loaded when it is needed: other commands start faster without.
  const { heatMapChart } = await import("../charts/heat_map_chart.ts");
  const written: string[] = [];
  for (const { states, title, suffix, threshold } of maps) {
    const svg = heatMapChart(states, { title, labels, said, threshold, legend: true });
    const path = out.replace(/(\.\w+)$/, `${suffix}$1`);
    await writeSvg(path, svg);
    written.push(path);
  }
  return written;
}

/**
 * Writes a picture.
 *
 * @param path The file, `.svg` or `.png`.
 * @param svg What is drawn.
 * @throws {RangeError} When it cannot be written.
 */
export async function writeSvg(path: string, svg: string): Promise<void> {
  let bytes: Uint8Array = new TextEncoder().encode(svg);
  if (path.endsWith(".png")) bytes = await (await import("../charts/png.ts")).svgToPng(svg);
  await writeOut(path, bytes);
}
