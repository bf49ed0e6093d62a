/**
 * The weights that a new run begins with: of a run, or of a safetensors file whoever wrote it.
 *
 * @module
 */

import { dirname } from "@std/path/dirname";
import type { Tree } from "@unroll/core";
import {
  checkpointOf,
  openRun,
  type PluginConfig,
  readSafetensors,
  type SafetensorsContents,
  type WeightsOrigin,
} from "@unroll/core/runs";
import { loadWeights, WEIGHTS_FORMAT } from "@unroll/models";
import { UsageError, withUsageErrors } from "../errors.ts";
import { findRun } from "./find_run.ts";

/** Weights to begin with. */
export interface StartingWeights {
  /** Where they are from, for the run's record. */
  readonly from: WeightsOrigin;
  /** The model that they are of, where the file says. */
  readonly model?: PluginConfig;
  /** Makes parameters of them, given those that the seed makes. */
  readonly initialParameters: (made: Tree) => Tree;
}

/**
 * Reads weights to begin with.
 *
 * @param typed A run's folder, its name, `last`, or a safetensors file.
 * @returns The weights; whether they fit is found out when a model is there.
 * @throws {UsageError} When there are none.
 */
export async function readWeights(typed: string): Promise<StartingWeights> {
  const path = typed.endsWith(".safetensors") ? typed : await newestIn(typed);
  const contents = await withUsageErrors(() => readSafetensors(path));
  const isCheckpoint = contents.metadata.format === "unroll-checkpoint";
  const run = isCheckpoint ? await runOf(path) : undefined;
  const model = isCheckpoint
    ? named(path, () => checkpointOf(contents).config.model)
    : modelIn(contents.metadata);
  return {
    from: { path, ...(run === undefined ? {} : { run }), sha256: await sha256Of(path) },
    ...(model === undefined ? {} : { model }),
    initialParameters: (made) => {
      try {
        return loadWeights(made, contents);
      } catch (error) {
        const { message } = error as Error;
        throw new UsageError(message.replace("these weights", path), { cause: error });
      }
    },
  };
}

/** Says in a file of parameters alone which model they are of. */
export function weightsMetadata({ name, options }: PluginConfig): Record<string, string> {
  return { format: WEIGHTS_FORMAT, model: JSON.stringify({ name, options }) };
}

/** The same out of the file; it matters only for what options are by default. */
function modelIn({ format, model }: SafetensorsContents["metadata"]): PluginConfig | undefined {
  if (format !== WEIGHTS_FORMAT || model === undefined) return undefined;
  try {
    const { name, options } = JSON.parse(model);
    return typeof name === "string" && typeof options === "object" ? { name, options } : undefined;
  } catch {
    return undefined;
  }
}

/** The best checkpoint of a run, or the last where there is no best yet. */
async function newestIn(typed: string): Promise<string> {
  const run = await findRun(typed);
  for (const name of ["best", "last"] as const) {
    const path = run.checkpointPath(name);
    if (await isFile(path)) return path;
  }
  throw new UsageError(`Cannot begin with ${run.path}: it has no checkpoint yet`);
}

/** The name of the run in whose folder a checkpoint lies. */
async function runOf(path: string): Promise<string | undefined> {
  const folder = dirname(path);
  if (!await isFile(`${folder}/config.json`)) return undefined;
  return (await openRun(await Deno.realPath(folder))).name;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The SHA-256 of a file, read a piece at a time. */
async function sha256Of(path: string): Promise<string> {
  // An import would load it at each start.
  const hash = process.getBuiltinModule("node:crypto").createHash("sha256");
  const { readable } = await Deno.open(path);
  for await (const piece of readable) hash.update(piece);
  return hash.digest("hex");
}

/** Puts the file's name into what its reader says. */
function named<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    const { message } = error as Error;
    throw new RangeError(
      message.replace(/^Cannot read (safetensors|checkpoint)/, `Cannot read ${path}`),
      {
        cause: error,
      },
    );
  }
}
