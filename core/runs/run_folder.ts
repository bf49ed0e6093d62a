/**
 * A run on disk: a folder with its configuration, its metrics and its best and last checkpoints.
 *
 * ```text
 * runs/2026-01-31-fizzbuzz-rnn-0/
 *   config.json        what decides the run
 *   metrics.jsonl      one JSON object a line, with an `event`; the last is `done` when the run ended
 *   best.safetensors   the checkpoint with the best validation result
 *   last.safetensors   the newest checkpoint
 *   .lock              who trains it, while somebody does
 * ```
 *
 * Files appear whole or not at all: each is written beside its place, forced to disk, then renamed. A folder says
 * nothing of where it lies, so it can be moved.
 *
 * @module
 */

import {
  type Checkpoint,
  checkpointOf,
  configFromJson,
  configToJson,
  encodeCheckpoint,
  type RunConfig,
} from "./checkpoint.ts";
import { errorCode, fileSystem, fileWriting } from "../util/file_system.ts";
import type { JsonRecord } from "../util/json.ts";
import { plainName, runName } from "./run_name.ts";
import { guard, join, reason, writeAtomically, writeTogether } from "./files.ts";
import { readSafetensors, readText } from "./read_file.ts";
import { lockRun, type RunLock } from "./run_lock.ts";

/** Which checkpoint of a run. */
export type CheckpointName = "best" | "last";

/** One line of a run's metrics. */
export interface MetricsLine extends JsonRecord {
  /** What the line tells of, such as `progress`, `validation` or `done`. */
  readonly event: string;
}

/** Where a new run goes. */
export interface RunPlace {
  /** The folder of runs, made when it is not there; by default `runs`. */
  readonly root?: string;
  /** The folder's name, in place of `<date>-<task>-<model>-<seed>`; what no file may be called becomes `_`. */
  readonly name?: string;
  /** The day in the folder's name; by default today. */
  readonly date?: Date;
}

const CONFIG = "config.json";
const METRICS = "metrics.jsonl";
/** Bytes of a configuration at most: an alphabet of all characters there are takes 4.4 MB. */
const LONGEST_CONFIG = 8 * 2 ** 20;
/** Bytes of metrics at most: a longer text cannot be held. */
const LONGEST_METRICS = 2 ** 29 - 24;

/** The folder of one run. */
export class RunFolder {
  /** Where the folder is. */
  readonly path: string;
  /** What decides the run. */
  readonly config: RunConfig;

  /** What is to be written with the first new checkpoint of a run that goes on. */
  #held: { readonly lines: MetricsLine[]; best?: Checkpoint } | undefined;
  #lock: RunLock | undefined;

  /** Use {@linkcode createRun} or {@linkcode openRun}, which check the folder. */
  constructor(path: string, config: RunConfig) {
    this.path = path;
    this.config = config;
  }

  /**
   * Makes sure that no other process trains this run, until {@linkcode unlock}.
   *
   * @throws {RangeError} When another does, with its number and since when.
   */
  async lock(): Promise<void> {
    this.#lock ??= await guard(`train ${this.path}`, () => lockRun(this.path));
  }

  /** Lets others train it. */
  async unlock(): Promise<void> {
    await this.#lock?.release();
    this.#lock = undefined;
  }

  /** Returns this run with another configuration, and metrics that are written with the first checkpoint. */
  changed(config: RunConfig, lines?: readonly MetricsLine[]): RunFolder {
    const run = new RunFolder(this.path, config);
    if (lines !== undefined) run.#held = { lines: [...lines] };
    run.#lock = this.#lock;
    return run;
  }

  /** The folder's own name. */
  get name(): string {
    return this.path.replace(/[/\\]+$/, "").split(/[/\\]/).at(-1) ?? "";
  }

  /** Returns where a checkpoint of this run lies. */
  checkpointPath(name: CheckpointName): string {
    return join(this.path, `${name}.safetensors`);
  }

  /**
   * Adds lines to the metrics.
   *
   * @param lines What to add; numbers that are not finite become `null`.
   */
  async appendMetrics(...lines: MetricsLine[]): Promise<void> {
    if (this.#held !== undefined) {
      this.#held.lines.push(...lines);
      return;
    }
    await guard(
      `write in ${this.path}`,
      () => fileWriting().append(join(this.path, METRICS), metricsText(lines)),
    );
  }

