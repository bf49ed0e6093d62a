/** The commands and what they may do: the sets of permissions in deno.json, and nothing at all. */
import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { TEXTS } from "@unroll/cli/recipes";
import config from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);

type Permissions = Readonly<Record<string, boolean | readonly string[]>>;
const SETS: Readonly<Record<string, Permissions>> = config.permissions;

/** Where the texts of recipes are. */
const TEXT_HOSTS = Object.values(TEXTS).map(({ address }) => new URL(address).host);

/** The set of each command, from the tasks. */
const COMMANDS = new Map(
  Object.values(config.tasks).flatMap(({ command }) => {
    const [, set, name] = /-P=(\w+) cli\/main\.ts ([\w-]+)$/.exec(command) ?? [];
    return name === undefined ? [] : [[name, set] as const];
  }),
);

Deno.test("no set of permissions in deno.json is without limits, but for what users name", () => {
  assertEquals(COMMANDS.size, 21);
  for (const [name, { read, ffi, ...limited }] of Object.entries(SETS)) {
    // Tests start browsers and shells, and write where the system has its temporary files.
    if (name === "develop") continue;
    for (const [kind, values] of Object.entries(limited)) {
      assert(Array.isArray(values) && values.length > 0, `${name}: ${kind} ${values}`);
      assert(!values.some((value: string) => /^[*/.]*$/.test(value)), `${name}: ${kind} ${values}`);
    }
    // A recipe may fetch its text from where it lies, and from nowhere else.
    const fetches = ["recipe", "blas", "native"].includes(name);
    const hosts = fetches ? ["127.0.0.1", ...TEXT_HOSTS].sort() : ["127.0.0.1"];
    assertEquals(limited.net ?? ["127.0.0.1"], hosts, name);
    // A person may name any run, text or module of theirs.
    assert(read === undefined || read === true || name === "doctor", name);
    // The libraries of a system have no one place.
    assertStrictEquals(ffi, name === "blas" ? true : undefined, name);
  }
  for (const [name, { env }] of Object.entries(SETS)) {
    // What opens a device keeps its driver quiet, too.
    const more = name === "list" ? [] : ["XDG_RUNTIME_DIR"];
    if (name !== "develop") assertEquals(env, [...SETS.list.env as string[], ...more], name);
  }
  for (const set of ["list", "look", "board"]) assertEquals(SETS[set].write, undefined);
  for (const set of ["list", "look", "board", "draw", "train", "recipe"]) {
    assertEquals([SETS[set].run, SETS[set].sys], [undefined, undefined], set);
  }
  // What a task permits beside its set: native code is kept, and called, in a folder of the user's own.
  const flags = Object.entries(config.tasks).flatMap(([name, { command }]) =>
    command.includes(" cli/main.ts")
      ? command.match(/--allow-[^\s"]+/g)?.map((flag) => [name, flag]) ?? []
      : []
  );
  assertEquals(flags, [
    ["native", "--allow-ffi=$HOME/.cache/unroll"],
    ["native", "--allow-write=runs,sweeps,$HOME/.cache/unroll"],
  ]);
  // Nothing that works with runs is ungoverned.
  const used = new Set(
    Object.values(config.tasks).flatMap(({ command }) => /-P=(\w+)/.exec(command)?.[1] ?? []),
  );
  assertEquals([...used].sort(), Object.keys(SETS).sort());
});

/** Makes an empty folder that has this repository's names and sets of permissions, which are relative to it. */
async function makeFolder(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const imports: Record<string, string> = {};
  for (const name of ["core", "models", "tasks", "cli"]) {
    const { exports } = JSON.parse(await Deno.readTextFile(new URL(`${name}/deno.json`, ROOT)));
    const entries = typeof exports === "string" ? { ".": exports } : exports;
    for (const [entry, path] of Object.entries<string>(entries)) {
      imports[`@unroll/${name}${entry.slice(1)}`] = new URL(`${name}/${path}`, ROOT).href;
    }
  }
  for (const [name, specifier] of Object.entries<string>(config.imports)) {
    imports[name] = specifier;
    if (!specifier.startsWith("jsr:")) continue;
    for (
      const entry of [
        "",
        "/basename",
        "/dirname",
        "/from-file-url",
        "/to-file-url",
        "/deadline",
      ]
    ) {
      try {
        const url = import.meta.resolve(`${name}${entry}`);
        if (url.startsWith(ROOT.href)) imports[`${name}${entry}`] = url;
      } catch {
        // This package has no such entry.
      }
    }
  }
  const { permissions } = config;
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports, permissions }));
  return folder;
}

