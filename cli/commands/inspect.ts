/**
 * `inspect`: the hidden states of a trained model over time, in the terminal or as a picture.
 *
 * @module
 */

import * as z from "zod";
import type { LoadedRun } from "@unroll/core/runs";
import { UsageError, withUsageErrors } from "../errors.ts";
import type { CommandContext } from "../context.ts";
import { lineColumns } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import {
  captureStudy,
  type HiddenStates,
  type Study,
  thresholdOf,
} from "../reporting/hidden_states.ts";
import {
  gatesAsText,
  studyAsJson,
  studyAsText,
  unitAsText,
  writeMaps,
  writeSvg,
} from "../reporting/inspection.ts";
import { findMachine, isDrawn, machineAsJson, machineAsText } from "../reporting/machine_report.ts";
import { commandLine } from "../program.ts";
import { defineModelCommand } from "./model_command.ts";
import { selectTask } from "./task_options.ts";

/** Steps at most: more than a person looks at. */
const STEPS = 10_000;

/** The command `inspect`. */
export const INSPECT = defineModelCommand({
  shape: {
    input: z.string().optional()
      .describe("What the model reads; the first sequence of a batch if left out"),
    length: z.int().min(1).max(STEPS).optional().describe("How many steps to show"),
    show: z.enum(["states", "gates", "cell"]).default("states")
      .describe("What is shown: the states, the gates of a GRU or LSTM, or the cell of an LSTM"),
    machine: z.boolean().default(false)
      .describe(
        "Show the finite-state machine that the model is, found by following or asking it, instead of the states",
      ),
    unit: z.int().min(1).optional()
      .describe("Show the text that is read, or what is said, coloured by this unit"),
    seed: z.int().min(0).optional().describe("Seed of the batch; 0 if left out"),
    threshold: z.number().optional()
      .describe(
        "Values above this count as on; if left out 0.5, or 0 for units that can be negative",
      ),
    out: z.string().refine((name) => /\.(svg|png)$/.test(name), {
      error: "a name that ends in .svg or .png is needed",
    }).optional().describe(
      "Write a picture, .svg or .png, and beside it one of the states as on or off",
    )
      .meta({ placeholder: "file" }),
    json: z.boolean().default(false)
      .describe("Print JSON: the states and what was found"),
  },
  examples: [
    ["In the terminal:", "unroll inspect runs/2026-01-31-fizzbuzz-rnn-0"],
    [
      "Of a number, as pictures:",
      "unroll inspect runs/2026-01-31-counting-rnn-0 --input 129999 --out runs/carry.png",
    ],
    [
      "What was said, coloured by unit 2:",
      "unroll inspect runs/2026-01-31-fizzbuzz-rnn-0 --unit 2",
    ],
    [
      "The finite-state machine that it is:",
      "unroll inspect runs/2026-01-31-fizzbuzz-rnn-0 --machine",
    ],
    ["The gates of a GRU:", "unroll inspect runs/2026-01-31-char-gru-0 --show gates"],
  ],
  select: selectTask,
  async run(context, loaded, { threshold: given, out, json, show, unit, machine, ...request }) {
    const { taskInstance, predict, path, config } = loaded;
    if (machine) {
      const { input, length, seed } = request;
      const ignored = Object.entries({ input, length, seed, unit, threshold: given })
        .find(([, value]) => value !== undefined)?.[0] ?? (show === "states" ? undefined : "show");
      if (ignored !== undefined) {
        throw new UsageError(
          `Cannot use --${ignored} with --machine: a machine is of all steps and units`,
        );
      }
      return await showMachine(context, loaded, out, json);
    }
    const parts = show !== "states";
    const capture = () => captureStudy(taskInstance, predict, { ...request, parts });
    const captured = await (request.input === undefined ? capture() : withUsageErrors(capture));
    const model = config.model.name;
    if (captured === undefined) {
      throw new RangeError(
        `Cannot inspect ${path}: the ${model} model shows no hidden states; ` +
          `what it answers is shown by ${commandLine("predict")}, ${commandLine("eval")} ` +
          `and ${commandLine("report")}`,
      );
    }
    const study = show === "cell" ? memoryOf(captured, model) : captured;
    const { shown: { states } } = study;
    const gates = show === "gates" ? gatesOf(study, model) : [];
    if (unit !== undefined && unit > states.units) {
      throw new UsageError(`Cannot show unit ${unit}: the model has ${states.units}`);
    }
    if (unit !== undefined && (show === "gates" || out !== undefined)) {
      throw new UsageError(
        `Cannot show unit ${unit} with ${
          out === undefined ? "--show gates" : "--out"
        }: a text is coloured by states or the cell, in the terminal and in reports`,
      );
    }
    const threshold = given ?? thresholdOf(states);
    const { terminal } = context;
    const { write } = terminal;
    const isTyped = request.input !== undefined || request.length !== undefined;
    const what = show === "cell" ? "The cell" : "Hidden states";
    if (json) write(jsonLine(studyAsJson(study)));
    else if (unit !== undefined) write(unitAsText(study, unit, terminal, isTyped));
    else if (out === undefined) {
      write(
        gates.length > 0
          ? gatesAsText(study, gates, terminal)
          : studyAsText(study, threshold, terminal, what),
      );
    }
    if (out === undefined) return;
    const maps = gates.length > 0
      ? gates.map(([name, states]) => ({ states, title: `The ${name} gate`, suffix: `_${name}` }))
      : [
        { states, title: what, suffix: "" },
        { states, title: `${what} above ${threshold}`, threshold, suffix: "_on_off" },
      ];
    for (const path of await writeMaps(study.shown, maps, out)) {
      if (!json) write(`${path}\n`);
    }
  },
});

