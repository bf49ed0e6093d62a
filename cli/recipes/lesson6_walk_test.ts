import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { type Predict, randomFor } from "@unroll/core/plugin";
import { char } from "@unroll/tasks";
import { lessonWalk } from "./lesson6_walk.ts";
import type { WalkRun } from "./walk.ts";
import { runCommand } from "../test_support/run_command.ts";

const WORDS = "this is what those of the part of queens and this is that of phi and then\n";

async function outputOf(recipe: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/text.txt`, WORDS.repeat(80));
    const { code, output, errors } = await runCommand(
      `recipe ${recipe} --corpus ${folder}/text.txt --hidden 16 --steps 120 --lr 0.01 ` +
        `--validate-every 40 --device cpu --out ${folder}`,
    );
    assertEquals(code, 0, errors);
    return output;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("recipe lesson6-returning ends with what the lesson asked, character by character", async () => {
  const output = await outputOf("lesson6-returning");
  const rows = [...output.matchAll(/^"( [a-z ]*)" +"(.)" +"(.)" +"(.)" +([\d.]+) %/gm)];
  assertEquals(rows.map(([, after]) => after), [
    ..." this is".split("").map((_, i) => " this is".slice(0, i + 1)),
    ..." part of".split("").map((_, i) => " part of".slice(0, i + 1)),
  ]);
  assertEquals(rows.map(([, , lesson]) => lesson).join(""), "thet in tortiof ");
  for (const [row, , , said, likeliest] of rows) assertEquals(said, likeliest, row);
  const right = rows.filter(([, , lesson, said]) => lesson === said).length;
  assertMatch(
    output,
    new RegExp(`Of the 16 characters that the lesson printed, ${right} (is|are)`),
  );
  const [, numbers = ""] = /^here +([\d. ]+)$/m.exec(output) ?? [];
  const places = numbers.split(/ +/).map(Number);
  assertEquals(places.length, 8);
  // On windows that it has learned, the loss of all places together is that of training, about.
  const training = Number(/Mean training loss ([\d.]+)/.exec(output)?.[1]);
  assertAlmostEquals(places.reduce((a, b) => a + b) / 8, training, 0.5);
  assert(places[7] < places[0]);
  assertMatch(output, /recipe lesson6-sequence --corpus \S+text\.txt/);
});

Deno.test("recipe lesson6-rnn ends with a line for each question", async () => {
  const output = await outputOf("lesson6-rnn");
  const rows = [...output.matchAll(/^"([a-z ]+)" +"(.)" +"(.)" +"(.)"/gm)];
  assertEquals(rows.map(([, question, lesson]) => [question, lesson]), [
    ["this is ", "a"],
    ["part of ", "t"],
    ["queens a", "n"],
  ]);
  // What this text says, which has been learned.
  assertEquals(rows[2][3], "n");
});

Deno.test("lessonWalk() does not take for memory what is chance, where windows come one by one", async () => {
  const task = await char({
    corpus: "sevenths",
    mode: "windows",
    length: 8,
    stride: 1,
    batch: 1,
    outputs: "every",
    shuffle: false,
    validation: 0,
  }).create();
  for (const seed of [3, 6, 7]) {
    const random = randomFor(seed, 0);
    // Remembers nothing, and is as wrong at each place.
    const predict: Predict = ({ length, size = 1 }) =>
      Promise.resolve({
        outputs: Float32Array.from({ length: length * size * 6 }, () => 6 * random()),
      });
    const run = { task, predict, validations: [], seed, name: "last", columns: 80 };
    const { sentences } = await lessonWalk(run as unknown as WalkRun, {
      answers: {},
      next: { what: "", words: "" },
    });
    const [, first, last] = /a loss of ([\d.]+), after 8 with ([\d.]+)/.exec(sentences.join(" ")) ??
      [];
    // The losses have a deviation of 1.7: four times that of a difference of two means of 2,560.
    assertAlmostEquals(Number(first), Number(last), 0.2);
  }
});

Deno.test("lessonWalk() says how far back what was read helps, by the loss at each place", async () => {
  const task = await char({
    corpus: "sevenths",
    mode: "windows",
    length: 8,
    stride: 1,
    outputs: "every",
    validation: 0,
  }).create();
  // Is sure of the right character with a chance that grows up to some place.
  const said = async (sharpness: (place: number) => number) => {
    const predict: Predict = ({ length, size = 1, inputs }) => {
      const read = inputs as Int32Array;
      const next = new Map<number, number>();
      for (let i = 0; i + size < read.length; i++) next.set(read[i], read[i + size]);
      const outputs = new Float32Array(length * size * 6);
      for (let i = 0; i < length * size; i++) {
        outputs[i * 6 + (next.get(read[i]) ?? 0)] = sharpness(Math.floor(i / size));
      }
      return Promise.resolve({ outputs });
    };
    const run = { task, predict, validations: [], seed: 0, name: "last", columns: 80 };
    const walk = await lessonWalk(run as unknown as WalkRun, {
      answers: {},
      next: { what: "", words: "" },
    });
    return walk.sentences.join(" ");
  };
  assertMatch(await said(() => 3), /helps little yet/);
  assertMatch(await said((place) => place === 0 ? 0 : 3), /one character before the last helps, /);
  // From the fifth on the chance of the right one is 1 but for less than a tenth of a nat.
  assertMatch(await said((place) => place), /: up to 5 characters back, what was read is remem/);
});
