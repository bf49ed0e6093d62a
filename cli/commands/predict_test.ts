import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import type { CommandContext } from "../context.ts";
import { decodeSafetensors, encodeSafetensors } from "@unroll/core/runs";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";
import { SILENT_TERMINAL } from "../test_support/silent_terminal.ts";

Deno.test("predict: refuses a model whose answers are not finite numbers", async () => {
  await inFolder(async (folder) => {
    const run = await trainSmall(folder, { training: { steps: 5 } });
    const path = run.checkpointPath("best");
    const { tensors, metadata } = decodeSafetensors(await Deno.readFile(path));
    for (const { dtype, data } of tensors.values()) if (dtype === "F32") data.fill(NaN);
    await Deno.writeFile(path, encodeSafetensors(tensors, metadata));
    const { code, output, errors } = await runCommand(`predict ${run.path} --input 12`);
    assertEquals([code, output, errors], [
      1,
      "",
      `Cannot predict with ${path}: the model's answers are not finite numbers\n`,
    ]);
  });
});

/** Runs a command whose standard input somebody types. */
async function typing(words: string, lines: readonly string[]) {
  let [output, errors] = ["", ""];
  const terminal: CommandContext["terminal"] = {
    ...SILENT_TERMINAL,
    write: (text) => output += text,
    writeError: (text) => errors += text,
    isInputTerminal: true,
    lines: async function* () {
      yield* await Promise.resolve(lines);
    },
  };
  const { code } = await runCommand(words, { terminal });
  return { code, output, errors };
}

Deno.test("predict: answers all lines that it can read, and ends with 1 if there were others", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(folder, { training: { steps: 5 } });
    const piped = await runCommand(`predict ${path}`, {}, "41\nabc\n\n99\n");
    assertEquals([piped.code, piped.output.trim().split("\n").length], [1, 2]);
    assertMatch(
      piped.errors,
      /^Cannot read "abc" as a number .*\nCannot predict 1 of 3 lines: they are told of above\n$/,
    );
    const typed = await typing(`predict ${path}`, ["41", "", "99"]);
    assertEquals([typed.code, typed.errors], [0, "> > > > \n"]);
    assertEquals(typed.output, piped.output);
  });
});

Deno.test("predict --json: gives the answer and all candidates as data", async () => {
  await inFolder(async (folder) => {
    const train = "train --model gru --hidden 4 --task char --steps 3 --device cpu --quiet";
    assertEquals((await runCommand(`${train} --out ${folder}`)).code, 0);
    const { output } = await runCommand(`predict last --runs ${folder} --input 14 --json`);
    const { input, answer, candidates, lines } = JSON.parse(output);
    assertEquals([input, answer, lines.at(-1).slice(0, 27)], [
      "14",
      candidates[0].text,
      "likeliest after each charac",
    ]);
    assertAlmostEquals(
      candidates.reduce((sum: number, one: { probability: number }) => sum + one.probability, 0),
      1,
      1e-9,
    );
    assert(candidates.every(({ text }: { text: string }) => [...text].length === 1));
  });
});

Deno.test("predict --each: says what may come after each character, with all chances as data", async () => {
  await inFolder(async (folder) => {
    const train = "train --model gru --hidden 4 --task char --steps 3 --device cpu --quiet";
    assertEquals((await runCommand(`${train} --out ${folder}`)).code, 0);
    const predict = `predict last --runs ${folder} --input 1428`;
    const { output } = await runCommand(`${predict} --each`);
    assertEquals(output.split("\n").slice(1, 5).map((line) => line.slice(0, 3)), [
      '"1"',
      '"4"',
      '"2"',
      '"8"',
    ]);
    const { at_each } = JSON.parse((await runCommand(`${predict} --each --json`)).output);
    assertEquals(at_each.map(({ after }: { after: string }) => after), ["1", "4", "2", "8"]);
    for (const { candidates } of at_each) {
      assertEquals(candidates.length, 6);
      const sum = candidates.reduce(
        (sum: number, one: { probability: number }) => sum + one.probability,
        0,
      );
      assertAlmostEquals(sum, 1, 1e-9);
    }
    const { candidates } = JSON.parse((await runCommand(`${predict} --json`)).output);
    assertEquals(at_each.at(-1).candidates, candidates);
    const { path } = await trainSmall(`${folder}/counting`, { training: { steps: 5 } });
    const { code, errors } = await runCommand(`predict ${path} --input 98 --each`);
    assertEquals(code, 1);
    assertMatch(errors, /^Cannot predict after each character/);
  });
});

Deno.test("sample: begins with the prompt, goes on from lines, and ends when nobody reads it", async () => {
  await inFolder(async (folder) => {
    const train = "train --model gru --hidden 4 --task char --steps 3 --device cpu --quiet";
    assertEquals((await runCommand(`${train} --out ${folder}`)).code, 0);
    const sample = `sample last --runs ${folder} --length 7`;
    const alone = await runCommand(`${sample} --prompt 14`);
    assertMatch(alone.output, /^14[^]{7}\n$/);
    const json = JSON.parse((await runCommand(`${sample} --prompt 14 --json`)).output);
    assertEquals(`14${json.text}\n`, alone.output);
    const lines = await typing(`${sample} --prompt -`, ["14", "x", "14"]);
    assertEquals([lines.code, lines.output], [1, alone.output.repeat(2)]);
    // Counting says lines of its own after the prompt.
    const { path } = await trainSmall(`${folder}/counting`, { training: { steps: 5 } });
    const counted = await runCommand(`sample ${path} --prompt 98 --length 2`);
    assertEquals(counted.output.split("\n").length, 3);
    let written = "";
    const { code } = await runCommand(`${sample}000000000`, {
      terminal: {
        ...SILENT_TERMINAL,
        write: (text) => written += text,
        isClosed: () => written.length >= 3,
      },
    });
    assertEquals([code, written.length], [0, 3]);
  });
});
