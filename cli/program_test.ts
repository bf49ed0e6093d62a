import { assertEquals, assertStrictEquals } from "@std/assert";
import { programOf, VERSION } from "./program.ts";

const CLONE = "file:///home/me/unroll/cli/main.ts";
const JSR = "https://jsr.io/@unroll/cli/0.1.0/mod.ts";

function started(main: string, place: string, typed?: string): string {
  return programOf({ main, place, variable: (name) => name === "_" ? typed : undefined });
}

Deno.test("programOf() tells a clone, an installed program, a package and a program of one's own", () => {
  assertStrictEquals(started(CLONE, CLONE, "/usr/bin/deno"), "deno task");
  assertStrictEquals(started(CLONE, CLONE), "deno task");
  assertStrictEquals(started(CLONE, CLONE, "/home/me/.deno/bin/unroll"), "unroll");
  assertStrictEquals(started(JSR, JSR, "/home/me/.deno/bin/unroll"), "unroll");
  // By the package's name, beside a clone that it is linked to.
  assertStrictEquals(
    started("file:///home/me/unroll/cli/mod.ts", "file:///home/me/unroll/cli/program.ts"),
    "deno run … jsr:@unroll/cli",
  );
  assertStrictEquals(started("jsr:@unroll/cli", JSR), "deno run … jsr:@unroll/cli");
  assertStrictEquals(started(JSR, JSR, "/usr/bin/make"), "deno run … jsr:@unroll/cli");
  assertStrictEquals(started("file:///home/me/my_cli.ts", JSR), "deno run … my_cli.ts");
});

Deno.test("VERSION is that of all packages", async () => {
  const versions = await Promise.all(["core", "models", "tasks", "cli"].map(async (name) => {
    const file = new URL(`../${name}/deno.json`, import.meta.url);
    return JSON.parse(await Deno.readTextFile(file)).version;
  }));
  assertEquals(versions, versions.map(() => VERSION));
});
