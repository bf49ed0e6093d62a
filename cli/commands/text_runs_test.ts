import { assertEquals, assertStrictEquals } from "@std/assert";

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
      assertEquals([code, errors, output.split(" ")[0]], [0, "", "error"], name);
    }
  });
});

Deno.test("train --resume: says that a text has changed", async () => {
  await withTextRun(async (run, folder) => {
    await Deno.writeTextFile(`${folder}/text.txt`, TEXT.slice(0, 600));
    const { code, errors } = await runCommand(`train --resume ${run} --steps 30 --quiet`);
    assertEquals([code, errors], [
      1,
      "Cannot make batches of 32 × 32 characters: more than 1024 to train on are needed, found 540; " +
      `if a run was trained on ${folder}/text.txt, that has changed since\n`,
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
