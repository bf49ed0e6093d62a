/**
 * The results of runs, out of their metrics, as a table.
 *
 * @module
 */

import {
  type Json,
  type JsonRecord,
  type MetricsLine,
  openRun,
  type RunSummary,
  type WeightsOrigin,
} from "@unroll/core/runs";
import {
  formatAge,
  formatCount,
  formatDuration,
  formatFigure,
  formatPercent,
  formatTable,
  visible,
  wrapLines,
} from "../format.ts";
import { differingSettings, settingsText } from "./run_settings.ts";
import { runsBelow } from "./runs_below.ts";

/** What came out, as far as the run has come. */
export interface RunResult {
  /** Validation loss of the best parameters. */
  readonly loss?: number;
  /** Fraction of wrong answers, from 0 to 1. */
  readonly error?: number;
  /** Steps done. */
  readonly steps?: number;
  /** Time it took. */
  readonly seconds?: number;
  /** Steps a second. */
  readonly speed?: number;
  /** What else the task measured. */
  readonly metrics: JsonRecord;
}

/**
 * Finds the result of a run: of its end, or of its best validation so far.
 *
 * @param lines Its metrics.
 * @returns What is known.
 */
export function resultOf(lines: readonly MetricsLine[]): RunResult {
  const number = (line: MetricsLine | undefined, field: string) => {
    const value = line?.[field];
    return typeof value === "number" ? value : undefined;
  };
  const of = (event: string) => lines.filter((line) => line.event === event);
  const end = lines.findLast(({ event }) => event === "done" || event === "stopped");
  const best = of("validation").findLast((line) => line.best === true);
  const progress = of("progress").at(-1);
  const record = (value: Json | undefined) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? value as JsonRecord : {};
  return {
    loss: number(end, "loss") ?? number(best, "loss"),
    error: number(end, "error") ?? number(best, "error"),
    steps: number(end, "steps") ?? number(progress, "step"),
    seconds: number(end, "seconds") ?? number(progress, "seconds"),
    speed: number(end, "steps_per_second") ?? number(progress, "steps_per_second"),
    metrics: record(end?.metrics ?? best?.metrics),
  };
}

/**
 * Tells whether training came to numbers that are not finite.
 *
 * @param lines A run's metrics.
 */
export function isDiverged(lines: readonly MetricsLine[]): boolean {
  // JSON has no word for what is not finite: it is `null` there.
  const isNothing = (line: MetricsLine | undefined) => line?.loss === null;
  const last = lines.at(-1);
  // One that was stopped before its first validation has no loss yet.
  return last?.event === "diverged" || (last?.event !== "stopped" && isNothing(last)) ||
    isNothing(lines.findLast(({ event }) => event === "validation"));
}

/** Heads the column of {@linkcode measureText}. */
export function measureHead(results: readonly RunResult[]): string {
  const texts = results.filter(({ metrics }) => metrics.bits !== undefined).length;
  if (texts === 0) return "error";
  return texts === results.length ? "bits per character" : "error, or bits";
}

/**
 * Says what says most of a result beside its loss: the bits per character of a text, the error of all else.
 *
 * @param result The result.
 * @returns The number, or `undefined` where there is none.
 */
export function measureText({ error, metrics: { bits } }: RunResult): string | undefined {
  if (typeof bits === "number") return `${formatFigure(bits)} bits`;
  return error === undefined ? undefined : formatPercent(error);
}

/** What can be the matter with a run. */
export const RUN_STATES = [
  "done",
  "stopped",
  "diverged",
  "unfinished",
  "damaged",
  "empty",
] as const;

/** What runs can be sorted by. */
export const SORTS = ["name", "task", "model", "seed", "error", "loss", "steps", "time"] as const;

/** A run with its result. */
export interface RunRow {
  readonly name: string;
  readonly path: string;
  readonly task?: string;
  readonly model?: string;
  readonly seed?: number;
  readonly device?: string;
  /** The weights that it began with, if the seed did not make them. */
  readonly from?: WeightsOrigin;
  /** `done`, `stopped`, `diverged`, `unfinished`, `damaged` or `empty`. */
  readonly state: typeof RUN_STATES[number];
  readonly result: RunResult;
  readonly problem?: string;
  /** The recipe that it is of. */
  readonly recipe?: string;
  /** What a person called it. */
  readonly title?: string;
  /** The step of its best parameters. */
  readonly bestStep?: number;
  /** When something of it was last written, as ISO 8601. */
  readonly updated?: string;
  /** Its settings that other runs of its model and task have otherwise. */
  readonly settings?: Readonly<Record<string, Json>>;
}

/**
 * Reads the runs of a folder with their results.
 *
 * @param root The folder.
 * @returns The runs, by name; damaged ones too.
 */
export async function gatherRuns(root: string): Promise<RunRow[]> {
  const summaries = await runsBelow(root);
  const settings = differingSettings(
    summaries.map(({ config }) => config),
    // What a recipe has of its own is told by its name.
    ({ model, task, recipe = "" }) => `${model.name} ${task.name} ${recipe}`,
  );
  return await Promise.all(summaries.map(async (summary, i) => {
    const row = await readRow(summary);
    return Object.keys(settings[i]).length === 0 ? row : { ...row, settings: settings[i] };
  }));
}

