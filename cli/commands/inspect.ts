/**
 * `inspect`: the hidden states of a trained model over time, in the terminal or as a picture.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { UsageError } from "../errors.ts";
import type { TypedFlags } from "../flags.ts";
import { colorDepth, formatHeatMap } from "../reporting/heat_map.ts";
import { analyzeHidden, formatAnalysis } from "../reporting/hidden_analysis.ts";
import {
  captureHiddenStates,
  type HiddenStateCapture,
  thresholdOf,
} from "../reporting/hidden_states.ts";
import { addModelOptions, loadChosen, wholeNumber } from "./model_command.ts";
import type { CliContext } from "../context.ts";

/**
 * Defines `inspect`.
 *
 * @param context What there is.
 * @returns The command.
 */
export function defineInspect(context: CliContext): Command {
  const command = new Command();
  command.description(
    "Look at what a trained model thinks: its hidden states over time, raw and as on or off, and for each unit " +
      "its period and how much of it the task's own state explains.",
  );
  addModelOptions(command);
  command.option("--input <text>", "What the model reads; the first of a batch if left out");
  command.option("--length <n>", "Steps");
  command.option("--seed <n>", "Seed of the batch (default 0)");
  command.option("--threshold <x>", "Above this is on (default 0.5, or 0 for units with a sign)");
  command.option("--out <file>", "Write a picture: .svg or .png, and beside it one as on or off");
  command.option("--json", "Print the states and what was found as one JSON object");
  command.example("In the terminal:", "deno task inspect runs/2026-01-31-fizzbuzz-rnn-0");
  command.example(
    "Of a number, as pictures:",
    "deno task inspect runs/2026-01-31-counting-rnn-0 --input 129999 --out carry.png",
  );
  command.action(async (options: unknown, ...[run]: unknown[]) => {
    const typed = options as TypedFlags;
    const out = typeof typed.out === "string" ? typed.out : undefined;
    if (out !== undefined && !/\.(svg|png)$/.test(out)) {
      throw new UsageError(`Cannot write ${out}: a name that ends in .svg or .png is needed`);
    }
    const request = {
      input: typeof typed.input === "string" ? typed.input : undefined,
      length: wholeNumber(typed, "length", 1),
      seed: wholeNumber(typed, "seed", 0),
    };
    using loaded = await loadChosen(context, run, typed);
    const look = await captureHiddenStates(loaded.taskInstance, loaded.predict, request);
    if (look === undefined) {
      throw new RangeError(
        `Cannot inspect ${loaded.path}: the ${loaded.config.model.name} model shows no hidden states`,
      );
    }
    const threshold = numberOf(typed.threshold) ?? thresholdOf(look.states);
    const { write } = context.terminal;
    if (typed.json === true) write(`${JSON.stringify(asJson(look))}\n`);
    else if (out === undefined) write(asText(look, threshold, context));
    if (out !== undefined) {
      for (const path of await writePictures(look, threshold, out)) {
        if (typed.json !== true) write(`${path}\n`);
      }
    }
  });
  return command;
}

function numberOf(text: string | boolean | undefined): number | undefined {
  if (typeof text !== "string") return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new UsageError(`Cannot use --threshold ${text}: a number is needed`);
}

function asText(look: HiddenStateCapture, threshold: number, context: CliContext): string {
  const { states, annotations } = look;
  const { color, columns, variable } = context.terminal;
  const options = { depth: colorDepth(color, variable), columns: columns() };
  return [
    "Hidden states: a row for each unit, a column for each step",
    ...formatHeatMap(states, options),
    "",
    `Above ${threshold}`,
    ...formatHeatMap(states, { ...options, threshold }),
    "",
    ...formatAnalysis(analyzeHidden(states, annotations)),
  ].map((line) => `${line}\n`).join("");
}

function asJson({ states, labels, annotations }: HiddenStateCapture) {
  const { time, units, values } = states;
  return {
    time,
    units,
    hidden: Array.from(
      { length: time },
      (_, t) => [...values.subarray(t * units, (t + 1) * units)],
    ),
    labels,
    annotations: Object.fromEntries(annotations.map(({ name, values }) => [name, [...values]])),
    analysis: analyzeHidden(states, annotations),
  };
}

/** Writes the raw states, and the thresholded ones under a name of their own. */
async function writePictures(
  { states, labels }: HiddenStateCapture,
  threshold: number,
  out: string,
): Promise<string[]> {
  // Drawing is loaded when it is needed: other commands start faster without.
  const { heatMapChart } = await import("../charts/heat_map_chart.ts");
  const second = out.replace(/(\.\w+)$/, "_on_off$1");
  const pictures: [string, string][] = [
    [out, heatMapChart(states, { title: "Hidden states", labels })],
    [
      second,
      heatMapChart(states, { title: `Hidden states above ${threshold}`, threshold, labels }),
    ],
  ];
  for (const [path, svg] of pictures) {
    let bytes: Uint8Array = new TextEncoder().encode(svg);
    if (path.endsWith(".png")) bytes = await (await import("../charts/png.ts")).svgToPng(svg);
    try {
      await Deno.writeFile(path, bytes);
    } catch (error) {
      const reason = (error as Error).message.replace(/ \(os error.*$/, "");
      throw new RangeError(`Cannot write ${path}: ${reason}`, { cause: error });
    }
  }
  return pictures.map(([path]) => path);
}
