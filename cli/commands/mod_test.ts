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
