/**
 * Texts from outside: a built-in one by name, a file, several files by a pattern, or standard input.
 * The only part of the tasks that touches files.
 *
 * @module
 */
import { unknownName } from "@unroll/core/plugin";
import type { Dirent } from "node:fs";
import { CORPORA } from "./corpora.ts";

type Files = typeof import("node:fs");

/**
 * Reads a corpus.
 *
 * @param name The name of a built-in text; `-` for standard input; a path; or a pattern of paths, where
 *   `*` and `?` stand for any letters and any letter of a name, and `**` for any folders. The files of
 *   a pattern are put together in the order of their paths. A built-in name comes before a file of that
 *   name, which `./name` would be.
 * @returns The text, without a byte order mark.
 * @throws {RangeError} If there is no such text, it is empty, it cannot be read, or it is not UTF-8.
 *
 * @example A built-in text
 * ```ts
 * import { readCorpus } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(readCorpus("fizzbuzz-text").slice(0, 13), "1 2 fizz 4 bu");
 * ```
 */
export function readCorpus(name: string): string {
  const text = Object.hasOwn(CORPORA, name) ? CORPORA[name]() : readOutside(name);
  if (text === "") throw cannotRead(name, "text is needed, and there is none");
  return text;
}

function readOutside(name: string): string {
  // What Deno, Node and Bun have in common; an import would be in the way of pages.
  const files: Files | undefined = globalThis.process?.getBuiltinModule?.("node:fs");
  if (files === undefined) {
    const known = Object.keys(CORPORA).join(", ");
    throw cannotRead(name, `files need Deno, Node from 20.16 on or Bun; built in are ${known}`);
  }
  if (name === "-") return decode(name, files.readFileSync(0));
  if (!/[*?]/.test(name)) return decode(name, readFile(files, name));
  const paths = expandPattern(files, name);
  if (paths.length === 0) throw cannotRead(name, "no file fits the pattern");
  return paths.map((path) => decode(path, readFile(files, path))).join("");
}

function cannotRead(name: string, reason: string, cause?: unknown): RangeError {
  return new RangeError(`Cannot read corpus "${name}": ${reason}`, { cause });
}

function readFile(files: Files, path: string): Uint8Array {
  try {
    return files.readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      const known = Object.keys(CORPORA);
      // Said as any unknown name is, with the nearest built-in one.
      const [, rest] = unknownName("corpus", path, known).split(/:(.*)/s);
      throw cannotRead(path, `there is no such file;${rest}`, error);
    }
    throw cannotRead(path, (error as Error).message.split("\n")[0], error);
  }
}

function decode(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw cannotRead(name, "UTF-8 text is needed", error);
  }
}

/** The files that fit a pattern, sorted by path, so that every machine reads them in the same order. */
function expandPattern(files: Files, pattern: string): string[] {
  const parts = pattern.replaceAll("\\", "/").split("/");
  const fixed = parts.findIndex((part) => /[*?]/.test(part));
  const start = parts.slice(0, fixed).join("/");
  const root = fixed === 0 ? "." : start === "" ? "/" : start;
  const found: string[] = [];
  walk(files, root, parts.slice(fixed), found, fixed === 0 ? "" : `${start}/`);
  return [...new Set(found)].sort();
}

function walk(
  files: Files,
  folder: string,
  parts: readonly string[],
  found: string[],
  prefix: string,
): void {
  const [part, ...rest] = parts;
  if (part === "**" && rest.length > 0) walk(files, folder, rest, found, prefix);
  const fits = part === "**" ? /^[^.]/ : nameFilter(part);
  let entries: Dirent[];
  try {
    entries = files.readdirSync(folder, { withFileTypes: true });
  } catch {
    // A folder that is not there or may not be read has no files that fit.
    return;
  }
  for (const entry of entries) {
    if (!fits.test(entry.name)) continue;
    const path = `${folder === "/" ? "" : folder}/${entry.name}`;
    if (entry.isDirectory() && part === "**") {
      walk(files, path, parts, found, `${prefix}${entry.name}/`);
    } else if (entry.isDirectory() && rest.length > 0) {
      walk(files, path, rest, found, `${prefix}${entry.name}/`);
    } else if (!entry.isDirectory() && rest.length === 0) found.push(`${prefix}${entry.name}`);
  }
}

/** `*` and `?` as a regular expression; hidden names only fit where the dot is written. */
function nameFilter(part: string): RegExp {
  const body = part.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${/^[*?]/.test(part) ? "(?!\\.)" : ""}${body}$`, "u");
}
