import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
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
