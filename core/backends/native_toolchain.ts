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
    throw refusal(`it needs a C compiler named ${COMPILER}, and ${missing.join(" ")}`);
  }
  const target = Deno.build.arch === "aarch64" ? "-mcpu=native" : "-march=native";
  const flags = [target, ...FLAGS];
  const { success, output, errors } = await runCompiler(
    [target, "-dM", "-E", "-x", "c", "/dev/null"],
  );
  if (!success) throw refusal(`${COMPILER} failed: ${firstLine(errors)}`);
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
    return {
      addressOf: (memory) => address(memory as Int32Array<ArrayBuffer>),
      close: () => library.close(),
    };
  } catch (error) {
    throw error instanceof RangeError ? error : refusal(firstLine(String(error)));
  }
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0];
}

async function runCompiler(
  args: readonly string[],
): Promise<{ success: boolean; output: string; errors: string }> {
  const command = new Deno.Command(COMPILER, { args: [...args], stdin: "null" });
  try {
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { success, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw refusal(`there is no C compiler: ${COMPILER}`);
    throw error;
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
async function buildLibrary(toolchain: Toolchain, text: string): Promise<string> {
  const { folder, flags, key } = toolchain;
  const parts = [COMPILER, ...flags, key, text].join("\0");
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts));
  const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const path = `${folder.path}/${hex}.so`;
  if (await isOwn(path, folder.user)) {
    // So that it is not among those used least recently.
    await Deno.utime(path, new Date(), new Date()).catch(() => {});
    return path;
  }
  await pruneFolder(folder.path);
  // Under other names until it is whole: another process may be making the same.
  const own = `${folder.path}/${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(`${own}.c`, text, { createNew: true, mode: 0o600 });
    const { success, errors } = await runCompiler([...flags, "-o", `${own}.so`, `${own}.c`]);
    if (!success) {
      throw new Error(`Cannot compile a program: ${COMPILER} failed: ${firstLine(errors)}`);
    }
    // Whatever others may do to new files where the user says so, nobody writes to this one.
    await Deno.chmod(`${own}.so`, 0o700);
    await Deno.rename(`${own}.so`, path);
  } finally {
    for (const end of [".c", ".so"]) await Deno.remove(`${own}${end}`).catch(() => {});
  }
  return path;
}
