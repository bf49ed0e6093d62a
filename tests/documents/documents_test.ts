/** Every command that the READMEs name: run with little training where that is quick, otherwise looked up. */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { stripVTControlCharacters } from "node:util";
import config from "../../deno.json" with { type: "json" };
import { CHAPTERS } from "../../cli/learn/update.ts";
import { commandsOf, type DocumentedCommand, mentionsOf } from "./commands.ts";
import type { AskedCommand, Outcome } from "./run.ts";

const ROOT = new URL("../../", import.meta.url);
const DOCUMENTS = [
  ...["README.md", "CONTRIBUTING.md", "bench/README.md", "bench/peers/README.md"],
  ...["core/README.md", "models/README.md", "tasks/README.md", "cli/README.md"],
  ...CHAPTERS.map((name) => `cli/learn/${name}.md`),
];
const TASKS: Readonly<Record<string, { readonly command: string }>> = config.tasks;

/** What is not run, and why. */
const EXCEPTIONS: readonly (readonly [RegExp, string])[] = [
  [/^deno task unroll /, "tests/outside_test.ts runs the guide that has them"],
  [/^deno test$/, "the same"],
  [/^deno install /, "cli/entry_test.ts runs it"],
  [/^deno bundle /, "tests/outside_test.ts bundles a page"],
  [/^source <\(/, "it is for a shell; what it prints is tested in compat/"],
  [/^deno bench/, "it takes minutes"],
];
/** Options of Deno and of other programs, in sentences. */
const FOREIGN = /^--(allow-\w+|filter|config|no-check|skip-lib-check|sbatch)\b/;

/** What READMEs take for granted: files of the user's. */
async function prepare(folder: string): Promise<readonly (readonly string[])[]> {
  await Deno.writeTextFile(`${folder}/book.txt`, "It was the best of times. ".repeat(300));
  await Deno.writeTextFile(`${folder}/other.txt`, "It was the worst of times. ".repeat(300));
  const models = new URL("models/mod.ts", ROOT);
  await Deno.writeTextFile(`${folder}/my_model.ts`, `export { rnn } from "${models}";\n`);
  const lstm = ["--model", "lstm", "--hidden", "64", "--bias", "both", "--task", "xor"];
  return [
    ["train", ...lstm, "--steps", "1"],
    ["export", "last", "--format", "pytorch", "--out", "theirs.safetensors"],
  ];
}

/** Runs commands in a process of their own, which may change its folder. */
async function runAll(commands: readonly AskedCommand[]): Promise<readonly Outcome[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--no-prompt", "--allow-all"],
      new URL("run.ts", import.meta.url).href,
    ],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", UNROLL_THREADS: "1" },
  }).spawn();
  const [{ stdout, stderr }] = await Promise.all([
    child.output(),
    new Response(JSON.stringify(commands)).body!.pipeTo(child.stdin),
  ]);
  const text = new TextDecoder().decode(stdout);
  assert(text.startsWith("["), new TextDecoder().decode(stderr));
  return JSON.parse(stripVTControlCharacters(text));
}

/** The words of a command of the command line; `undefined` where it is another program's. */
function commandWords(words: readonly string[]): readonly string[] | undefined {
  const typed = words[0] === "npx" ? ["deno", ...words.slice(3)] : words;
  if (typed[0] === "unroll") return typed.slice(1);
  if (typed[0] !== "deno" || typed[1] !== "task") return undefined;
  const [name, ...rest] = typed.slice(2).filter((word, i) => i > 0 || word !== "-q");
  if (name === "blas" || name === "native") return rest;
  return /cli\/main\.ts \w+$/.test(TASKS[name]?.command ?? "") ? [name, ...rest] : undefined;
}

/** Makes training short. */
function shortened(words: readonly string[]): readonly string[] {
  const [name] = words;
  if (name !== "train" && (name !== "recipe" || words.length === 1)) return words;
  const at = words.findIndex((word) => word === "--steps");
  const kept = at < 0 ? words : words.toSpliced(at, 2);
  // A run that goes on has some steps already.
  return [...kept, "--steps", words.includes("--resume") ? "6" : "3", "--device", "cpu"];
}

/** Whether a command would start processes, listen, or take long: then its help is asked for, which reads its names. */
function isLong(words: readonly string[]): boolean {
  return ["sweep", "doctor", "board"].includes(words[0]) || words.includes("--dashboard") ||
    // Of a sweep that was not run.
    words.some((word) => word.startsWith("sweeps/"));
}

function optionsIn(words: readonly string[]): readonly string[] {
  return words.filter((word) => /^--\w/.test(word)).map((word) => word.replace(/=.*/, ""));
}

/** The options that help lists. */
function listed(help: string): ReadonlySet<string> {
  const own = help.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm);
  const negated = help.matchAll(/; (--no-[\w-]+) turns it off/g);
  return new Set([...own, ...negated].map(([, name]) => name));
}

