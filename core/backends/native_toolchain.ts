/**
 * The machine's own C compiler, and the libraries that it has made.
 *
 * @module
 */
import type { Machine } from "../codegen/c/matmul_plan.ts";
import {
  COMPILER,
  isOwn,
  makeFolder,
  nativePermissions,
  type OwnFolder,
  pruneFolder,
  refusal,
} from "./native_folder.ts";

/** A compiler and where its libraries are kept. */
export interface Toolchain {
  /** Its name and version, such as `gcc 12.2.0`. */
  readonly name: string;
  /** What the processor has. */
  readonly machine: Machine;
  /** The folder of libraries. */
  readonly folder: OwnFolder;
  /** Flags of each compilation. */
  readonly flags: readonly string[];
  /** What tells this compiler and this processor from others. */
  readonly key: string;
}

/** What the code relies on: wrapping integers, aliased memory, fused products; errno and traps are not asked for. */
const FLAGS = [
  ...["-O3", "-std=gnu11", "-shared", "-fPIC", "-pthread"],
  ...["-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"],
  ...["-fwrapv", "-fno-strict-aliasing", "-Wno-psabi", "-w"],
];

/**
 * The library of the device itself: where a memory begins, which Deno tells only those who may call everything. It
 * includes what programs do: who has a compiler without that, or may not load what it makes, is told at once.
 */
const ADDRESS = `#include <pthread.h>
#include <sched.h>
#include <stdint.h>
uint64_t address(const void *memory) { return (uintptr_t)memory; }
`;

let found: Promise<Toolchain> | undefined;

/**
 * Finds the compiler and tries it, once.
 *
 * @returns The compiler.
 * @throws {RangeError} If there is none, or something is not permitted.
 */
export function findToolchain(): Promise<Toolchain> {
  found ??= look();
  found.catch(() => found = undefined);
  return found;
}

async function look(): Promise<Toolchain> {
  if (typeof Deno === "undefined" || typeof Deno.dlopen !== "function") {
    throw refusal("only Deno can call what a compiler makes");
  }
  if (Deno.build.os === "windows") throw refusal("Windows has no cc");
  const { folder, missing } = nativePermissions();
  if (folder === undefined || missing.length > 0) {
    // Deno does not say of a program that is not there whether it may be run.
    const isCompiler = missing.length === 1 && missing[0].startsWith("--allow-run");
    throw refusal(
      isCompiler
        ? `there is no C compiler named ${COMPILER}, or ${missing[0]} was not given`
        : `it needs a C compiler named ${COMPILER}, and ${missing.join(" ")}`,
    );
  }
  const target = Deno.build.arch === "aarch64" ? "-mcpu=native" : "-march=native";
  // Without the names of files in it, a library is the same whoever makes it.
  const flags = [target, ...FLAGS, ...Deno.build.os === "darwin" ? [] : ["-s"]];
  const { success, output, reason } = await runCompiler(
    [target, "-dM", "-E", "-x", "c", "/dev/null"],
  );
  if (!success) throw refusal(`${COMPILER} failed: ${reason}`);
  const macros = new Map(
    output.split("\n").map((line) => {
      const [, name, ...value] = line.split(" ");
      return [name, value.join(" ")] as const;
    }),
  );
  const version = macros.get("__VERSION__")?.replaceAll('"', "") ?? "";
  const name = macros.has("__clang__") ? version : `gcc ${version.split(" ")[0]}`;
  const machine = macros.has("__AVX512F__")
    ? { lanes: 16, registers: 32 }
    : macros.has("__AVX__")
    ? { lanes: 8, registers: 16 }
    : { lanes: 4, registers: macros.has("__ARM_NEON") ? 32 : 16 };
  return { name, machine, folder: await makeFolder(folder), flags, key: output };
}

/** Tells where a memory begins. */
export interface AddressLibrary {
  /** The address of the first element. */
  readonly addressOf: (memory: Int32Array) => bigint;
  /** Closes the library. */
  close(): void;
}

/**
 * Opens the library that tells where memory is.
 *
 * @param toolchain The compiler.
 * @returns The library.
 * @throws {RangeError} If the compiler cannot compile, or what it makes cannot be loaded.
 */
export async function openAddressLibrary(toolchain: Toolchain): Promise<AddressLibrary> {
  try {
    const library = await openLibrary(toolchain, ADDRESS, {
      address: { parameters: ["buffer"], result: "usize" },
    });
    const { address } = library.symbols;
    let isOpen = true;
    return {
      addressOf(memory) {
        // What is called after it was closed ends the process.
        if (isOpen) return address(memory as Int32Array<ArrayBuffer>);
        throw new TypeError("Cannot use native code: its device was disposed of");
      },
      close() {
        if (isOpen) library.close();
        isOpen = false;
      },
    };
  } catch (error) {
    throw error instanceof RangeError ? error : refusal(firstLine((error as Error).message));
  }
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0];
}

