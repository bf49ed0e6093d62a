/**
 * Reports as one HTML document that needs nothing else: styles, pictures and the script of the charts are inside.
 *
 * @module
 */

import type { Picture } from "@unroll/core/plugin";
import type { Json, JsonRecord, MetricsLine } from "@unroll/core/runs";
import { compareRuns } from "./comparison.ts";
import { comparisonParts } from "./comparison_html.ts";
import { chartGrid, escapeMarkup, figureBoxes, lineKey, samplesPart } from "./html.ts";
import { htmlPage } from "./html_page.ts";
import { knownPart } from "./known_html.ts";
import { barChart } from "../charts/curves.ts";
import { runCurves } from "../charts/run_curves.ts";
import { seriesStyle } from "../charts/svg.ts";
import { isDiverged, originText, resultOf } from "./run_table.ts";
import {
  formatCount,
  formatDuration,
  formatFigure,
  formatMetric,
  formatPercent,
} from "../format.ts";
import { statesHtml } from "./states_html.ts";
import type { ModelReport, RunReport } from "./write_report.ts";

/**
 * Writes the report of one run, or of several together.
 *
 * @param reports The runs.
 * @returns An HTML document.
 * @throws {RangeError} When there is no run.
 */
export function reportHtml(reports: readonly RunReport[]): string {
  if (reports.length === 0) throw new RangeError("Cannot report: no run is named");
  const body = reports.length === 1 ? singleRun(reports[0]) : severalRuns(reports);
  const title = reports.length === 1 ? titleOf(reports[0]) : `${reports.length} runs`;
  return htmlPage(title, body);
}

function titleOf({ run: { config } }: RunReport): string {
  const pair = `${config.task.name} · ${config.model.name}`;
  return config.title === undefined ? pair : `${config.title}: ${pair}`;
}

function singleRun(report: RunReport): string {
  const { run, lines, model, problem, recipe } = report;
  const { config } = run;
  const charts = runCurves([{ name: run.name, lines }]);
  return `<h1>${escapeMarkup(titleOf(report))}</h1>
<p class="soft">${escapeMarkup(run.name)} · seed ${config.seed} · ${escapeMarkup(config.device)}${
    config.from === undefined ? "" : ` · ${escapeMarkup(originText(config.from))}`
  }${stateOf(lines)}</p>
${figures(report)}
${problem === undefined ? "" : `<p class="bad">${escapeMarkup(problem)}</p>`}
${recipe === undefined ? "" : knownPart(config, lines, recipe)}
<h2>Curves</h2>
${charts.length === 0 ? '<p class="soft">There are no metrics yet.</p>' : chartGrid(charts)}
${model === undefined ? "" : modelParts(model, "1")}
${samplesPart(lines)}
<h2>Settings</h2>
<div class="grid settings">
<div class="card"><b>Model: ${escapeMarkup(config.model.name)}</b>${
    recordTable(config.model.options)
  }</div>
<div class="card"><b>Task: ${escapeMarkup(config.task.name)}</b>${
    recordTable(config.task.options)
  }</div>
<div class="card"><b>Training</b>${recordTable(config.training)}</div>
</div>
${model === undefined ? "" : `<h2>To make it again</h2>\n<pre>${commandText(model.command)}</pre>`}
<p class="soft">Unroll ${escapeMarkup(config.version)}</p>`;
}

function severalRuns(reports: readonly RunReport[]): string {
  const comparison = compareRuns(reports.map((report) => ({
    name: report.run.name,
    config: report.run.config,
    lines: report.lines,
    report,
  })));
  let shownModels = 0;
  const shown = comparison.groups.flatMap(({ runs }, group) =>
    runs.flatMap(({ name, run: { report: { run, model, problem } } }) =>
      model === undefined && problem === undefined ? [] : [
        `<details><summary>${lineKey(seriesStyle(group))}${escapeMarkup(name)}</summary>
<p class="soft">${escapeMarkup(run.name)}</p>
${
          model === undefined
            ? ""
            : `<pre>${commandText(model.command)}</pre>${modelParts(model, String(++shownModels))}`
        }</details>`,
        ...(problem === undefined ? [] : [`<p class="bad">${escapeMarkup(problem)}</p>`]),
      ]
    )
  );
  return `<h1>${reports.length} runs</h1>
${comparisonParts(comparison)}
<h2>What they say and think${
    shown.length < reports.length ? ", the best of them" : ""
  }, and how to make them again</h2>
${shown.join("\n")}`;
}

function stateOf(lines: readonly MetricsLine[]): string {
  const last = lines.at(-1)?.event;
  if (isDiverged(lines)) return ' · <span class="bad">diverged</span>';
  if (last === "done") return "";
  return last === "stopped"
    ? ' · <span class="bad">stopped before its end</span>'
    : ' · <span class="bad">not at its end</span>';
}