/** A command with these permissions and no others. */
function command(folder: string, permissions: readonly string[], words: string): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", "--no-lock", ...permissions]
      .concat(
        "--config",
        `${folder}/deno.json`,
        new URL("cli/main.ts", ROOT).href,
        words.split(" "),
      ),
    cwd: folder,
    env: { NO_COLOR: "1", INIT_CWD: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(folder: string, permissions: readonly string[], words: string) {
  const { code, stdout, stderr } = await command(folder, permissions, words).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const all = text(stderr);
  // A driver of WebGPU prints this by itself, where the variable may not be set.
  const driver = /^error: XDG_RUNTIME_DIR .*\n/gm;
  const errors = permissions.length === 0 ? all.replace(driver, "") : all;
  return { code, output: text(stdout), errors };
}

Deno.test("[long] every command works with the permissions of its task, and says how to permit more", async () => {
  const folder = await makeFolder();
  try {
    await Deno.writeTextFile(`${folder}/text.txt`, "to be or not to be, ".repeat(50));
    const done = new Set<string>();
    const task = async (words: string) => {
      const name = words.split(" ")[0];
      done.add(name);
      return await run(folder, [`-P=${COMMANDS.get(name)}`], words);
    };
    const works = async (words: string, expected: RegExp) => {
      const { code, output, errors } = await task(words);
      // A network that is wrong is an answer of prove.
      assertStrictEquals(code, words.startsWith("prove") ? 3 : 0, `${words}: ${errors}`);
      assertMatch(output, expected);
      // What a driver of WebGPU says where there is no desktop reads as a failure.
      assertStrictEquals(/^error: /m.test(errors), false, `${words}: ${errors}`);
    };
    const refuses = async (words: string, sentence: RegExp) => {
      const { errors } = await task(words);
      assertMatch(errors, sentence);
      assertEquals(errors.trimEnd().split("\n").length, 1, errors);
    };
    const small = "--steps 3 --device cpu";
    await works(
      `train --model rnn --task char --corpus ${folder}/text.txt ${small}`,
      /Saved in runs/,
    );
    await works(`train --model rnn --task fizzbuzz ${small}`, /Saved in runs/);
    await works("train --resume last --steps 4", /4 steps/);
    await Promise.all([
      works("list", /fizzbuzz/),
      works("tour counting", /count-rnn/),
      works("summary --model rnn --task xor", /total/),
      works("runs", /fizzbuzz/),
      works("eval", /loss/),
      works("lr-find --model rnn --task xor --device cpu --out runs/rates.svg", /Drawn in runs/),
      works("limits --axis numbers", /(right|wrong) (through|from)/),
      works("prove last", /^(Proven|Refuted|Not certified): /m),
      works("sample last --length 3", /\w/),
      works("predict last --input 5", /\w/),
      works("inspect last --out runs/x.png", /x\.png/),
      works("report", /report\.html/),
      works("export --format safetensors", /weights\.safetensors/),
      works("lesson data --corpus sevenths", /6000/),
      works("completions bash", /unroll/),
      works("doctor", /Processor +(?!\w+ processor)/),
      works(`sweep --model rnn --task xor --seeds 0,1 ${small}`, /2\/2/),
      works(`recipe xor-linear --out runs/more ${small}`, /Saved in runs/),
    ]);
    // Those that are nothing but wrong have no certificate.
    await refuses("verify runs/none.json", /^Cannot read the certificate runs\/none\.json: /);
    const board = command(folder, [`-P=${COMMANDS.get("board")}`], "board").spawn();
    const said = board.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const [, url] = /at (http\S+) until/.exec((await said.read()).value ?? "") ?? [];
    const events = (await fetch(`${url}events`)).body!.getReader();
    assertMatch(new TextDecoder().decode((await events.read()).value), /fizzbuzz/);
    await events.cancel();
    board.kill("SIGINT");
    assertStrictEquals((await board.status).code, 0);
    await Promise.all([said.cancel(), board.stderr.cancel()]);
    done.add("board");
    assertEquals([...done].sort(), [...COMMANDS.keys()].sort());
    const elsewhere = await Deno.makeTempDir();
    await refuses(
      `train --model rnn --task xor --out ${elsewhere}/runs ${small}`,
      /^Cannot save the run in (.*): writing \1 is not permitted, permit it with deno run -P=train --allow-write=\1 cli\/main\.ts train …$/m,
    );
    await refuses(
      "inspect last --out x.svg",
      /^Cannot write x\.svg: writing x\.svg is not permitted, permit it with deno run -P=draw --allow-write=x\.svg cli\/main\.ts inspect …$/m,
    );
    await refuses(
      `sweep --model rnn --task xor --out ${elsewhere}/sweep ${small}`,
      /^Cannot sweep into .* permit it with deno run -P=sweep --allow-write=/,
    );
    await Deno.remove(elsewhere, { recursive: true });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("[long] without any permission every command works or says why in one sentence", async () => {
  const folder = await makeFolder();
  try {
    const commands: readonly (readonly [words: string, isFine: boolean])[] = [
      ["list", true],
      ["summary --model rnn --task xor", true],
      ["recipe", true],
      ["lesson derivatives", true],
      ["tour", true],
      ["completions bash", true],
      ["doctor", true],
      ["train --model rnn --task xor --device cpu", false],
      ["train --model ./mine.ts --task xor", false],
      ["train --model rnn --task char --corpus text.txt", false],
      ["train --resume last", false],
      ["recipe xor-linear", false],
      ["runs", false],
      ["eval", false],
      ["limits", false],
      ["prove", false],
      ["verify certificate.json", false],
      ["lr-find --model rnn --task xor --device cpu", true],
      ["eval runs/x", false],
      ["eval x.safetensors", false],
      ["sample", false],
      ["predict --input 1", false],
      ["inspect", false],
      ["report", false],
      ["board", false],
      ["export --format onnx", false],
      ["sweep --model rnn --task xor", false],
    ];
    assertEquals(
      new Set(commands.map(([words]) => words.split(" ")[0])),
      new Set(COMMANDS.keys()),
    );
    await Deno.writeTextFile(`${folder}/text.txt`, "to be or not to be, ".repeat(50));
    for (const [words, isFine] of commands) {
      const { code, errors } = await run(folder, [], words);
      assertStrictEquals(code === 0, isFine, `${words}: ${errors}`);
      if (isFine) assertStrictEquals(errors, "", words);
      else {assertMatch(
          errors,
          /^Cannot [^\n]* is not permitted, permit it with deno run -P=\w+ --allow-[^\n]*\n$/,
          words,
        );}
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
