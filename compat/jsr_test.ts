/** The switch between the real JSR packages and their stand-ins. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseSpecifier, standInFiles } from "./jsr.ts";

const REPOSITORY = new URL("../", import.meta.url);

/** Runs the switch in a small workspace of its own. */
async function settle(
  folder: string,
  env: Record<string, string>,
): Promise<{ readonly said: string; readonly members: string[] }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-config", "--no-prompt", "-RWE", "compat/jsr.ts"],
    cwd: folder,
    // Whatever the tests themselves run with.
    env: { NO_COLOR: "1", JSR_STANDINS: "", ...env },
  }).output();
  const said = new TextDecoder().decode(stderr);
  assertEquals(code, 0, said);
  try {
    const members = Array.from(Deno.readDirSync(`${folder}/.jsr`), ({ name }) => name);
    return { said, members: members.sort() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { said, members: [] };
    throw error;
  }
}

/** A workspace with the switch, the stand-ins and nothing else. */
function makeWorkspace(): string {
  const folder = Deno.makeTempDirSync();
  Deno.mkdirSync(`${folder}/compat`);
  for (const { name } of Deno.readDirSync(new URL("compat/", REPOSITORY))) {
    if (!name.endsWith(".ts") || name.endsWith("_test.ts")) continue;
    Deno.copyFileSync(new URL(`compat/${name}`, REPOSITORY), `${folder}/compat/${name}`);
  }
  const { imports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", REPOSITORY)));
  Deno.writeTextFileSync(
    `${folder}/deno.json`,
    JSON.stringify({ workspace: ["./.jsr/*"], imports, lock: false }),
  );
  return folder;
}

/** Empty cache, and a JSR that is not there: as on a machine out of its reach. */
function outOfReach(folder: string): Record<string, string> {
  return { DENO_DIR: `${folder}/cache`, JSR_URL: `file://${folder}/nowhere/` };
}

Deno.test("parseSpecifier() splits name and version", () => {
  assertEquals(parseSpecifier("jsr:@std/assert@^1.0.19"), {
    name: "@std/assert",
    version: "1.0.19",
  });
  assertThrows(
    () => parseSpecifier("npm:zod@^4.0.0"),
    RangeError,
    'Cannot parse "npm:zod@^4.0.0": wanted a specifier of the form jsr:@scope/name@^1.2.3',
  );
});

Deno.test("standInFiles() refuses a package without a stand-in", () => {
  assertThrows(
    () => standInFiles(["jsr:@std/yaml@^1.0.0"]),
    RangeError,
    "Cannot stand in for @std/yaml: wanted one of @std/assert, @std/async, @std/path, @cliffy/command",
  );
});

Deno.test("the switch lays out stand-ins where JSR is out of reach, and the workspace resolves", async () => {
  const folder = makeWorkspace();
  try {
    const first = await settle(folder, outOfReach(folder));
    assertEquals(first.members, ["cliffy_command", "std_assert", "std_async", "std_path"]);
    assertStringIncludes(first.said, "JSR is out of reach: using the stand-ins in compat/");

    Deno.writeTextFileSync(
      `${folder}/main.ts`,
      `import { assertEquals } from "@std/assert";
       import { Command } from "@cliffy/command";
       assertEquals(new Command() instanceof Command, true);
       console.log("resolved");`,
    );
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "main.ts"],
      cwd: folder,
      env: outOfReach(folder),
    }).output();
    assertEquals(new TextDecoder().decode(stdout), "resolved\n", new TextDecoder().decode(stderr));

    const second = await settle(folder, outOfReach(folder));
    assertEquals(second, { said: "", members: first.members }, "nothing to do the second time");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("the switch obeys JSR_STANDINS", async () => {
  const folder = makeWorkspace();
  try {
    const laid = await settle(folder, { JSR_STANDINS: "1" });
    assertEquals(laid.members, ["cliffy_command", "std_assert", "std_async", "std_path"]);
    const removed = await settle(folder, { ...outOfReach(folder), JSR_STANDINS: "0" });
    assertEquals(removed.members, []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("the switch mends what lies in .jsr/", async () => {
  const folder = makeWorkspace();
  try {
    await settle(folder, { JSR_STANDINS: "1" });
    const file = `${folder}/.jsr/std_assert/deno.json`;
    const wanted = Deno.readTextFileSync(file);
    Deno.writeTextFileSync(file, "{}");
    await settle(folder, { JSR_STANDINS: "1" });
    assertEquals(Deno.readTextFileSync(file), wanted);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("the switch removes the stand-ins where the real packages load", async () => {
  const folder = makeWorkspace();
  try {
    await settle(folder, { JSR_STANDINS: "1" });
    layRegistry(`${folder}/registry`);
    const settled = await settle(folder, {
      DENO_DIR: `${folder}/cache`,
      JSR_URL: `file://${folder}/registry/`,
    });
    assertEquals(settled, { said: "", members: [] });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("the switch asks for the real packages again after an hour", async () => {
  const folder = makeWorkspace();
  try {
    const { members } = await settle(folder, outOfReach(folder));
    layRegistry(`${folder}/registry`);
    const reached = { DENO_DIR: `${folder}/cache`, JSR_URL: `file://${folder}/registry/` };
    assertEquals(await settle(folder, reached), { said: "", members });
    const earlier = new Date(Date.now() - 3_700_000);
    Deno.utimeSync(`${folder}/.jsr`, earlier, earlier);
    assertEquals(await settle(folder, reached), { said: "", members: [] });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** A JSR in a folder, with empty packages of the names and versions that we want. */
function layRegistry(folder: string): void {
  const packages = {
    "@std/assert": { version: "1.0.19", exports: { ".": "./mod.ts" } },
    "@std/async": { version: "1.5.0", exports: { "./deadline": "./mod.ts" } },
    "@std/path": {
      version: "1.1.6",
      exports: {
        "./basename": "./mod.ts",
        "./dirname": "./mod.ts",
        "./from-file-url": "./mod.ts",
        "./to-file-url": "./mod.ts",
      },
    },
    "@cliffy/command": {
      version: "1.2.1",
      exports: { ".": "./mod.ts" },
    },
  };
  // sha256 of the empty text
  const checksum = "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  for (const [name, { version, exports }] of Object.entries(packages)) {
    Deno.mkdirSync(`${folder}/${name}/${version}`, { recursive: true });
    Deno.writeTextFileSync(`${folder}/${name}/${version}/mod.ts`, "");
    Deno.writeTextFileSync(
      `${folder}/${name}/meta.json`,
      JSON.stringify({ latest: version, versions: { [version]: {} } }),
    );
    Deno.writeTextFileSync(
      `${folder}/${name}/${version}_meta.json`,
      JSON.stringify({ exports, manifest: { "/mod.ts": { size: 0, checksum } } }),
    );
  }
}
