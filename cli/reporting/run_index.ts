/**
 * All runs below some folders, read again only where they have changed: what the board shows.
 *
 * @module
 */

import { type MetricsLine, openRun, type RunFolder } from "@unroll/core/runs";
import { MetricsTail } from "./metrics_tail.ts";
import { isDiverged, resultOf, type RunResult } from "./run_table.ts";

/** A run as the board lists it. */
export interface IndexedRun {
  /** Where it is, which is also what pages call it. */
  readonly path: string;
  /** Its name: of its folder or, in a sweep, of its trial. */
  readonly name: string;
  /** The folder of runs, or of the sweep, that it is in. */
  readonly folder: string;
  /** What it does now. */
  readonly state: "training" | "done" | "stopped" | "diverged" | "unfinished" | "damaged";
  /** When its metrics were written last, in milliseconds. */
  readonly time: number;
  /** The run, where it can be read. */
  readonly run?: RunFolder;
  /** Steps in all. */
  readonly total?: number;
  /** What came out so far. */
  readonly result: RunResult;
  /** Its metrics, while it is in training. */
  readonly lines?: readonly MetricsLine[];
}

/** A run whose metrics were written so many milliseconds ago, at most, is in training. */
const FRESH_MS = 30_000;
/** How far below a folder runs are: in a sweep's folder, a trial's folder. */
const DEPTH = 3;

interface Place {
  readonly path: string;
  readonly name: string;
  readonly folder: string;
}

type Read = Pick<IndexedRun, "run" | "total" | "result" | "lines"> & { readonly ended?: string };

/** The runs below some folders. */
export class RunIndex {
  readonly #roots: readonly string[];
  readonly #read = new Map<string, { readonly stamp: string; readonly read: Read }>();
  /** Of the runs in training; nothing is kept of the others' metrics. */
  readonly #tails = new Map<string, MetricsTail>();
  #runs: readonly IndexedRun[] = [];

  /** Makes an index of folders; it is empty before it is refreshed. */
  constructor(roots: readonly string[]) {
    this.#roots = roots.map((root) => root.replace(/[/\\]+$/, ""));
  }

  /** The runs: those in training by name, then those that were written last. */
  get runs(): readonly IndexedRun[] {
    return this.#runs;
  }

  /**
   * Finds the runs that pages name, by their paths or by their folder's.
   *
   * @param names What was asked for.
   * @returns Those of them that are in the index: no path is followed.
   */
  find(names: readonly string[]): readonly IndexedRun[] {
    const wanted = new Set(names);
    return this.#runs.filter(({ path, folder }) => wanted.has(path) || wanted.has(folder));
  }

  /**
   * Looks for what is new.
   *
   * @returns Whether anything has changed.
   */
  async refresh(): Promise<boolean> {
    const places: Place[] = [];
    for (const root of this.#roots) await findPlaces(root, places);
    const now = Date.now();
    const runs = (await Promise.all(places.map((place) => this.#look(place, now))))
      .sort((a, b) => rankOf(b) - rankOf(a) || (a.path < b.path ? 1 : -1));
    const text = (runs: readonly IndexedRun[]) =>
      JSON.stringify(runs.map(({ path, state, time }) => [path, state, time]));
    const isNew = text(runs) !== text(this.#runs);
    this.#runs = runs;
    return isNew;
  }

  async #look(place: Place, now: number): Promise<IndexedRun> {
    const { mtime, size } = await statOf(`${place.path}/metrics.jsonl`);
    const time = mtime?.getTime() ?? 0;
    const stamp = `${time} ${size}`;
    let known = this.#read.get(place.path);
    if (known?.stamp !== stamp) {
      const tail = this.#tails.get(place.path) ?? new MetricsTail(`${place.path}/metrics.jsonl`);
      known = { stamp, read: await readRun(place.path, tail) };
      // What is damaged is read from its start again.
      if (known.read.run === undefined) this.#tails.delete(place.path);
      else this.#tails.set(place.path, tail);
      this.#read.set(place.path, known);
    }
    const { ended, lines, ...read } = known.read;
    const state = read.run === undefined
      ? "damaged"
      : ended === "done" || ended === "stopped" || ended === "diverged"
      ? ended
      : now - time < FRESH_MS
      ? "training"
      : "unfinished";
    if (state === "training") return { ...place, ...read, time, state, lines };
    if (this.#tails.delete(place.path)) {
      this.#read.set(place.path, { stamp, read: { ...read, ended } });
    }
    return { ...place, ...read, time, state };
  }
}

/** What is in training is written all the time, and keeps its place. */
function rankOf({ state, time }: IndexedRun): number {
  return state === "training" ? Number.MAX_VALUE : time;
}

async function readRun(path: string, tail: MetricsTail): Promise<Read> {
  try {
    const run = await openRun(path);
    const lines = await tail.read();
    return {
      run,
      lines,
      total: Number(run.config.training.steps),
      result: resultOf(lines),
      ended: isDiverged(lines) ? "diverged" : lines.at(-1)?.event,
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { result: { metrics: {} } };
  }
}

/** Finds the folders that have a configuration; links are not followed. */
async function findPlaces(root: string, places: Place[]): Promise<void> {
  const look = async (path: string, parts: readonly string[]) => {
    const names: string[] = [];
    try {
      for await (const { name, isDirectory, isFile } of Deno.readDir(path)) {
        if (isFile && name === "config.json") return places.push(placeOf(root, path, parts));
        if (isDirectory && !name.startsWith(".")) names.push(name);
      }
    } catch (error) {
      // What is not there yet may come, and what is gone was there a moment ago.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    if (parts.length === DEPTH) return;
    for (const name of names) await look(`${path}/${name}`, [...parts, name]);
  };
  await look(root, []);
}

function placeOf(root: string, path: string, parts: readonly string[]): Place {
  const own = parts.at(-1) ?? root;
  // In a sweep a run's folder is in that of its trial, whose name says more.
  if (parts.length === DEPTH) return { path, name: parts[1], folder: `${root}/${parts[0]}` };
  const folder = [root, ...parts.slice(0, -1)].join("/");
  return { path, name: own, folder };
}

async function statOf(path: string): Promise<Pick<Deno.FileInfo, "mtime" | "size">> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { mtime: null, size: 0 };
    throw error;
  }
}
