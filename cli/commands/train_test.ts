import { assert, assertEquals, assertMatch } from "@std/assert";
import { openRun } from "@unroll/core/runs";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { gatherReport } from "../reporting/write_report.ts";
import { reportHtml } from "../reporting/report_html.ts";
import { inFolder, onlyRun, trainSmall } from "../test_support/small_runs.ts";
import { runCommand } from "../test_support/run_command.ts";

/** The default that help says of a flag. */
function defaultIn(help: string, flag: string): string | undefined {
  // Long lines are broken.
  return new RegExp(`--${flag} [^\\n]*default\\s+([^)]*)\\)`).exec(help)?.[1];
}

Deno.test("train --help says the defaults that hold for this model and task", async () => {
  const help = async (words: string) => (await runCommand(`train ${words} --help`)).output;
  const fizzbuzz = await help("--model rnn --task fizzbuzz");
  const flags = ["steps", "optimizer", "lr", "schedule", "clip-norm", "l2", "validate-every"];
  assertEquals(flags.map((flag) => defaultIn(fizzbuzz, flag)), [
    "3000",
    "adam",
    "0.005",
    "cosine",
    "1",
    "0.0001",
    "250",
  ]);
  assertEquals(defaultIn(await help("--model rnn --task xor"), "stop-at"), "error=0,loss=0.001");
  const text = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(text, "abcdefgh ".repeat(400));
    // The rate depends on an option of the model.
    const char = (hidden: number) =>
      help(`--model gru --task char --no-shuffle --corpus ${text} --hidden ${hidden}`);
    const [small, large] = [await char(64), await char(128)];
    assertEquals(defaultIn(small, "lr"), "0.01");
    assert(Number(defaultIn(large, "lr")) < 0.01, large);
  } finally {
    await Deno.remove(text);
  }
  // Without its text nothing is known, and help comes all the same.
  const unknown = await help("--model gru --task char --corpus not/there.txt");
  assertMatch(unknown, /--lr /);
  assertEquals(defaultIn(unknown, "lr"), undefined);
});

Deno.test("--help says the defaults that hold for an optimizer, a run, a search and a sweep", async () => {
  await inFolder(async (folder) => {
    const run = (words: string) => runCommand(`train ${words} --steps 2 --out ${folder} --quiet`);
    await run("--model rnn --task counting --digits 5 --lr 0.25 --seed 7 --name five --device cpu");
    const defaults = async (words: string, ...flags: readonly string[]) => {
      const { output } = await runCommand(`${words} --help`);
      return flags.map((flag) => defaultIn(output, flag));
    };
    const pair = "--model rnn --task fizzbuzz";
    const moments = ["momentum", "beta1", "epsilon"];
    assertEquals(await defaults(`train ${pair}`, ...moments), [undefined, "0.9", "1e-8"]);
    assertEquals(await defaults(`train ${pair} --optimizer sgd`, "optimizer", ...moments), [
      "sgd",
      "0",
      undefined,
      undefined,
    ]);
    // What is not typed stays as it was trained.
    assertEquals(await defaults(`eval ${folder}/five`, "digits", "base"), ["5", "10"]);
    assertEquals(
      await defaults(`train --resume ${folder}/five`, "steps", "lr", "device"),
      ["2", "0.25", "cpu"],
    );
    assertEquals(await defaults(`lr-find ${pair}`, "steps", "optimizer"), ["100", "adam"]);
    assertEquals(await defaults(`sweep ${pair}`, "steps", "hidden", "clip-norm"), [
      "3000",
      "16",
      "1",
    ]);
    // The rnn has 16 hidden units, the gru 64.
    assertEquals(await defaults("sweep --model rnn,gru --task fizzbuzz", "hidden", "layers"), [
      undefined,
      "1",
    ]);
  });
});

