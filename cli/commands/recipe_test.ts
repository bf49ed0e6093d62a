import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { StoppedError } from "../errors.ts";
import type { TrainRequest } from "../context.ts";
import { RECIPES } from "../recipes/mod.ts";
import { runCommand } from "../test_support/run_command.ts";
import { shareText } from "./recipe_seeds.ts";

/** What a command would train. */
async function requestOf(line: string): Promise<TrainRequest> {
  let request: TrainRequest | undefined;
  const { errors } = await runCommand(line, {
    train(asked) {
      request = asked;
      return Promise.reject(new StoppedError("Enough"));
    },
  });
  assert(request !== undefined, `${line}: ${errors}`);
  return request;
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("recipe: takes options of its model, its task and training; the others stay its own", async () => {
  const { model, task, training, recipe } = await requestOf(
    "recipe theano-fizzbuzz --hidden 4 --last 200 --lr 0.01",
  );
  const { modelOptions, taskOptions } = RECIPES["theano-fizzbuzz"];
  assertEquals(recipe, "theano-fizzbuzz");
  assertEquals(model.options, { ...model.options, ...modelOptions, hidden: 4 });
  assertEquals(task.options, { ...task.options, ...taskOptions, last: 200 });
  assertEquals([training.learningRate, training.l2, training.steps], [0.01, 1e-4, 200_000]);
  // What is checked together is checked with the recipe's own: it has numbers of 10 digits, the task 30.
  const { task: counting } = await requestOf("recipe count-rnn --length 20");
  assertEquals([counting.options.digits, counting.options.length], [10, 20]);
});

Deno.test("recipe: each has the seed that shows what its write-up shows", async () => {
  for (const name of ["theano-fizzbuzz", "count-rnn", "xor"]) {
    const { seed } = (await requestOf(`recipe ${name}`)).training;
    assertEquals(seed, RECIPES[name].seed ?? 0);
  }
  assert((RECIPES["count-rnn"].seed ?? 0) > 0);
});

Deno.test("recipe: claims nothing as soon as an option differs", async () => {
  await inFolder(async (out) => {
    const small = `--epochs 400 --device cpu --out ${out}`;
    const changed = await runCommand(`recipe xor-linear --std 0.5 ${small}`);
    assertStringIncludes(
      changed.output,
      "Not the recipe as it is: epochs 400 where the recipe has 5000, std 0.5 where the recipe has 1.",
    );
    assert(!/as known/.test(changed.output), changed.output);
    // The same as in the recipe, another start and another place are no change.
    const same = await runCommand(
      `recipe xor-linear --std 1 --lr 0.01 --seed 3 --device cpu --out ${out}`,
    );
    assert(!same.output.includes("Not the recipe"), same.output);
    assertMatch(same.output, /as known/);
  });
});

Deno.test("recipe: a mistake in an option is one sentence, and nothing is trained", async () => {
  const cases: Readonly<Record<string, string>> = {
    "recipe theano-fizzbuzz --hidden 0":
      "Cannot use --hidden 0: a whole number from 1 to 4096 is needed",
    "recipe theano-fizzbuzz --hiden 4":
      'Cannot find option "--hiden": did you mean "--hidden"? See recipe theano-fizzbuzz --help',
    "recipe sevenths --corpus a.txt": 'Cannot find option "--corpus": see recipe sevenths --help',
    "recipe xor --seeds 3..1":
      "Cannot use --seeds 3..1: a range goes from low to high, over fewer than 10000 values",
    "recipe xor --seeds 0..1 --seed 2":
      "Cannot use --seed with --seeds: one of them says where to start",
    "recipe xor --seeds 0..3 --name foo": "Cannot use --name with --seeds: no run is kept",
  };
  for (const [line, sentence] of Object.entries(cases)) {
    const { code, errors, output } = await runCommand(line);
    assertEquals([code, errors, output], [2, `${sentence}\n`, ""], line);
  }
});

Deno.test("recipe: a run keeps its recipe's name, and its report sets known beside got", async () => {
  await inFolder(async (out) => {
    const { code, errors } = await runCommand(
      `recipe count-rnn --hidden 12 --epochs 0.2 --device cpu --out ${out} --name mine`,
    );
    assertEquals([code, /Cannot/.test(errors)], [0, false], errors);
    const config = JSON.parse(await Deno.readTextFile(`${out}/mine/config.json`));
    assertEquals(config.recipe, "count-rnn");
    const lines = (await Deno.readTextFile(`${out}/mine/metrics.jsonl`)).trim().split("\n")
      .map((line) => JSON.parse(line));
    const [kept] = lines.filter(({ event }) => event === "recipe");
    assertEquals(kept.changes, [
      "epochs 0.2 where the recipe has 4",
      "hidden 12 where the recipe has 16",
    ]);
    assert(kept.training_accuracy >= 0 && kept.training_accuracy <= 1);
    assertEquals(lines.at(-1).event, "done");
    await runCommand(`report ${out}/mine`);
    const html = await Deno.readTextFile(`${out}/mine/report.html`);
    assertStringIncludes(html, "Recipe count-rnn: known and got");
    assertStringIncludes(html, "hidden 12 where the recipe has 16");
    assertStringIncludes(html, "https://gv22ga.github.io/");
    assert(!html.includes("<td>as known</td>"));
  });
});

Deno.test("recipe --seeds: tells the share that gets there, and keeps no run", async () => {
  await inFolder(async (out) => {
    const { code, output } = await runCommand(
      `recipe xor-linear --seeds 0,2 --device cpu --out ${out}`,
    );
    assertEquals(code, 0);
    assertMatch(
      output,
      /^2 of 2 \(100 %, 95 %: 34\.2 % – 100 %\) starts come to validation loss 2\./,
    );
    assertEquals([...Deno.readDirSync(out)], []);
    // After 10 epochs it has not come there yet.
    const few = await runCommand(`recipe xor-linear --seeds 0,2 --epochs 10 --device cpu`);
    assertMatch(few.output, /^0 of 2 \(0 %/);
    assertMatch(few.output, /Not the recipe as it is: epochs 10 where the recipe has 5000\./);
    const json = await runCommand("recipe xor-linear --seeds 0 --epochs 10 --device cpu --json");
    const events = json.output.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(events.map(({ event }) => event), ["seed", "share"]);
    assertEquals([events[0].passes, events[1].right, events[1].count], [false, 0, 1]);
  });
});

Deno.test("recipe: claims nothing of another text than that of the known numbers", async () => {
  await inFolder(async (out) => {
    const corpus = `${out}/other.txt`;
    await Deno.writeTextFile(corpus, "To be, or not to be, that is the question. ".repeat(20));
    const recipe = { ...RECIPES["lesson6-plain"], training: { steps: 10 } };
    const told = async (flags = "") => {
      const { code, output } = await runCommand(
        `recipe lesson6-plain --corpus ${corpus} --device cpu --out ${out}${flags}`,
        { recipes: { "lesson6-plain": recipe } },
      );
      assertEquals(code, 0);
      return output;
    };
    const output = await told();
    assertStringIncludes(
      output.replaceAll("\n", " "),
      "Not the text of the known numbers: 600,893 characters are wanted, found 860. So nothing",
    );
    assert(!output.includes("as known"), output);
    const [folder] = [...Deno.readDirSync(out)].filter((entry) => entry.isDirectory);
    await runCommand(`report ${out}/${folder.name}`, { recipes: { "lesson6-plain": recipe } });
    const html = await Deno.readTextFile(`${out}/${folder.name}/report.html`);
    assertStringIncludes(html, "the text: 600,893 characters are wanted, found 860");
    assert(!html.includes("as known</td>"));
    const json = await told(" --json");
    assertStringIncludes(json, '"other_text":"600,893 characters are wanted, found 860"');
    assert(!json.includes('"passes"'), json);
    assertStringIncludes(await told(" --seeds 0"), "the text: 600,893 characters");
  });
});

Deno.test("shareText() sets the known share beside ours, of the recipe as it is", () => {
  const recipe = RECIPES["theano-fizzbuzz"];
  const share = { good: [0, 1, 4], count: 4, changes: [], columns: 200 };
  assertEquals(shareText(recipe, share).split("\n"), [
    "3 of 4 (75.0 %, 95 %: 30.1 % – 95.4 %) starts come to error ≤ 0.",
    "Seeds that do: 0 1 4",
    "Known: 46 of 64 (71.9 %, 95 %: 59.9 % – 81.4 %), with PyTorch, from other starts.",
    "",
  ]);
  const other = shareText(recipe, { ...share, changes: ["hidden 4 where the recipe has 5"] });
  assert(!other.includes("Known"), other);
});

Deno.test("tour: lists the write-ups, and tells the order of one with what to look for", async () => {
  const all = await runCommand("tour");
  for (const title of ["FizzBuzz in Theano", "Learning to count", "lesson 6", "Joel Grus"]) {
    assertStringIncludes(all.output, title);
  }
  const { output } = await runCommand("tour counting");
  assertMatch(output, /^1\. .*recipe count-100\n +About \d.* s\. Look for /m);
  assertStringIncludes(output, "https://gv22ga.github.io/");
  assert(!output.includes("BLAS"), output);
  const texts = await runCommand("tour lesson6");
  assertStringIncludes(texts.output, "with a BLAS");
  const wrong = await runCommand("tour conting");
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.errors, 'did you mean "counting"?');
});

Deno.test("recipe and list: recipes are listed as wide as the terminal", async () => {
  for (const command of ["recipe", "list"]) {
    const { output } = await runCommand(command);
    const recipes = output.slice(output.indexOf("  theano-fizzbuzz"));
    assertStringIncludes(recipes, "lesson6-plain");
    // As wide as it is for tests.
    for (const line of recipes.split("\n")) assert([...line].length <= 100, line);
  }
});
