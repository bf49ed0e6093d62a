import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { plotValues } from "../reporting/terminal_plot.ts";
import { runCommand } from "../test_support/run_command.ts";
import { assertSnakeKeys } from "../test_support/snake_keys.ts";
import { inFolder } from "../test_support/small_runs.ts";

Deno.test("plotValues() draws values from left to right, and what is too high as arrows", () => {
  const ends = ["1e-7", "10"] as const;
  const marks = [{ at: 2, letter: "V" }];
  assertEquals(
    plotValues([3, 2, 1, 2, 9], { columns: 27, rows: 3, ends, top: 3, marks }),
    [
      " 3 ┤•                     ↑",
      " 2 ┤      •          •",
      " 1 ┤           •",
      "   └───────────V───────────",
      "    1e-7                 10",
    ],
  );
});

Deno.test("lr-find: suggests a rate, draws it and says how to train, and keeps nothing", async () => {
  await inFolder(async (folder) => {
    const pair = "--model rnn --hidden 4 --task fizzbuzz --device cpu";
    const typed = `lr-find ${pair} --steps 60 --min-lr=1e-6 --out ${folder}/rates.svg`;
    const { code, output, errors } = await runCommand(typed);
    assertEquals([code, errors], [0, ""]);
    assertMatch(output, /^V {2}\S+ +in the valley/m);
    const command = /^Train with {2}deno task (train .*)$/m.exec(output)?.[1] ?? "";
    assertMatch(command, new RegExp(`^train ${pair} --lr [\\d.e-]+$`));
    const trained = await runCommand(`${command} --steps 2 --out ${folder}/runs --quiet`);
    assertEquals([trained.code, trained.errors], [0, ""]);
    await Deno.remove(`${folder}/runs`, { recursive: true });
    const drawn = await Deno.readTextFile(`${folder}/rates.svg`);
    assertStringIncludes(drawn, "Loss by learning rate, valley");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["rates.svg"]);
    const json = await runCommand(`lr-find ${pair} --steps 60 --json`);
    assertSnakeKeys(json.output, "lr-find");
    const found = JSON.parse(json.output);
    assert(found.suggestions.valley > 1e-6 && found.points.length <= 60);
  });
});

Deno.test("lr-find: says in a sentence what it cannot do", async () => {
  const refuses = async (words: string, sentence: string) => {
    const { code, errors } = await runCommand(`lr-find ${words}`);
    assertEquals([code, errors], [2, `${sentence}\n`]);
  };
  await refuses(
    "--model rnn",
    "Cannot look for a learning rate without --task: known tasks are char, counting, fizzbuzz, xor",
  );
  const pair = "--model rnn --task xor --device cpu";
  await refuses(
    `${pair} --min-lr 1 --max-lr 0.1`,
    "Cannot search from rate 1 to 0.1: numbers of f32 above 0 are needed, the second the greater",
  );
  await refuses(
    `${pair} --out rates.png`,
    "Cannot use --out rates.png: a name that ends in .svg is needed",
  );
});