async function readRow(
  { name, path, config, latest, done, empty, problem }: RunSummary,
): Promise<RunRow> {
  if (config === undefined) {
    return { name, path, state: empty ? "empty" : "damaged", result: NOTHING, problem };
  }
  const lines = await (await openRun(path)).readMetrics();
  return {
    name,
    path,
    task: config.task.name,
    model: config.model.name,
    seed: config.seed,
    device: config.device,
    ...(config.from === undefined ? {} : { from: config.from }),
    ...(config.recipe === undefined ? {} : { recipe: config.recipe }),
    ...(config.title === undefined ? {} : { title: config.title }),
    ...bestStepOf(lines),
    ...await updatedOf(path),
    state: isDiverged(lines)
      ? "diverged"
      : done
      ? "done"
      : latest?.event === "stopped"
      ? "stopped"
      : "unfinished",
    result: resultOf(lines),
  };
}

function bestStepOf(lines: readonly MetricsLine[]): Pick<RunRow, "bestStep"> {
  const best = lines.findLast(({ event, best }) => event === "validation" && best === true);
  return typeof best?.step === "number" ? { bestStep: best.step } : {};
}

async function updatedOf(path: string): Promise<Pick<RunRow, "updated">> {
  try {
    const { mtime } = await Deno.stat(`${path}/metrics.jsonl`);
    return mtime === null ? {} : { updated: mtime.toISOString() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

const NOTHING: RunResult = { metrics: {} };

/**
 * Sorts runs.
 *
 * @param rows The runs.
 * @param sort By what.
 * @returns A sorted copy, in which what is not known comes last.
 */
export function sortRuns(rows: readonly RunRow[], sort: typeof SORTS[number]): RunRow[] {
  const value = (row: RunRow): string | number | undefined => {
    switch (sort) {
      case "name":
      case "task":
      case "model":
      case "seed":
        return row[sort];
      case "time":
        return row.result.seconds;
      default:
        return row.result[sort];
    }
  };
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    // What is not known comes last.
    if (x === undefined || y === undefined) {
      return Number(x === undefined) - Number(y === undefined);
    }
    if (typeof x === "string" || typeof y === "string") {
      return String(x).localeCompare(String(y), "en", { numeric: true });
    }
    return x - y;
  });
}

/** Says where the weights are from that a run began with. */
export function originText({ path, run }: WeightsOrigin): string {
  return `from ${run ?? path}`;
}

/**
 * Prints runs as a table.
 *
 * @param rows The runs.
 * @param now The time, in milliseconds since 1970.
 * @param columns How long a line may be: where the table is wider, what a run is stands above its numbers.
 * @returns Lines, each with its end.
 */
export function formatRuns(
  rows: readonly RunRow[],
  now: number,
  columns: number = Infinity,
): string {
  const known = (value: number | undefined, format: (value: number) => string) =>
    value === undefined ? "-" : format(value);
  const cells = rows.map(({ name, title = name, state, result, settings = {}, ...row }) => [
    name,
    state,
    measureText(result) ?? "-",
    known(result.loss, formatFigure),
    known(result.steps, formatCount),
    known(row.bestStep, formatCount),
    known(result.seconds, formatDuration),
    known(result.speed, formatCount),
    row.updated === undefined ? "-" : formatAge((now - Date.parse(row.updated)) / 1000),
    row.problem ?? [
      ...title === name ? [] : [title],
      ...row.recipe === undefined || row.recipe === title ? [] : [`recipe ${row.recipe}`],
      settingsText(settings),
      ...row.from === undefined ? [] : [originText(row.from)],
    ].filter(Boolean).join(", "),
  ]);
  const heads = [
    "run",
    "state",
    measureHead(rows.map(({ result }) => result).filter(({ loss }) => loss !== undefined)),
    "validation loss",
    "steps",
    "best step",
    "time",
    "steps/s",
    "age",
    "",
  ];
  const shown = [heads, ...cells].map((row) => row.map((cell) => visible(cell.slice(0, LONGEST))));
  const lines = formatTable(shown, [0, 1, 9]);
  const isWide = lines.some((line) => [...line].length > columns);
  return (isWide ? narrowTable(shown, columns) : lines).map((line) => `${line}\n`).join("");
}

/** Characters of a cell at most: a title may be as long as a file. */
const LONGEST = 500;

/** Puts the name of each run, and what there is to say of it, above its numbers. */
function narrowTable([heads, ...rows]: readonly (readonly string[])[], columns: number): string[] {
  const short: Readonly<Record<string, string>> = {
    "validation loss": "loss",
    "bits per character": "bits",
    "error, or bits": "error",
    "best step": "best",
  };
  const numbers = [heads.map((head) => short[head] ?? head), ...rows].map((row) =>
    row.slice(1, -1)
  );
  const [first, ...others] = formatTable(numbers, [0]);
  return [
    `  ${first}`,
    ...rows.flatMap((row, i) => {
      const [name, about] = [row[0], row[row.length - 1]];
      const [begin, ...more] = wrapLines(about === "" ? name : `${name}: ${about}`, columns - 2);
      return [begin, ...more.map((line) => `  ${line}`), `  ${others[i]}`];
    }),
  ];
}
