/**
 * Stands in for the part of `jsr:@std/path` that is used. Of URLs it does what the package does, by hand: `node:url`
 * takes longer to load than all other modules of a command's start.
 *
 * @module
 */

import { basename as nodeBasename, dirname as nodeDirname } from "node:path";

/** The last part of a path. */
export function basename(path: string, suffix?: string): string {
  return nodeBasename(path, suffix);
}

/** All but the last part of a path. */
export function dirname(path: string): string {
  return nodeDirname(path);
}

const IS_WINDOWS = Deno.build.os === "windows";

/** The path of a `file:` URL. */
export function fromFileUrl(url: string | URL): string {
  const { protocol, hostname, pathname } = new URL(url);
  if (protocol !== "file:") {
    throw new TypeError(`URL must be a file URL: received "${protocol}"`);
  }
  const path = decodeURIComponent(pathname.replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  if (!IS_WINDOWS) return path;
  const local = path.replaceAll("/", "\\").replace(/^\\*([A-Za-z]:)(\\|$)/, "$1\\");
  return hostname === "" ? local : `\\\\${hostname}${local}`;
}

/** The `file:` URL of an absolute path. */
export function toFileUrl(path: string): URL {
  if (!path.startsWith("/") && !/^([a-z]:[\\/]|\\\\)/i.test(path)) {
    throw new TypeError(`Path must be absolute: received "${path}"`);
  }
  const url = new URL("file:///");
  const [, hostname, local] = IS_WINDOWS
    ? /^(?:[/\\]{2}([^/\\]+)(?=[/\\](?:[^/\\]|$)))?(.*)/s.exec(path) as RegExpExecArray
    : [path, undefined, path];
  // What URLs leave out or cut off, or would take for an escape or another slash.
  const special = IS_WINDOWS ? /[\t\n\v\f\r %]/g : /[\t\n\v\f\r %\\]/g;
  url.pathname = local.replace(
    special,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
  if (hostname !== undefined && hostname !== "localhost") url.hostname = hostname;
  return url;
}
