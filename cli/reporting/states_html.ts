/**
 * What a trained model thinks, as part of a page: what it has found out, its states and gates, and text coloured by a unit.
 * There is no script in it: which unit is shown is chosen by radio buttons and styles.
 *
 * @module
 */

import { curveChart } from "../charts/curves.ts";
import { heatMapChart } from "../charts/heat_map_chart.ts";
import { findingsOf, gateSentences, tellingUnits } from "./findings.ts";
import { boundOf, isSigned, type Study, thresholdOf } from "./hidden_states.ts";
import { escapeMarkup } from "./html.ts";
import { analysesOf, longText, saidMeanings, stepsText, tokensOf } from "./inspection.ts";
import { type MachineReport, statesAt } from "./machine_report.ts";
import { FEW, SHADES } from "./states_style.ts";
import { explainAnalysis, type UnitAnalysis, worthTelling } from "./unit_analysis.ts";

/** Units in the table at most. */
const TABLE = 24;
/** Things that explain units, in the table at most. */
const EXPLAINED = 8;
/** Units whose gates are drawn: each is as large as a picture of the states. */
const GATED = 24;
/** Of more, so many. */
const CHOSEN = 5;

/**
 * Draws what a model thinks.
 *
 * @param study Its hidden states.
 * @param id A name that no other part of the page has.
 * @param machine The machine that it is, where it is one.
 * @returns HTML.
 */
export function statesHtml(study: Study, id: string, machine?: MachineReport): string {
  return [
    findingsHtml(study),
    `<h2>What it thinks</h2>`,
    mapsHtml(study, machine),
    chooserHtml(study, id),
    gatesHtml(study),
    tableHtml(study),
  ].filter((part) => part !== "").join("\n");
}

function findingsHtml(study: Study): string {
  const findings = findingsOf(study);
  if (findings.length === 0) return "";
  const items = findings.map(({ text }) => `<li>${escapeMarkup(text)}</li>`);
  const charts = findings.flatMap(({ annotation, margins = [], kind }) =>
    kind !== "fades" || margins.length === 0 ? [] : [
      `<div class="card wide states">${
        curveChart(
          margins.map(({ unit, values }) => ({
            name: unit === undefined ? "all units together" : `unit ${unit}`,
            points: values.map((y, i) => ({ x: i + 1, y })),
          })),
          {
            title: `Margin of: ${annotation} (1 as clear as on average, 0 on the edge)`,
            xLabel: "steps for which it holds",
            fromZero: true,
            height: 200,
          },
        )
      }</div>`,
    ]
  );
  return `<h2>What it has found out</h2>
<ul class="findings">${items.join("\n")}</ul>
<p class="soft">Read from ${stepsText(study.evidence)}. η²: the share of a unit's variance that ` +
    `something explains, from 0 to 1; a unit stands for what explains half of it.</p>${
      charts.join("\n")
    }`;
}

function mapsHtml({ shown }: Study, machine: MachineReport | undefined): string {
  const { states, labels, said } = shown;
  const threshold = thresholdOf(states);
  const meanings = saidMeanings(shown);
  const machineStates = machine === undefined ? undefined : statesAt(machine, shown);
  return `<div class="card wide states" id="hidden">${
    heatMapChart(states, { title: "Hidden states", labels, said, machineStates, legend: true })
  }
${
    heatMapChart(states, { title: `Hidden states above ${threshold}`, threshold, labels, said })
  }</div>${meanings === undefined ? "" : `<p class="soft">Said: ${escapeMarkup(meanings)}</p>`}`;
}

/** Text coloured by one unit of several. */
function chooserHtml(study: Study, id: string): string {
  const { units } = study.shown.states;
  const telling = tellingUnits(study.evidence, units <= FEW ? units : CHOSEN);
  if (telling.length === 0) return "";
  const name = escapeMarkup(`unit-${id}`);
  const choices = telling.map(({ unit, about }, i) =>
    `<input type="radio" name="${name}" id="${name}-${unit}"${i === 0 ? " checked" : ""}>` +
    `<label for="${name}-${unit}">unit ${unit}${
      about === "" ? "" : `: ${escapeMarkup(about)}`
    }</label>`
  );
  const texts = telling.map(({ unit }) => `<div>${coloredText(study, unit)}</div>`);
  return `<h2>Text coloured by a unit</h2>
<div class="chooser">${choices.join("\n")}
${texts.join("\n")}</div>
<p class="soft">${
    isSigned(study.shown.states.values) ? "Blue: below 0, red: above." : "The bluer, the higher."
  } Each piece has the colour of the unit when it had been read, or said. ${
    telling.length < units
      ? `The ${telling.length} of ${units} units that tell most; others: inspect --unit.`
      : ""
  }</p>`;
}

