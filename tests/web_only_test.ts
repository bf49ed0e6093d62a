/** The core, the models and the tasks are for every runtime: Deno, Node from 20.16 on, Bun, and web pages. */
import { assertEquals } from "@std/assert";

/** What asks for permissions, calls libraries of the system or locks files, where it is Deno's; the rest needs no Deno. */
const DENO_ONLY: readonly string[] = [
  "core/backends/cpu_blas.ts",
  "core/backends/native_folder.ts",
  "core/backends/native_toolchain.ts",
  "core/runs/run_lock.ts",
  "core/util/environment.ts",
  "core/util/file_system.ts",
];

/** What works with files and environment variables, by what Deno, Node and Bun have in common. */
const PROCESS_ONLY: readonly string[] = [
  "core/runs/run_lock.ts",
  "core/util/environment.ts",
  "core/util/file_system.ts",
  "tasks/corpus_files.ts",
];

/** What JavaScript has got since Node 20; methods of iterators only where they stand beside their maker. */
const NEWER: readonly RegExp[] = [
  /\b(?:await )?using \w+\s*=/,
  /\bgroupBy\(/,
  /\b(?:Promise\.(?:withResolvers|try)|Array\.fromAsync|Error\.isError|RegExp\.escape)\b/,
  /\b(?:Float16Array|Math\.(?:f16round|sumPrecise)|getOrInsert|(?:Async)?DisposableStack)\b/,
  /\.(?:union|intersection|difference|symmetricDifference|isSubsetOf|isSupersetOf|isDisjointFrom)\(/,
  /\.(?:toHex|toBase64|fromHex|fromBase64|setFromHex|setFromBase64)\(/,
  /\b(?:Iterator\.(?:from|concat|prototype)|extends Iterator)\b/,
  /\.(?:values|keys|entries)\(\)\s*\.(?:map|filter|take|drop|flatMap|reduce|toArray|forEach|some|every|find)\(/,
  /\bimport (?:defer|source) /,
];

async function sources(folder: URL): Promise<URL[]> {
  const found: URL[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await sources(new URL(`${name}/`, folder)));
    else if (name.endsWith(".ts") && !name.endsWith("_test.ts")) found.push(new URL(name, folder));
  }
  return found;
}

const ROOT = new URL("../", import.meta.url);

/** Path → code, without documentation, whose examples are Deno's. */
async function code(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of ["core/", "models/", "tasks/"]) {
    for (const file of await sources(new URL(folder, ROOT))) {
      const text = await Deno.readTextFile(file);
      found.set(file.href.slice(ROOT.href.length), text.replace(/^ *\/?\*.*$|(?<!:)\/\/.*$/gm, ""));
    }
  }
  return found;
}

Deno.test("only files that are named know of Deno or of a process, and no module is Node's", async () => {
  // What is made for tests of core alone runs on Deno.
  const users = [...await code()].filter(([path]) => !path.startsWith("core/test_support/"));
  const pathsOf = (pattern: RegExp) =>
    users.filter(([, text]) => pattern.test(text)).map(([path]) => path).sort();
  assertEquals(pathsOf(/\bDeno\./), [...DENO_ONLY]);
  assertEquals(pathsOf(/\bprocess\??\./), [...PROCESS_ONLY]);
  assertEquals(pathsOf(/^(?!import type ).*from "(node|jsr):/m), []);
});

Deno.test("the sources need no JavaScript that Node 20 lacks", async () => {
  for (const [path, text] of await code()) {
    // What is made for tests of core alone runs on Deno.
    if (path.startsWith("core/test_support/")) continue;
    for (const pattern of NEWER) {
      assertEquals(pattern.exec(text)?.[0], undefined, `${path}: ${pattern}`);
    }
  }
});
