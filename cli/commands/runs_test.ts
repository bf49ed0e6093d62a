import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openRun, readCheckpoint } from "@unroll/core/runs";
import { formatAge } from "../format.ts";
import { differingSettings, settingsText } from "../reporting/run_settings.ts";
import { runCommand } from "../test_support/run_command.ts";
import { assertSnakeKeys } from "../test_support/snake_keys.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";

Deno.test("formatAge() says how long ago something was", () => {
  const ages = [-5, 59, 60, 3599, 3600, 86_399, 86_400, 1e7].map(formatAge);
  assertEquals(ages, ["now", "now", "1 min", "59 min", "1 h", "23 h", "1 d", "115 d"]);
});

Deno.test("differingSettings() compares runs of one model and task", () => {
  const config = (hidden: number, task: string, learningRate?: number) => ({
    version: "0.0.1",
    model: { name: "rnn", options: { hidden, layers: 1 } },
    task: { name: task, options: {} },
    training: { steps: 10, ...(learningRate === undefined ? {} : { learningRate }) },
    seed: 0,
    device: "cpu",
  });
  const found = differingSettings([
    config(4, "xor", 0.1),
    config(8, "xor"),
    undefined,
    config(16, "counting"),
  ]);
  assertEquals(found, [{ hidden: 4, learningRate: 0.1 }, { hidden: 8 }, {}, {}]);
  // Of two kinds, such as a recipe and what was chosen by hand, none differs from others of its own.
  const kinds = [{ ...config(4, "xor"), recipe: "a" }, config(8, "xor")];
  assertEquals(differingSettings(kinds, ({ recipe = "" }) => recipe), [{}, {}]);
  assertEquals(found.map(settingsText), ["hidden 4, lr 0.1", "hidden 8", "", ""]);
  assertEquals(settingsText({ corpus: "/a/b/c/d/e/f/g/h/i/jjjjjjjjjjjj/k.txt" }).length, 31);
});

Deno.test("differingSettings() sees a setting that only some runs have", () => {
  const config = (training: Record<string, number>) => ({
    version: "0.0.1",
    model: { name: "rnn", options: {} },
    task: { name: "xor", options: {} },
    training,
    seed: 0,
    device: "cpu",
  });
  assertEquals(differingSettings([config({}), config({ clip: 1 })]), [{}, { clip: 1 }]);
});

Deno.test("train --name: calls the run's folder, its title and its checkpoints", async () => {
  await inFolder(async (folder) => {
    const pair = "--model rnn --hidden 2 --task xor --steps 3 --device cpu --quiet";
    const train = async (name: string) =>
      await runCommand([..."train ".concat(pair).split(" "), "--out", folder, "--name", name]);
    const { code, output, errors } = await train("My try: 1/2");
    assertEquals([code, errors], [0, ""]);
    assertStringIncludes(output, `${folder}/My_try_1_2\n`);
    assertStringIncludes((await train("My try: 1/2")).output, `${folder}/My_try_1_2-2\n`);
    const run = await openRun(`${folder}/My_try_1_2`);
    assertEquals(run.config.title, "My try: 1/2");
    assertEquals((await readCheckpoint(run.checkpointPath("best"))).config.title, "My try: 1/2");
    const listed = await runCommand(`runs --runs ${folder}`);
    assertMatch(listed.output, /^My_try_1_2 .*My try: 1\/2$/m);
    const report = await runCommand(`report My_try_1_2 --runs ${folder}`);
    const html = await Deno.readTextFile(report.output.trim());
    assertStringIncludes(html, "<h1>My try: 1/2: xor · rnn</h1>");
    const refused = await train("../..");
    assertEquals([refused.code, refused.errors], [
      1,
      `Cannot name a run "../..": letters or digits are needed, and not "last", which means the newest\n`,
    ]);
    const resumed = await runCommand(
      `train --resume ${folder}/My_try_1_2 --steps 5 --name other --quiet`,
    );
    assertEquals([resumed.code, resumed.errors], [
      2,
      "Cannot use --name with --resume: a run keeps its own\n",
    ]);
  });
});

Deno.test("runs and report: take the folder of a sweep, whose runs are further down", async () => {
  await inFolder(async (folder) => {
    for (const hidden of [2, 3]) {
      const { code, errors } = await runCommand(
        `train --model rnn --hidden ${hidden} --task xor --steps 40 --validate-every 10 ` +
          `--device cpu --quiet --out ${folder}/hidden-${hidden}`,
      );
      assertEquals(code, 0, errors);
    }
    await Deno.mkdir(`${folder}/empty`);
    const { output } = await runCommand(`runs ${folder}`);
    const lines = output.trim().split("\n").map((line) => line.split(/ {2,}/));
    assertEquals(lines.map(([name, state]) => [name, state]), [
      ["run", "state"],
      ["empty", "empty"],
      ["hidden-2", "done"],
      ["hidden-3", "done"],
    ]);
    assertEquals(lines.slice(2).map((cells) => cells.slice(-2)), [
      ["now", "hidden 2"],
      ["now", "hidden 3"],
    ]);
    const json = await runCommand(`runs ${folder} --state done --json`);
    assertSnakeKeys(json.output, "runs");
    const rows = json.output.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(rows.map(({ settings }) => settings), [{ hidden: 2 }, { hidden: 3 }]);
    assert(rows.every(({ best_step, updated }) => best_step % 10 === 0 && Date.parse(updated) > 0));
    const report = await runCommand(`report ${folder}/`);
    assertEquals([report.code, report.output], [0, `${folder}/report.html\n`]);
    assertStringIncludes(await Deno.readTextFile(`${folder}/report.html`), "2 runs");
  });
});

Deno.test("report: skips pages of its own among several names, as a shell makes of runs/*", async () => {
  await inFolder(async (folder) => {
    for (const seed of [3, 4]) {
      await trainSmall(`${folder}/${seed}`, { training: { steps: 2, seed } });
    }
    const report = async (more = "") => {
      const all = [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`).toSorted();
      const { code, errors, output } = await runCommand(
        `report ${all.join(" ")} --runs ${folder}${more} --json`,
      );
      assertEquals([code, errors], [0, ""]);
      const { path, runs } = JSON.parse(output);
      return [path, runs.length, all.length];
    };
    const compared = `${folder}/compared.html`;
    assertEquals(await report(), [`${folder}/report.html`, 2, 2]);
    assertEquals(await report(` --out ${compared}`), [compared, 2, 3]);
    assertEquals(await report(), [`${folder}/report.html`, 2, 4]);
    // Alone, one is refused, and so is what is no page.
    await Deno.writeTextFile(`${folder}/notes.txt`, "");
    for (const names of [compared, `${compared} ${folder}/notes.txt`]) {
      const { code, errors } = await runCommand(`report ${names}`);
      assertEquals(code, 2);
      assertMatch(errors, /it is not a file of weights, a run's folder or/);
    }
  });
});

Deno.test("board and runs: say of folders that are not there that they are not", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    for (
      const [name, reason] of [["none", "there is no such folder"], ["file", "it is no folder"]]
    ) {
      for (const [words, does] of [["board", "serve"], ["runs", "list"], ["runs --runs", "list"]]) {
        const { code, errors, output } = await runCommand(`${words} ${folder}/${name}`);
        assertEquals([code, errors, output], [
          2,
          `Cannot ${does} the runs in "${folder}/${name}": ${reason}\n`,
          "",
        ]);
      }
    }
  });
});
