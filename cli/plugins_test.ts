/** What a stranger's run names is not imported; what somebody types is. */
import { assert, assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { openRun, type RunConfig } from "@unroll/core/runs";
import { RECIPES } from "./recipes/mod.ts";
import { runCommand } from "./test_support/run_command.ts";
import { trustWords } from "./plugins.ts";

const MODELS = new URL("../models/mod.ts", import.meta.url).href;
const TASKS = new URL("../tasks/mod.ts", import.meta.url).href;

/** What starts the program in another process, as a sweep does. */
const SELF = [
  ...[Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all"],
  decodeURIComponent(new URL("main.ts", import.meta.url).pathname),
];

async function inFolder(act: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await act(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Trains for a moment and gives the run's folder. */
async function trained(line: string, root: string): Promise<string> {
  const { code, errors, output } = await runCommand(
    `train ${line} --device cpu --steps 4 --validate-every 2 --json --out ${root}`,
    { base: new URL(`file://${root}/`) },
  );
  assertStrictEquals(code, 0, errors);
  return JSON.parse(output.trimEnd().split("\n").at(-1)!).run;
}

/** Has the run name something else, in its configuration and in all its checkpoints. */
async function plant(path: string, part: Partial<RunConfig>): Promise<void> {
  const run = await openRun(path);
  const config = { ...run.config, ...part };
  await Deno.writeTextFile(`${path}/config.json`, JSON.stringify(config));
  for (const name of ["best", "last"] as const) {
    await run.saveCheckpoint(name, { ...await run.readCheckpoint(name), config });
  }
}

/** What a name that is refused has the sentence end in. */
const REFUSALS = {
  data: "code from a URL is never imported because a run names it",
  path: "a module is not imported because a run names it, allow it with --trust ",
};

/** A module that leaves a mark when it is imported; each is another, since one is imported once only. */
async function trap(root: string, as: keyof typeof REFUSALS) {
  const id = crypto.randomUUID();
  const mark = `${root}/${id}.txt`;
  const code = `Deno.writeTextFileSync(${JSON.stringify(mark)}, "");`;
  const path = `${root}/${id}.ts`;
  await Deno.writeTextFile(path, code);
  const name = as === "path" ? path : `data:text/javascript;base64,${btoa(code)}`;
  return { name, wasImported: () => exists(mark) };
}

for (const kind of ["model", "task"] as const) {
  for (const as of ["data", "path"] as const) {
    const label = kind === "task" && as === "path" ? "" : "[long] ";
    Deno.test(`${label}no command imports the ${kind} that a run names as ${as}`, async (t) => {
      await inFolder((root) => useAll(t, root, kind, as));
    });
  }
}

/** Has each command use a run that names a trap. */
async function useAll(
  t: Deno.TestContext,
  root: string,
  kind: "model" | "task",
  as: keyof typeof REFUSALS,
): Promise<void> {
  const out = `${root}/${kind}-${as}`;
  const path = await trained("--model rnn --hidden 3 --task fizzbuzz --last 100", out);
  // As it is before its end, for those who go on.
  const metrics = (await Deno.readTextFile(`${path}/metrics.jsonl`)).trimEnd().split("\n");
  await Deno.writeTextFile(`${path}/metrics.jsonl`, `${metrics.slice(0, -1).join("\n")}\n`);
  const { options } = (await openRun(path)).config[kind];
  const alone = `${out}/alone.safetensors`;
  const lines = [
    `eval ${path}`,
    `eval ${path} --help`,
    `eval ${alone}`,
    `eval last --runs ${out}`,
    `eval --runs ${out}`,
    `predict ${path} --input 3`,
    `sample ${path}`,
    `inspect ${path}`,
    `inspect ${alone} --out ${root}/x.svg`,
    `train --resume ${path} --steps 8`,
    `report ${path} --out ${root}/report.html`,
    `runs --runs ${out}`,
    "sweep --model rnn --task fizzbuzz --hidden 3 --last 100 --steps 4 --seeds 0 " +
    `--out ${out}/sweep`,
  ];
  for (const line of lines) {
    const { name, wasImported } = await trap(root, as);
    await plant(path, { [kind]: { name, options } });
    await Deno.copyFile(`${path}/best.safetensors`, alone);
    if (line.startsWith("sweep")) {
      await Deno.mkdir(`${out}/sweep/only`, { recursive: true });
      await Deno.rename(path, `${out}/sweep/only/run`);
    }
    await t.step(`${kind} as ${as}: ${line.replaceAll(root, "")}`, async () => {
      const { code, errors } = await runCommand(line, { self: () => SELF });
      assertStrictEquals(await wasImported(), false, "its code has run");
      // These have no need of it.
      if (line.startsWith("runs") || (line.endsWith("--help") && kind === "model")) {
        return assertStrictEquals(code, 0, errors);
      }
      if (line.startsWith("report")) {
        const html = await Deno.readTextFile(`${root}/report.html`);
        return assertStringIncludes(html, REFUSALS[as]);
      }
      // A run that names something else is none of the sweep's.
      if (line.startsWith("sweep")) return assertStrictEquals(code, 2, errors);
      assertStrictEquals(code, 1, errors);
      assertStringIncludes(errors, `Cannot load ${kind} "`);
      assertStringIncludes(errors, REFUSALS[as]);
    });
  }
}

Deno.test("no command imports what a recipe names", async () => {
  await inFolder(async (root) => {
    for (const line of ["recipe mine", "summary --recipe mine"]) {
      const { name, wasImported } = await trap(root, "path");
      const mine = { ...RECIPES["xor-linear"], model: name };
      const { code } = await runCommand(line, { recipes: { mine } });
      assertEquals([code, await wasImported()], [2, false], line);
    }
  });
});

Deno.test("--trust: a run of one's own modules is used again, from another folder too", async () => {
  await inFolder(async (root) => {
    await Deno.mkdir(`${root}/plugins`);
    await Deno.mkdir(`${root}/elsewhere`);
    await Deno.writeTextFile(`${root}/plugins/mine.ts`, `export { rnn } from "${MODELS}";`);
    await Deno.writeTextFile(
      `${root}/plugins/both.ts`,
      `export { rnn } from "${MODELS}"; export { fizzbuzz } from "${TASKS}";`,
    );
    const here = { base: new URL(`file://${root}/plugins/`) };
    const there = { base: new URL(`file://${root}/elsewhere/`) };
    const told = await runCommand(
      `train --model ./mine.ts --task both.ts --device cpu --steps 4 --last 100 --out ${root}/runs`,
      here,
    );
    assertStrictEquals(told.code, 0, told.errors);
    assert(/deno task inspect \S+ --trust \.\/mine\.ts,both\.ts\n/.test(told.output), told.output);

    const last = `--runs ${root}/runs`;
    const refused = await runCommand(`eval ${last}`, here);
    assertEquals([refused.code, refused.errors], [
      1,
      'Cannot load model "./mine.ts": a module is not imported because a run names it, ' +
      `allow it with --trust ${root}/plugins/mine.ts (in a program: models["./mine.ts"])\n`,
    ]);
    for (
      const [trust, context] of [
        ["./mine.ts,both.ts", here],
        ["mine.ts,./both.ts", here],
        ["../plugins/mine.ts,../plugins/both.ts", there],
        [`${root}/plugins/mine.ts,${root}/plugins/both.ts`, there],
      ] as const
    ) {
      const { code, errors, output } = await runCommand(`eval ${last} --trust ${trust}`, context);
      assertStrictEquals(code, 0, errors);
      assertStringIncludes(output, "error ");
    }
    const both = "--trust ../plugins/mine.ts,../plugins/both.ts";
    const [{ name }] = [...Deno.readDirSync(`${root}/runs`)];
    const run = `${root}/runs/${name}`;
    for (
      const line of [
        `eval ${run} --last 200`,
        `sample ${run} --length 3`,
        `inspect ${run}`,
        `train --resume ${run} --steps 8`,
      ]
    ) {
      const { code, errors } = await runCommand(`${line} ${both}`, there);
      assertStrictEquals(code, 0, `${line}: ${errors}`);
    }
    const help = await runCommand(`eval ${run} ${both} --help`, there);
    assertStringIncludes(help.output, "--last");
    await runCommand(`report ${run} ${both}`, there);
    assertStringIncludes(await Deno.readTextFile(`${run}/report.html`), "What it thinks");
  });
});

Deno.test("--trust: refuses what is no module of one's own, in one sentence", async () => {
  const cases: Readonly<Record<string, readonly [code: number, sentence: string]>> = {
    "eval --trust rnn": [2, 'Cannot trust "rnn": a file or a package is needed'],
    "eval --trust data:text/javascript": [
      2,
      'Cannot trust "data:text/javascript": a file or a package is needed',
    ],
    "eval --trust https://example.com/mine.ts": [
      2,
      'Cannot trust "https://example.com/mine.ts": a file or a package is needed',
    ],
    "eval --trust ./none.ts": [
      2,
      `Cannot load model "./none.ts": there is no file ${Deno.cwd()}/none.ts`,
    ],
    "train --model rnn --task xor --trust ./mine.ts": [
      2,
      "Cannot use --trust without --resume: --model and --task load a module",
    ],
  };
  await inFolder(async (root) => {
    await trained("--model rnn --hidden 3 --task xor", root);
    for (const [line, [code, sentence]] of Object.entries(cases)) {
      const runs = line.startsWith("eval") ? ` --runs ${root}` : "";
      const result = await runCommand(`${line}${runs}`);
      assertEquals([result.code, result.errors], [code, `${sentence}\n`], line);
    }
  });
});

Deno.test("a plugin whose code fails is told in one sentence, in a folder of any name", async () => {
  await inFolder(async (root) => {
    const folder = `${root}/a#1?b 100%41`;
    await Deno.mkdir(folder);
    const task = (name: string, create: string) =>
      `export const ${name} = defineTask({ name: "${name}", summary: "", options: xor.options, create: ${create} });`;
    await Deno.writeTextFile(
      `${folder}/tasks.ts`,
      `import { xor } from "${TASKS}";
       import { defineTask } from "${new URL("../core/plugin/mod.ts", import.meta.url).href}";
       ${task("throws", '() => { throw new Error("on purpose"); }')}
       ${task("reads", "() => undefined.spec")}
       ${task("waits", "() => new Promise(() => {})")}`,
    );
    await Deno.writeTextFile(`${folder}/imports.ts`, 'import "./not_there.ts";');
    const cases = {
      "tasks.ts#throws": [1, 'Cannot create task "throws": on purpose'],
      "./tasks.ts#reads": [1, 'Cannot create task "reads": Cannot read properties of undefined'],
      "tasks.ts#waits": [
        1,
        'Cannot create task "waits": its code waits for a promise that nothing resolves',
      ],
      "./imports.ts": [
        2,
        `Cannot load task "./imports.ts": it imports ${folder}/not_there.ts, and there is no such file`,
      ],
    } as const;
    await Promise.all(
      Object.entries(cases).map(async ([name, [code, sentence]]) => {
        const [program, ...args] = SELF;
        const child = await new Deno.Command(program, {
          args: [...args, "train", "--model", "rnn", "--task", name],
          cwd: folder,
          env: { INIT_CWD: folder, NO_COLOR: "1" },
        }).output();
        const errors = new TextDecoder().decode(child.stderr);
        assertEquals([child.code, errors.trimEnd().split("\n").length], [code, 1], errors);
        assertStringIncludes(errors, sentence);
      }),
    );
  });
});

Deno.test("trustWords() names the modules only", () => {
  assertEquals(trustWords("rnn", "fizzbuzz"), []);
  assertEquals(trustWords("./mgu.ts", undefined), ["--trust", "./mgu.ts"]);
  assertEquals(trustWords("./mgu.ts#b", "npm:t"), ["--trust", "./mgu.ts#b,npm:t"]);
  assertEquals(trustWords("data:text/javascript,", "https://example.com/t.ts"), []);
});

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
