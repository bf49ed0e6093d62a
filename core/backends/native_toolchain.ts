/**
 * The machine's own C compiler, and the libraries that it has made.
 *
 * @module
 */
import type { Machine } from "../codegen/c/matmul.ts";
import { isFfiAllowed } from "../util/environment.ts";

/** A compiler and where its libraries are kept. */
export interface Toolchain {
  /** Its name and version, such as `gcc 12.2.0`. */
  readonly name: string;
  /** What the processor has. */
  readonly machine: Machine;
  /** The folder of libraries. */
  readonly folder: string;
  /** Flags of each compilation. */
  readonly flags: readonly string[];
  /** What tells this compiler and this processor from others. */
  readonly key: string;
}

/** The compiler's command. */
const COMPILER = "cc";

/** What the code relies on: wrapping integers, aliased memory, fused products; errno and traps are not asked for. */
const FLAGS = [
  ...["-O3", "-std=gnu11", "-shared", "-fPIC", "-pthread"],
  ...["-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"],
  ...["-fwrapv", "-fno-strict-aliasing", "-Wno-psabi", "-w"],
];

let found: Promise<Toolchain> | undefined;

/**
 * Finds the compiler, once.
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
  if (!isFfiAllowed()) {
    throw refusal(
      "--allow-ffi is needed, for code that the compiler makes is called like a library",
    );
  }
  if (Deno.build.os === "windows") throw refusal("Windows has no cc");
  const permission = Deno.permissions.querySync({ name: "run", command: COMPILER });
  if (permission.state !== "granted") {
    throw refusal(`--allow-run=${COMPILER} is needed, for the machine's own compiler`);
  }
  const folder = folderOfLibraries();
  const target = Deno.build.arch === "aarch64" ? "-mcpu=native" : "-march=native";
  const flags = [target, ...FLAGS];
  const { success, output, errors } = await runCompiler([
    target,
    "-dM",
    "-E",
    "-x",
    "c",
    "/dev/null",
  ]);
  if (!success) throw refusal(`${COMPILER} failed: ${errors.trim().split("\n")[0]}`);
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
  return { name, machine, folder, flags, key: output };
}

function refusal(reason: string): RangeError {
  return new RangeError(`Cannot open native: ${reason}`);
}

/** The folder that libraries are kept in: what the user's system has for such things. */
function folderOfLibraries(): string {
  const read = (variable: string) =>
    Deno.permissions.querySync({ name: "env", variable }).state === "granted"
      ? Deno.env.get(variable)
      : undefined;
  const [cache, home] = [read("XDG_CACHE_HOME"), read("HOME")];
  if (cache?.startsWith("/")) return `${cache}/unroll`;
  if (!home?.startsWith("/")) {
    throw refusal("--allow-env=HOME is needed, for the folder that compiled libraries are kept in");
  }
  return Deno.build.os === "darwin" ? `${home}/Library/Caches/unroll` : `${home}/.cache/unroll`;
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
 * Makes a library of a C text, or finds the one that was made of it before.
 *
 * @returns Its path.
 * @throws {Error} If the compiler fails.
 */
export async function buildLibrary(toolchain: Toolchain, text: string): Promise<string> {
  const { folder, flags, key } = toolchain;
  await makeFolder(folder);
  const parts = [COMPILER, ...flags, key, text].join("\0");
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts));
  const path = `${folder}/${new Uint8Array(hash).toHex()}.so`;
  if (await isOwn(path)) return path;
  // Under other names until it is whole: another process may be making the same.
  const own = `${folder}/${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(`${own}.c`, text, { mode: 0o600 });
    const { success, errors } = await runCompiler([...flags, "-o", `${own}.so`, `${own}.c`]);
    if (!success) throw new Error(`Cannot compile a program: ${COMPILER} failed: ${errors.trim()}`);
    await Deno.rename(`${own}.so`, path);
  } finally {
    for (const end of [".c", ".so"]) await Deno.remove(`${own}${end}`).catch(() => {});
  }
  return path;
}

/** Makes the folder of libraries, which nobody else may write to. */
async function makeFolder(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = await Deno.stat(folder);
  if (((mode ?? 0) & 0o022) !== 0 || (uid !== null && uid !== Deno.uid())) {
    throw refusal(`others may write to ${folder}, where compiled libraries are kept`);
  }
}

/** Whether a library is there and the user's own. */
async function isOwn(path: string): Promise<boolean> {
  try {
    const { uid, isFile } = await Deno.lstat(path);
    return isFile && (uid === null || uid === Deno.uid());
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
