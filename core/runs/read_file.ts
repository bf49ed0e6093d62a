/**
 * Files that are read whole, but only if they are files, and not too long for what they are.
 *
 * @module
 */

import type { FileHandle } from "node:fs/promises";
import { fileSystem } from "../util/file_system.ts";
import { reason } from "./files.ts";
import {
  headerLength,
  readLayout,
  type SafetensorsContents,
  type StoredTensor,
  tensorOf,
} from "./safetensors.ts";

/** Bytes in one call; the system takes no more than 2 GiB. */
const CHUNK = 1 << 30;

/**
 * Opens a file, unless it is of another kind: a pipe would never answer, a device never end.
 *
 * @param path The file.
 * @param act What to do with it and its size.
 * @returns What that gives.
 * @throws {RangeError} When it is no file.
 */
async function withFile<Result>(
  path: string,
  act: (file: FileHandle, size: number) => Promise<Result>,
): Promise<Result> {
  const { open, stat } = fileSystem().promises;
  // Before it is opened: opening a pipe waits for somebody who writes.
  const found = await stat(path);
  if (!found.isFile()) {
    throw new RangeError(
      found.isDirectory() ? "it is a folder" : "a file is needed, found a pipe or a device",
    );
  }
  const file = await open(path);
  try {
    return await act(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

async function readAt(
  file: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const part = bytes.subarray(done, Math.min(length, done + CHUNK));
    const { bytesRead } = await file.read(part, 0, part.length, position + done);
    if (bytesRead === 0) throw new RangeError("it became shorter while it was read");
    done += bytesRead;
  }
  return bytes;
}

/**
 * Reads a text.
 *
 * @param path The file.
 * @param most Bytes that such a text can have.
 * @returns The text.
 * @throws {RangeError} When it is no file, or longer; and what the system says, unchanged.
 */
export async function readText(path: string, most: number): Promise<string> {
  return await withFile(path, async (file, size) => {
    if (size > most) {
      throw new RangeError(`it has ${size} bytes, at most ${most} are read`);
    }
    return new TextDecoder().decode(await readAt(file, 0, size));
  });
}

/**
 * Reads a safetensors file, its header first: a file of another kind is refused before its data are read, and each array
 * is read into the memory that it is used in.
 *
 * @param path The file.
 * @returns Its arrays and its strings.
 * @throws {RangeError} When there is no such file, or it cannot be read as one.
 *
 * @example Usage
 * ```ts
 * import { encodeSafetensors, readSafetensors } from "@unroll/core/runs";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * const w = { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } as const;
 * await Deno.writeFile(path, encodeSafetensors(new Map([["w", w]])));
 * deepStrictEqual((await readSafetensors(path)).tensors.get("w"), w);
 * await Deno.remove(path);
 * ```
 */
export async function readSafetensors(path: string): Promise<SafetensorsContents> {
  try {
    return await withFile(path, async (file, size) => {
      const length = headerLength(await readAt(file, 0, Math.min(8, size)), size);
      const start = 8 + length;
      const { entries, metadata } = readLayout(await readAt(file, 8, length), size - start);
      const tensors = new Map<string, StoredTensor>();
      for (const entry of entries) {
        const bytes = await readAt(file, start + entry.begin, entry.end - entry.begin);
        tensors.set(entry.name, tensorOf(entry, bytes.buffer));
      }
      return { tensors, metadata };
    });
  } catch (error) {
    const problem = error instanceof RangeError
      ? error.message.replace(/^Cannot read safetensors: /, "")
      : reason(error);
    throw new RangeError(`Cannot read ${path}: ${problem}`, { cause: error });
  }
}
