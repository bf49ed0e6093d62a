import { assertEquals, assertStrictEquals } from "@std/assert";
import { openTuningFile, tuningPath } from "./tuning_file.ts";

/** Calls back with a folder that is removed afterwards. */
function withFolder(body: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    body(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("tuningPath() is in the folder that each system has for caches", () => {
  const path = (os: typeof Deno.build.os, variables: Record<string, string>) =>
    tuningPath(os, (name) => variables[name]);
  const file = "unroll/tuning.json";
  const HOME = "/home/me";
  assertStrictEquals(path("linux", { HOME }), `/home/me/.cache/${file}`);
  assertStrictEquals(path("linux", { HOME, XDG_CACHE_HOME: "/fast" }), `/fast/${file}`);
  assertStrictEquals(path("linux", { HOME, XDG_CACHE_HOME: "fast" }), `/home/me/.cache/${file}`);
  assertStrictEquals(path("linux", { XDG_CACHE_HOME: "/fast" }), `/fast/${file}`);
  assertStrictEquals(path("darwin", { HOME }), `/home/me/Library/Caches/${file}`);
  assertStrictEquals(path("windows", { LOCALAPPDATA: "C:\\Local" }), `C:\\Local/${file}`);
  assertStrictEquals(path("linux", {}), undefined);
  assertStrictEquals(path("darwin", {}), undefined);
  assertStrictEquals(path("windows", { HOME }), undefined);
});

Deno.test("openTuningFile() keeps what it is given for whoever opens the file next", () => {
  withFolder((folder) => {
    const path = `${folder}/cache/unroll/tuning.json`;
    const first = openTuningFile(path);
    assertStrictEquals(first.get("a"), undefined);
    first.set("a", "one");
    first.set("b", "two");
    assertStrictEquals(first.get("a"), "one");
    const second = openTuningFile(path);
    assertEquals([second.size, second.get("a"), second.get("b")], [2, "one", "two"]);
    assertEquals([...Deno.readDirSync(`${folder}/cache/unroll`)].map(({ name }) => name), [
      "tuning.json",
    ]);
  });
});

Deno.test("openTuningFile() lets the first of two processes count, and loses nothing of either", () => {
  withFolder((folder) => {
    const path = `${folder}/tuning.json`;
    const [one, other] = [openTuningFile(path), openTuningFile(path)];
    assertEquals([one.get("a"), other.get("a")], [undefined, undefined]);
    one.set("a", "first");
    other.set("a", "second");
    other.set("b", "third");
    one.set("c", "fourth");
    const later = openTuningFile(path);
    assertEquals(["a", "b", "c"].map(later.get), ["first", "third", "fourth"]);
    // What was of no use is replaced.
    later.set("a", "fifth");
    assertStrictEquals(openTuningFile(path).get("a"), "fifth");
  });
});

Deno.test("openTuningFile() takes what is damaged or of another version for nothing, and writes it anew", () => {
  withFolder((folder) => {
    const path = `${folder}/tuning.json`;
    const damaged = [
      "",
      '{"version": 1, "choi',
      "null",
      "[]",
      '{"version": 1, "choices": 3}',
      '{"version": 1, "choices": {"a": 3}}',
      '{"version": 2, "choices": {"a": "old"}}',
    ];
    for (const text of damaged) {
      Deno.writeTextFileSync(path, text);
      const file = openTuningFile(path);
      assertEquals([file.size, file.get("a")], [0, undefined], text);
      file.set("a", "one");
      assertStrictEquals(openTuningFile(path).get("a"), "one", text);
    }
  });
});

Deno.test("openTuningFile() remembers in this process where nothing can be written", () => {
  withFolder((folder) => {
    const blocked = `${folder}/file`;
    Deno.writeTextFileSync(blocked, "in the way");
    for (const path of [`${blocked}/unroll/tuning.json`, undefined]) {
      const file = openTuningFile(path);
      file.set("a", "one");
      assertStrictEquals(file.get("a"), "one");
      assertStrictEquals(openTuningFile(path).get("a"), undefined);
    }
  });
});
