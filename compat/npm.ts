/**
 * Packs the packages for npm, as `deno pack` makes them, with what it leaves out: the dependencies on each other, that
 * modules have no side effects, what Node is needed, the types that Deno has and TypeScript may lack, and the licence.
 *
 * ```sh
 * deno task npm:pack
 * ```
 *
 * @module
 */

/** The packages, each after those that it depends on. The command line is Deno's alone. */
export const PACKAGES = ["core", "models", "tasks"] as const;

/** What is read and completed of a `package.json`. */
export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/**
 * Names the packages that a module imports.
 *
 * @param text The module, or its types.
 * @returns Such as `@unroll/core` for `@unroll/core/plugin`; relative files and modules of Node are none.
 *
 * @example Usage
 * ```ts ignore
 * importedPackages('import { a } from "@b/c/d";'); // ["@b/c"]
 * ```
 */
export function importedPackages(text: string): string[] {
  const found = codeOf(text).matchAll(
    /^\s*(?:(?:import|export)\b[^"';]*\bfrom\s*|import\s*)"((?:@[^/"]+\/)?[^./"@][^/"]*)[^"]*"/gm,
  );
  return [...new Set([...found].map(([, name]) => name))].filter((name) =>
    !name.startsWith("node:")
  );
}

/**
 * Completes what `deno pack` writes.
 *
 * @param written Its `package.json`.
 * @param imported The packages that its modules import.
 * @returns The `package.json` to publish.
 */
export function completePackage(written: PackageJson, imported: readonly string[]): PackageJson {
  const own = imported.filter((name) => name.startsWith("@unroll/") && name !== written.name);
  return {
    ...written,
    // What is computed outside of compile() is given a device when the language is imported.
    sideEffects: written.name === "@unroll/core" ? ["./mod.js"] : false,
    engines: { node: ">=20.16" },
    dependencies: {
      ...Object.fromEntries(own.map((name) => [name, `^${written.version}`])),
      ...written.dependencies,
    },
  };
}

/** A module without its comments: examples in them are not its own. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "");
}

/**
 * Declares the types that Deno always has and TypeScript only by some settings: those of WebGPU as far as they are
 * named, as interfaces without fields, to which those of the library of pages add theirs, and what `using` needs.
 *
 * @param types The texts of all files of types.
 * @returns A file of types, to which those refer that need it.
 */
export function globalTypes(types: readonly string[]): string {
  const names = new Set(types.flatMap((text) => codeOf(text).match(/\bGPU\w*/g) ?? []));
  const interfaces = [...names].sort().map((name) => `interface ${name} {}\n`);
  return `/// <reference lib="esnext.disposable" />\n${interfaces.join("")}`;
}

/**
 * Refers to those types in a file that needs them, and picks of their fields only what there is.
 *
 * @param text The file.
 * @param globals Where {@linkcode globalTypes} are, from that file.
 * @returns It, or another.
 */
export function withGlobalTypes(text: string, globals: string): string {
  if (!needsGlobalTypes(text)) return text;
  const picked = text.replace(
    /\bPick<(GPU\w*), ("[^>]*")>/g,
    (_, type, fields) => `Pick<${type}, keyof ${type} & (${fields})>`,
  );
  return `/// <reference path="${globals}" />\n${picked}`;
}

/** Tells whether a file of types names some of those. */
function needsGlobalTypes(text: string): boolean {
  return /\bGPU\w*|\b(Async)?Disposable\b|\bSymbol\.(asyncD|d)ispose\b/.test(codeOf(text));
}

const GLOBAL_TYPES = "globals.d.ts";

async function writeGlobalTypes(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const types = [...files].filter(([path]) => path.endsWith(".d.ts"));
  await Deno.writeTextFile(
    `${folder}/${GLOBAL_TYPES}`,
    globalTypes(types.map(([, text]) => text)),
  );
  for (const [path, text] of types) {
    const up = "../".repeat(path.split("/").length - 1) || "./";
    await Deno.writeTextFile(`${folder}/${path}`, withGlobalTypes(text, up + GLOBAL_TYPES));
  }
}

/** Reads modules and types, by their paths in a folder. */
async function texts(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) {
      for (const [file, text] of await texts(path)) found.set(`${name}/${file}`, text);
    } else if (/\.(js|d\.ts)$/.test(name)) found.set(name, await Deno.readTextFile(path));
  }
  return found;
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const options: Deno.CommandOptions = { args: [...args], cwd, stdin: "null" };
  const { success, stderr } = await new Deno.Command(command, options).output();
  if (!success) {
    const text = new TextDecoder().decode(stderr);
    throw new RangeError(`Cannot run ${command} ${args.join(" ")}: it says ${text}`);
  }
}

/** Packs one package. */
async function pack(name: string, root: string, out: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const packed = `${folder}/packed.tgz`;
    const flags = ["--quiet", "--no-source-maps", "--allow-dirty"];
    await run(Deno.execPath(), ["pack", ...flags, "--output", packed], `${root}/${name}`);
    await run("tar", ["-xzf", packed], folder);
    const json = `${folder}/package/package.json`;
    const files = await texts(`${folder}/package`);
    const imported = [...files.values()].flatMap(importedPackages);
    await writeGlobalTypes(`${folder}/package`, files);
    const written = JSON.parse(await Deno.readTextFile(json)) as PackageJson;
    const complete = completePackage(written, [...new Set(imported)].sort());
    await Deno.writeTextFile(json, `${JSON.stringify(complete, null, 2)}\n`);
    await Deno.copyFile(`${root}/LICENSE`, `${folder}/package/LICENSE`);
    const path = `${out}/unroll-${name}-${complete.version}.tgz`;
    await run("tar", ["-czf", path, "package"], folder);
    return path;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const root = decodeURIComponent(new URL("../", import.meta.url).pathname);
  const out = Deno.args[0] ?? `${root}npm`;
  await Deno.mkdir(out, { recursive: true });
  for (const path of await Promise.all(PACKAGES.map((name) => pack(name, root, out)))) {
    console.log(path);
  }
}
