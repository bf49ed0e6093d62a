import { assertEquals, assertThrows } from "@std/assert";
import fs from "node:fs";
import { openCorpus, readCorpus } from "./corpus_files.ts";

Deno.test("readCorpus() has the built-in texts as their write-ups have them", () => {
  const sevenths = readCorpus("sevenths");
  assertEquals([sevenths.length, new Set(sevenths).size], [6000, 6]);
  const fizzbuzz = readCorpus("fizzbuzz-text");
  assertEquals([fizzbuzz.length, new Set(fizzbuzz).size], [413, 15]);
  assertEquals(fizzbuzz.slice(0, 40), "1 2 fizz 4 buzz fizz 7 8 fizz buzz 11 fi");
});

Deno.test("readCorpus() reads files by path and by pattern, sorted", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/x/y`, { recursive: true });
    const write = (path: string, text: string) => Deno.writeTextFile(`${folder}/${path}`, text);
    await write("b.txt", "B");
    await write("a.txt", "\ufeffÄ");
    await write("a+.md", "M");
    await write("x/c.txt", "C");
    await write("x/y/d.txt", "D");
    await write(".hidden.txt", "H");
    assertEquals(readCorpus(`${folder}/a.txt`), "Ä");
    assertEquals(readCorpus(`${folder}/*.txt`), "ÄB");
    assertEquals(readCorpus(`${folder}/?.txt`), "ÄB");
    assertEquals(readCorpus(`${folder}/a+*`), "M");
    assertEquals(readCorpus(`${folder}/**/*.txt`), "ÄBCD");
    assertEquals(readCorpus(`${folder}/*/*.txt`), "C");
    assertEquals(readCorpus(`${folder}/.h*.txt`), "H");
    assertEquals(readCorpus(`${folder}/x/**`), "CD");
    assertThrows(
      () => readCorpus(`${folder}/*.csv`),
      RangeError,
      `no file fits the pattern`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readCorpus() says why it cannot read", async () => {
  assertThrows(
    () => readCorpus("seventh"),
    RangeError,
    `Cannot read corpus "seventh": there is no such file as ${Deno.cwd()}/seventh; did you mean "sevenths"?`,
  );
  const path = await Deno.makeTempFile();
  try {
    assertThrows(() => readCorpus(path), RangeError, "text is needed, and there is none");
    await Deno.writeFile(path, Uint8Array.of(0x61, 0xff, 0xfe));
    assertThrows(() => readCorpus(path), RangeError, "UTF-8 text is needed");
    // A hole, which takes no room.
    await Deno.truncate(path, 2 ** 36);
    assertThrows(() => readCorpus(path), RangeError, "at most 536870888 bytes are read");
    assertThrows(() => readCorpus("/tmp"), RangeError, 'Cannot read corpus "/tmp": it is a folder');
    assertThrows(
      () => readCorpus("http://x/y"),
      RangeError,
      `Cannot read corpus "http://x/y": there is no such file as ${Deno.cwd()}/http://x/y; known corpora`,
    );
    await Deno.remove(path);
    for (const make of [["mkfifo", path], ["ln", "-s", "/dev/zero", path]]) {
      await new Deno.Command(make[0], { args: make.slice(1) }).output();
      assertThrows(
        () => readCorpus(path),
        RangeError,
        "a file is needed, found a pipe or a device",
      );
      await Deno.remove(path);
    }
    await Deno.writeTextFile(path, "");
  } finally {
    await Deno.remove(path);
  }
});

/** What is opened, and how many folders are listed, while something is done. */
function watched(act: () => void): { readonly opened: string[]; readonly folders: number } {
  const { readFileSync, readdirSync } = fs;
  const opened: string[] = [];
  let folders = 0;
  const spies = {
    readFileSync: (path: string) => (opened.push(path), readFileSync(path)),
    readdirSync: (path: string) => (folders++, readdirSync(path, { withFileTypes: true })),
  };
  try {
    Object.assign(fs, spies);
    act();
  } finally {
    Object.assign(fs, { readFileSync, readdirSync });
  }
  return { opened, folders };
}

Deno.test("openCorpus() opens no file for a run that has another size than its text", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/a.txt`, "to be");
    await Deno.writeTextFile(`${folder}/b.txt`, "or not");
    const known = openCorpus(`${folder}/*.txt`);
    assertEquals([known.text, known.bytes], ["to beor not", 11]);
    const again = (name: string, sha256 = known.sha256, bytes = known.bytes) =>
      watched(() => openCorpus(name, sha256, bytes));
    // One's own run, by a pattern.
    assertEquals(again(known.name).opened, [`${folder}/a.txt`, `${folder}/b.txt`]);
    const refused = (name: string, bytes: number | undefined, reason: string) =>
      watched(() =>
        assertThrows(() => openCorpus(name, "0".repeat(64), bytes), RangeError, reason)
      );
    const other = "it is not the text of the run any more";
    for (const name of ["a.txt", "*.txt", "**"]) {
      assertEquals(refused(`${folder}/${name}`, 7, other).opened, [], name);
    }
    // Who knows the size as well does not hear what it is.
    assertEquals(refused(`${folder}/a.txt`, 5, other).opened, [`${folder}/a.txt`]);
    for (const name of ["-", "//host/share/a.txt", "\\\\host\\share\\*"]) {
      assertEquals(refused(name, 5, "a run is not a reason to read"), { opened: [], folders: 0 });
    }
    // A walk through everything ends: eleven folders of a thousand names are enough.
    for (let i = 0; i < 12; i++) {
      await Deno.mkdir(`${folder}/many/${i}`, { recursive: true });
      for (let j = 0; j < 1000; j++) await Deno.writeTextFile(`${folder}/many/${i}/${j}`, "");
    }
    const { folders } = refused(`${folder}/many/**/*.txt`, 5, "a pattern of too many names");
    assertEquals(folders <= 25, true, `${folders}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readCorpus() reads standard input", async () => {
  const code = `import { openCorpus, readCorpus } from ${
    JSON.stringify(new URL("./corpus_files.ts", import.meta.url).href)
  }; console.log(readCorpus("-").length);`;
  // The program comes by a file, so that standard input is free for the text.
  const file = await Deno.makeTempFile({
    dir: new URL(".", import.meta.url).pathname,
    suffix: ".ts",
  });
  try {
    await Deno.writeTextFile(file, code);
    const reader = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--no-lock", file],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const writer = reader.stdin.getWriter();
    await writer.write(new TextEncoder().encode("ü".repeat(100_000)));
    await writer.close();
    const { stdout } = await reader.output();
    assertEquals(new TextDecoder().decode(stdout).trim(), "100000");
  } finally {
    await Deno.remove(file);
  }
});
