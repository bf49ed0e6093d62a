import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { openRun } from "@unroll/core/runs";
import { randomSource } from "@unroll/core/testing";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, onlyRun, trainSmall } from "../test_support/small_runs.ts";
import { assertSnakeKeys } from "../test_support/snake_keys.ts";
import { gridTrials, gridValues, trialArguments } from "./grid.ts";
import type { TrialResult } from "./trial.ts";
import { arrayScript } from "./run_trials.ts";
import { spreadOf } from "../spread.ts";
import { formatSweep, sweepRows } from "./table.ts";
import { createTally } from "./tally.ts";

/** What starts the program in another process, as a sweep does. */
const SELF = [
  Deno.execPath(),
  "run",
  "--quiet",
  "--no-check",
  "--allow-all",
  decodeURIComponent(new URL("../main.ts", import.meta.url).pathname),
];

Deno.test("gridValues() reads lists and ranges", () => {
  assertEquals(gridValues("--seeds", "0..3"), ["0", "1", "2", "3"]);
  assertEquals(gridValues("--hidden", "4,6..7,9"), ["4", "6", "7", "9"]);
  assertEquals(gridValues("--hidden", "50,20/100", true), ["50,20", "100"]);
  assertThrows(
    () => gridValues("--seeds", "3..1"),
    RangeError,
    "Cannot use --seeds 3..1: a range goes from low to high",
  );
  assertThrows(
    () => gridValues("--seeds", "1..x"),
    RangeError,
    "Cannot use --seeds 1..x: a range of whole numbers such as 0..19 is needed",
  );
  assertThrows(
    () => gridValues("--lr", "1,1"),
    RangeError,
    "Cannot use --lr 1,1: 1 is there twice",
  );
});

Deno.test("gridTrials() combines, and names trials by what varies", () => {
  const trials = gridTrials({
    model: ["rnn"],
    hidden: ["4", "5"],
    bias: ["false"],
    seed: ["0", "1"],
  });
  assertEquals(trials.map(({ name }) => name), [
    "hidden-4+seed-0",
    "hidden-4+seed-1",
    "hidden-5+seed-0",
    "hidden-5+seed-1",
  ]);
  assertEquals(trialArguments(trials[0]), [
    "--model",
    "rnn",
    "--hidden",
    "4",
    "--no-bias",
    "--seed",
    "0",
  ]);
});

Deno.test("gridTrials() gives no two trials one name, also where case does not count", () => {
  const names = (grid: Record<string, readonly string[]>) =>
    gridTrials(grid).map(({ name }) => name);
  assertEquals(names({ corpus: ["a/t.txt", "b/t.txt", "T.TXT"], seed: ["0", "1"] }), [
    "corpus-t.txt+seed-0",
    "corpus-t.txt+seed-1",
    "corpus-t.txt~2+seed-0",
    "corpus-t.txt~2+seed-1",
    "corpus-T.TXT~3+seed-0",
    "corpus-T.TXT~3+seed-1",
  ]);
  assertEquals(names({ lr: ["1e-3", "1E-3"] }), ["lr-1e-3", "lr-1E-3~2"]);
  const random = randomSource(1);
  const word = () =>
    Array.from({ length: 4 }, () => "aA/_ ~+-2."[Math.floor(10 * random())]).join("");
  for (let i = 0; i < 100; i++) {
    const words = () => [...new Set(Array.from({ length: 12 }, word))];
    const found = names({ corpus: words(), prompt: words() }).map((name) => name.toLowerCase());
    assertEquals(new Set(found).size, found.length);
    for (const name of found) assert(!name.includes("/"), name);
  }
});