function coloredText(study: Study, unit: number): string {
  const capture = longText(study);
  const bound = boundOf(capture.states.values);
  const tokens = tokensOf(capture, unit);
  const isApart = tokens.some(({ text }) => [...text].length > 1);
  // Neighbours of one shade are one element.
  const parts: { shade: string; text: string }[] = [];
  const add = (shade: string, text: string) => {
    const last = parts[parts.length - 1];
    if (last?.shade === shade) last.text += text;
    else parts.push({ shade, text });
  };
  for (const { text, value } of tokens) {
    const level = Number.isFinite(value)
      ? Math.round(Math.min(1, Math.abs(value) / bound) * SHADES)
      : 0;
    const isHigh = value > 0 && isSigned(capture.states.values);
    // A carriage return would be one more line.
    add(level === 0 ? "" : `${isHigh ? "p" : "n"}${level}`, text.replace("\r", ""));
    if (isApart) add("", " ");
  }
  return `<pre>${
    parts.map(({ shade, text }) =>
      shade === "" ? escapeMarkup(text) : `<i class="${shade}">${escapeMarkup(text)}</i>`
    ).join("")
  }</pre>`;
}

function gatesHtml({ shown, evidence }: Study): string {
  const parts = Object.entries(shown.parts ?? {});
  if (parts.length === 0) return "";
  const { labels, said } = shown;
  const maps = parts.map(([name, states]) =>
    heatMapChart(states, {
      title: name === "cell" ? "The cell" : `The ${name} gate`,
      labels,
      said,
      legend: true,
      maxUnits: GATED,
    })
  );
  return `<details><summary>Its gates${
    shown.parts?.cell === undefined ? "" : ", and the cell"
  }</summary>
<ul class="findings">${
    gateSentences(evidence.parts ?? {}).map((text) => `<li>${escapeMarkup(text)}</li>`).join("\n")
  }</ul>
<div class="card wide states">${maps.join("\n")}</div></details>`;
}

function tableHtml(study: Study): string {
  const all = analysesOf(study);
  const chosen = worthTelling(all, TABLE);
  const best = (name: string) =>
    Math.max(...chosen.map(({ correlationRatio }) => correlationRatio[name]));
  const names = Object.keys(chosen[0]?.correlationRatio ?? {})
    .sort((a, b) => best(b) - best(a)).slice(0, EXPLAINED);
  const repeats = chosen.some(({ period }) => period !== undefined);
  // Without periods, and with nothing to compare with, the table would say nothing.
  if (chosen.length === 0 || names.length === 0 && !repeats) return "";
  const heads = ["unit", "mean", "amplitude", ...(repeats ? ["period"] : []), ...names];
  return `<div class="card wide"><table><tr>${
    heads.map((name) => `<th class="number">${escapeMarkup(name)}</th>`).join("")
  }</tr>
${chosen.map((unit) => unitRow(unit, names, repeats)).join("\n")}</table>
<p class="soft">${escapeMarkup(explainAnalysis(chosen).join(" "))}${
    chosen.length < all.length
      ? ` The ${chosen.length} of ${all.length} units that something explains by half.`
      : ""
  }</p></div>`;
}

function unitRow(
  { unit, mean, amplitude, period, correlationRatio }: UnitAnalysis,
  names: readonly string[],
  repeats: boolean,
): string {
  const cells = names.map((name) => {
    const share = correlationRatio[name];
    const shade = `background:color-mix(in srgb, var(--accent) ${
      Math.round(share * 55)
    }%, transparent)`;
    return `<td class="number" style="${shade}">${share.toFixed(2)}</td>`;
  });
  return `<tr><td class="number">${unit}</td><td class="number">${
    mean.toFixed(2)
  }</td><td class="number">${amplitude.toFixed(2)}</td>${
    repeats ? `<td class="number">${period ?? "–"}</td>` : ""
  }${cells.join("")}</tr>`;
}
