import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";
import { SILENT_TERMINAL } from "../test_support/silent_terminal.ts";

/** Runs a command where a variable names a device. */
async function runWith(device: string, line: string): Promise<readonly [number, string]> {
  let errors = "";
  const { code } = await runCommand(line, {
    self: () => ["false"],
    terminal: {
      ...SILENT_TERMINAL,
      writeError: (text) => errors += text,
      variable: (name) => name === "UNROLL_BACKEND" ? device : undefined,
    },
  });
  return [code, errors];
}

Deno.test("checkDevice() and checkResumable() refuse native code that is not permitted, and say how it would be", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(`${folder}/runs`, { training: { steps: 5 } });
    const config = `${path}/config.json`;
    const text = await Deno.readTextFile(config);
    await Deno.writeTextFile(config, text.replace(/"device": ?"cpu"/, '"device": "native"'));
    const permit = "it is not permitted, permit it with deno task native";
    // What has no run to keep its device goes on with another.
    assertEquals(await runWith("native", `eval ${path} --device cpu`), [0, ""]);
    assertEquals(await runWith("", `eval ${path}`), [0, ""]);
    // Tests may start all that there is, and call nothing.
    assertEquals(
      await runWith("", `eval ${path} --device native`),
      [1, `Cannot open native: ${permit} …\n`],
    );
    assertEquals(await runWith("", `train --resume ${path} --steps 6 --quiet`), [
      1,
      `Cannot go on with ${path} on native: ${permit} train …, or go on with --device cpu, which rounds otherwise\n`,
    ]);
    assertEquals(
      await runWith("", `train --resume ${path} --steps 6 --device cpu --quiet`),
      [0, ""],
    );
    assertStringIncludes(await Deno.readTextFile(config), '"cpu"');
  });
});

Deno.test("checkResumable() says that a run stays on its device where the variable names another", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(`${folder}/runs`, { training: { steps: 5 } });
    const resume = `train --resume ${path} --quiet --steps`;
    assertEquals(await runWith("native", `${resume} 6`), [
      0,
      "Going on with cpu, as the run began, not with native, which rounds otherwise: --device native changes it\n",
    ]);
    assertEquals(await runWith("cpu", `${resume} 7`), [0, ""]);
    assertEquals(await runWith("native", `${resume} 8 --device cpu`), [0, ""]);
    assertEquals(await runWith("", `${resume} 9`), [0, ""]);
  });
});

Deno.test("checkDevice() refuses a variable that names no device, as a mistake in typing", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(`${folder}/runs`, { training: { steps: 5 } });
    const pair = "--model rnn --hidden 2 --task xor --steps 1";
    const sentence =
      "Cannot use UNROLL_BACKEND=foo: one of cpu, native, webgpu, reference is needed\n";
    for (
      const line of [
        `train ${pair} --out ${folder}/out --quiet`,
        `sweep ${pair} --seeds 0 --out ${folder}/sweep`,
        `eval ${path}`,
        `train --resume ${path} --steps 6 --device auto --quiet`,
      ]
    ) assertEquals(await runWith("foo", line), [2, sentence], line);
    // A device that is typed leaves the variable aside, and one that is known is no mistake.
    assertEquals(await runWith("foo", `eval ${path} --device cpu`), [0, ""]);
    assertEquals(await runWith("cpu", `eval ${path}`), [0, ""]);
  });
});
