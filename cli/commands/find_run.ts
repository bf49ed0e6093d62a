/**
 * From what was typed for a run to its folder.
 *
 * @module
 */

import { dirname } from "@std/path/dirname";
import { unknownName } from "@unroll/core/plugin";
import { formatOptionValue } from "@unroll/core/plugin/host";
import { listRuns, openRun, type RunFolder } from "@unroll/core/runs";
import { runsBelow } from "../reporting/runs_below.ts";
import { UsageError } from "../errors.ts";

/**
 * Finds a run: the path of its folder or of a file in it, its name among the runs, or `last` for the newest.
 *
 * @param typed What was typed.
 * @param root The folder of runs; by default `runs`.
 * @returns The run.
 * @throws {UsageError} When there is none.
 * @throws {RangeError} When it is damaged.
 */
export async function findRun(typed: string, root: string = "runs"): Promise<RunFolder> {
  if (typed === "") throw new UsageError('Cannot find run "": a name is needed, found nothing');
  const path = typed.replace(/(?<=.)[/\\]+$/, "");
  const kind = await kindOf(path);
  if (kind === "folder") return await openRun(path);
  if (kind === "file") {
    if (path.endsWith(".safetensors")) return await openRun(dirname(path));
    throw new UsageError(
      `Cannot use ${path}: it is not a file of weights, a run's folder or a .safetensors file is needed`,
    );
  }
  const runs = await listRuns(root);
  if (typed === "last") {
    const newest = await newestOf(runs.map(({ path }) => path));
    if (newest !== undefined) return await openRun(newest);
    throw new UsageError(`Cannot find the last run: there is none in ${root}`);
  }
  const named = runs.find(({ name }) => name === path);
  if (named !== undefined) return await openRun(named.path);
  const names = runs.map(({ name }) => name);
  throw new UsageError(
    names.length === 0
      ? `Cannot find run "${
        formatOptionValue(typed)
      }": there is no such folder, and no run in ${root}`
      : unknownName("run", formatOptionValue(typed), names),
  );
}

/**
 * Finds a run as {@linkcode findRun} does, or all runs of a folder of runs or of a sweep.
 *
 * @param typed What was typed.
 * @param root The folder of runs; by default `runs`.
 * @returns The runs, at least one.
 * @throws {UsageError} When there is none.
 * @throws {RangeError} When one that was named is damaged.
 */
export async function findRuns(typed: string, root?: string): Promise<readonly RunFolder[]> {
  const path = typed.replace(/(?<=.)[/\\]+$/, "");
  if (typed !== "" && await kindOf(path) === "folder") {
    const inside = (await runsBelow(path)).filter(({ config }) => config !== undefined);
    if (inside.length > 0) return await Promise.all(inside.map(({ path }) => openRun(path)));
  }
  return [await findRun(typed, root)];
}

/**
 * Finds what a model can be loaded from: a run, or a checkpoint alone.
 *
 * @param typed What was typed.
 * @param root The folder of runs; by default `runs`.
 * @returns The path of a folder or a file.
 * @throws {UsageError} When there is none.
 */
export async function findModel(typed: string, root: string = "runs"): Promise<string> {
  return typed.endsWith(".safetensors") ? typed : (await findRun(typed, root)).path;
}

async function kindOf(path: string): Promise<"folder" | "file" | undefined> {
  try {
    return (await Deno.stat(path)).isDirectory ? "folder" : "file";
  } catch (error) {
    const { NotFound, NotADirectory, NotCapable } = Deno.errors;
    if (error instanceof NotFound || error instanceof NotADirectory) return undefined;
    // No folder has a name that is longer than a system takes.
    if (error instanceof Error && "code" in error && error.code === "ENAMETOOLONG") {
      return undefined;
    }
    // A plain name is looked for among the runs, which may be all that can be read.
    if (error instanceof NotCapable && !/[/\\]/.test(path)) return undefined;
    throw error;
  }
}

/** Finds the folder whose metrics were written last. */
async function newestOf(paths: readonly string[]): Promise<string | undefined> {
  let newest: string | undefined;
  let latest = -Infinity;
  for (const path of paths) {
    let time = 0;
    try {
      time = (await Deno.stat(`${path}/metrics.jsonl`)).mtime?.getTime() ?? 0;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    if (time > latest) [newest, latest] = [path, time];
  }
  return newest;
}

/**
 * Refuses a folder of runs that was typed and is not there; those that runs come into are awaited.
 *
 * @param folder The folder.
 * @param does What is to be done with the runs, for the sentence.
 * @throws {UsageError} When there is none.
 */
export async function checkFolder(folder: string, does: "list" | "serve"): Promise<void> {
  const found = folder === "" ? undefined : await Deno.stat(folder).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (found?.isDirectory) return;
  throw new UsageError(
    `Cannot ${does} the runs in "${folder}": ${
      found === undefined ? "there is no such folder" : "it is no folder"
    }`,
  );
}
