/** Core is built in layers: what a folder imports lies in itself or below it. */
import { assert, assertEquals } from "@std/assert";

/** The folders of core, from the ground up. */
const LAYERS: readonly string[] = [
  "util",
  "automata",
  "ir",
  "language",
  "passes",
  "loops",
  "codegen",
  "backends",
  "compile",
  "plugin",
  "training",
  "runs",
  "testing",
];

/** An import of one file of core by another. */
interface Import {
  readonly from: string;
  readonly to: string;
  /** Whether only types are imported, which exist in the checker alone. */
  readonly typesOnly: boolean;
}

const CORE = new URL("../core/", import.meta.url);
const STATEMENT =
  /^(?:import|export)\s+(type\s+)?(?:(\{[^}]*\}|[^"';{}]*?)\s+from\s+)?"(\.[^"]+)"/gm;
const DYNAMIC = /\bimport\(\s*"(\.[^"]+)"/g;

async function sources(folder: URL): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) found.push(...await sources(url));
    else if (name.endsWith(".ts") && !name.endsWith("_test.ts")) {
      found.push(url.href.slice(CORE.href.length));
    }
  }
  return found;
}

async function importsOf(file: string): Promise<Import[]> {
  const url = new URL(file, CORE);
  // Examples in the documentation are not the file's own.
  const text = (await Deno.readTextFile(url)).replace(/\/\*[\s\S]*?\*\//g, "");
  const target = (specifier: string) => new URL(specifier, url).href.slice(CORE.href.length);
  const found: Import[] = [];
  for (const [, type, names, specifier] of text.matchAll(STATEMENT)) {
    const listed = names?.startsWith("{") ? names.slice(1, -1).split(",") : [];
    const typesOnly = type !== undefined ||
      (listed.length > 0 && listed.every((name) => !name.trim() || /^\s*type\s/.test(name)));
    found.push({ from: file, to: target(specifier), typesOnly });
  }
  for (const [, specifier] of text.matchAll(DYNAMIC)) {
    found.push({ from: file, to: target(specifier), typesOnly: false });
  }
  return found;
}

const files = await sources(CORE);
const all = (await Promise.all(files.map(importsOf))).flat();

const isEntry = (file: string) => !file.includes("/") || /^[a-z]+\/(mod|host)\.ts$/.test(file);
const isTestSupport = (file: string) => file.startsWith("test_support/");
const layerOf = (file: string) => file.slice(0, file.indexOf("/"));

/** The greatest set of files that reach each other, or none; by Tarjan's algorithm (1972). */
function greatestCircle(imports: readonly Import[]): string[] {
  const next = Map.groupBy(imports, ({ from }) => from);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  let greatest: string[] = [];
  const visit = (file: string) => {
    index.set(file, index.size);
    low.set(file, index.get(file) as number);
    stack.push(file);
    for (const { to } of next.get(file) ?? []) {
      if (!index.has(to)) visit(to);
      if (stack.includes(to)) {
        low.set(file, Math.min(low.get(file) as number, low.get(to) as number));
      }
    }
    if (low.get(file) !== index.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > greatest.length) greatest = circle;
  };
  for (const file of next.keys()) if (!index.has(file)) visit(file);
  return greatest.length > 1 ? greatest.sort() : [];
}

Deno.test("every folder of core is a layer, and only entry points lie beside them", () => {
  assert(all.length > 500, "the imports were read");
  const folders = new Set(files.filter((file) => !isEntry(file)).map(layerOf));
  folders.delete("test_support");
  assertEquals([...folders].sort(), [...LAYERS].sort());
});

Deno.test("a layer imports itself and the layers below it", () => {
  const backUp = all.filter(({ from, to }) =>
    !isEntry(from) && !isTestSupport(from) &&
    (isEntry(to) || LAYERS.indexOf(layerOf(to)) > LAYERS.indexOf(layerOf(from)) ||
      isTestSupport(to))
  );
  assertEquals(backUp.map(({ from, to }) => `${from} imports ${to}`), []);
});

Deno.test("the code generators do not import each other", () => {
  const target = (file: string) => /^codegen\/(wasm|c|wgsl)\//.exec(file)?.[0];
  const across = all.filter(({ from, to }) =>
    target(from) && target(to) && target(from) !== target(to)
  );
  assertEquals(across.map(({ from, to }) => `${from} imports ${to}`), []);
});

Deno.test("no files of core import each other's values in a circle", () => {
  assertEquals(greatestCircle(all.filter(({ typesOnly }) => !typesOnly)), []);
});

Deno.test("types go in a circle inside language alone", () => {
  const outside = all.filter(({ from, to }) =>
    layerOf(from) !== "language" || layerOf(to) !== "language"
  );
  assertEquals(greatestCircle(outside), []);
});
