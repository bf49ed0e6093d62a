import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { inFolder } from "../test_support/small_runs.ts";
import { writeOut } from "./write_out.ts";

Deno.test("writeOut() leaves the old file where the new one cannot be written in full", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/report.html`;
    await Deno.writeTextFile(path, "old");
    // As a disk that is full: files of at most 64 KiB.
    const code = `import { writeOut } from ${JSON.stringify(import.meta.resolve("./write_out.ts"))};
      Deno.addSignalListener("SIGXFSZ", () => {});
      await writeOut(${JSON.stringify(path)}, "new".repeat(1e6));`;
    const script = `${folder}/write.ts`;
    await Deno.writeTextFile(script, code);
    const { success } = await new Deno.Command("bash", {
      args: [
        "-c",
        'ulimit -f 64; exec "$0" run --quiet --no-check --no-prompt -A "$1"',
        Deno.execPath(),
        script,
      ],
      stderr: "null",
      env: { DENO_NO_UPDATE_CHECK: "1" },
    }).output();
    assertStrictEquals(success, false);
    assertStrictEquals(await Deno.readTextFile(path), "old");
  });
});

Deno.test("writeOut() writes what a link leads to, and to what is no file", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/target`, "old");
    await Deno.symlink(`${folder}/target`, `${folder}/link`);
    await writeOut(`${folder}/link`, "new");
    assertEquals((await Deno.lstat(`${folder}/link`)).isSymlink, true);
    assertStrictEquals(await Deno.readTextFile(`${folder}/target`), "new");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["link", "target"]);
    await assertRejects(
      () => writeOut("/dev/full", "new"),
      RangeError,
      "Cannot write /dev/full: No space",
    );
  });
});
