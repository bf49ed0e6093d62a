/**
 * The folder that compiled libraries are kept in, and what Deno must permit for them.
 *
 * @module
 */
import { readVariable } from "../util/environment.ts";
import { shellWord } from "../util/shell_word.ts";

/** The compiler's command. */
export const COMPILER = "cc";

/** The folder that native code is kept in, and what it needs. */
export interface NativePermissions {
  /** The folder; absent where no variable that may be read says where it is. */
  readonly folder?: string;
  /** The flags of Deno that are missing. */
  readonly missing: readonly string[];
}

/**
 * Finds the folder that native code is kept in, which `UNROLL_CACHE` names, else what the user's system has for such
 * things, and whether Deno permits what native code needs.
 *
 * @returns The folder, and what is not permitted yet. Nothing is asked for; other runtimes permit everything.
 *
 * @example Usage
 * ```ts
 * import { nativePermissions } from "@unroll/core/backends";
 *
 * const { missing } = nativePermissions();
 * console.log(missing.length === 0 ? "native code is permitted" : missing.join(" "));
 * ```
 */
export function nativePermissions(): NativePermissions {
  if (typeof Deno === "undefined") return { missing: [] };
  const path = folderOfVariables();
  const place = path === undefined
    ? `$HOME/${Deno.build.os === "darwin" ? "Library/Caches" : ".cache"}/unroll`
    // Deno's flags have a comma between two values.
    : shellWord(path.replaceAll(",", ",,"));
  const isGranted = (descriptor: Deno.PermissionDescriptor) =>
    Deno.permissions.querySync(descriptor).state === "granted";
  const missing = (["ffi", "read", "write"] as const)
    .filter((name) => path === undefined || !isGranted({ name, path }))
    .map((name) => `--allow-${name}=${place}`);
  if (!isGranted({ name: "run", command: COMPILER })) missing.push(`--allow-run=${COMPILER}`);
  if (path === undefined) missing.push("--allow-env=HOME");
  return { ...path === undefined ? {} : { folder: path }, missing };
}

function folderOfVariables(): string | undefined {
  const own = readVariable("UNROLL_CACHE");
  if (own !== undefined) return own.startsWith("/") ? own : `${Deno.cwd()}/${own}`;
  // A relative path there is to be ignored, says the specification (XDG Base Directory, 0.8).
  const [cache, home] = [readVariable("XDG_CACHE_HOME"), readVariable("HOME")];
  if (Deno.build.os !== "darwin" && cache?.startsWith("/")) return `${cache}/unroll`;
  if (!home?.startsWith("/")) return undefined;
  return `${home}/${Deno.build.os === "darwin" ? "Library/Caches" : ".cache"}/unroll`;
}

/** A folder that is the user's own. */
export interface OwnFolder {
  /** Where it is. */
  readonly path: string;
  /** Who the user is, where the system has such numbers. */
  readonly user: number | null;
}

/**
 * Makes the folder of libraries, which nobody else may write to.
 *
 * @param path Where.
 * @returns The folder.
 * @throws {RangeError} If it cannot be made or written to, or others may write to it or may put another in its place.
 */
export async function makeFolder(path: string): Promise<OwnFolder> {
  const probe = `${path}/${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    // Whose a new file is tells who the user is, without the permission to ask the system.
    await Deno.writeTextFile(probe, "", { createNew: true, mode: 0o600 });
    const { uid: user } = await Deno.stat(probe);
    await Deno.remove(probe);
    const { uid, mode } = await Deno.stat(path);
    if (((mode ?? 0) & 0o022) !== 0 || uid !== user) {
      throw refusal(`others may write to ${path}, where compiled libraries are kept`);
    }
    const exposed = await exposedFolder(path, user);
    if (exposed !== undefined) {
      throw refusal(
        `others may put their own in place of ${path}, for they may write to ${exposed}`,
      );
    }
    return { path, user };
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw refusal(`compiled libraries cannot be kept in ${path}: ${reason}`);
  }
}

/**
 * Finds a folder above this one in which somebody else may rename it: one that is neither the user's nor of who owns
 * the root, or that everybody may write to, if not only what is their own. What may not be read is not looked at, nor
 * the home of the user and what is above it: who may change that has more than libraries.
 */
async function exposedFolder(path: string, user: number | null): Promise<string | undefined> {
  const home = readVariable("HOME");
  const above: string[] = [];
  for (let folder of new Set([path, await Deno.realPath(path)])) {
    while ((folder = folder.slice(0, folder.lastIndexOf("/"))) !== "" && folder !== home) {
      above.push(folder);
    }
  }
  const isRead = (path: string) =>
    Deno.permissions.querySync({ name: "read", path }).state === "granted";
  const owners = new Set([user, isRead("/") ? (await Deno.stat("/")).uid : 0]);
  for (const folder of above.filter(isRead)) {
    const { uid, mode } = await Deno.stat(folder);
    if (!owners.has(uid) || ((mode ?? 0) & 0o1002) === 0o0002) return folder;
  }
}

/**
 * Says whether a library is there and the user's own, with nobody else who may write to it.
 *
 * @param path The library.
 * @param user Who the user is.
 * @returns Whether it may be loaded.
 */
export async function isOwn(path: string, user: number | null): Promise<boolean> {
  try {
    const { uid, mode, isFile } = await Deno.lstat(path);
    return isFile && uid === user && ((mode ?? 0) & 0o022) === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Names of libraries, and of what becomes one. */
const LIBRARY = /^[0-9a-f]{64}\.so$/;
const UNFINISHED = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(c|so|sum)$/;
/** Libraries that a folder has before old ones are removed. */
const MOST_LIBRARIES = 1000;
/** Milliseconds for which a library stays, whatever else there is: somebody may be about to load it. */
const KEPT_MS = 24 * 3600 * 1000;

/**
 * Removes the libraries that were used least recently, half of them, where there are very many, and what compilers
 * that were killed have left. What cannot be removed stays.
 *
 * @param path The folder.
 * @param most How many there may be.
 */
export async function pruneFolder(path: string, most: number = MOST_LIBRARIES): Promise<void> {
  const found: { readonly file: string; readonly isLibrary: boolean; readonly used: number }[] = [];
  for await (const { name } of Deno.readDir(path)) {
    // Nothing is touched that is not ours by its name.
    if (!LIBRARY.test(name) && !UNFINISHED.test(name)) continue;
    const file = `${path}/${name}`;
    const stat = await Deno.lstat(file).catch(() => undefined);
    const used = stat?.mtime?.getTime() ?? 0;
    if (stat?.isFile) found.push({ file, isLibrary: LIBRARY.test(name), used });
  }
  const old = found.filter(({ used }) => Date.now() - used > KEPT_MS)
    .sort((a, b) => a.used - b.used);
  const surplus = found.length > most ? found.length - Math.floor(most / 2) : 0;
  const left = old.filter(({ isLibrary }, i) => i < surplus || !isLibrary);
  for (const file of left.flatMap(({ file }) => [file, file.replace(/\.so$/, ".sum")])) {
    await Deno.remove(file).catch(() => {});
  }
}

/** Makes the sentence that says why there is no native code. */
export function refusal(reason: string): RangeError {
  return new RangeError(`Cannot open native: ${reason}`);
}
