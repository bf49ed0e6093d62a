import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { listRuns } from "@unroll/core/runs";
import { INSPECT } from "./inspect.ts";
import { inFolder, onlyRun, trainSmall } from "../test_support/small_runs.ts";
import { runCommand } from "../test_support/run_command.ts";

/** Trains for a moment, and hands on the run's path. */
async function trained(words: string, act: (run: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const line = `train ${words} --device cpu --quiet --out ${folder}/runs`;
    const { code, errors } = await runCommand(line);
    assertStrictEquals(code, 0, errors);
    await act((await onlyRun(`${folder}/runs`)).path);
  });
}

/** What a command says, as wide as a person's terminal. */
async function said(line: string): Promise<string> {
  const { code, output, errors } = await runCommand(line);
  assertEquals([code, errors], [0, ""], line);
  return output;
}

Deno.test("inspect and sample: what was typed wrongly is a mistake in typing", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(folder, { training: { steps: 5 } });
    for (
      const words of [
        `inspect ${path} --input 12x`,
        `inspect ${path} --unit 999`,
        `inspect ${path} --show gates`,
        `inspect ${path} --show cell`,
        `sample ${path} --prompt 12x`,
      ]
    ) {
      const { code, errors } = await runCommand(words);
      assertEquals([code, errors.trimEnd().split("\n").length], [2, 1], errors);
    }
  });
});

Deno.test("inspect: shows what was read and said, a legend, numbers explained, and findings", async () => {
  await trained("--model rnn --hidden 4 --task counting --steps 40", async (run) => {
    const output = await said(`inspect ${run} --input 129999`);
    const read = /^read (.*)$/m.exec(output)?.[1].replaceAll(" ", "");
    assertMatch(read ?? "", /^9999210+$/);
    assertMatch(output, /^said (\d ?)+$/m);
    assertMatch(output, /^From -1 to 1: = - \(blank\) ░ ▓ █$/m);
    assertMatch(
      output,
      /^carry 0\.\d\d: the share of unit \d's variance that carry explains \(η²\)/m,
    );
    assertMatch(output, /^What it has found out, by [\d,]+ steps of \d+ sequences:\n- /m);
    // What reads digits has no period of its own.
    assertStrictEquals(output.includes("period"), false);
    const json = JSON.parse(await said(`inspect ${run} --input 129999 --json`));
    assertEquals(json.said.length, json.time);
    assertEquals(typeof json.findings[0].text, "string");
  });
});

