import { assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { toFileUrl } from "@std/path/to-file-url";
import { runCommand } from "./test_support/run_command.ts";
import { inFolder, onlyRun } from "./test_support/small_runs.ts";
import { resolveTypedPaths } from "./typed_paths.ts";

Deno.test("resolveTypedPaths() takes paths from where they were typed", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/w.safetensors`, "");
    const base = toFileUrl(`${folder}/`);
    const of = (line: string) =>
      resolveTypedPaths(line.split(" "), base).join(" ").replaceAll(folder, "HERE");
    for (
      const [line, wanted] of [
        ["train --corpus ./b.txt --out=o", "train --corpus HERE/b.txt --out=HERE/o"],
        [
          "train --corpus sevenths --from w.safetensors",
          "train --corpus sevenths --from HERE/w.safetensors",
        ],
        ["sweep --corpus a,sevenths", "sweep --corpus HERE/a,sevenths"],
        ["eval none.safetensors --corpus -", "eval HERE/none.safetensors --corpus -"],
        ["eval --json w.safetensors", "eval --json HERE/w.safetensors"],
        ["predict last --input w.safetensors", "predict last --input w.safetensors"],
        ["eval cli", "eval cli"],
      ]
    ) assertStrictEquals(of(line), wanted);
  });
});

Deno.test("train and eval: files are read and written where somebody is, and told by their whole paths", async () => {
  await inFolder(async (folder) => {
    const here = { base: toFileUrl(`${folder}/`) };
    await Deno.writeTextFile(`${folder}/book.txt`, "The cat sat on the mat. ".repeat(60));
    const train =
      "train --model rnn --hidden 2 --task char --steps 2 --device cpu --quiet --out out";
    const { code, errors } = await runCommand(`${train} --corpus ./book.txt`, here);
    assertStrictEquals(code, 0, errors);
    const { path } = await onlyRun(`${folder}/out`);
    await Deno.copyFile(`${path}/last.safetensors`, `${folder}/w.safetensors`);
    const measured = await runCommand("eval w.safetensors", here);
    assertEquals([measured.code, measured.errors], [0, ""]);
    for (const words of ["eval no.safetensors", `${train} --from ./no.safetensors`]) {
      const { errors } = await runCommand(words, here);
      assertStringIncludes(errors, ` ${folder}/no.safetensors: `);
    }
  });
});

Deno.test("eval and train: what is not a file of weights is a mistake in typing", async () => {
  for (const words of ["eval deno.json", "train --model rnn --task xor --from README.md"]) {
    const { code, errors } = await runCommand(words);
    assertStrictEquals(code, 2);
    assertStringIncludes(errors, "it is not a file of weights");
  }
});

Deno.test("train: a number that is too great is told as it was typed, with the greatest", async () => {
  for (
    const [words, sentence] of [
      ["--steps 1e18", "--steps 1e18: a whole number from 1 to 9007199254740991 is needed"],
      ["--hidden 1e3000", "--hidden 1e3000: a whole number from 1 to 4096 is needed"],
    ]
  ) {
    const { code, errors } = await runCommand(`train --model rnn --task xor ${words}`);
    assertEquals([code, errors], [2, `Cannot use ${sentence}\n`]);
  }
});
