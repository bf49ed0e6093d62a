/**
 * Packs the packages for npm, as `deno pack` makes them, with what it leaves out: the dependencies on each other, that
 * modules have no side effects, what Node is needed, and the licence.
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
  // Examples in the documentation are not the file's own.
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "");
  const found = code.matchAll(
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

async function texts(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await texts(`${folder}/${name}`));
    else if (/\.(js|d\.ts)$/.test(name)) found.push(await Deno.readTextFile(`${folder}/${name}`));
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
    const imported = (await texts(`${folder}/package`)).flatMap(importedPackages);
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
