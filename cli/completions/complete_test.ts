import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../commands/mod.ts";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder } from "../test_support/small_runs.ts";
import { SCRIPTS, SHELLS } from "./scripts.ts";

/** The words that may come next; the last of those typed is not finished. */
async function next(...words: readonly string[]): Promise<string[]> {
  const { code, output, errors } = await runCommand(["completions", "complete", ...words]);
  assertEquals([code, errors], [0, ""]);
  return output.split("\n").slice(0, -1).map((line) => line.split("\t")[0]);
}

Deno.test("complete() knows commands, recipes and the options of the model and task that were typed", async () => {
  assertEquals(await next(""), [...COMMANDS.map(({ name }) => name), "--help", "--version"]);
  assertEquals(await next("lim"), ["limits"]);
  assertEquals(await next("recipe", "theano"), ["theano-fizzbuzz"]);
  assertEquals(await next("recipe", "theano-fizzbuzz", "--epo"), ["--epochs"]);
  assertEquals(await next("train", "--hid"), []);
  const pair = ["--model", "gru", "--task", "counting"];
  assertEquals(await next("train", ...pair, "--hid"), ["--hidden"]);
  assertEquals(await next("train", ...pair, "--test"), ["--test-digits"]);
  assertEquals(await next("sweep", ...pair, "--hid"), ["--hidden"]);
  assertEquals(await next("train", "--model", "nothing", "--see"), ["--seed"]);
  assertEquals(await next("nothing", "--h"), []);
});

Deno.test("complete() knows all choices, also behind an equals sign", async () => {
  const models = ["mlp", "rnn", "gru", "lstm", "attention", "stack-rnn"];
  assertEquals(await next("train", "--model", ""), models);
  assertEquals(await next("train", "--optimizer", "ada"), ["adam", "adamw", "adagrad"]);
  assertEquals(await next("runs", "--sort", "t"), ["task", "time"]);
  assertEquals(await next("eval", "--checkpoint", ""), ["best", "last"]);
  assertEquals(await next("train", "--device=c"), ["cpu"]);
  // As bash splits it.
  assertEquals(await next("train", "--device", "=", "c"), ["cpu"]);
  const devices = ["auto", "cpu", "native", "webgpu", "reference"];
  assertEquals(await next("train", "--device", "="), devices);
  assertEquals(await next("train", "--model", "rnn", "--task", "fizzbuzz", "--encoding", "b"), [
    "binary",
  ]);
  assertEquals(await next("summary", "--recipe", "theano"), ["theano-fizzbuzz"]);
  // A file is the shell's to complete.
  assertEquals(await next("train", "--out", ""), []);
});

Deno.test("complete() knows the runs", async () => {
  await inFolder(async (folder) => {
    for (const name of ["one", "two", ".tuning"]) await Deno.mkdir(`${folder}/${name}`);
    const root = ["--runs", folder];
    assertEquals(await next("eval", ...root, ""), ["one", "two", "last"]);
    assertEquals(await next("report", ...root, "one", "t"), ["two"]);
    assertEquals(await next("train", ...root, "--resume", "o"), ["one"]);
    assertEquals(await next("limits", "--runs", `${folder}/none`, "x"), []);
  });
});

Deno.test("completions: prints the script of a shell, or says which there are", async () => {
  for (const shell of SHELLS) {
    assertEquals((await runCommand(`completions ${shell}`)).output, SCRIPTS[shell]);
  }
  const unknown = await runCommand("completions bsh");
  assertEquals([unknown.code, unknown.errors], [
    2,
    'Cannot find shell "bsh": did you mean "bash"? Known shells are bash, zsh, fish\n',
  ]);
  assertEquals((await runCommand("completions")).code, 2);
});

Deno.test({
  name: "completions: bash completes with the script",
  ignore: Deno.build.os === "windows",
  async fn() {
    await inFolder(async (folder) => {
      await writeProgram(folder);
      await Deno.mkdir(`${folder}/runs/my-run`, { recursive: true });
      await Deno.writeTextFile(`${folder}/completions.bash`, SCRIPTS.bash);
      const typed = [
        ["unroll", "ev"],
        ["unroll", "eval", "my"],
        ["unroll", "train", "--model", "lstm", "--hid"],
        ["unroll", "runs", "--sort", "=", "er"],
        ["unroll", "recipe", "joel"],
        ["unroll", "train", "--out", ""],
      ];
      const lines = typed.map((words) =>
        `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); ` +
        `COMP_CWORD=${words.length - 1}; _unroll; echo "\${COMPREPLY[*]}"`
      );
      const { success, stdout, stderr } = await new Deno.Command("bash", {
        args: ["-c", `source completions.bash\n${lines.join("\n")}`],
        cwd: folder,
        env: { PATH: `${folder}:${Deno.env.get("PATH")}` },
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert(success, text(stderr));
      assertEquals(text(stdout).split("\n"), [
        "eval",
        "my-run",
        "--hidden",
        "error",
        (await next("recipe", "joel")).join(" "),
        "",
        "",
      ]);
    });
  },
});

/** Writes what stands in place of the installed program. */
async function writeProgram(folder: string): Promise<void> {
  const main = new URL("../main.ts", import.meta.url).pathname;
  const program = `#!/bin/sh\nexec '${Deno.execPath()}' run --quiet --no-prompt --no-check ` +
    `--config '${new URL("../../deno.json", import.meta.url).pathname}' ` +
    `--allow-read --allow-env '${main}' "$@"\n`;
  await Deno.writeTextFile(`${folder}/unroll`, program, { mode: 0o755 });
}

/** Whether a program is here. */
function isHere(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test({
  name: "completions: fish completes with the script",
  ignore: !isHere("fish"),
  async fn() {
    await inFolder(async (folder) => {
      await writeProgram(folder);
      await Deno.writeTextFile(`${folder}/completions.fish`, SCRIPTS.fish);
      const typed = ["ev", "train --model lstm --hid", "train --model=r", "train --corpus comp"];
      const asked = typed.map((words) => `complete -C 'unroll ${words}'`);
      const { stdout } = await new Deno.Command("fish", {
        args: ["--no-config", "-c", ["source completions.fish", ...asked].join("\n")],
        cwd: folder,
        env: { PATH: `${folder}:${Deno.env.get("PATH")}` },
      }).output();
      const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
      const words = lines.map((line) => line.split("\t")[0]);
      assertEquals(words, ["eval", "--hidden", "--model=rnn", "completions.fish"]);
    });
  },
});
