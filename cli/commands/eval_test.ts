import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Confusion } from "@unroll/core/plugin";
import { formatEvaluation } from "../reporting/eval_table.ts";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, onlyRun, trainSmall } from "../test_support/small_runs.ts";

Deno.test("formatEvaluation() says of a text nats, bits and perplexity, once each", () => {
  const metrics = { nats: Math.LN2, bits: 1 };
  assertEquals(formatEvaluation({ loss: Math.LN2, error: 0.25, metrics }).split("\n"), [
    "error               25.0 %",
    "nats per character  0.6931",
    "bits per character   1.000",
    "perplexity           2.000",
    "",
  ]);
});

Deno.test("formatEvaluation() shows classes as a matrix, and pairs where there are many", () => {
  const few = formatEvaluation({ loss: 1 }, {
    confusions: [
      { wanted: "fizz", said: "fizz", count: 30 },
      { wanted: "fizz", said: "7", count: 2 },
    ],
    parts: [{ axis: "digits", from: 3, at: 4, count: 40, right: 38 }],
  });
  assertEquals(few.split("\n").map((line) => line.trim().split(/ {2,}/)), [
    ["loss", "1.000"],
    [""],
    ["wanted \\ said", "fizz", "7"],
    ["fizz", "30", "2"],
    ["7", "·", "·"],
    [""],
    ["digits", "right", "95 %"],
    ["3–4", "95.0 %", "83.5 % – 98.6 %", "38 of 40"],
    [""],
  ]);
  const letters = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i));
  const many = formatEvaluation({ loss: 1 }, {
    confusions: letters.flatMap((wanted, i) => [
      { wanted, said: wanted, count: 50 },
      { wanted, said: letters[(i + 1) % 20], count: i + 1 },
    ]),
    parts: [],
  });
  const [head, first, ...more] = many.split("\n").slice(2, -1).map((line) =>
    line.trim().split(/ {2,}/)
  );
  assertEquals([head, first, more.length], [
    ["wanted", "said", "times"],
    ["t", "a", "20", "28.6 % of t"],
    9,
  ]);
});

Deno.test("formatEvaluation() keeps a matrix within the terminal, or lists the pairs", () => {
  const digits = Array.from({ length: 10 }, (_, i) => String(i));
  const right = digits.map((wanted) => ({ wanted, said: wanted, count: 1_803 }));
  const matrix = (columns: number, more: readonly Confusion[] = []) =>
    formatEvaluation({ loss: 1 }, { confusions: [...right, ...more], parts: [] }, columns)
      .trimEnd().split("\n").slice(2);
  const width = (lines: readonly string[]) => Math.max(...lines.map((line) => line.length));
  assertEquals([width(matrix(Infinity)), matrix(Infinity).length], [83, 11]);
  // What is wanted and said stands above.
  assertEquals([width(matrix(80)), matrix(80)[0], matrix(80).length], [71, "wanted \\ said", 12]);
  const wrong = { wanted: "3", said: "4", count: 2 };
  assertEquals(matrix(60, [wrong]).map((line) => line.trim().split(/ {2,}/)), [
    ["wanted", "said", "times"],
    ["3", "4", "2", "0.1 % of 3"],
  ]);
  // All is right: there is nothing to list.
  assertEquals(matrix(60), []);
});

Deno.test("eval: a table, by position, length and digit", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(folder, { training: { steps: 20 } });
    const { output, code } = await runCommand(`eval ${path}`);
    assertEquals(code, 0);
    assert(output.split("\n").every((line) => line.length < 100), output);
    for (const part of ["counting · rnn, best step 20", "wanted \\ said", "position", "digits"]) {
      assertStringIncludes(output, part);
    }
    // Longer numbers bring the length of their sequences along.
    const long = await runCommand(`eval ${path} --digits 20`);
    assertEquals([long.code, long.errors], [0, ""]);
    const json = JSON.parse((await runCommand(`eval ${path} --json`)).output);
    assertEquals(Object.keys(json).sort(), [
      "confusions",
      "device",
      "error",
      "event",
      "loss",
      "metrics",
      "parts",
      "run",
      "step",
    ]);
  });
});

Deno.test("eval: says of options with which the task no longer fits the network what differs", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(folder, { training: { steps: 2 } });
    for (const run of [path, `${path}/last.safetensors`]) {
      const { code, errors, output } = await runCommand(`eval ${run} --base 2 --device cpu`);
      assertEquals([code, output, errors], [
        2,
        "",
        "Cannot use --base 2 with this run: its network reads 10 symbols and answers one of 10, " +
        "the task then has 2 symbols and one of 2\n",
      ]);
    }
  });
});

Deno.test("eval: the examples of its help run", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/other.txt`, "to be or not to be, ".repeat(30));
    const train = async (line: string, name: string) => {
      const out = `${folder}/${name}`;
      const typed = `train ${line} --steps 3 --device cpu --quiet --out ${out}`;
      const { code, errors } = await runCommand(typed);
      assertEquals(code, 0, errors);
      return (await onlyRun(out)).path;
    };
    const { output } = await runCommand("eval --help");
    const examples = [...output.matchAll(/deno task (eval runs\/\S+)(.*)/g)];
    assertEquals(examples.length, 3, output);
    for (const [, run, rest] of examples) {
      const [task] = /char|counting|fizzbuzz/.exec(run)!;
      const corpus = task === "char" ? ` --corpus ${folder}/other.txt` : "";
      const path = await train(`--model rnn --task ${task}${corpus}`, task);
      const typed = `eval ${path}${rest.replace("other.txt", `${folder}/other.txt`)}`;
      const result = await runCommand(typed);
      assertEquals([result.code, result.errors], [0, ""], typed);
      assertMatch(result.output, /loss|nats/);
    }
  });
});
