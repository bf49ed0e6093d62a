/** What of somebody else's reaches a terminal or a shell. */
import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { terminalText } from "./format.ts";
import { runCommand } from "./test_support/run_command.ts";
import { inFolder } from "./test_support/small_runs.ts";

Deno.test("terminalText() leaves colours and lines that are written anew, and nothing else that a terminal obeys", () => {
  const own = "\r\x1b[31mred\x1b[0m\x1b[K\n\t\x1b[48;2;1;2;3mblue\x1b[0m";
  assertStrictEquals(terminalText(own), own);
  assertStrictEquals(
    terminalText("a\x1b]0;title\x07\x1b[2J\x1b[1A\x9b2J\r\x7f\u202eb\x1b"),
    "a␛]0;title␇␛[2J␛[1A�2J␍␡�b␛",
  );
});

/** Whether `script` is there, which runs a command in a terminal. */
const hasTerminal = Deno.build.os === "linux" &&
  await new Deno.Command("script", { args: ["--version"], stdout: "null" }).output().then(
    ({ success }) => success,
    () => false,
  );

Deno.test({
  name: "a folder's name does nothing to a terminal, and is whole in a pipe",
  ignore: !hasTerminal,
  fn: () =>
    inFolder(async (folder) => {
      const name = "\x1b]0;title\x07\x1b[2J\u202e";
      const words = "train --model rnn --task xor --hidden 2 --steps 2 --device cpu --quiet --out";
      assertStrictEquals((await runCommand([...words.split(" "), folder, "--name", "x"])).code, 0);
      await Deno.rename(`${folder}/x`, `${folder}/${name}`);
      const program = new URL("main.ts", import.meta.url).pathname;
      const line = '"$DENO" run -q --no-check -A "$PROGRAM" report "$RUN"';
      const env = { DENO: Deno.execPath(), PROGRAM: program, RUN: `${folder}/${name}` };
      const run = async (command: string, ...args: string[]) => {
        const { stdout } = await new Deno.Command(command, { args, env, stdin: "null" }).output();
        return new TextDecoder().decode(stdout);
      };
      const shown = await run("script", "-qec", line, "/dev/null");
      assert(shown.includes("␛]0;title␇␛[2J�/report.html"), JSON.stringify(shown));
      // deno-lint-ignore no-control-regex -- what must not be there
      assert(!/[\x1b\x07\u202e]/.test(shown), JSON.stringify(shown));
      assertStrictEquals(await run("sh", "-c", line), `${folder}/${name}/report.html\n`);
    }),
});

Deno.test("commands that messages advise take the names of folders as one word of a shell", async () => {
  await inFolder(async (root) => {
    const folder = `${root}/a b $(id)`;
    const words = "--model rnn --task fizzbuzz --hidden 2 --steps 2 --device cpu".split(" ");
    const trained = await runCommand(["train", ...words, "--out", folder, "--name", "x"]);
    assertEquals([trained.code, trained.errors.includes("Cannot")], [0, false], trained.errors);
    assertMatch(trained.output, / report '[^']*\/a b \$\(id\)\/x'\n/);
    const made = await runCommand(["export", `${folder}/x`, "--format", "safetensors"]);
    assertStrictEquals(made.code, 0, made.errors);
    assertMatch(made.output, / --from '[^']*\/a b \$\(id\)\/x\/weights\.safetensors'\n/);
  });
});
