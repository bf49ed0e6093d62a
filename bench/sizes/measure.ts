/**
 * Prints how much a page loads for a program: minified by `deno bundle`, which is esbuild, and packed by gzip.
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
  /** With the CPU, and nothing of WebGPU. */
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
    const device = (name: string) => [...chunks.keys()].filter((file) => file.startsWith(name));
    const start = [`${program}.js`];
    return {
      start: bytesOf(chunks, start),
      cpu: bytesOf(chunks, [...start, ...device("cpu-")]),
      webgpu: bytesOf(chunks, [...start, ...device("webgpu-")]),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Counts files and what they import, but for `import()`. */
function bytesOf(chunks: ReadonlyMap<string, string>, files: readonly string[]): number {
  const loaded = new Set(files);
  let bytes = 0;
  for (const file of loaded) {
    const text = chunks.get(file);
    if (text === undefined) throw new RangeError(`Cannot measure ${file}: there is no such file`);
    bytes += gzipSync(text, { level: 9 }).length;
    for (const [, name] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) loaded.add(name);
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
