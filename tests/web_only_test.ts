/** The core, the models and the tasks are for every runtime: only the files named here know of Deno. */
import { assertEquals } from "@std/assert";

/** What works with files and environment variables; the rest imports it, and never needs it in a page. */
const DENO_ONLY: readonly string[] = [
  "core/backends/cpu_blas.ts",
  "core/runs/files.ts",
  "core/runs/load.ts",
  "core/runs/run_folder.ts",
  "core/util/debug.ts",
  "core/util/environment.ts",
  "tasks/corpus_files.ts",
];

async function sources(folder: URL): Promise<URL[]> {
  const found: URL[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await sources(new URL(`${name}/`, folder)));
    else if (name.endsWith(".ts") && !name.endsWith("_test.ts")) found.push(new URL(name, folder));
  }
  return found;
}

Deno.test("only files that are named know of Deno, and nothing knows of Node", async () => {
  const root = new URL("../", import.meta.url);
  const users: string[] = [];
  for (const folder of ["core/", "models/", "tasks/"]) {
    for (const file of await sources(new URL(folder, root))) {
      // Examples in the documentation may.
      const text = (await Deno.readTextFile(file)).replace(/^ *\/?\*.*$/gm, "");
      if (/\bDeno\.|from "(node|jsr):/.test(text)) users.push(file.href.slice(root.href.length));
    }
  }
  assertEquals(users.sort(), [...DENO_ONLY]);
});
