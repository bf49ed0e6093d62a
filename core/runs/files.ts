/**
 * Files that appear whole or not at all, and what to say when the system refuses.
 *
 * @module
 */

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
      using file = await Deno.open(temporary(path), {
        write: true,
        create: true,
        truncate: true,
      });
      for (let done = 0; done < bytes.length;) {
        done += await file.write(bytes.subarray(done));
      }
      await file.sync();
    });
  }
  for (const path of Object.keys(files)) {
    await guard(`write ${path}`, async () => {
      await Deno.rename(temporary(path), path);
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
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  await folder.sync();
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

/** Says why the system refused, in words for people. */
export function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) {
    return "there is no such file or folder";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "writing or reading there is not permitted";
  }
  if (
    error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.AlreadyExists
  ) {
    return "a file is in the way of the folder";
  }
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.NotCapable) {
    return "Deno was not given permission for it";
  }
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0].replace(/ \(os error \d+\).*$/, "");
}

/** Joins a folder and a name in it. */
export function join(folder: string, name: string): string {
  return folder === "" || /[/\\]$/.test(folder) ? `${folder}${name}` : `${folder}/${name}`;
}
