/**
 * `runs`: the runs so far and their results, as a table or JSON.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { nearestName } from "@unroll/core/plugin/host";
import { listRuns, openRun, type RunSummary } from "@unroll/core/runs";
import { UsageError } from "../errors.ts";
import type { TypedFlags } from "../flags.ts";
import { formatCount, formatDuration, formatFigure, formatShare } from "../reporting/progress.ts";
import { resultOf, type RunResult } from "../reporting/run_result.ts";
import type { CliContext } from "../context.ts";

/** A run with its result. */
export interface RunRow {
  readonly name: string;
  readonly path: string;
  readonly task?: string;
  readonly model?: string;
  readonly seed?: number;
  readonly device?: string;
  /** `done`, `stopped`, `unfinished` or `damaged`. */
  readonly state: "done" | "stopped" | "unfinished" | "damaged";
  readonly result: RunResult;
  readonly problem?: string;
}

const SORTS = ["name", "task", "model", "seed", "error", "loss", "steps", "time"] as const;
type Sort = typeof SORTS[number];

/**
 * Defines `runs`.
 *
 * @param context What there is.
 * @returns The command.
 */
export function defineRuns(context: CliContext): Command {
  const command = new Command();
  command.description("List the runs so far, with their results.");
  command.option("--runs <folder>", "The folder of runs (default runs)");
  command.option("--task <name>", "Only runs of this task");
  command.option("--model <name>", "Only runs of this model");
  command.option("--state <state>", "Only done, stopped, unfinished or damaged runs");
  command.option("--sort <by>", `Sort by ${SORTS.join(", ")} (default name)`);
  command.option("--reverse", "The other way round");
  command.option("--json", "Print one JSON object a run, a line each");
  command.example("All runs:", "deno task runs");
  command.example("The best of a task:", "deno task runs --task fizzbuzz --sort error");
  command.example("For a program:", "deno task runs --state done --json");
  command.action(async (options: unknown) => {
    const typed = options as TypedFlags;
    const root = typeof typed.runs === "string" ? typed.runs : "runs";
    const sort = String(typed.sort ?? "name");
    if (!isSort(sort)) {
      const nearest = nearestName(sort, SORTS);
      throw new UsageError(
        `Cannot sort by ${sort}: ${
          nearest === undefined ? "" : `did you mean ${nearest}? `
        }It can be ${SORTS.join(", ")}`,
      );
    }
    const rows = (await gatherRuns(root)).filter((row) =>
      (typed.task === undefined || row.task === typed.task) &&
      (typed.model === undefined || row.model === typed.model) &&
      (typed.state === undefined || row.state === typed.state)
    );
    const sorted = sortRows(rows, sort);
    if (typed.reverse === true) sorted.reverse();
    if (typed.json === true) {
      for (const row of sorted) context.terminal.write(`${JSON.stringify(row)}\n`);
    } else {
      context.terminal.write(sorted.length === 0 ? `No runs in ${root}\n` : formatRuns(sorted));
    }
  });
  return command;
}

function isSort(text: string): text is Sort {
  return (SORTS as readonly string[]).includes(text);
}

/**
 * Reads the runs of a folder with their results.
 *
 * @param root The folder.
 * @returns The runs, by name; damaged ones too.
 */
export async function gatherRuns(root: string): Promise<RunRow[]> {
  const summaries = await listRuns(root);
  return await Promise.all(summaries.map((summary) => rowOf(summary)));
}

async function rowOf({ name, path, config, latest, done, problem }: RunSummary): Promise<RunRow> {
  if (config === undefined) return { name, path, state: "damaged", result: NOTHING, problem };
  const lines = await (await openRun(path)).readMetrics();
  return {
    name,
    path,
    task: config.task.name,
    model: config.model.name,
    seed: config.seed,
    device: config.device,
    state: done ? "done" : latest?.event === "stopped" ? "stopped" : "unfinished",
    result: resultOf(lines),
  };
}

const NOTHING: RunResult = { metrics: {} };

function sortRows(rows: readonly RunRow[], sort: Sort): RunRow[] {
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

/**
 * Prints runs as a table.
 *
 * @param rows The runs.
 * @returns Lines, each with its end.
 */
export function formatRuns(rows: readonly RunRow[]): string {
  const known = (value: number | undefined, format: (value: number) => string) =>
    value === undefined ? "-" : format(value);
  const cells = rows.map(({ name, state, result, problem }) => [
    name,
    state,
    known(result.error, formatShare),
    known(result.loss, formatFigure),
    known(result.steps, formatCount),
    known(result.seconds, formatDuration),
    known(result.speed, formatCount),
    problem ?? "",
  ]);
  const heads = ["run", "state", "error", "loss", "steps", "time", "steps/s", ""];
  const table = [heads, ...cells];
  const widths = heads.map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table.map((row) =>
    `${
      row.map((text, column) =>
        column < 2 || column === 7 ? text.padEnd(widths[column]) : text.padStart(widths[column])
      ).join("  ").trimEnd()
    }\n`
  ).join("");
}
