import { assertEquals, assertMatch } from "@std/assert";
import { char } from "@unroll/tasks";
import { beginWithText, minCharWalk } from "./min_char_walk.ts";
import type { WalkRun } from "./walk.ts";

const NOTEBOOK = { size: [413, 15], samples: { 0: "zz9" }, iterations: 20_000 } as const;

async function walkOf(samples: ReadonlyMap<number, string>, corpus = "fizzbuzz-text") {
  const task = await char({ corpus, batch: 1, length: 64, validation: 0 }).create();
  const run = {
    task,
    samples,
    validations: [],
    smoothed: new Map(),
    seed: 0,
    name: "last",
    columns: 80,
  };
  return minCharWalk(run as unknown as WalkRun, NOTEBOOK);
}

Deno.test("minCharWalk() tells spelling from counting", async () => {
  const samples = new Map([[0, "zzzzzzzz"], [200, "z 1 2 fizz 4 7 8 fizzz 1"]]);
  const walk = await walkOf(samples);
  // Of 1 2 fizz 4 7 8 fizzz, all but the last are words; 1 2, 2 fizz, fizz 4 and 7 8 are neighbours.
  assertMatch(
    walk?.sentences[0] ?? "",
    /at 200; 6 of its 7 words are in it, and of 6 pairs of words 4 follow each other there/,
  );
  assertMatch(walk?.parts[0].lines[1] ?? "", /^ +0 {2}zzzzzzzz +0 %$/);
  assertEquals(walk?.next[0].words, "train --resume last --steps 20000");
});

Deno.test("minCharWalk() tells how much of a sample is from the text", async () => {
  const walk = await walkOf(new Map([[0, "142857142857"], [200, "111111428"]]), "sevenths");
  assertEquals(
    walk?.sentences[0],
    "Of what it writes, 100 % is from the text at iteration 0, 28.6 % at 200.",
  );
});

Deno.test("minCharWalk() sets nothing beside samples that a resumed run has not made", async () => {
  const besides = async (iteration: number) =>
    (await walkOf(new Map([[iteration, "142857142857"]]), "sevenths"))?.beside?.map(([what]) =>
      what
    );
  assertEquals(await besides(0), ["characters, unique", "writes at 0"]);
  assertEquals(await besides(600), ["characters, unique"]);
});

Deno.test("beginWithText() prints what the notebook prints of its texts", async () => {
  const sevenths = await char({ corpus: "sevenths" }).create();
  assertEquals(beginWithText(sevenths).slice(0, 4), [
    "data has 6000 characters, 6 unique.",
    "alphabet 124578",
    "0.14285714285714285",
    "142857142857142857142857142857",
  ]);
  const fizzbuzz = beginWithText(await char({ corpus: "fizzbuzz-text" }).create());
  assertEquals(fizzbuzz[0], "data has 413 characters, 15 unique.");
  const shown = fizzbuzz.slice(2).join("");
  assertEquals([shown.length, shown.slice(0, 12), shown.slice(-5)], [413, "1 2 fizz 4 b", "buzz "]);
});