Deno.test("sweepRows() brings seeds together", () => {
  const result = (hidden: string, seed: string, error?: number): TrialResult => ({
    trial: { values: { hidden, seed }, name: `${hidden}-${seed}` },
    state: error === undefined ? "failed" : "done",
    ...(error === undefined ? {} : { result: { error, loss: error * 2, seconds: 1, metrics: {} } }),
  });
  const results = [
    result("4", "0", 0.5),
    result("4", "1", 0),
    result("4", "2"),
    result("5", "0", 0),
    result("5", "1", 0),
    result("5", "2", 0),
  ];
  const rows = sweepRows(results);
  assertEquals(rows.map(({ done, failed, succeeded }) => [done, failed, succeeded]), [
    [2, 1, 1 / 3],
    [3, 0, 1],
  ]);
  assertEquals(rows[0].error, { mean: 0.25, deviation: Math.sqrt(0.125), min: 0, max: 0.5 });
  const [head, first, second, sentence] = formatSweep(rows, results).split("\n");
  assert(/^hidden +done +succeeded +error +loss +time$/.test(head), head);
  // The best comes first, whatever the order of the grid.
  assertMatch(first, /^ +5 +3\/3 +100 % .* best$/);
  assert(second.includes("2/3") && second.includes("33.3 %"), second);
  assert(second.includes("25.0 % ± 35.4 %"), second);
  // Of the losses 1, 0, 0, 0, 0 the mean is 0.2: 0.3 of the variance 0.8 lies between 0.5 and 0.
  assertMatch(
    sentence,
    /^What mattered: hidden explains 3[78] % of the variance of the final loss\.$/,
  );
  const narrow = formatSweep(rows, results, 40).trimEnd().split("\n").slice(3);
  assertStrictEquals(narrow.join(" "), sentence);
  assert(narrow.every((line) => line.length <= 40), narrow.join("\n"));
  assertStrictEquals(spreadOf([]), undefined);
});

Deno.test("formatSweep() has no column for what texts have none of", () => {
  const results = (error?: number) =>
    ["4", "5"].map((hidden): TrialResult => ({
      trial: { values: { hidden, seed: "0" }, name: hidden },
      state: "done",
      result: { error, loss: Number(hidden), seconds: 1, metrics: {} },
    }));
  const heads = (error?: number) =>
    formatSweep(sweepRows(results(error)), results(error)).split("\n")[0].trim().split(/ +/);
  assertEquals(heads(), ["hidden", "done", "loss", "time"]);
  assertEquals(heads(0.6), ["hidden", "done", "error", "loss", "time"]);
  assertEquals(heads(0), ["hidden", "done", "succeeded", "error", "loss", "time"]);
});

Deno.test("createTally() redraws one line with the time left, and tells of each failure", () => {
  for (const isTerminal of [true, false]) {
    let now = 0;
    let text = "";
    const writeError = (piece: string) => text += piece;
    const tally = createTally({
      total: 61,
      done: 1,
      jobs: 2,
      isTerminal,
      columns: () => 100,
      writeError,
      now: () => now,
    });
    for (let index = 0; index < 60; index++) {
      now += 100;
      const trial = { values: {}, name: `seed-${index}` };
      tally.add(
        index === 30
          ? { trial, state: "failed", problem: "Cannot go on" }
          : { trial, state: "done", result: { loss: 1 - index / 100, metrics: {} } },
      );
    }
    tally.stop();
    const lines = text.split("\n");
    assertStrictEquals(lines.filter((line) => line.includes("seed-30: Cannot go on")).length, 1);
    // Sixty runs of six seconds in all are few lines.
    assert(lines.length <= 6, text);
    // Thirty runs of a tenth of a second each are left after as many.
    assert(text.includes("31/61 runs") === isTerminal, text);
    if (isTerminal) assertMatch(text, /31\/61 runs.*3\.0 s left/);
    assert(text.includes("61/61 runs, best loss 0.4100 (seed-59), 1 failed"), text);
  }
});