/** Shows the machine that a model is. */
async function showMachine(
  { terminal }: CommandContext,
  loaded: LoadedRun,
  out: string | undefined,
  json: boolean,
): Promise<void> {
  const { write } = terminal;
  const report = await findMachine(loaded);
  if (report === undefined) {
    throw new RangeError(
      `Cannot find the machine of ${loaded.path}: the ${loaded.config.task.name} task does not say what machine it is`,
    );
  }
  if (json) write(jsonLine(machineAsJson(report)));
  else if (out === undefined) {
    const lines = machineAsText(report, lineColumns(terminal));
    write(lines.map((line) => `${line}\n`).join(""));
  }
  if (out === undefined) return;
  if (!isDrawn(report)) {
    throw new RangeError(
      `Cannot draw the machine of ${loaded.path}: ${
        report.found.incomplete === undefined ? "it has too many states" : "it was not found"
      }, see ${commandLine("inspect")} --machine without --out`,
    );
  }
  const { drawMachine } = await import("../charts/machine_chart.ts");
  const svg = await drawMachine(report.machine, { title: report.sentences[0] });
  await writeSvg(out, svg);
  if (!json) write(`${out}\n`);
}

/** The gates of what is shown, by their names. */
function gatesOf({ shown: { parts = {} } }: Study, model: string): [string, HiddenStates][] {
  const gates = Object.entries(parts).filter(([name]) => name !== "cell");
  if (gates.length > 0) return gates;
  throw new UsageError(
    `Cannot show the gates of the ${model} model: it has none; its states are shown by --show states`,
  );
}

/** The same study of the memory in place of the states. */
function memoryOf({ shown, evidence, trial }: Study, model: string): Study {
  const memory = <Capture extends Study["shown"]>(capture: Capture): Capture => {
    const cell = capture.parts?.cell;
    if (cell !== undefined) return { ...capture, states: cell };
    throw new UsageError(
      `Cannot show the cell of the ${model} model: it has none; its states are shown by --show states`,
    );
  };
  return {
    shown: memory(shown),
    evidence: memory(evidence),
    ...(trial === undefined ? {} : { trial: memory(trial) }),
  };
}
