/**
 * Keeps what was measured of GPUs in a file of the user's cache folder, so that it is measured once. Training never
 * depends on it: what cannot be read or written is as if it were not there.
 *
 * @module
 */

import { dirname } from "@std/path/dirname";
import type { TuningCache } from "@unroll/core/backends";

/** Goes up when the texts in the file mean something else, so that what older versions wrote is not believed. */
const FORMAT_VERSION = 1;

/** The file's contents. */
interface Contents {
  readonly version: number;
  /** Adapter and product → tiling. */
  readonly choices: Readonly<Record<string, string>>;
}

/** A cache that a file keeps. */
export interface TuningFile extends TuningCache {
  /** The file; `undefined` where the user has no cache folder, and nothing is kept. */
  readonly path: string | undefined;
  /** How many choices are kept. */
  readonly size: number;
}

/**
 * Finds the file that keeps what was measured.
 *
 * @param os The operating system.
 * @param variable Reads a variable of the environment.
 * @returns Its path in the folder that the system has for caches; `undefined` where no variable says where that is.
 */
export function tuningPath(
  os: typeof Deno.build.os,
  variable: (name: string) => string | undefined,
): string | undefined {
  const home = variable("HOME");
  const inHome = (folder: string) => home ? `${home}/${folder}` : undefined;
  // A relative path there is to be ignored, says the specification (XDG Base Directory, 0.8).
  const xdg = variable("XDG_CACHE_HOME");
  const folder = os === "windows"
    ? variable("LOCALAPPDATA") || undefined
    : os === "darwin"
    ? inHome("Library/Caches")
    : xdg?.startsWith("/")
    ? xdg
    : inHome(".cache");
  return folder && `${folder}/unroll/tuning.json`;
}

/**
 * Opens the file, which is read when something is first asked for.
 *
 * @param path The file, or `undefined` to keep nothing beyond this process.
 * @returns The cache.
 */
export function openTuningFile(path: string | undefined): TuningFile {
  let known: Map<string, string> | undefined;
  const choices = () => known ??= readChoices(path);
  return {
    path,
    get size() {
      return choices().size;
    },
    get: (key) => choices().get(key),
    set(key, text) {
      // Another process may have written since. Who was first counts, so that a run that is gone on with finds what
      // it began with; unless that was no use, or this would not be told.
      const before = choices().get(key);
      const now = readChoices(path);
      if (now.get(key) === before) now.set(key, text);
      known = new Map([...choices(), ...now]);
      writeChoices(path, known);
    },
  };
}

/** Reads what a file keeps; nothing where it is not there, or is not what it should be. */
function readChoices(path: string | undefined): Map<string, string> {
  if (path === undefined) return new Map();
  try {
    const { version, choices } = JSON.parse(Deno.readTextFileSync(path)) as Partial<Contents>;
    if (version !== FORMAT_VERSION) return new Map();
    return new Map(
      Object.entries(choices ?? {}).filter(([, text]) => typeof text === "string"),
    );
  } catch {
    return new Map();
  }
}

/** Writes the file so that a reader meanwhile finds the old one or the new one, whole. */
function writeChoices(path: string | undefined, choices: ReadonlyMap<string, string>): void {
  if (path === undefined) return;
  const contents: Contents = { version: FORMAT_VERSION, choices: Object.fromEntries(choices) };
  const temporary = `${path}.${Deno.pid}.tmp`;
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    const text = `${JSON.stringify(contents, null, 2)}\n`;
    Deno.writeTextFileSync(temporary, text, { createNew: true });
    Deno.renameSync(temporary, path);
  } catch {
    // A full disk, a folder that is not ours: it is measured again next time.
    removeQuietly(temporary);
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was not made.
  }
}
