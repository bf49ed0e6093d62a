/**
 * Locks on runs: only one process at a time trains a run.
 *
 * In Deno the lock is the system's, on the file `.lock` in the run's folder: however a process ends, the system takes its
 * lock away. Node and Bun cannot ask for such a lock; there the file itself is the lock, and that of a process which is
 * no more is taken over.
 *
 * @module
 */

import { processId } from "../util/environment.ts";
import { errorCode, fileSystem } from "../util/file_system.ts";
import { join } from "./files.ts";

/** A lock that is held. */
export interface RunLock {
  /** Lets others train the run; once is enough. */
  release(): Promise<void>;
}

const LOCK = ".lock";

/** Locks of this process that are files. */
const HELD = new Set<string>();

/**
 * Makes sure that nobody else trains a run.
 *
 * @param path The run's folder, in which it must be permitted to write.
 * @returns The lock.
 * @throws {RangeError} When another process, or this one, trains it already.
 */
export async function lockRun(path: string): Promise<RunLock> {
  const file = join(path, LOCK);
  const lock = typeof Deno === "undefined" ? await lockByFile(file) : await lockBySystem(file);
  if (typeof lock !== "string") return lock;
  throw new RangeError(`Cannot train ${path}: ${lock || "another process trains it"}`);
}

/** Who holds a lock, as its file says. */
function holderText(): string {
  // The day and the time of this place; `toLocaleString` would take tens of milliseconds the first time.
  const now = new Date();
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString();
  const time = local.slice(0, "2026-01-31T12:00:00".length).replace("T", " ");
  return `process ${processId()} trains it since ${time}`;
}

/** Gives the lock, or what the file says of who has it. */
export async function lockBySystem(path: string): Promise<RunLock | string> {
  for (;;) {
    // A link is none of ours, and what it leads to may be anything.
    if (await isLink(path)) await Deno.remove(path);
    const file = await Deno.open(path, { read: true, write: true, create: true });
    try {
      let isFree: boolean;
      try {
        isFree = await file.tryLock(true);
      } catch {
        // A file system without locks: training there is better than none.
        isFree = true;
      }
      if (!isFree) {
        const text = await Deno.readTextFile(path).catch(() => "");
        file.close();
        return text;
      }
      // Who had it may have removed it meanwhile, then it locks nothing.
      if (await isStill(file, path)) {
        await file.truncate();
        await file.write(new TextEncoder().encode(holderText()));
        return { release: once(() => remove(path).finally(() => file.close())) };
      }
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSymlink;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function isStill(file: Deno.FsFile, path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).ino === (await file.stat()).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The same where the file is the lock. */
export async function lockByFile(path: string): Promise<RunLock | string> {
  // What this process has is no other's, whatever the file says.
  if (HELD.has(path)) return holderText();
  HELD.add(path);
  const holder = await takeFile(path);
  if (holder !== undefined) {
    HELD.delete(path);
    return holder;
  }
  return { release: once(() => remove(path).finally(() => HELD.delete(path))) };
}

/** Makes the file, and says who has made it otherwise. */
async function takeFile(path: string): Promise<string | undefined> {
  const { link, readFile, rename, rm, writeFile } = fileSystem().promises;
  const beside = `${path}.${processId()}`;
  for (;;) {
    await rm(beside, { force: true });
    await writeFile(beside, holderText(), { flag: "wx" });
    try {
      // It comes with its text, or not at all.
      await link(beside, path);
      return;
    } catch (error) {
      // A file system without links: training there is better than none.
      if (errorCode(error) !== "EEXIST") return;
    } finally {
      await rm(beside, { force: true });
    }
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const holder = Number(/\d+/.exec(text)?.[0]);
    // One of the same number was this process's before it was started.
    if (holder !== processId() && isAlive(holder)) return text;
    // Of several who find it stale one moves it away; a new one that came meanwhile goes back.
    if (!await rename(path, beside).then(() => true, () => false)) continue;
    if (await readFile(beside, "utf8") !== text) await link(beside, path).catch(() => {});
    await rm(beside, { force: true });
  }
}

function isAlive(process: number): boolean {
  try {
    globalThis.process.kill(process, 0);
    return true;
  } catch (error) {
    // One of somebody else.
    return errorCode(error) === "EPERM";
  }
}

/** Removes a lock; that it is gone, with its folder perhaps, is as good. */
async function remove(path: string): Promise<void> {
  await fileSystem().promises.rm(path, { force: true }).catch(() => {});
}

function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => done ??= act();
}
