import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { configToJson, openRun, type RunConfig, RunFolder } from "@unroll/core/runs";

import { inFolder, onlyRun } from "../test_support/small_runs.ts";
import { runCommand } from "../test_support/run_command.ts";

const TEXT = "The cat sat on the mat and looked at the garden. ".repeat(60);

/** Trains on a text for a moment, in a folder with more texts. */
async function withTextRun(act: (run: string, folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/text.txt`, TEXT);
    const { code, errors } = await runCommand(
      "train --model gru --hidden 4 --task char --batch 32 --steps 4 --device cpu --quiet " +
        `--corpus ${folder}/text.txt --out ${folder}/runs`,
    );
    assertStrictEquals(code, 0, errors);
    await act((await onlyRun(`${folder}/runs`)).path, folder);
  });
}

Deno.test("train and eval: a text that is not there is a mistake in typing", async () => {
  await withTextRun(async (run, folder) => {
    for (
      const line of [
        `train --model gru --task char --corpus ${folder}/none.txt --out ${folder}/out`,
        `eval ${run} --corpus ${folder}/none.txt`,
      ]
    ) {
      const { code, errors } = await runCommand(line);
      assertEquals([code, errors.split(";")[0]], [
        2,
        `Cannot read corpus "${folder}/none.txt": there is no such file`,
      ], line);
    }
  });
});

Deno.test("eval: measures a text that is too short to train on, and letters that are not measured", async () => {
  await withTextRun(async (run, folder) => {
    for (const [name, text] of [["short", TEXT.slice(0, 500)], ["letters", `XYZ. ${TEXT}`]]) {
      await Deno.writeTextFile(`${folder}/${name}.txt`, text);
      const { code, output, errors } = await runCommand(
        `eval ${run} --corpus ${folder}/${name}.txt`,
      );
      assertEquals([code, errors, output.split("\n")[2].split(" ")[0]], [0, "", "error"], name);
    }
  });
});

/** What uses a run, and whether it can do without the text. */
const USES: readonly (readonly [words: string, needsText: boolean])[] = [
  ["eval RUN", true],
  ["eval RUN --show", true],
  ["inspect RUN", true],
  ["inspect RUN --input the", false],
  ["sample RUN --length 3", false],
  ["predict RUN --input the", false],
  ["report RUN", false],
  ["train --resume RUN --steps MORE --quiet", true],
];

/** Does all that one does with a run, and returns what was said and written. */
async function useRun(run: string, sentence: RegExp | undefined): Promise<string> {
  let all = "";
  const more = Number((await openRun(run)).config.training.steps) + 1;
  for (const [words, needsText] of USES) {
    const line = words.replace("RUN", run).replace("MORE", String(more));
    const { code, output, errors } = await runCommand(line);
    const isRefused = needsText && sentence !== undefined;
    assertStrictEquals(code, isRefused ? 1 : 0, `${line}: ${errors}`);
    if (isRefused) assertMatch(errors, sentence, line);
    all += output + errors;
  }
  const report = await Deno.readTextFile(`${run}/report.html`);
  const [problem = ""] = /Cannot read corpus[^<]*/.exec(report) ?? [];
  assertStrictEquals(problem !== "", sentence !== undefined, problem);
  return all + report;
}

Deno.test("a run knows its text by its SHA-256, and no command uses another one for it", async () => {
  await withTextRun(async (run, folder) => {
    assertEquals((await openRun(run)).config.task.options.corpus, `${folder}/text.txt`);
    await useRun(run, undefined);
    // The same length and letters, and another text.
    await Deno.writeTextFile(`${folder}/text.txt`, TEXT.replace("The cat", "cat The"));
    await useRun(
      run,
      /is not the text of the run any more; to use it all the same name it with --corpus\n$/,
    );
    await Deno.remove(`${folder}/text.txt`);
    await useRun(run, /^Cannot read corpus "[^"]*text\.txt": there is no such file/);
  });
});

Deno.test("a run that moved together with its text works", async () => {
  await withTextRun(async (_, folder) => {
    await Deno.mkdir(`${folder}/moved`);
    await Deno.rename(`${folder}/runs`, `${folder}/moved/runs`);
    await Deno.rename(`${folder}/text.txt`, `${folder}/moved/text.txt`);
    // The current folder is the process's, which other tests share.
    const program = decodeURIComponent(new URL("../main.ts", import.meta.url).pathname);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--allow-all", program, "eval", "--show"],
      cwd: `${folder}/moved`,
    }).output();
    assertEquals([new TextDecoder().decode(stderr), code], ["", 0]);
  });
});

Deno.test("a text that a run names is not read for it, unless the run knows its size and SHA-256", async () => {
  await withTextRun(async (run, folder) => {
    // Letters that the model knows, so that nothing else is in the way.
    const secret = "the god that made the gate sang at the den on the moat ";
    const bytes = new TextEncoder().encode(secret.repeat(60));
    await Deno.writeFile(`${folder}/private.txt`, bytes);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    const forged = "0".repeat(64);
    const { config } = await openRun(run);
    const plant = async (kept: { readonly sha256?: string; readonly bytes?: number }) => {
      const { sha256: _, bytes: __, ...options } = config.task.options;
      const planted: RunConfig = {
        ...config,
        task: {
          ...config.task,
          options: {
            ...options,
            corpus: `${folder}/private.txt`,
            ...kept,
          },
        },
      };
      const target = new RunFolder(run, planted);
      await Deno.writeTextFile(`${run}/config.json`, JSON.stringify(configToJson(planted)));
      for (const name of ["best", "last"] as const) {
        await target.saveCheckpoint(name, {
          ...await target.readCheckpoint(name),
          config: planted,
        });
      }
    };
    for (
      const [kept, sentence] of [
        [{}, /a run that names a file is not a reason to read it/],
        [{ sha256: "unknown" }, /a run that names a file is not a reason to read it/],
        // Without the size it would have to be read.
        [{ sha256: forged }, /a run that names a file is not a reason to read it/],
        [{ sha256: forged, bytes: 60 * secret.length }, /is not the text of the run any more/],
      ] as const
    ) {
      await plant(kept);
      const said = await useRun(run, sentence);
      assertStrictEquals(said.includes(secret.slice(0, 12)), false, JSON.stringify(kept));
      // Nor is it told, in a report that is passed on, what would tell a short text.
      assertStrictEquals(said.includes(hash), false, JSON.stringify(kept));
    }
    // Who names it has it.
    const { code, errors } = await runCommand(`eval ${run} --corpus ${folder}/private.txt`);
    assertEquals([code, errors], [0, ""]);
  });
});

Deno.test("a run without a SHA-256 of its text, or of a text that changed, goes on with one that is named", async () => {
  await withTextRun(async (run, folder) => {
    const path = `${folder}/text.txt`;
    const { config } = await openRun(run);
    const { sha256, bytes: _, ...options } = config.task.options;
    const old = { ...config, task: { ...config.task, options } };
    const target = new RunFolder(run, old);
    await Deno.writeTextFile(`${run}/config.json`, JSON.stringify(configToJson(old)));
    for (const name of ["best", "last"] as const) {
      await target.saveCheckpoint(name, { ...await target.readCheckpoint(name), config: old });
    }
    const uses = [`eval ${run}`, `inspect ${run}`, `train --resume ${run} --quiet --steps`];
    for (const words of uses) {
      const { code, errors } = await runCommand(words.replace(/steps$/, "steps 6"));
      assertStrictEquals(code, 1);
      assertMatch(errors, /name it with --corpus\n$/);
    }
    for (const words of [...uses, `sample ${run} --length 3`]) {
      const line = `${words.replace(/steps$/, "steps 6")} --corpus ${path}`;
      const { code, errors } = await runCommand(line);
      assertEquals([code, errors], [0, ""], line);
    }
    // From now on it knows it.
    assertStrictEquals((await openRun(run)).config.task.options.sha256, sha256);
    assertStrictEquals((await runCommand(`train --resume ${run} --quiet --steps 8`)).code, 0);

    await Deno.writeTextFile(path, TEXT.replace("The cat", "cat The"));
    const changed = `train --resume ${run} --quiet --steps 9`;
    assertStrictEquals((await runCommand(changed)).code, 1);
    const { code, errors } = await runCommand(`${changed} --corpus ${path}`);
    assertStrictEquals(code, 0, errors);
    assertMatch(errors, /^Going on with another text: SHA-256 \w{64}, begun with \w{64}\n$/);
    assertStrictEquals((await runCommand(`train --resume ${run} --quiet --steps 10`)).code, 0);
    const other = await runCommand(`train --resume ${run} --steps 12 --length 5`);
    assertEquals([other.code, other.errors], [
      2,
      "Cannot use --length with --resume: a run keeps its own\n",
    ]);
  });
});

Deno.test("predict: says that there is nothing to ask", async () => {
  await withTextRun(async (run) => {
    const { code, output, errors } = await runCommand(["predict", run, "--input", ""], {}, "The\n");
    assertEquals([code, output, errors], [
      2,
      "",
      'Cannot use --input "": something is needed, found nothing\n',
    ]);
  });
});

Deno.test("eval, sample, predict and inspect: --corpus is taken also where no run is named, or after a flag", async () => {
  await withTextRun(async (run, folder) => {
    const corpus = ["--corpus", `${folder}/text.txt`, "--runs", `${folder}/runs`];
    for (
      const words of ["eval --json", "sample --length 3", "predict --input t", "inspect --json"]
    ) {
      for (const named of [[], [run]]) {
        const [command, ...flags] = words.split(" ");
        const line = [command, ...flags, ...named, ...corpus];
        const { code, errors } = await runCommand(line);
        assertEquals([code, errors], [0, ""], line.join(" "));
      }
    }
  });
});

Deno.test("report: --corpus is read for the runs that learned a text, and does not trouble others", async () => {
  await withTextRun(async (run, folder) => {
    await Deno.rename(`${folder}/text.txt`, `${folder}/moved.txt`);
    const pageOf = async (words: string) => {
      const { code, errors } = await runCommand(words);
      assertEquals([code, errors], [0, ""], words);
      return await Deno.readTextFile(`${run}/report.html`);
    };
    const out = `--out ${run}/report.html`;
    const corpus = `--corpus ${folder}/moved.txt`;
    assertMatch(await pageOf(`report ${run} ${out}`), /Cannot read corpus/);
    assertStrictEquals(/Cannot /.test(await pageOf(`report ${run} ${out} ${corpus}`)), false);
    const other = await runCommand(
      `train --model rnn --hidden 2 --task xor --steps 2 --device cpu --quiet --out ${folder}/other`,
    );
    assertStrictEquals(other.code, 0, other.errors);
    const { path } = await onlyRun(`${folder}/other`);
    assertStrictEquals(/Cannot /.test(await pageOf(`report ${path} ${out} ${corpus}`)), false);
  });
});
