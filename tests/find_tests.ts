/**
 * Finding files by what they say, for the programs that run some of them.
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
  for (const path of await findFiles(/_test\.ts$/, folder)) {
    if (pattern.test(await Deno.readTextFile(new URL(path, ROOT)))) found.push(path);
  }
  return found;
}

/**
 * Finds files by their names.
 *
 * @param pattern What their paths from the root have.
 * @param folder Where, from the root, with a slash at its end; everywhere if left out.
 * @returns Their paths from the root, sorted, without those of packages and of hidden folders.
 */
export async function findFiles(pattern: RegExp, folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder || ".", ROOT))) {
    const path = folder + name;
    if (isDirectory && !name.startsWith(".") && name !== "node_modules") {
      found.push(...await findFiles(pattern, `${path}/`));
    } else if (!isDirectory && pattern.test(path)) {
      found.push(path);
    }
  }
  return found.sort();
}
