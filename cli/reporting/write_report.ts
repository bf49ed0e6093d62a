/**
 * Gathers what a report shows of runs, and writes its file.
 *
 * @module
 */

import type { LayerRow, Picture } from "@unroll/core/plugin";
import { loadRun, type LoadSettings, type MetricsLine, type RunFolder } from "@unroll/core/runs";
import { drawMachine } from "../charts/machine_chart.ts";
import type { Recipe } from "../recipes/recipe.ts";
import { captureStudy, type Study } from "./hidden_states.ts";
import { findMachine, isDrawn, type MachineReport, QUICK } from "./machine_report.ts";
import { reportHtml } from "./report_html.ts";
import { reproduceCommand } from "./reproduce.ts";
import { resultOf } from "./run_table.ts";
import { writeOut } from "./write_out.ts";

/** Settings of {@linkcode gatherReports}. */
export interface GatherSettings extends LoadSettings {
  /** The recipes by name, of which runs can be. */
  readonly recipes?: Readonly<Record<string, Recipe>>;
}

/** Settings of {@linkcode writeReport}. */
export interface ReportSettings extends GatherSettings {
  /** The file to write. */
  readonly out: string;
  /** Whether a link there is followed, as in {@linkcode writeOut}. */
  readonly follow?: boolean;
}

/**
 * Writes the report of one run, or of several together.
 *
 * @param runs The runs.
 * @param settings The models and tasks there are, and where to write.
 * @returns The file.
 * @throws {RangeError} When there is no run, or the file cannot be written.
 */
export async function writeReport(
  runs: readonly RunFolder[],
  settings: ReportSettings,
): Promise<string> {
  const { out, follow, ...rest } = settings;
  await writeOut(out, reportHtml(await gatherReports(runs, rest)), { follow });
  return out;
}

/** Of more runs than this, only the best are asked what they say and think: each takes a second and megabytes. */
const SHOWN = 8;

/**
 * Gathers what a report shows of several runs: of many, the models of the best alone.
 *
 * @param runs The runs.
 * @param settings The models and tasks there are.
 * @returns All of it.
 */
export async function gatherReports(
  runs: readonly RunFolder[],
  { recipes = {}, ...settings }: GatherSettings,
): Promise<RunReport[]> {
  const reports: RunReport[] = [];
  for (const run of runs) reports.push({ run, lines: await run.readMetrics() });
  const loss = ({ lines }: RunReport) => resultOf(lines).loss ?? Infinity;
  const best = new Set(
    runs.length <= SHOWN ? reports : reports.toSorted((a, b) => loss(a) - loss(b)).slice(0, SHOWN),
  );
  for (const [index, report] of reports.entries()) {
    const { run } = report;
    const { recipe: name = "" } = run.config;
    if (!best.has(report)) continue;
    const gathered = await gatherReport(run, settings);
    reports[index] = Object.hasOwn(recipes, name)
      ? { ...gathered, recipe: recipes[name] }
      : gathered;
  }
  return reports;
}

/** All of one run. */
export interface RunReport {
  /** The run. */
  readonly run: RunFolder;
  /** Its metrics. */
  readonly lines: readonly MetricsLine[];
  /** What its model says and thinks, when it could be loaded. */
  readonly model?: ModelReport;
  /** Why it could not. */
  readonly problem?: string;
  /** The recipe that it is of. */
  readonly recipe?: Recipe;
}

/** What a trained model says and thinks. */
export interface ModelReport {
  /** The model's layers. */
  readonly layers: readonly LayerRow[];
  /** The command that makes the run again. */
  readonly command: string;
  /** What the task shows of the model, in lines. */
  readonly shown: readonly string[];
  /** Hidden states, where the model shows them. */
  readonly hidden?: Study;
  /** The machine that it is, where the task is one. */
  readonly machine?: MachineReport;
  /** Pictures of it and of its factors, where it is small enough to be read. */
  readonly automata?: readonly string[];
  /** What the task has to draw. */
  readonly pictures: readonly Picture[];
}

/**
 * Gathers what a report shows.
 *
 * A run whose model cannot be loaded still has curves; the report says why there is no more.
 *
 * @param run The run.
 * @param settings The models and tasks there are.
 * @returns All of it.
 */
export async function gatherReport(run: RunFolder, settings: LoadSettings): Promise<RunReport> {
  const lines = await run.readMetrics();
  try {
    // Of several runs only some may have such an option.
    const taskOptions = Object.fromEntries(
      Object.entries(settings.taskOptions ?? {})
        .filter(([name]) => Object.hasOwn(run.config.task.options, name)),
    );
    using loaded = await loadRun(run.path, { ...settings, taskOptions });
    const { taskInstance: task, predict, instance, config, model } = loaded;
    const shown = await attempt(() => task.show?.(predict));
    const hidden = await attempt(() => captureStudy(task, predict, { parts: true }));
    const pictures = await attempt(() => task.pictures?.(predict));
    const machine = (await attempt(() => findMachine(loaded, QUICK))).value;
    // The same thing missing, such as the text, can be in the way of several.
    const problems = new Set([shown, hidden, pictures].flatMap(({ problem }) => problem ?? []));
    return {
      run,
      lines,
      model: {
        layers: instance.layers,
        command: reproduceCommand(config, { model: model.plugin, task: loaded.task.plugin }),
        shown: shown.value ?? [],
        hidden: hidden.value,
        ...(machine === undefined ? {} : { machine }),
        ...(machine === undefined || !isDrawn(machine) ? {} : {
          automata: await Promise.all(
            [machine.machine, ...machine.factors ?? []].map((one) => drawMachine(one)),
          ),
        }),
        pictures: pictures.value ?? [],
      },
      ...(problems.size === 0 ? {} : { problem: [...problems].join("; ") }),
    };
  } catch (error) {
    return { run, lines, problem: problemOf(error) };
  }
}

/** Gathers a part of a report that others can do without. */
async function attempt<Value>(
  act: () => Value | Promise<Value>,
): Promise<{ readonly value?: Value; readonly problem?: string }> {
  try {
    return { value: await act() };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/** Returns what a refusal says; anything else is a mistake of ours, and not hidden. */
function problemOf(error: unknown): string {
  if (error instanceof RangeError || error instanceof TypeError) return error.message;
  throw error;
}
