import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import * as z from "zod";
import { isPlugin, type Plugin } from "./plugin.ts";
import { isTrustable, knownPlugin, modulePath, resolvePlugin } from "./resolve.ts";

function model(name: string): Plugin & { readonly kind: "model" } {
  return { kind: "model", name, summary: "A model", options: z.object({}) };
}

const TABLE = { rnn: model("rnn"), gru: model("gru") };
const TASK: Plugin = { ...model("sort"), kind: "task" };

/** Resolves a model where every module exports `module`; also says what was loaded. */
async function resolveIn(module: Record<string, unknown>, name: string) {
  const loaded: string[] = [];
  const plugin = await resolvePlugin<Plugin>(name, {
    kind: "model",
    table: TABLE,
    base: new URL("file:///home/user/"),
    load: (specifier) => {
      loaded.push(specifier);
      return Promise.resolve(module);
    },
  });
  return { plugin, loaded };
}

Deno.test("resolvePlugin() takes a name from the table without loading", async () => {
  const { plugin, loaded } = await resolveIn({}, "gru");
  assertStrictEquals(plugin, TABLE.gru);
  assertEquals(loaded, []);
});

Deno.test("resolvePlugin() resolves paths from the base, leaves packages alone", async () => {
  const mine = model("mine");
  const cases = {
    "./my_model.ts": "file:///home/user/my_model.ts",
    "../my model.ts": "file:///home/my%20model.ts",
    "my_model.ts": "file:///home/user/my_model.ts",
    "models/mine.js": "file:///home/user/models/mine.js",
    "/opt/mine.mjs": "file:///opt/mine.mjs",
    "jsr:@me/mine@1": "jsr:@me/mine@1",
    "npm:mine": "npm:mine",
    "@me/mine": "@me/mine",
    "https://example.com/mine.ts": "https://example.com/mine.ts",
    "./a#1?/100%/my model.ts": "file:///home/user/a%231%3F/100%25/my%20model.ts",
    "./m#1.ts": "file:///home/user/m%231.ts",
    "/a#b/m.ts#mine": "file:///a%23b/m.ts",
    "C:\\plugins\\m.ts": "file:///C:/plugins/m.ts",
  };
  for (const [name, specifier] of Object.entries(cases)) {
    const { plugin, loaded } = await resolveIn({ mine, other: 3 }, name);
    assertStrictEquals(plugin, mine);
    assertEquals(loaded, [specifier]);
  }
});

Deno.test("resolvePlugin() chooses among several exports", async () => {
  const [a, b] = [model("a"), model("b")];
  const module = { first: a, second: b, TASK };
  assertStrictEquals((await resolveIn(module, "./m.ts#second")).plugin, b);
  assertStrictEquals((await resolveIn(module, "./m.ts#b")).plugin, b);
  assertStrictEquals(
    (await resolveIn({ ...module, default: b }, "./m.ts")).plugin,
    b,
  );
  assertStrictEquals((await resolveIn({ a, again: a }, "./m.ts")).plugin, a);
  await assertRejects(
    () => resolveIn(module, "./m.ts"),
    RangeError,
    'Cannot use "./m.ts" as a model: it exports first, second, say which, as in "./m.ts#first"',
  );
  await assertRejects(
    () => resolveIn(module, "./m.ts#secnd"),
    RangeError,
    'Cannot find model "secnd": did you mean "second"? Known models are first, second, in "./m.ts"',
  );
});

Deno.test("resolvePlugin() refuses unknown names and modules without the plugin", async () => {
  const cases: readonly (readonly [Record<string, unknown>, string, string])[] = [
    [
      {},
      "gnu",
      'Cannot find model "gnu": did you mean "gru"? Known models are rnn, gru',
    ],
    [
      {},
      "toString",
      'Cannot find model "toString": known models are rnn, gru',
    ],
    [{}, "./m.ts", 'Cannot use "./m.ts" as a model: it exports no plugin'],
    [
      { TASK },
      "./m.ts",
      'Cannot use "./m.ts" as a model: it exports the task "sort"',
    ],
    [
      { m: { ...model("m"), options: z.object({ x: z.date() }) } },
      "./m.ts",
      'Cannot use "./m.ts" as a model: Cannot make a flag of option "x"',
    ],
  ];
  for (const [module, name, message] of cases) {
    await assertRejects(() => resolveIn(module, name), RangeError, message);
  }
});