  /**
   * Reads the metrics.
   *
   * @returns The lines; one that a crash left half written at the end is not among them.
   * @throws {RangeError} When a line before the last is not a JSON object with an event.
   */
  async readMetrics(): Promise<MetricsLine[]> {
    if (this.#held !== undefined) return [...this.#held.lines];
    const text = await readTextIfThere(join(this.path, METRICS));
    const lines = text.split("\n");
    lines.pop(); // What follows the last line end is nothing, or half a line.
    return lines.map((line, index) => {
      try {
        const value = JSON.parse(line);
        if (typeof value.event === "string") return value as MetricsLine;
      } catch {
        // Told below, like a line without an event.
      }
      throw new RangeError(
        `Cannot read metrics of ${this.path}: line ${index + 1} is not a JSON object with an event`,
      );
    });
  }

  /**
   * Saves a checkpoint in the place of the one before.
   *
   * In a run that goes on, the first `last` brings along all that is new until then, the best too.
   *
   * @param name Whether it is the best or the last.
   * @param checkpoint The state to keep.
   */
  async saveCheckpoint(
    name: CheckpointName,
    checkpoint: Checkpoint,
  ): Promise<void> {
    const held = this.#held;
    if (held !== undefined && name === "best") {
      held.best = checkpoint;
      return;
    }
    await writeTogether({
      ...(held === undefined ? {} : {
        [join(this.path, CONFIG)]: configBytes(this.config),
        [join(this.path, METRICS)]: new TextEncoder().encode(metricsText(held.lines)),
      }),
      ...(held?.best && { [this.checkpointPath("best")]: encodeCheckpoint(held.best) }),
      [this.checkpointPath(name)]: encodeCheckpoint(checkpoint),
    });
    this.#held = undefined;
  }

  /**
   * Reads a checkpoint.
   *
   * @param name Whether the best or the last.
   * @throws {RangeError} When there is none, or it cannot be read.
   */
  async readCheckpoint(name: CheckpointName): Promise<Checkpoint> {
    const path = this.checkpointPath(name);
    return checkOwner(await readCheckpoint(path), path, this.config);
  }
}

/**
 * Refuses a checkpoint that is of another model, task or seed than the run that it lies in: a file of another run.
 *
 * @param checkpoint The checkpoint.
 * @param path Where it is.
 * @param config What decides the run.
 * @returns The checkpoint.
 * @throws {RangeError} When they are not of one run.
 */
export function checkOwner(checkpoint: Checkpoint, path: string, config: RunConfig): Checkpoint {
  const [own, other] = [config, checkpoint.config].map(({ model, task, seed }) =>
    `${model.name} on ${task.name} from seed ${seed}`
  );
  if (own === other) return checkpoint;
  throw new RangeError(
    `Cannot read checkpoint ${path}: it is of ${other}, ${CONFIG} beside it of ${own}`,
  );
}

/**
 * Makes the folder of a new run and writes its configuration.
 *
 * Nothing is overwritten: when the name is taken, `-2`, `-3` … follow. What can fail for want of
 * rights or space fails here, before any training.
 *
 * @param config What decides the run.
 * @param place Where to make it.
 * @returns The run.
 * @throws {RangeError} When the folder cannot be made or written in.
 *
 * @example Usage
 * ```ts
 * import { createRun } from "@unroll/core/runs";
 *
 * const config = {
 *   version: "0.1.0",
 *   model: { name: "rnn", options: { hidden: 4 } },
 *   task: { name: "xor", options: {} },
 *   training: { steps: 100 },
 *   seed: 0,
 *   device: "cpu",
 * };
 * const root = await Deno.makeTempDir();
 * const run = await createRun(config, { root });
 * await run.appendMetrics({ event: "progress", step: 100, loss: 0.5 });
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export async function createRun(
  config: RunConfig,
  place: RunPlace = {},
): Promise<RunFolder> {
  const root = place.root ?? "runs";
  const name = place.name === undefined
    ? runName(config, place.date ?? new Date())
    : plainName(place.name);
  return await guard(`save the run in ${root}`, async () => {
    await fileWriting().mkdir(root, { recursive: true });
    const path = await makeFresh(root, name);
    try {
      await writeAtomically(join(path, CONFIG), configBytes(config));
      await fileWriting().append(join(path, METRICS), "");
    } catch (error) {
      // What has no configuration is no run.
      await fileSystem().promises.rm(path, { recursive: true }).catch(() => {});
      throw error;
    }
    return new RunFolder(path, config);
  });
}

async function makeFresh(root: string, name: string): Promise<string> {
  for (let number = 1;; number++) {
    const path = join(root, number === 1 ? name : `${name}-${number}`);
    try {
      // Making a folder is the one step that only one of several processes can win.
      await fileWriting().mkdir(path);
      return path;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
}

/**
 * Opens the folder of a run.
 *
 * @param path The folder.
 * @param settings Whether to {@linkcode RunFolder.lock} it before it is read.
 * @returns The run.
 * @throws {RangeError} When there is no such folder, or it is not a run's.
 *
 * @example Usage
 * ```ts
 * import { createRun, openRun } from "@unroll/core/runs";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const config = {
 *   version: "0.1.0",
 *   model: { name: "rnn", options: { hidden: 4 } },
 *   task: { name: "xor", options: {} },
 *   training: { steps: 100 },
 *   seed: 0,
 *   device: "cpu",
 * };
 * const root = await Deno.makeTempDir();
 * const { path } = await createRun(config, { root });
 * const run = await openRun(path);
 * deepStrictEqual(run.config, config);
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export async function openRun(
  path: string,
  { lock = false }: { readonly lock?: boolean } = {},
): Promise<RunFolder> {
  const run = new RunFolder(path, await readConfig(path));
  if (!lock) return run;
  await run.lock();
  // Who trained it until then may have changed it.
  return run.changed(
    await readConfig(path).catch(async (error) => {
      await run.unlock();
      throw error;
    }),
  );
}

/** A folder in which there is no run. */
export class EmptyRunError extends RangeError {
  /** Name of the class. */
  override readonly name = "EmptyRunError";
}

/** Reads what decides a run: its own file, or without that what its checkpoints keep of it. */
async function readConfig(path: string): Promise<RunConfig> {
  let text: string;
  try {
    text = await readText(join(path, CONFIG), LONGEST_CONFIG);
  } catch (error) {
    if (!["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) {
      throw new RangeError(`Cannot open run ${path}: ${reason(error)}`, { cause: error });
    }
    for (const name of ["last", "best"]) {
      const file = join(path, `${name}.safetensors`);
      if (await isThere(file)) return (await readCheckpoint(file)).config;
    }
    throw new EmptyRunError(`Cannot open run ${path}: there is no ${CONFIG} in it`, {
      cause: error,
    });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) {
      throw new RangeError("it is not a JSON object");
    }
    return configFromJson(value as JsonRecord);
  } catch (error) {
    const problem = error instanceof SyntaxError
      ? "it is not JSON"
      : (error as Error).message.replace(/^Cannot read checkpoint: its config/, "it");
    throw new RangeError(`Cannot open run ${path}: ${CONFIG} is damaged, ${problem}`, {
      cause: error,
    });
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await fileSystem().promises.stat(path)).isFile();
  } catch {
    return false;
  }
}

