/**
 * Prints how much a page loads for a program: minified by `deno bundle`, which is esbuild, and packed by gzip.
 * With the CPU it is what the program really loads while it runs, on one thread: a page that is not isolated
 * has no more, and one that is loads what shares the work too. With WebGPU, which not every machine has, it is
 * the device and all that it imports at once.
 *
 * ```sh
 * deno task size
 * ```
 *
 * @module
 */
import { gzipSync } from "node:zlib";

/** The programs, files beside this one. */
export const PROGRAMS = ["language", "fizzbuzz"] as const;

/** What a program loads, in bytes of gzip: each file for itself, as a server sends it. */
export interface ProgramSize {
  /** Before it opens a device. */
  readonly start: number;
  /** With the CPU on one thread, and nothing of WebGPU. */
  readonly cpu: number;
  /** With WebGPU, and nothing of the CPU. */
  readonly webgpu: number;
}

/**
 * Bundles a program for pages and measures it.
 *
 * @param program Its name.
 * @returns What it loads.
 */
export async function measureSize(program: string): Promise<ProgramSize> {
  const folder = await Deno.makeTempDir();
  try {
    const file = decodeURIComponent(new URL(`${program}.ts`, import.meta.url).pathname);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        "--quiet",
        "--minify",
        "--platform=browser",
        "--code-splitting",
        `--outdir=${folder}`,
        file,
      ],
      cwd: new URL("../../", import.meta.url),
      stdin: "null",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const chunks = new Map<string, string>();
    for await (const { name } of Deno.readDir(folder)) {
      chunks.set(name, await Deno.readTextFile(`${folder}/${name}`));
    }
    const start = [`${program}.js`];
    const webgpu = [...chunks.keys()].filter((file) => file.startsWith("webgpu-"));
    return {
      start: bytesOf(chunks, importsOf(chunks, start)),
      cpu: bytesOf(chunks, await loadedBy(chunks, start[0], folder)),
      webgpu: bytesOf(chunks, importsOf(chunks, [...start, ...webgpu])),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Adds to files what they import, but for `import()`. */
function importsOf(
  chunks: ReadonlyMap<string, string>,
  files: readonly string[],
): ReadonlySet<string> {
  const loaded = new Set(files);
  for (const file of loaded) {
    const imports = chunks.get(file)?.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g) ?? [];
    for (const [, name] of imports) loaded.add(name);
  }
  return loaded;
}

/** Runs a program and lists the files that it loads: each says so. */
async function loadedBy(
  chunks: ReadonlyMap<string, string>,
  program: string,
  folder: string,
): Promise<readonly string[]> {
  const mark = "loaded: ";
  for (const [name, text] of chunks) {
    await Deno.writeTextFile(`${folder}/${name}`, `${text}\nconsole.error("${mark}${name}");\n`);
  }
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-prompt", "--allow-env", program],
    env: { UNROLL_BACKEND: "cpu", UNROLL_THREADS: "1" },
    cwd: folder,
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stderr);
  if (!success) throw new Error(text);
  return text.split("\n").filter((line) => line.startsWith(mark)).map((line) =>
    line.slice(mark.length)
  );
}

function bytesOf(chunks: ReadonlyMap<string, string>, files: Iterable<string>): number {
  let bytes = 0;
  for (const file of files) {
    const text = chunks.get(file);
    if (text === undefined) throw new RangeError(`Cannot measure ${file}: there is no such file`);
    bytes += gzipSync(text, { level: 9 }).length;
  }
  return bytes;
}

if (import.meta.main) {
  console.log("KiB of gzip          start    with cpu    with webgpu");
  for (const program of PROGRAMS) {
    const { start, cpu, webgpu } = await measureSize(program);
    const [a, b, c] = [start, cpu, webgpu].map((bytes) => (bytes / 1024).toFixed(1));
    console.log(`${program.padEnd(16)}${a.padStart(10)}${b.padStart(12)}${c.padStart(15)}`);
  }
}
