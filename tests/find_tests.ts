/**
 * Finding test files by what they say, for the programs that run some of them.
 *
 * @module
 */
const ROOT = new URL("../", import.meta.url);

/**
 * Finds test files.
 *
 * @param pattern What their text has.
 * @param folder Where, from the root, with a slash at its end; everywhere if left out.
 * @returns Their paths from the root, sorted.
 */
export async function findTests(pattern: RegExp, folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder || ".", ROOT))) {
    const path = folder + name;
    if (isDirectory && !name.startsWith(".") && name !== "node_modules") {
      found.push(...await findTests(pattern, `${path}/`));
    } else if (name.endsWith("_test.ts")) {
      if (pattern.test(await Deno.readTextFile(new URL(path, ROOT)))) found.push(path);
    }
  }
  return found.sort();
}
