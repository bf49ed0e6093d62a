/** The command line as it is started: as a package, installed, without permissions, and by its examples. */
import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { stripVTControlCharacters } from "node:util";
import config from "./deno.json" with { type: "json" };
import { runCommand } from "./test_support/run_command.ts";

const REPOSITORY = new URL("../", import.meta.url);

/** Runs a program of this repository with nothing but what is said. */
async function start(
  program: string,
  args: readonly string[],
  options: Partial<Deno.CommandOptions> = {},
): Promise<{ readonly code: number; readonly output: string; readonly errors: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: REPOSITORY,
    stdin: "null",
    ...options,
    env: { NO_COLOR: "1", ...options.env },
  }).output();
  const text = (bytes: Uint8Array) => stripVTControlCharacters(new TextDecoder().decode(bytes));
  return { code, output: text(stdout), errors: text(stderr) };
}

async function commandNames(): Promise<string[]> {
  const { errors } = await runCommand("nothing");
  return errors.trim().replace(/^.*nown commands are /, "").split(", ");
}

Deno.test("the package itself is the program", async () => {
  const entry = new URL(config.exports["."], import.meta.url).pathname;
  const run = ["run", "--no-check", "--no-prompt", "--allow-read", "--allow-env", "--allow-sys"];
  const { code, output, errors } = await start(Deno.execPath(), [...run, entry, "list", "--json"]);
  assertStrictEquals(code, 0, errors);
  assert(JSON.parse(output).models.some(({ name }: { name: string }) => name === "rnn"), output);
});

Deno.test("[long] every command shows its help without any permission", async () => {
  const names = ["", ...await commandNames()];
  assert(names.includes("completions"), names.join());
  await Promise.all(names.map(async (name) => {
    const args = ["run", "--no-check", "--no-prompt", "cli/main.ts", ...name.split(" "), "--help"];
    const { code, output, errors } = await start(Deno.execPath(), args.filter(Boolean));
    assertEquals([code, errors], [0, ""], name);
    assertMatch(output, new RegExp(`Usage: +unroll ?${name}`));
  }));
});

Deno.test("the command of the README installs the program, which runs anywhere", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", import.meta.url));
  const [command] = /^deno install .*$/m.exec(readme) ?? [];
  assert(command !== undefined);
  const root = await Deno.makeTempDir();
  try {
    const [program, install, ...words] = command.replaceAll("'", "").split(" ");
    assertEquals([program, install], ["deno", "install"]);
    const made = await start(Deno.execPath(), [install, "--root", root, ...words]);
    assertStrictEquals(made.code, 0, made.errors);
    const path = `${Deno.execPath().replace(/[^/]*$/, "")}:${Deno.env.get("PATH")}`;
    const list = await start(`${root}/bin/unroll`, ["list"], { cwd: root, env: { PATH: path } });
    // Nor does Deno say at each start which of the programs that may be started are not there.
    assertEquals([list.code, list.errors], [0, ""]);
    assertMatch(list.output, /fizzbuzz/);
    // As a shell says that does not set `_`, or by another program, such as env.
    for (const env of [{ _: "" }, { _: "/usr/bin/env" }]) {
      const help = await start(`${root}/bin/unroll`, ["train", "--help"], {
        cwd: root,
        env: { PATH: path, ...env },
      });
      assertMatch(help.output, /: +unroll train --model rnn/);
    }
    const lesson = await start(`${root}/bin/unroll`, ["lesson", "linear"], {
      cwd: root,
      env: { PATH: path },
    });
    assertMatch(lesson.output, /\nNext: unroll recipe count-rnn\n$/);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("the examples of every help have only options that exist", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${root}/text.txt`, "to be or not to be ".repeat(200));
    const trained: Record<string, string> = {};
    for (const [task, model, options] of RUNS) {
      const { code, output, errors } = await runCommand(
        `train --model ${model} --task ${task} ${
          options.replace("TEXT", `${root}/text.txt`)
        } --hidden 3 --steps 2 --device cpu --json ` +
          `--out ${root}`,
      );
      assertStrictEquals(code, 0, errors);
      trained[`${task}-${model}`] = JSON.parse(output.trimEnd().split("\n").at(-1)!).run;
    }
    let count = 0;
    for (const command of [...await commandNames(), "recipe xor-linear"]) {
      const { output } = await runCommand(`${command} --help`);
      const examples = stripVTControlCharacters(output).matchAll(/: .*deno task (.*\S)/g);
      for (const [, example] of examples) {
        const words = example.match(/[^\s']*'[^']*'|\S+/g)!
          .map((word) => word.replace(/^runs\/[\d-]+-(\w+-\w+)-0$/, (_, pair) => trained[pair]));
        const help = await runCommand([...words, "--help"]);
        assertStrictEquals(help.code, 0, `${example}: ${help.errors}`);
        const known = stripVTControlCharacters(help.output).matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm);
        const names = Array.from(known, ([, name]) => name);
        for (const word of words.filter((word) => word.startsWith("--"))) {
          assert(names.includes(word.replace(/=.*/, "")), `${example}: there is no ${word}`);
        }
        count++;
      }
    }
    assert(count >= 20, `${count} examples`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

/** Runs that examples are about. */
const RUNS = [
  ["fizzbuzz", "rnn", "--last 100"],
  ["counting", "rnn", "--digits 2 --training 60 --validation 20 --test-digits 0"],
  ["char", "gru", "--corpus TEXT"],
] as const;