Deno.test("arrayScript() runs each trial by its number, and is a script", async () => {
  const results: TrialResult[] = [
    { trial: { values: { model: "my model.ts", seed: "0" }, name: "seed-0" }, state: "new" },
    { trial: { values: { seed: "1" }, name: "seed-1" }, state: "unfinished", run: "s/seed-1/x" },
  ];
  const script = arrayScript(results, { folder: "s", self: ["deno", "run"], jobs: 4 });
  assert(script.includes("#SBATCH --array=0-1%4"));
  assert(
    script.includes(`deno run train --model 'my model.ts' --seed 0 --out ${Deno.cwd()}/s/seed-0`),
  );
  assert(script.includes("deno run train --resume s/seed-1/x"));
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, script);
  const { success } = await new Deno.Command("bash", { args: ["-n", file] }).output();
  await Deno.remove(file);
  assertStrictEquals(success, true);
});

const SWEEP = "sweep --model rnn --task counting --digits 2 --training 60 --validation 20 " +
  "--test-digits 0 --seeds 0..1 --hidden 3 --steps 5,10 --device cpu --success-error 1";

Deno.test("sweep: runs a grid in processes, goes on where it was, and tells of failures", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const context = { self: () => SELF };
    const args = `${SWEEP} --out ${folder} --jobs 2`;
    const first = await runCommand(args, context);
    assertStrictEquals(first.code, 0, first.errors);
    assertEquals(first.output.split("\n").map((line) => line.trim().split(/\s+/).slice(0, 3)), [
      ["steps", "done", "succeeded"],
      ["10", "2/2", "100"],
      ["5", "2/2", "100"],
      ["What", "mattered:", "steps"],
      ["See", "its", "curves:"],
      [""],
    ]);
    // Of one nothing is left but a note that it failed; the others are not run again.
    const trial = `${folder}/steps-10+seed-1`;
    await Deno.remove(trial, { recursive: true });
    await Deno.mkdir(trial);
    await Deno.writeTextFile(`${trial}/failure.txt`, "Cannot go on training\n");
    const broken = await runCommand(`${args} --json`, { self: () => ["false"] });
    assertStrictEquals(broken.code, 1);
    assertStrictEquals(
      broken.errors,
      "Cannot call the sweep complete: 1 of 4 runs failed, such as steps-10+seed-1: it ended with code 1\n",
    );
    const lines = broken.output.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines.map(({ event }) => event), [
      "trial",
      "trial",
      "trial",
      "trial",
      "row",
      "row",
    ]);
    assertSnakeKeys(broken.output, "sweep");
    assertEquals([lines[4].done, lines[5].done, lines[5].failed], [2, 1, 1]);
    const mended = await runCommand(args, context);
    assertStrictEquals(mended.code, 0, mended.errors);
    assert(mended.errors.includes("3 of them done before"), mended.errors);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("sweep: what cannot be trained is told before anything starts", async () => {
  await inFolder(async (folder) => {
    const self = () => {
      throw new Error("a process was started");
    };
    const cases: readonly (readonly [words: string, sentence: RegExp])[] = [
      ["--task char --corpus none.txt", /^Cannot read corpus "none\.txt": there is no such file/],
      [
        `--task char --corpus none.txt --alphabet abc --seeds 0,1`,
        /^Cannot read corpus "none\.txt": there is no such file/,
      ],
      ["--task xor --lr 0.1 --phases 5:0.1", /^Cannot use --lr with --phases/],
      ["--task fizzbuzz,xor --model rnn,mlp", /^Cannot train mlp on fizzbuzz: /],
    ];
    for (const [words, sentence] of cases) {
      const model = words.includes("--model") ? "" : "--model rnn ";
      const line = `sweep ${model}${words} --out ${folder}/out`;
      const { code, output, errors } = await runCommand(line, { self });
      assertEquals([code, output], [2, ""], errors);
      assertMatch(errors, sentence);
      await assertRejects(() => Deno.stat(`${folder}/out`), Deno.errors.NotFound);
    }
  });
});

