/**
 * Files that appear whole or not at all, and what to say when the system refuses.
 *
 * @module
 */

import { isWindows } from "../util/environment.ts";
import { errorCode, fileWriting } from "../util/file_system.ts";

/** Bytes that are written at once, at most: systems take no 2 GiB. */
const PIECE = 2 ** 30;

/**
 * Writes a file so that a crash at any moment leaves the old one or the new one, whole.
 *
 * @param path The file.
 * @param bytes All of its bytes.
 * @throws {RangeError} When it cannot be written.
 */
export async function writeAtomically(
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  await writeTogether({ [path]: bytes });
}

/**
 * Writes several files of one folder, each as {@linkcode writeAtomically} does, and none unless there is room for all.
 *
 * @param files Path → all bytes. A crash may come between two of them, so the order counts.
 * @throws {RangeError} When one cannot be written; then all are as they were.
 */
export async function writeTogether(
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    await guard(`write ${path}`, async () => {
      const file = await fileWriting().create(temporary(path));
      try {
        for (let done = 0; done < bytes.length;) {
          done += await file.write(bytes.subarray(done, done + PIECE));
        }
        await file.sync();
      } finally {
        await file.close();
      }
    });
  }
  for (const path of Object.keys(files)) {
    await guard(`write ${path}`, async () => {
      await fileWriting().rename(temporary(path), path);
      await syncFolder(path.slice(0, nameStart(path)) || ".");
    });
  }
}

/** Always the same name beside the file, so that what a crash leaves is overwritten by the next try. */
function temporary(path: string): string {
  const start = nameStart(path);
  return `${path.slice(0, start)}.${path.slice(start)}.tmp`;
}

function nameStart(path: string): number {
  return Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
}

/** Forces a rename to disk, where the system lets a folder be opened for that. */
async function syncFolder(path: string): Promise<void> {
  if (isWindows()) return;
  const folder = await fileWriting().open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Runs a function on files and rethrows what the system refuses as one sentence.
 *
 * @param action What is done, to follow "Cannot".
 * @param act Does it.
 * @returns What it gives.
 * @throws {RangeError} When the system refuses.
 */
export async function guard<Result>(
  action: string,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw error;
    throw new RangeError(`Cannot ${action}: ${reason(error)}`, {
      cause: error,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "writing or reading there is not permitted",
  EPERM: "writing or reading there is not permitted",
  ENOTDIR: "a file is in the way of the folder",
  EEXIST: "a file is in the way of the folder",
  EISDIR: "it is a folder",
};

/** Says why the system refused, in words for people. */
export function reason(error: unknown): string {
  const code = errorCode(error);
  if (code !== undefined && Object.hasOwn(REASONS, code)) return REASONS[code];
  if (error instanceof Error && error.name === "NotCapable") {
    return "Deno was not given permission for it";
  }
  const message = error instanceof Error ? error.message : String(error);
  // Node writes `ENOSPC: no space left on device, write`, Deno `No space left on device (os error 28)`.
  return message.split("\n")[0].replace(/^[A-Z]+: (.*), [a-z]+( '.*)?$/, "$1")
    .replace(/^(.)(.*) \(os error \d+\).*$/, (_, first, rest) => first.toLowerCase() + rest);
}

/** Joins a folder and a name in it. */
export function join(folder: string, name: string): string {
  return folder === "" || /[/\\]$/.test(folder) ? `${folder}${name}` : `${folder}/${name}`;
}