Deno.test("resolvePlugin() says why a module does not load", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const base = new URL(`file://${folder}/`);
    await Deno.writeTextFile(
      `${folder}/broken.js`,
      "throw new Error('on purpose');",
    );
    await Deno.writeTextFile(
      `${folder}/good.js`,
      `const shape = {}; export const mine = { kind: "model", name: "mine", summary: "", options: { shape, safeParse() {} } };`,
    );
    await Deno.writeTextFile(`${folder}/missing_import.js`, 'import "./not_there.js";');
    const settings = { kind: "model", table: TABLE, base } as const;
    assertStrictEquals(
      (await resolvePlugin<Plugin>("./good.js", settings)).name,
      "mine",
    );
    await assertRejects(
      () => resolvePlugin<Plugin>("./absent.js", settings),
      RangeError,
      `Cannot load model "./absent.js": there is no file ${folder}/absent.js`,
    );
    await assertRejects(
      () => resolvePlugin<Plugin>("./missing_import.js", settings),
      RangeError,
      `Cannot load model "./missing_import.js": it imports ${folder}/not_there.js, and there is no such file`,
    );
    await assertRejects(
      () => resolvePlugin<Plugin>("./broken.js", settings),
      RangeError,
      'Cannot load model "./broken.js": on purpose',
    );
    await assertRejects(
      () => resolvePlugin<Plugin>("@unroll/no-such", settings),
      RangeError,
      'Cannot load model "@unroll/no-such": ',
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("knownPlugin() looks names up, and a file by its name from any folder", () => {
  const [mine, one, two, packed] = ["mine", "one", "two", "packed"].map(model);
  const table = {
    ...TABLE,
    "../plugins/mine.ts": mine,
    "./a/same.ts": one,
    "./b/same.ts": two,
    "npm:packed": packed,
  };
  const find = (name: string) => knownPlugin<Plugin>(name, { kind: "model", table });
  const found = {
    rnn: TABLE.rnn,
    "../plugins/mine.ts": mine,
    "./mine.ts": mine,
    "mine.ts": mine,
    "C:\\work\\mine.ts": mine,
    "https://example.com/mine.ts": mine,
    "./b/same.ts": two,
    "npm:packed": packed,
  };
  for (const [name, plugin] of Object.entries(found)) assertStrictEquals(find(name), plugin, name);
  const allow = (name: string) =>
    `Cannot load model "${name}": a module is not imported because a run names it, ` +
    `allow it with --trust ${name} (in a program: models["${name}"])`;
  const refused = {
    gnu: 'Cannot find model "gnu": did you mean "gru"?',
    toString: 'Cannot find model "toString": known models are',
    "./same.ts": allow("./same.ts"),
    "./other.ts": allow("./other.ts"),
    "./mine.ts#two": allow("./mine.ts#two"),
    "jsr:packed": allow("jsr:packed"),
    "$(id)/it's.ts": "--trust '$(id)/it'\\''s.ts' (in",
    "a b.ts": "--trust 'a b.ts' (in",
    "data:text/javascript,export const mine = 1":
      'Cannot load model "data:text/javascript,export const mine = 1": code from a URL is never',
    " \tdata:,x": "code from a URL is never imported because a run names it",
  };
  for (const [name, message] of Object.entries(refused)) {
    assertThrows(() => find(name), RangeError, message);
  }
});

Deno.test("knownPlugin() says what to trust from anywhere, if the file's path can be shown", () => {
  const cases: Readonly<Record<string, string>> = {
    "/home/me/mgu.ts": "--trust /home/me/mgu.ts (in",
    "/home/me/a b/mgu.ts#mgu": "--trust '/home/me/a b/mgu.ts#mgu' (in",
    "/it's/mgu.ts": "--trust '/it'\\''s/mgu.ts' (in",
    "/\x1b[31m/mgu.ts": "--trust ./mgu.ts (in",
    "data:text/javascript,": "--trust ./mgu.ts (in",
  };
  for (const [path, message] of Object.entries(cases)) {
    assertThrows(
      () => knownPlugin<Plugin>("./mgu.ts", { kind: "model", table: TABLE, path }),
      RangeError,
      message,
    );
  }
});

Deno.test("modulePath() makes paths absolute, and nothing of names and packages", () => {
  const base = new URL("file:///home/a%231/");
  const cases = {
    "./m.ts": "/home/a#1/m.ts",
    "../m.ts#mine": "/home/m.ts#mine",
    "/x y/m.ts": "/x y/m.ts",
    "C:\\m.ts": "C:/m.ts",
    gru: undefined,
    "npm:m": undefined,
    "https://x/m.ts": undefined,
  };
  for (const [name, path] of Object.entries(cases)) {
    assertStrictEquals(modulePath(name, base), path);
  }
});

Deno.test("isTrustable() goes by what a URL is, however it is written", () => {
  for (const name of ["./m.ts", "m.ts", "/m", "file:///m.ts", "npm:m", "jsr:@me/m", "@me/m"]) {
    assertStrictEquals(isTrustable(name), true, name);
  }
  for (const name of ["rnn", "data:,", " DATA:,", "da\nta:,", "blob:x", "http://x", "HTTPS://x"]) {
    assertStrictEquals(isTrustable(name), false, name);
  }
});

Deno.test("isPlugin() goes by shape, also for a callable plugin", () => {
  const callable = Object.assign(() => 0, {
    kind: "model",
    summary: "",
    options: z.object({}),
  });
  Object.defineProperty(callable, "name", { value: "mine" });
  assertStrictEquals(isPlugin(callable), true);
  assertStrictEquals(isPlugin(model("x")), true);
  for (
    const value of [null, undefined, 3, "x", {}, {
      ...model("x"),
      kind: "pass",
    }, model("")]
  ) {
    assertStrictEquals(isPlugin(value), false);
  }
});