/**
 * Opens a run to resume it, which changes nothing of it before its first new checkpoint: one that fails until then
 * leaves it as it was.
 *
 * @param run The run.
 * @param config What decides it from now on.
 * @param step The step of the checkpoint that it goes on from; metrics of later steps are forgotten, and that it ended.
 * @returns The run with that configuration.
 * @throws {RangeError} When its metrics cannot be read.
 */
export async function resumeRun(
  run: RunFolder,
  config: RunConfig,
  step: number,
): Promise<RunFolder> {
  const kept = (await run.readMetrics()).filter((line) =>
    !["done", "stopped", "diverged"].includes(line.event) &&
    !(typeof line.step === "number" && line.step > step)
  );
  return run.changed(config, kept);
}

function configBytes(config: RunConfig): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(configToJson(config), null, 2)}\n`);
}

function metricsText(lines: readonly MetricsLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/**
 * Reads a checkpoint file, which need not lie in a run.
 *
 * @param path The file.
 * @returns The checkpoint.
 * @throws {RangeError} When there is no such file, or it cannot be read as one.
 *
 * @example Usage
 * ```ts
 * import { readCheckpoint, trainAndSave } from "@unroll/core/runs";
 * import { rnn } from "@unroll/models";
 * import { xor } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * const root = await Deno.makeTempDir();
 * using trained = await trainAndSave({
 *   model: rnn({ hidden: 2 }),
 *   task: xor(),
 *   steps: 10,
 *   device: "cpu",
 *   out: root,
 *   version: "0.1.0",
 * });
 * const { config } = await readCheckpoint(`${trained.run.path}/best.safetensors`);
 * strictEqual(config.task.name, "xor");
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  try {
    return checkpointOf(await readSafetensors(path));
  } catch (error) {
    throw new RangeError(
      (error as Error).message.replace(
        /^Cannot read (checkpoint)?/,
        (_, own) => `Cannot read checkpoint ${own === undefined ? "" : path}`,
      ),
      { cause: error },
    );
  }
}

async function readTextIfThere(path: string): Promise<string> {
  try {
    return await readText(path, LONGEST_METRICS);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw new RangeError(`Cannot read ${path}: ${reason(error)}`, {
      cause: error,
    });
  }
}
