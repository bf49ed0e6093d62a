import { assertEquals, assertStrictEquals } from "@std/assert";
import { permissionSet } from "../permissions.ts";
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
