import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { formatLimits, limitOf } from "../reporting/limits.ts";
import { assertSnakeKeys } from "../test_support/snake_keys.ts";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";

const probe = (at: number, right: number) => ({ axis: "9s at the end", at, count: 40, right });

Deno.test("limitOf() says how far a model is right, in a sentence", () => {
  const probes = [probe(0, 40), { ...probe(21, 40), trained: 30 }, probe(22, 0), probe(23, 40)];
  assertEquals(limitOf(probes), {
    axis: "9s at the end",
    rightThrough: 21,
    wrongFrom: 22,
    sentence: "9s at the end: right through 21, wrong from 22: 0 of 40 right (0 % – 8.8 %)",
  });
  assertEquals(
    limitOf([probe(0, 3)]).sentence,
    "9s at the end: wrong from 0: 3 of 40 right (2.6 % – 19.9 %)",
  );
  assertEquals(limitOf([probe(0, 40)]).sentence, "9s at the end: right through 0, the end");
  const text = (at: number, loss: number) => ({ ...probe(at, 20), axis: "read", loss, trained: 8 });
  assertEquals(
    limitOf([text(1, 2.5), text(2, 1.501), text(4, 1.5), text(8, 1.6)]).sentence,
    "read (training has up to 8): 2.500 nats after 1, 1.501 after 2, and more, up to 8, make it no better",
  );
});

Deno.test("formatLimits() puts runs side by side, and neighbours that are alike in one row", () => {
  const a = { name: "a", probes: [0, 1, 2, 3].map((at) => probe(at, at < 3 ? 40 : 0)) };
  const b = { name: "b", probes: [0, 1, 2].map((at) => probe(at, 40)) };
  assertEquals(
    formatLimits([a, b]).split("\n").map((line) => line.trim().split(/ {2,}/)),
    [
      ["9s at the end", "a", "95 %", "b", "95 %"],
      ["0 to 2", "40 of 40", "91.2 % – 100 %", "40 of 40", "91.2 % – 100 %"],
      ["3", "0 of 40", "0 % – 8.8 %", "-"],
      [""],
      ["a, 9s at the end: right through 2, wrong from 3: 0 of 40 right (0 % – 8.8 %)"],
      ["b, 9s at the end: right through 2, the end"],
      [""],
    ],
  );
});

Deno.test("formatLimits() keeps within a terminal, whatever the names are", () => {
  const runs = ["a", "b"].map((letter) => ({
    name: `2026-01-31-counting-${letter.repeat(20)}`,
    probes: [0, 1, 2, 3].map((at) => probe(at, at < 3 ? 40 : 0)),
  }));
  const text = formatLimits(runs, { columns: 80 });
  for (const line of text.split("\n")) assert([...line].length <= 80, line);
  assertStringIncludes(text, `(1) ${runs[0].name}\n(2) ${runs[1].name}\n9s at the end`);
  const many = formatLimits([...runs, ...runs, ...runs], { columns: 80 });
  for (const line of many.split("\n")) assert([...line].length <= 80, line);
  for (let i = 1; i <= 6; i++) assertEquals(many.split(`(${i})`).length, 3);
  assert(formatLimits(runs).split("\n")[0].endsWith("95 %"));
  assert(formatLimits(runs).split("\n").some((line) => line.length > 80));
});

Deno.test("formatLimits() keeps ranges apart, since each has as many as it says", () => {
  const probes = [0, 10].map((from) => ({ ...probe(from + 9, 10), from, count: 10 }));
  assertEquals(
    formatLimits([{ name: "a", probes }]).split("\n").slice(1, 3).map((line) =>
      line.trim().split(/ {2,}/).slice(0, 2)
    ),
    [["0–9", "10 of 10"], ["10–19", "10 of 10"]],
  );
});

Deno.test("limits: asks trained models, as a table or JSON", async () => {
  await inFolder(async (folder) => {
    const { path, name } = await trainSmall(folder, { training: { steps: 20 } });
    const table = await runCommand(`limits ${path} --count 5`);
    assertEquals([table.code, table.errors], [0, ""]);
    assertStringIncludes(table.output, "9s at the end (training has up to 2): wrong from 0");
    const json = await runCommand(`limits ${path} --count 5 --axis digits --json`);
    assertSnakeKeys(json.output, "limits");
    const lines = json.output.trim().split("\n").map((line) => JSON.parse(line));
    assert(
      lines.slice(0, -1).every(({ event, axis, interval }) =>
        event === "probe" && axis === "digits" && interval[0] <= interval[1]
      ),
    );
    const { event, run, axis } = lines.at(-1);
    assertEquals([event, run, axis], ["limit", name, "digits"]);
    const unknown = await runCommand(`limits ${path} --count 1 --axis digit`);
    assertEquals([unknown.code, unknown.errors], [
      2,
      'Cannot find axis "digit": did you mean "digits"? Known axes are 9s at the end, digits\n',
    ]);
    const xor = `train --model rnn --task xor --steps 2 --device cpu --out ${folder}/x --quiet`;
    await runCommand(xor);
    const without = await runCommand(`limits --runs ${folder}/x`);
    assertEquals([without.code, without.errors], [
      1,
      "Cannot find limits with xor: the task has no way to do it\n",
    ]);
  });
});
