/**
 * The folder that compiled libraries are kept in, and what Deno must permit for them.
 *
 * @module
 */
import { readVariable } from "../util/environment.ts";

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
  const place = path ?? `$HOME/${Deno.build.os === "darwin" ? "Library/Caches" : ".cache"}/unroll`;
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
 * @throws {RangeError} If it cannot be made or written to, or others may write to it.
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
    return { path, user };
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw refusal(`compiled libraries cannot be kept in ${path}: ${reason}`);
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

/** Makes the sentence that says why there is no native code. */
export function refusal(reason: string): RangeError {
  return new RangeError(`Cannot open native: ${reason}`);
}