Deno.test("sweep: shows no run that has other settings than those that are asked for", async () => {
  await inFolder(async (folder) => {
    const done = await trainSmall(`${folder}/done/only`, { training: { steps: 40 } });
    await trainSmall(`${folder}/stopped/only`, { training: { steps: 40 }, stopAt: 20 });
    const words = "sweep --model rnn --hidden 4 --task counting --digits 2 --test-digits 0 " +
      "--training 60 --validation 20 --seeds 3 --steps 40 --validate-every 20 " +
      "--schedule cosine --device cpu --success-error 1";
    // Nothing is left to run.
    const context = { self: () => ["false"] };
    for (const more of ["", " --lr 2e-2 --clip-norm 1.0"]) {
      const { code, output } = await runCommand(`${words}${more} --out ${folder}/done`, context);
      assertStrictEquals(code, 0);
      const { loss } = (await done.readMetrics()).at(-1)!;
      assert(output.includes(`${Number(loss).toPrecision(4)} ± 0`), output);
    }
    const cases: readonly (readonly [string, string, string])[] = [
      ["--hidden 4", "--hidden 8", "hidden 4 where 8"],
      ["--steps 40", "--steps 50", "steps 40 where 50"],
      ["--digits 2", "--digits 3", "digits 2 where 3"],
      ["--seeds 3", "--seeds 4", "seed 3 where 4"],
      ["--schedule cosine", "--schedule linear", "schedule cosine where linear"],
      ["--schedule", "--clip-norm 0 --schedule", "clipNorm 1 where 0"],
      ["--schedule", "--lr 0.5 --schedule", "learningRate 0.02 where 0.5"],
      ["--device cpu", "--device reference", "device cpu where reference"],
      ["--model rnn", "--model gru", "model rnn where gru"],
    ];
    for (const [from, to, difference] of cases) {
      for (const place of ["done", "stopped"]) {
        const line = `${words.replace(from, to)} --out ${folder}/${place}`;
        const { code, output, errors } = await runCommand(line, context);
        assertEquals([code, output, errors], [
          2,
          "",
          `Cannot sweep into ${folder}/${place}: the run in only has ${difference} is asked for; ` +
          "name another folder with --out\n",
        ]);
      }
    }
  });
});

Deno.test("sweep: goes on with the run of a worker that was killed", async () => {
  await inFolder(async (folder) => {
    const begun = await trainSmall(`${folder}/only`, { stopAt: 60 });
    const [first] = await begun.readMetrics();
    await Deno.writeTextFile(`${folder}/only/failure.txt`, "it ended with code 137\n");
    const { code, errors } = await runCommand(
      "sweep --model rnn --hidden 4 --task counting --digits 2 --test-digits 0 --training 60 " +
        "--validation 20 --seeds 3 --steps 200 --validate-every 20 --schedule cosine --device cpu " +
        `--out ${folder}`,
      { self: () => SELF },
    );
    assertStrictEquals(code, 0, errors);
    // It has the run's own first line, and there is no other run.
    const lines = await (await onlyRun(`${folder}/only`)).readMetrics();
    assertEquals([lines[0], lines.at(-1)?.event], [first, "done"]);
  });
});

Deno.test("sweep: leaves alone a run that another process trains", async () => {
  await inFolder(async (folder) => {
    const begun = await trainSmall(`${folder}/only`, { stopAt: 60 });
    const before = await begun.readMetrics();
    await begun.lock();
    const { code, errors } = await runCommand(
      "sweep --model rnn --hidden 4 --task counting --digits 2 --test-digits 0 --training 60 " +
        "--validation 20 --seeds 3 --steps 200 --validate-every 20 --schedule cosine --device cpu " +
        `--out ${folder}`,
      { self: () => SELF },
    );
    assertStrictEquals(code, 1);
    assertMatch(errors, new RegExp(`process ${Deno.pid} trains it since `));
    await begun.unlock();
    assertEquals(await begun.readMetrics(), before);
  });
});