/** Seconds that a compiler is given: programs take one or two, and a busy machine takes longer. */
const COMPILE_SECONDS = 180;

interface CompilerRun {
  readonly success: boolean;
  readonly output: string;
  /** Why it failed, in a line. */
  readonly reason: string;
}

/** Runs the compiler, once more if a signal ends it: Ctrl-C is for us, and reaches all processes of a terminal. */
async function runCompiler(args: readonly string[], isAgain = false): Promise<CompilerRun> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), 1000 * COMPILE_SECONDS);
  try {
    const { success, signal, stdout, stderr } = await new Deno.Command(COMPILER, {
      args: [...args],
      stdin: "null",
      signal: limit.signal,
    }).output();
    if (signal !== null && !limit.signal.aborted && !isAgain) return await runCompiler(args, true);
    const decoder = new TextDecoder();
    const reason = limit.signal.aborted
      ? `it did not end in ${COMPILE_SECONDS} seconds`
      : firstLine(decoder.decode(stderr)) || (signal === null ? "it does not say why" : signal);
    return { success, output: decoder.decode(stdout), reason };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw refusal(`there is no C compiler: ${COMPILER}`);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Opens the library of a C text. One that was kept and cannot be loaded, such as one that was cut off, is made again.
 *
 * @returns The open library.
 * @throws {Error} If the compiler fails, or what it makes cannot be loaded.
 */
export async function openLibrary<const S extends Deno.ForeignLibraryInterface>(
  toolchain: Toolchain,
  text: string,
  symbols: S,
): Promise<Deno.DynamicLibrary<S>> {
  const path = await buildLibrary(toolchain, text);
  try {
    return Deno.dlopen(path, symbols);
  } catch {
    await Deno.remove(path).catch(() => {});
    return Deno.dlopen(await buildLibrary(toolchain, text), symbols);
  }
}

/**
 * Makes a library of a C text, or finds the one that was made of it before.
 *
 * @returns Its path.
 * @throws {Error} If the compiler fails.
 */
async function buildLibrary({ folder, flags, key }: Toolchain, text: string): Promise<string> {
  const parts = [COMPILER, ...flags, key, text].join("\0");
  const path = `${folder.path}/${await digest(new TextEncoder().encode(parts))}.so`;
  if (await isOwn(path, folder.user) && await isWhole(path)) {
    // So that it is not among those used least recently.
    await Deno.utime(path, new Date(), new Date()).catch(() => {});
    return path;
  }
  await pruneFolder(folder.path).catch(() => {});
  const reason = await compileTo(path, flags, text);
  if (reason === undefined) return path;
  // Once more if the folder was removed meanwhile.
  if (await Deno.lstat(folder.path).catch(() => undefined)) throw failure(reason);
  await makeFolder(folder.path);
  const again = await compileTo(path, flags, text);
  if (again !== undefined) throw failure(again);
  return path;
}

function failure(reason: string): Error {
  return new Error(`Cannot compile a program: ${COMPILER} failed: ${reason}`);
}

/** Compiles a text; gives the reason if that fails. */
async function compileTo(
  path: string,
  flags: readonly string[],
  text: string,
): Promise<string | undefined> {
  // Under other names until it is whole: another process may be making the same.
  const own = `${path.slice(0, path.lastIndexOf("/"))}/${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(`${own}.c`, text, { createNew: true, mode: 0o600 });
    const { success, reason } = await runCompiler([...flags, "-o", `${own}.so`, `${own}.c`]);
    if (!success) return reason;
    // Whatever others may do to new files where the user says so, nobody writes to these.
    await Deno.chmod(`${own}.so`, 0o700);
    const sum = await digest(await Deno.readFile(`${own}.so`));
    await Deno.writeTextFile(`${own}.sum`, sum, { createNew: true, mode: 0o600 });
    await Deno.rename(`${own}.sum`, sumOf(path));
    await Deno.rename(`${own}.so`, path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "what it makes is not there";
    throw error;
  } finally {
    for (const end of [".c", ".so", ".sum"]) await Deno.remove(`${own}${end}`).catch(() => {});
  }
}

/** The file with the SHA-256 of a library: one that was cut off would end the process that calls it. */
function sumOf(path: string): string {
  return path.replace(/\.so$/, ".sum");
}

async function isWhole(path: string): Promise<boolean> {
  try {
    return await digest(await Deno.readFile(path)) === await Deno.readTextFile(sumOf(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
