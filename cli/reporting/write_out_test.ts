import { assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { fromFileUrl } from "@std/path/from-file-url";
import { inFolder } from "../test_support/small_runs.ts";
import { UsageError } from "../errors.ts";
import { writeOut } from "./write_out.ts";

Deno.test("writeOut() leaves the old file where it is killed while it writes the new one", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/report.html`;
    await Deno.writeTextFile(path, "old");
    // The system kills what writes files of more than 16 MiB.
    const code = `import { writeOut } from ${JSON.stringify(import.meta.resolve("./write_out.ts"))};
      await writeOut(${JSON.stringify(path)}, "new".repeat(1e7));`;
    const script = `${folder}/write.ts`;
    await Deno.writeTextFile(script, code);
    const { signal } = await new Deno.Command("bash", {
      args: [
        "-c",
        'ulimit -f 16384; exec "$0" run --quiet --no-check --no-prompt -A --config "$2" "$1"',
        Deno.execPath(),
        script,
        fromFileUrl(import.meta.resolve("../../deno.json")),
      ],
      // Its cache is long, too.
      env: { DENO_DIR: `${folder}/cache`, DENO_NO_UPDATE_CHECK: "1" },
    }).output();
    assertStrictEquals(signal, "SIGXFSZ");
    assertStrictEquals((await Deno.stat(`${folder}/.report.html.tmp`)).size, 2 ** 24);
    assertStrictEquals(await Deno.readTextFile(path), "old");
  });
});

Deno.test("writeOut() writes what a link leads to, and says why it cannot", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/target`, "old");
    await Deno.symlink(`${folder}/target`, `${folder}/link`);
    await writeOut(`${folder}/link`, "new");
    assertEquals((await Deno.lstat(`${folder}/link`)).isSymlink, true);
    assertStrictEquals(await Deno.readTextFile(`${folder}/target`), "new");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["link", "target"]);
    await assertRejects(() => writeOut(folder, "new"), RangeError, `Cannot write ${folder}: `);
  });
});

Deno.test("writeOut() needs no more than to write that file, and asks for no other", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/old`, "a longer text than the new one");
    const script = `${folder}/write.ts`;
    await Deno.writeTextFile(
      script,
      `import { writeOut } from ${JSON.stringify(import.meta.resolve("./write_out.ts"))};
      try {
        for (const name of Deno.args) await writeOut(name, "new");
      } catch (error) {
        console.log(error.message, error.cause?.message);
      }`,
    );
    const run = async (...flags: string[]) => {
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "--no-prompt", ...flags]
          .concat("--config", fromFileUrl(import.meta.resolve("../../deno.json")), script)
          .concat("old", "fresh"),
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
      return new TextDecoder().decode(stdout);
    };
    assertMatch(await run(), /^Cannot write old: .*write access to "old"/);
    assertStrictEquals(await run("--allow-write=old,fresh"), "");
    for (const name of ["old", "fresh"]) {
      assertStrictEquals(await Deno.readTextFile(`${folder}/${name}`), "new");
    }
  });
});

Deno.test("writeOut() writes over nothing that a run consists of", async () => {
  await inFolder(async (folder) => {
    const files = ["config.json", "metrics.jsonl", "best.safetensors", "last.safetensors"];
    for (const file of files) await Deno.writeTextFile(`${folder}/${file}`, "{}");
    for (const file of files) {
      await assertRejects(
        () => writeOut(`${folder}/${file}`, "other"),
        UsageError,
        `Cannot write ${folder}/${file}: the run in ${folder} consists of it`,
      );
      assertStrictEquals(await Deno.readTextFile(`${folder}/${file}`), "{}");
    }
    await writeOut(`${folder}/report.html`, "a report");
    await Deno.mkdir(`${folder}/other`);
    await writeOut(`${folder}/other/config.json`, "no run's");
  });
});