/** Fails where another task of deno.json is named wrongly, or with an option that its program does not know. */
async function checkTask({ place, words }: DocumentedCommand): Promise<void> {
  const typed = words[0] === "npx" ? ["deno", ...words.slice(3)] : words;
  assertEquals(typed.slice(0, 2), ["deno", "task"], `${place}: it is not known how to check this`);
  const task = TASKS[typed[2]];
  assert(task !== undefined, `${place}: there is no task ${typed[2]}`);
  const [, program] = / (\S+\.ts)/.exec(task.command) ?? [];
  for (const option of optionsIn(typed.slice(3))) {
    const text = program === undefined ? "" : await Deno.readTextFile(new URL(program, ROOT));
    assert(text.includes(option), `${place}: ${program ?? "its command"} knows no ${option}`);
  }
}

Deno.test("the commands in the blocks of the READMEs work", async () => {
  const used = new Set<string>();
  const root = await Deno.makeTempDir();
  try {
    const asked:
      (AskedCommand & { readonly place: string; readonly looked?: readonly string[] })[] = [];
    for (const path of DOCUMENTS) {
      const folder = `${root}/${path.replaceAll("/", "_")}`;
      await Deno.mkdir(folder);
      for (const words of await prepare(folder)) {
        asked.push({ folder, words, input: "", place: path });
      }
      for (const command of commandsOf(path, await Deno.readTextFile(new URL(path, ROOT)))) {
        const line = command.words.join(" ");
        const [, reason] = EXCEPTIONS.find(([pattern]) => pattern.test(line)) ?? [];
        const words = commandWords(command.words);
        const { place } = command;
        if (reason !== undefined) used.add(reason);
        else if (words === undefined) await checkTask(command);
        else if (isLong(words)) {
          asked.push({ folder, words: [...words, "--help"], input: "", place, looked: words });
        } else {
          const input = command.input === "" ? "" : "7\n";
          asked.push({ folder, words: shortened(words), input, place });
        }
      }
      // What prepares a folder is for its commands.
      if (asked.at(-1)?.place === path) {
        asked.splice(asked.findIndex(({ place }) => place === path));
      }
    }
    const outcomes = await runAll(
      asked.map(({ folder, words, input }) => ({ folder, words, input })),
    );
    for (const [i, { place, looked = [] }] of asked.entries()) {
      const { code, output, errors } = outcomes[i];
      assertStrictEquals(code, 0, `${place}\n${errors}`);
      const known = listed(output);
      assertEquals(optionsIn(looked).filter((option) => !known.has(option)), [], place);
    }
    assert(asked.length >= 20, `${asked.length} commands`);
    const reasons = EXCEPTIONS.map(([, reason]) => reason);
    assertEquals(reasons.filter((reason) => !used.has(reason)), []);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("the commands and options in the sentences of the READMEs exist", async () => {
  const pairs = [["rnn", "fizzbuzz"], ["mlp", "char"], ["gru", "counting"], ["lstm", "xor"]];
  const trains = pairs.flatMap(([model, task]) =>
    ["train", "sweep"].map((name) => [name, "--model", model, "--task", task])
  );
  const names = Object.keys(TASKS).filter((name) => commandWords(["deno", "task", name]));
  const recipes = ["shakespeare", "count-lstm"].map((name) => ["recipe", name]);
  const asked = [...trains, ...names.map((name) => [name]), ...recipes];
  const folder = ROOT.pathname;
  const helps = await runAll(
    asked.map((words) => ({ folder, words: [...words, "--help"], input: "" })),
  );
  const known = new Map<string, Set<string>>();
  for (const [i, { output }] of helps.entries()) {
    const options = known.get(asked[i][0]) ?? new Set();
    known.set(asked[i][0], new Set([...options, ...listed(output)]));
  }
  // A trained run has the options of its task in these.
  for (const name of ["eval", "summary"]) {
    known.set(name, new Set([...known.get(name) ?? [], ...known.get("train") ?? []]));
  }
  const all = new Set([...known.values()].flatMap((options) => [...options]));
  let count = 0;
  for (const path of DOCUMENTS) {
    for (const mention of mentionsOf(path, await Deno.readTextFile(new URL(path, ROOT)))) {
      const { place, words } = mention;
      if (words[0].startsWith("--")) {
        const other = path === "CONTRIBUTING.md" || path.startsWith("bench/");
        for (const option of optionsIn(words)) {
          assert(
            all.has(option) || FOREIGN.test(option) || other,
            `${place}: there is no ${option}`,
          );
        }
      } else if (words[0] === "unroll" || words[1] === "task") {
        const typed = commandWords(words);
        if (typed === undefined) {
          if (words.length > 2 && words[2] !== "-q") await checkTask(mention);
        } else if (typed[0] !== undefined && typed[0] !== "…") {
          const options = known.get(typed[0]);
          assert(options !== undefined, `${place}: there is no command ${typed[0]}`);
          const wrong = optionsIn(typed).filter((option) => !options.has(option));
          assertEquals(wrong, [], place);
        }
      }
      count++;
    }
  }
  assert(count >= 50, `${count} mentions`);
});