function figures({ lines, model }: RunReport): string {
  const { loss, error, steps, seconds, speed, metrics: all } = resultOf(lines);
  const { nats, bits, ...metrics } = all;
  const isText = typeof bits === "number";
  const parameters = model?.layers.reduce((sum, layer) => sum + layer.parameters, 0);
  const shown: (readonly [string, string | undefined, string?])[] = [
    ...isText ? [] : [
      ["error", error === undefined ? undefined : formatPercent(error), error === 0 ? "good" : ""],
    ] as const,
    ["validation loss", loss === undefined ? undefined : formatFigure(loss)],
    ...isText
      ? [
        ["bits per character", formatFigure(bits)],
        ["perplexity", formatFigure(Math.exp(Number(nats)))],
      ] as const
      : [],
    // Accuracies by size are for the task's own picture.
    ...Object.entries(metrics).filter(([name]) => !/_\d+(_\d+)?$/.test(name) || /^error/.test(name))
      .map(([name, value]) =>
        [
          name.replaceAll("_", " "),
          typeof value === "number" ? formatMetric(name, value) : undefined,
        ] as const
      ),
    ["steps", steps === undefined ? undefined : formatCount(steps)],
    ["time", seconds === undefined ? undefined : formatDuration(seconds)],
    ["steps per second", speed === undefined ? undefined : formatCount(speed)],
    ["parameters", parameters === undefined ? undefined : formatCount(parameters)],
  ];
  return figureBoxes(shown);
}

function modelParts(
  { layers, shown, hidden, pictures, machine, automata }: ModelReport,
  id: string,
): string {
  const parts: string[] = [];
  if (shown.length > 0) {
    parts.push(`<h2>What it says</h2>`, `<pre>${escapeMarkup(shown.join("\n"))}</pre>`);
  }
  for (const picture of pictures) {
    parts.push(`<h2>${escapeMarkup(picture.title)}</h2>`, drawPicture(picture));
  }
  if (machine !== undefined) {
    parts.push(
      `<h2>What machine it is</h2>`,
      `<ul class="findings">${
        machine.sentences.map((text) => `<li>${escapeMarkup(text)}</li>`).join("\n")
      }</ul>`,
    );
  }
  if (automata !== undefined) {
    const [whole, ...factors] = automata;
    parts.push(`<div class="card wide states">${whole}</div>`);
    if (factors.length > 0) {
      parts.push(
        '<p class="soft">It is the product of these, which run side by side:</p>',
        `<div class="card wide states">${factors.join("\n")}</div>`,
      );
    }
  }
  if (hidden !== undefined) {
    parts.push(statesHtml(hidden, id, automata === undefined ? undefined : machine));
  }
  const total = layers.reduce((sum, layer) => sum + layer.parameters, 0);
  const rows = layers.map(({ name, output, parameters }) =>
    `<tr><td>${escapeMarkup(name)}</td><td>${escapeMarkup(output)}</td><td class="number">${
      formatCount(parameters)
    }</td></tr>`
  );
  parts.push(`<h2>The model</h2>
<div class="card wide"><table><tr><th>layer</th><th>output</th><th class="number">parameters</th></tr>
${rows.join("\n")}
<tr><td><b>all</b></td><td></td><td class="number"><b>${
    formatCount(total)
  }</b></td></tr></table></div>`);
  return parts.join("\n");
}

/** Lines break between flags, and not inside. */
function commandText(command: string): string {
  return command.split(/ (?=--)/).map((part) => `<span class="word">${escapeMarkup(part)}</span>`)
    .join(" ");
}

function recordTable(record: JsonRecord): string {
  const rows = Object.entries(record).filter(([, value]) => value !== null).map(([name, value]) =>
    `<tr><td class="soft">${escapeMarkup(name)}</td><td class="value">${
      escapeMarkup(valueText(value))
    }</td></tr>`
  );
  return rows.length === 0
    ? '<p class="soft">no options</p>'
    : `<div class="scroll"><table>${rows.join("\n")}</table></div>`;
}

function valueText(value: Json): string {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).map(([name, part]) => `${name} ${valueText(part)}`).join(", ");
  }
  return String(value);
}

/**
 * Draws a picture.
 *
 * @param picture What the task describes.
 * @returns HTML.
 */
function drawPicture(picture: Picture): string {
  switch (picture.kind) {
    case "bars": {
      const { bars, xLabel, isFraction } = picture;
      return `<div class="card wide">${
        barChart(bars, { title: isFraction ? "Fraction" : "", xLabel, isFraction })
      }</div>`;
    }
    case "text":
      return coloredText(picture.parts);
    default:
      throw new TypeError(
        `Cannot draw a picture: bars or text is needed, found ${
          JSON.stringify((picture satisfies never as Picture).kind)
        }`,
      );
  }
}

/** Colours text: the less likely the model thought a part, the redder it is. */
function coloredText(parts: Extract<Picture, { kind: "text" }>["parts"]): string {
  const spans = parts.map(({ text, probability }) => {
    const share = Math.min(1, Math.max(0, probability));
    // Half way to white is where a character had one chance in ten: surprise counts, not distance from 1.
    const surprise = Math.min(1, -Math.log(Math.max(share, 1e-6)) / Math.log(100));
    const color = `background:color-mix(in srgb, var(--bad) ${
      Math.round(surprise * 75)
    }%, transparent)`;
    return `<span style="${color}" title="${(share * 100).toFixed(1)} %">${
      escapeMarkup(text.replace("\r", ""))
    }</span>`;
  });
  return `<pre>${spans.join("")}</pre>
<p class="soft">The redder, the less likely the model thought it: from sure to one chance in a hundred or less.</p>`;
}