Deno.test("train --resume says of options of the model that they cannot change", async () => {
  const { code, errors } = await runCommand("train --resume last --hidden 99");
  assertEquals(code, 2);
  assertMatch(errors, /"--hidden": with --resume a run keeps its model and task/);
});

Deno.test("train --resume refuses any task, also one with options of the names of the run's", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(folder, { training: { steps: 2 } });
    for (const task of ["xor", "fizzbuzz", "counting", "char"]) {
      const { code, errors } = await runCommand(`train --resume ${path} --task ${task}`);
      assertEquals([code, errors], [2, "Cannot use --task with --resume: a run keeps its own\n"]);
      const help = await runCommand(`train --resume ${path} --task ${task} --help`);
      assertEquals([help.code, help.errors], [0, ""]);
      assertMatch(help.output, /Continue a run: counting by rnn\./);
    }
  });
});

Deno.test("train --resume says that there is no such run, also in help", async () => {
  await inFolder(async (folder) => {
    for (const line of ["train --resume", "eval"]) {
      const { code, errors } = await runCommand(`${line} ${folder}/nope --help`);
      assertEquals([code, errors.replace(/:.*/, "")], [2, `Cannot find run "${folder}/nope"\n`]);
    }
    assertEquals((await runCommand("train --resume --help")).code, 0);
  });
});

Deno.test("train --resume lists in help what may change, and nothing that it refuses", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(folder, { training: { steps: 2 } });
    const { output } = await runCommand(`train --resume ${path} --help`);
    const listed = new Set([...output.matchAll(/^ +--([\w-]+)/gm)].map(([, flag]) => flag));
    const refused = ["model", "task", "seed", "from", "out", "name", "optimizer", "digits"];
    assertEquals(refused.filter((flag) => listed.has(flag)), []);
    const free = ["steps", "lr", "device", "stop-at", "until", "resume", "trust", "json"];
    assertEquals(free.filter((flag) => !listed.has(flag)), []);
  });
});

Deno.test("train draws at least 100 points of the training loss of FizzBuzz", async () => {
  await inFolder(async (folder) => {
    const { errors, output } = await runCommand(
      `train --model rnn --task fizzbuzz --device cpu --out ${folder}`,
    );
    assert(!errors.includes("MFLOP"), errors);
    assertMatch(output, /3,000 steps in .* on cpu \(.*\): validation loss .*, error 0 %\n/);
    const run = await openRun((await onlyRun(folder)).path);
    const points = (await run.readMetrics()).filter(({ event }) => event === "progress");
    assert(points.length >= 200, `${points.length} points`);
    const html = reportHtml([await gatherReport(run, { models: MODELS, tasks: TASKS })]);
    // The training line: a path, each of whose points is a corner.
    const chart = /<div class="card" id="loss">(.*?)<\/svg>/s.exec(html)?.[1] ?? "";
    const lines = [...chart.matchAll(/ d="(M[^"]*)"/g)]
      .map(([, path]) => (path.match(/[ML]/g) ?? []).length);
    assert(Math.max(...lines) >= 100, lines.join());
  });
});

Deno.test("train --stop-at none switches the rule of the task off, and a run that goes on keeps it", async () => {
  await inFolder(async (folder) => {
    const train = `train --model rnn --task xor --device cpu --out ${folder} --steps 300`;
    const { output } = await runCommand(`${train} --stop-at none --patience 7 --quiet`);
    assertMatch(output, /^300 steps in/);
    const { path, config } = await onlyRun(folder);
    assertEquals([config.training.stopAtError, config.training.patience], [-1, 7]);
    const more = await runCommand(`train --resume ${path} --steps 400 --quiet`);
    assertMatch(more.output, /^400 steps in/);
    const stopped = await runCommand(`train --resume ${path} --steps 900 --stop-at loss=9 --quiet`);
    assertMatch(stopped.output, /^Stopped at step 500 of 900: .*, as --stop-at loss=9 asks$/m);
  });
});
