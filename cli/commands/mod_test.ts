import { assertEquals, assertStrictEquals } from "@std/assert";
import { permissionSet } from "../permissions.ts";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";
import { COMMANDS } from "./mod.ts";

Deno.test("every command of the README is one, and a task of deno task", async () => {
  const text = (path: string) => Deno.readTextFile(new URL(path, import.meta.url));
  const [, table] = /^\| command .*\n((?:\|.*\n)+)/m.exec(await text("../README.md")) ?? [];
  const listed = [...table.matchAll(/^\| `([a-z-]+)[^`]*` +\|/gm)].map(([, name]) => name);
  const names = COMMANDS.map(({ name }) => name);
  assertEquals(listed.toSorted(), names.toSorted());
  const { tasks } = JSON.parse(await text("../../deno.json"));
  for (const name of names) {
    assertStrictEquals(
      tasks[name]?.command,
      `deno run --quiet --no-prompt -P=${permissionSet(name)} cli/main.ts ${name}`,
    );
  }
});

Deno.test("the README has the set of permissions of every command", async () => {
  const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  const rows = readme.matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) +\| `([a-z]+)` +\| /gm);
  const told = [...rows].flatMap(([, names, set]) =>
    [...names.matchAll(/`([a-z-]+)`/g)].map(([, name]) => [name, set])
  );
  const names = COMMANDS.map(({ name }) => name);
  assertEquals(told.toSorted(), names.map((name) => [name, permissionSet(name)]).toSorted());
});

Deno.test("every command has examples, and prints for programs but for those of which people see what they do", async () => {
  const without: string[] = [];
  for (const { name } of COMMANDS) {
    const { code, output } = await runCommand([name, "--help"]);
    assertEquals([code, /^Examples:$/m.test(output)], [0, true], name);
    if (!/^ +--json /m.test(output)) without.push(name);
  }
  assertEquals(without, ["board", "completions"]);
});

Deno.test("report and export say in JSON which file they wrote", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(folder, { training: { steps: 5 } });
    const line = async (words: string) => JSON.parse((await runCommand(words)).output);
    assertEquals(await line(`report ${path} --json`), {
      event: "report",
      path: `${path}/report.html`,
      runs: [path],
    });
    const { loading, ...exported } = await line(`export ${path} --format pytorch --json`);
    assertEquals(exported, {
      event: "export",
      run: `${path}/best.safetensors`,
      format: "pytorch",
      path: `${path}/pytorch.safetensors`,
    });
    assertStrictEquals(loading.includes("load_file"), true, loading);
  });
});
