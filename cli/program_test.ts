import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { programOf, VERSION } from "./program.ts";

const CLONE = "file:///home/me/unroll/cli/main.ts";
const JSR = "https://jsr.io/@unroll/cli/0.1.0/mod.ts";

const FILES = "file:///home/me/unroll/cli/program.ts";
const SERVED = "https://jsr.io/@unroll/cli/0.1.0/program.ts";

Deno.test("programOf() tells a clone, an installed program, a package and a program of one's own", () => {
  const cases: readonly (readonly [main: string, place: string, program: string])[] = [
    [CLONE, FILES, "deno task"],
    ["file:///home/me/unroll/cli/unroll.ts", FILES, "unroll"],
    ["jsr:@unroll/cli/unroll", SERVED, "unroll"],
    ["jsr:@unroll/cli@^0.1.0/unroll", SERVED, "unroll"],
    ["https://jsr.io/@unroll/cli/0.1.0/unroll.ts", SERVED, "unroll"],
    // Installed by any name, or run.
    ["jsr:@unroll/cli", SERVED, "deno run jsr:@unroll/cli"],
    ["jsr:@unroll/cli@0.1.0", SERVED, "deno run jsr:@unroll/cli@0.1.0"],
    [JSR, SERVED, "deno run jsr:@unroll/cli"],
    // By the package's name, beside a clone that it is linked to.
    ["file:///home/me/unroll/cli/mod.ts", FILES, "deno run jsr:@unroll/cli"],
    ["file:///home/me/my%20cli.ts", SERVED, "deno run '/home/me/my cli.ts'"],
    ["jsr:@me/cli", SERVED, "deno run jsr:@me/cli"],
  ];
  // Installed with `--name unroll`, where the shell says so, and started by hand from a script of that name's folder.
  for (const main of ["jsr:@unroll/cli", "jsr:@unroll/cli@0.1.0", JSR]) {
    const start = { main, place: SERVED };
    for (const shell of ["/home/me/.deno/bin/unroll", "unroll"]) {
      assertStrictEquals(programOf({ ...start, shell }), "unroll", main);
    }
    for (const shell of ["/usr/bin/deno", "/usr/bin/timeout", "", "/home/me/unroll/run.sh"]) {
      assertMatch(programOf({ ...start, shell }), /^deno run jsr:/, main);
    }
  }
  assertStrictEquals(programOf({ main: CLONE, place: FILES, shell: "/bin/unroll" }), "deno task");
  for (const [main, place, program] of cases) {
    assertStrictEquals(programOf({ main, place }), program, main);
  }
});

Deno.test("VERSION is that of all packages", async () => {
  const versions = await Promise.all(["core", "models", "tasks", "cli"].map(async (name) => {
    const file = new URL(`../${name}/deno.json`, import.meta.url);
    return JSON.parse(await Deno.readTextFile(file)).version;
  }));
  assertEquals(versions, versions.map(() => VERSION));
});
