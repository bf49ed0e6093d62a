/**
 * Stands in for the part of `jsr:@std/path` that is used, over `node:path` and `node:url`.
 *
 * @module
 */

import { basename as nodeBasename, dirname as nodeDirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The last part of a path. */
export function basename(path: string, suffix?: string): string {
  return nodeBasename(path, suffix);
}

/** All but the last part of a path. */
export function dirname(path: string): string {
  return nodeDirname(path);
}

/** The path of a `file:` URL. */
export function fromFileUrl(url: string | URL): string {
  const parsed = new URL(url);
  if (parsed.protocol !== "file:") {
    throw new TypeError(`URL must be a file URL: received "${parsed.protocol}"`);
  }
  return fileURLToPath(parsed);
}

/** The `file:` URL of an absolute path. */
export function toFileUrl(path: string): URL {
  if (!path.startsWith("/") && !/^([a-z]:[\\/]|\\\\)/i.test(path)) {
    throw new TypeError(`Path must be absolute: received "${path}"`);
  }
  return pathToFileURL(path);
}
