/**
 * Writes what a command makes.
 *
 * @module
 */

import { basename } from "@std/path/basename";
import { dirname } from "@std/path/dirname";
import { UsageError } from "../errors.ts";

/**
 * Writes a file, whole or not at all: a crash or a full disk leaves the one that was there.
 *
 * @param path The file. What is no file, such as a device, is written to as it is, and so is a file beside which nothing
 *   may be written.
 * @param contents Its contents.
 * @param settings Whether a link is followed, as one that somebody typed is; one in the folder of a run may be of whoever
 *   made that, and is replaced.
 * @throws {RangeError} When it cannot be written.
 * @throws {UsageError} When it is what a run consists of.
 */
export async function writeOut(
  path: string,
  contents: string | Uint8Array,
  { follow = true }: { readonly follow?: boolean } = {},
): Promise<void> {
  const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
  const folder = dirname(path);
  if (OF_RUN.has(basename(path)) && await isThere(`${folder}/config.json`)) {
    throw new UsageError(`Cannot write ${path}: the run in ${folder} consists of it`);
  }
  try {
    const target = follow ? await fileOf(path) : path;
    if (target === undefined) return await Deno.writeFile(path, bytes);
    // Always the same name, so that what a crash leaves is overwritten by the next try.
    const beside = `${dirname(target)}/.${basename(target)}.tmp`;
    try {
      await writeWhole(beside, bytes);
      await Deno.rename(beside, target);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable && follow) {
        return await Deno.writeFile(path, bytes);
      }
      await Deno.remove(beside).catch(() => {});
      throw error;
    }
  } catch (error) {
    const reason = (error as Error).message.replace(/ \(os error.*$/, "");
    throw new RangeError(`Cannot write ${path}: ${reason}`, { cause: error });
  }
}

/** The files that make a run. */
const OF_RUN: ReadonlySet<string> = new Set(
  ["config.json", "metrics.jsonl", "best.safetensors", "last.safetensors", ".lock"],
);

function isThere(path: string): Promise<boolean> {
  return Deno.lstat(path).then(() => true, () => false);
}

/** The file that a path leads to, also one that is not there yet; `undefined` for what is no file, or may not be read. */
async function fileOf(path: string): Promise<string | undefined> {
  try {
    return (await Deno.stat(path)).isFile ? await Deno.realPath(path) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  // A folder there is left, and told of; what is not there, or may not be looked at, is tried.
  const found = await Deno.lstat(path).catch(() => undefined);
  if (!found?.isDirectory) await Deno.remove(path).catch(() => {});
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  await file.sync();
}
