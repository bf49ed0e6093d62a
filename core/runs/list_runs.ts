/**
 * The runs in a folder, as a list shows them.
 *
 * @module
 */

import { errorCode, fileSystem } from "../util/file_system.ts";
import type { RunConfig } from "./checkpoint.ts";
import { join, reason } from "./files.ts";
import { EmptyRunError, type MetricsLine, openRun } from "./run_folder.ts";

/** A run as a list of runs shows it. */
export interface RunSummary {
  /** The folder's own name. */
  readonly name: string;
  /** Where the folder is. */
  readonly path: string;
  /** What decides the run, when it can be read. */
  readonly config?: RunConfig;
  /** The last line of the metrics. */
  readonly latest?: MetricsLine;
  /** Whether the run came to its end. */
  readonly done: boolean;
  /** Whether there is no run in the folder: it has neither a configuration nor a checkpoint. */
  readonly empty?: boolean;
  /** Why it cannot be read, when it cannot. */
  readonly problem?: string;
}

/**
 * Lists the runs in a folder, damaged ones too.
 *
 * @param root The folder of runs; by default `runs`.
 * @returns The runs, by name; none when there is no such folder.
 *
 * @example Usage
 * ```ts
 * import { listRuns } from "@unroll/core/runs";
 *
 * for (const { name, done } of await listRuns()) console.log(name, done ? "done" : "unfinished");
 * ```
 */
export async function listRuns(root: string = "runs"): Promise<RunSummary[]> {
  const names: string[] = [];
  try {
    for (const entry of await fileSystem().promises.readdir(root, { withFileTypes: true })) {
      if (entry.isDirectory() && !entry.name.startsWith(".")) {
        names.push(entry.name);
      }
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw new RangeError(`Cannot list runs in ${root}: ${reason(error)}`, {
      cause: error,
    });
  }
  names.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return await Promise.all(
    names.map((name) => summarize(name, join(root, name))),
  );
}

async function summarize(name: string, path: string): Promise<RunSummary> {
  try {
    const run = await openRun(path);
    const latest = (await run.readMetrics()).at(-1);
    return {
      name,
      path,
      config: run.config,
      ...(latest === undefined ? {} : { latest }),
      done: latest?.event === "done",
    };
  } catch (error) {
    const empty = error instanceof EmptyRunError;
    return {
      name,
      path,
      done: false,
      ...(empty ? { empty } : {}),
      problem: (error as Error).message,
    };
  }
}