Deno.test("sweep: keeps apart what is called the same", async () => {
  await inFolder(async (folder) => {
    for (const name of ["a", "b"]) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/t.txt`, `${name}xyz`.repeat(99));
    }
    const { code, output, errors } = await runCommand(
      `sweep --model rnn --hidden 2 --task char --length 8 --corpus ${folder}/a/t.txt,${folder}/b/t.txt ` +
        `--steps 5 --seeds 0 --json --device cpu --out ${folder}/out`,
      { self: () => SELF },
    );
    assertStrictEquals(code, 0, errors);
    const trials = output.trim().split("\n").map((line) => JSON.parse(line))
      .filter(({ event }) => event === "trial");
    for (const { run, values } of trials) {
      const { task } = (await openRun(run)).config;
      assertEquals(task.options.corpus, values.corpus);
    }
    assertStrictEquals(new Set(trials.map(({ run }) => run)).size, 2);
  });
});

Deno.test("sweep: checks every trial before any is run", async () => {
  const cases: Readonly<Record<string, string>> = {
    "sweep --model rnn": "Cannot sweep without --model and --task: one or more of each are needed",
    "sweep --model rnn --task fizzbuzz --hidden 4,0":
      "Cannot use --hidden 0: a whole number from 1 to 4096 is needed",
    "sweep --model rnn,gnu --task fizzbuzz":
      'Cannot find model "gnu": did you mean "gru"? Known models are mlp, rnn, gru, lstm, attention, ' +
      "stack-rnn",
    "sweep --model rnn --task fizzbuzz --engine moon":
      "Cannot use --engine moon: one of local, slurm is needed",
    "sweep --model rnn --task fizzbuzz --hiden 4":
      'Cannot find option "--hiden": did you mean "--hidden"? See sweep --model … --task … --help',
  };
  for (const [line, sentence] of Object.entries(cases)) {
    const { code, errors } = await runCommand(line);
    assertEquals([code, errors], [2, `${sentence}\n`], line);
  }
});

Deno.test("sweep: says in one sentence that a file is where its folder would be", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/notes.md`, "");
    for (const out of [`${folder}/notes.md`, `${folder}/notes.md/below`]) {
      const { code, errors } = await runCommand(`${SWEEP} --out ${out}`, { self: () => ["false"] });
      assertEquals([code, errors], [
        2,
        `Cannot sweep into ${out}: a folder is needed, found a file\n`,
      ]);
    }
  });
});

Deno.test("sweep: counts one run as one", async () => {
  await inFolder(async (folder) => {
    const one = SWEEP.replace("5,10", "5").replace("0..1", "0");
    const { errors } = await runCommand(`${one} --out ${folder}`, { self: () => ["false"] });
    assertStrictEquals(errors.split("\n")[0], `1 run in ${folder}`);
  });
});

Deno.test("a sweep's folder is a table of runs, and a report of all with what differs", async () => {
  await inFolder(async (folder) => {
    for (const [steps, seed] of [[20, 0], [20, 1], [40, 0], [40, 1]]) {
      await trainSmall(`${folder}/steps-${steps}+seed-${seed}`, { training: { steps, seed } });
    }
    await Deno.mkdir(`${folder}/broken`);
    await Deno.writeTextFile(`${folder}/broken/config.json`, "{");
    const table = await runCommand(`runs ${folder}`);
    assertEquals(table.output.trimEnd().split("\n").map((line) => line.split(/ +/).slice(0, 2)), [
      ["run", "state"],
      ["broken", "damaged"],
      ["steps-20+seed-0", "done"],
      ["steps-20+seed-1", "done"],
      ["steps-40+seed-0", "done"],
      ["steps-40+seed-1", "done"],
    ]);
    const { code, output, errors } = await runCommand(`report ${folder}/`);
    assertEquals([code, errors, output], [0, "", `${folder}/report.html\n`]);
    const html = await Deno.readTextFile(output.trim());
    assert(html.includes("<title>4 runs</title>"));
    for (const name of ["steps 20", "steps 40"]) assert(html.includes(`${name}</label>`), name);
    assert(html.includes("What mattered: "));
    assertStrictEquals((await runCommand(`report ${folder}/nothing`)).code, 2);
  });
});
