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