Deno.test("inspect --unit: colours what was said, and says what explains the unit", async () => {
  await trained("--model rnn --hidden 4 --task fizzbuzz --steps 20", async (run) => {
    const output = await said(`inspect ${run} --unit 2`);
    assertMatch(output, /^Unit 2, as it is when each word is said\n/);
    assertMatch(output, /^Of unit 2's variance is explained \(η²\), by 301 steps: n mod \d \d/m);
    for (
      const [words, sentence] of [
        ["--unit 9", "Cannot show unit 9: the model has 4"],
        ["--unit 2 --out x.svg", "Cannot show unit 2 with --out: a text"],
        [
          "--unit 2 --show gates",
          "Cannot show the gates of the rnn model: it has none; its states",
        ],
        ["--show cell", "Cannot show the cell of the rnn model: it has none; its states"],
        ["--length 1000000", "Cannot use --length 1000000: a whole number from 1 to 10000"],
      ]
    ) {
      const { code, errors } = await runCommand(`inspect ${run} ${words}`);
      assert(code !== 0 && errors.startsWith(sentence), `${words}: ${errors}`);
    }
  });
});

Deno.test("inspect --show: gates and the cell in the terminal, as JSON and as pictures", async () => {
  await trained("--model lstm --hidden 3 --task char --steps 5", async (run) => {
    const output = await said(`inspect ${run} --show gates --length 20`);
    for (const gate of ["input", "forget", "output"]) {
      assert(output.includes(`The ${gate} gate: a row for each unit`), output);
      assert(output.includes(`The ${gate} gate is more than half open in `), output);
    }
    assertMatch(await said(`inspect ${run} --show cell`), /^The cell: a row for each unit/);
    const { parts, time } = JSON.parse(await said(`inspect ${run} --show gates --json`));
    assertEquals(Object.keys(parts).toSorted(), ["cell", "forget", "input", "output"]);
    assertEquals([parts.cell.length, parts.cell[0].length], [time, 3]);
    const files = await said(`inspect ${run} --show gates --out ${run}/g.svg`);
    assertEquals(files.trim().split("\n").map((path) => path.slice(run.length + 1)).toSorted(), [
      "g_forget.svg",
      "g_input.svg",
      "g_output.svg",
    ]);
    // A report has them too, and what is chosen in it needs no script.
    await said(`report ${run}`);
    const html = await Deno.readTextFile(`${run}/report.html`);
    assert(html.includes("The forget gate") && html.includes("What it has found out"));
    assertEquals(html.match(/<input type="radio" name="unit-1"/g)?.length, 3);
  });
});

Deno.test("inspect: says what there is instead of states", async () => {
  await trained("--model mlp --task fizzbuzz --encoding binary --steps 5", async (run) => {
    const { code, errors } = await runCommand(`inspect ${run}`);
    assertStrictEquals(code, 1);
    assertMatch(
      errors,
      /the mlp model shows no hidden states; what it answers is shown by deno task predict, deno task eval and deno task report\n$/,
    );
  });
});

Deno.test("inspect: a table of many units has those alone that something explains", async () => {
  await trained(
    "--model rnn --hidden 40 --task char --corpus fizzbuzz-text --steps 150",
    async (run) => {
      const output = await said(`inspect ${run}`);
      const rows = output.match(/^ +\d+ +-?\d\.\d\d +\d\.\d\d /gm) ?? [];
      const [, told] = /^The (\d+) of 40 units that something explains by half\.$/m.exec(output) ??
        [];
      assertStrictEquals(rows.length, Number(told));
      assert(rows.length > 0 && rows.length <= 16, output);
    },
  );
});

Deno.test("inspect: the examples of its help run", async () => {
  await inFolder(async (folder) => {
    for (const words of ["rnn fizzbuzz", "rnn counting", "gru char"]) {
      const [model, task] = words.split(" ");
      const line =
        `train --model ${model} --hidden 3 --task ${task} --steps 3 --device cpu --quiet --out ${folder}`;
      assertStrictEquals((await runCommand(line)).code, 0);
    }
    const runs = await listRuns(folder);
    for (const [, example] of INSPECT.examples ?? []) {
      const line = example.replace(/^unroll /, "").replace("runs/carry.png", `${folder}/carry.png`)
        .replace(
          /runs\/[\d-]+-(\w+-\w+)-0/,
          (_, name) => runs.find(({ path }) => path.includes(`-${name}-0`))?.path ?? "none",
        );
      const { code, output, errors } = await runCommand(line);
      assertEquals([code, errors, output.length > 0], [0, "", true], line);
    }
  });
});

Deno.test("inspect --machine: shows the machine that a network is, and draws it", async () => {
  await trained("--model rnn --hidden 4 --task fizzbuzz --steps 20", async (run) => {
    const output = await said(`inspect ${run} --machine`);
    // After so few steps it says the same again and again, and 0 is no number to it.
    assertMatch(output, /^It is a machine of \d+ states?( \([\d × ]+\))?, as 4,096 steps show\.$/m);
    assertMatch(output, /^It is wrong after \d+ steps: it says \w+, where \w+ is right\.$/m);
    for (const [option, value] of [["unit", "3"], ["show", "gates"], ["input", "12"]]) {
      const refused = await runCommand(`inspect ${run} --machine --${option} ${value}`);
      assertStrictEquals(refused.code, 2);
      assertStrictEquals(
        refused.errors,
        `Cannot use --${option} with --machine: a machine is of all steps and units\n`,
      );
    }
    const json = JSON.parse(await said(`inspect ${run} --machine --json`));
    assertEquals([json.machine.kind, json.machine.alphabet], ["moore", ["tick"]]);
    const out = `${run}/machine.svg`;
    assertStrictEquals(await said(`inspect ${run} --machine --out ${out}`), `${out}\n`);
    assertMatch(await Deno.readTextFile(out), /^<svg role="img" aria-label="It is a machine of /);
  });
  await trained("--model rnn --hidden 4 --task xor --steps 20", async (run) => {
    const { code, errors } = await runCommand(`inspect ${run} --machine`);
    assertStrictEquals(code, 1);
    assertMatch(
      errors,
      /Cannot find the machine of .*: the xor task does not say what machine it is/,
    );
  });
});
