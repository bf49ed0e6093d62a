import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { Checkpoint, RunConfig } from "./checkpoint.ts";
import { listRuns } from "./list_runs.ts";
import { createRun, openRun, readCheckpoint, resumeRun } from "./run_folder.ts";
import { runName } from "./run_name.ts";
import { writeAtomically } from "./files.ts";

const CONFIG: RunConfig = {
  version: "0.1.0",
  model: { name: "rnn", options: { hidden: 5 } },
  task: { name: "fizzbuzz", options: {} },
  training: { steps: 10 },
  seed: 3,
  device: "cpu",
};
const DATE = new Date(2026, 0, 31);

function checkpoint(step: number): Checkpoint {
  const data = new Float32Array(64).fill(step);
  return {
    config: CONFIG,
    step,
    progress: { best: 0.5 },
    tensors: new Map([["parameters.w", { dtype: "F32", shape: [64], data }]]),
  };
}

async function withFolder(
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("runName() is the date, task, model and seed, fit for a folder", () => {
  assertStrictEquals(runName(CONFIG, DATE), "2026-01-31-fizzbuzz-rnn-3");
  const named = (name: string) => runName({ ...CONFIG, model: { name, options: {} } }, DATE);
  assertStrictEquals(
    named("../a b/my_model.ts"),
    "2026-01-31-fizzbuzz-my_model-3",
  );
  assertStrictEquals(
    named("jsr:@me/mine@1.0"),
    "2026-01-31-fizzbuzz-mine_1.0-3",
  );
  assertStrictEquals(named(".."), "2026-01-31-fizzbuzz-plugin-3");
});

Deno.test("createRun() never overwrites: also not when two begin at once", () =>
  withFolder(async (folder) => {
    const place = { root: `${folder}/deep/runs`, date: DATE };
    const runs = await Promise.all(
      [1, 2, 3].map(() => createRun(CONFIG, place)),
    );
    assertEquals(runs.map((run) => run.name).sort(), [
      "2026-01-31-fizzbuzz-rnn-3",
      "2026-01-31-fizzbuzz-rnn-3-2",
      "2026-01-31-fizzbuzz-rnn-3-3",
    ]);
  }));

Deno.test("RunFolder keeps config, metrics and checkpoints, also when moved", () =>
  withFolder(async (folder) => {
    const run = await createRun(CONFIG, { root: folder, date: DATE });
    await run.appendMetrics({ event: "progress", step: 1, loss: 0.5 });
    await run.appendMetrics({ event: "done", step: 2, loss: NaN });
    await run.saveCheckpoint("best", checkpoint(1));
    await run.saveCheckpoint("last", checkpoint(1));
    await run.saveCheckpoint("last", checkpoint(2));
    await Deno.rename(run.path, `${folder}/moved`);
    const moved = await openRun(`${folder}/moved/`);
    assertStrictEquals(moved.name, "moved");
    assertEquals(moved.config, CONFIG);
    assertEquals(await moved.readMetrics(), [
      { event: "progress", step: 1, loss: 0.5 },
      { event: "done", step: 2, loss: null },
    ]);
    assertEquals(await moved.readCheckpoint("best"), checkpoint(1));
    assertEquals(await moved.readCheckpoint("last"), checkpoint(2));
    const names = [...Deno.readDirSync(moved.path)].map((entry) => entry.name)
      .sort();
    assertEquals(names, [
      "best.safetensors",
      "config.json",
      "last.safetensors",
      "metrics.jsonl",
    ]);
  }));

Deno.test("readCheckpoint() needs nothing but the one file", () =>
  withFolder(async (folder) => {
    const run = await createRun(CONFIG, { root: folder });
    await run.saveCheckpoint("best", checkpoint(9));
    await Deno.copyFile(run.checkpointPath("best"), `${folder}/alone`);
    await Deno.remove(run.path, { recursive: true });
    assertEquals(await readCheckpoint(`${folder}/alone`), checkpoint(9));
  }));

Deno.test("readMetrics() leaves out half a line", () =>
  withFolder(async (folder) => {
    const run = await createRun(CONFIG, { root: folder });
    for (const step of [1, 2]) await run.appendMetrics({ event: "progress", step });
    const path = `${run.path}/metrics.jsonl`;
    await Deno.writeTextFile(path, '{"event":"progr', { append: true });
    assertEquals((await run.readMetrics()).map((line) => line.step), [1, 2]);
    await Deno.writeTextFile(path, "nonsense\n", { append: true });
    await assertRejects(
      () => run.readMetrics(),
      RangeError,
      "line 3 is not a JSON object with an event",
    );
  }));

Deno.test("resumeRun() changes nothing before the first last checkpoint, and then all at once", () =>
  withFolder(async (folder) => {
    const run = await createRun(CONFIG, { root: folder });
    for (const step of [1, 2, 3]) await run.appendMetrics({ event: "progress", step });
    await run.appendMetrics({ event: "stopped", steps: 3 });
    await run.appendMetrics({ event: "done", steps: 3 });
    await run.saveCheckpoint("best", checkpoint(1));
    await run.saveCheckpoint("last", checkpoint(3));
    const before = await contentsOf(run.path);
    const config = { ...CONFIG, training: { steps: 9 } };
    const resumed = await resumeRun(run, config, 2);
    await resumed.appendMetrics({ event: "progress", step: 4 });
    await resumed.saveCheckpoint("best", checkpoint(4));
    assertEquals(await contentsOf(run.path), before);
    assertEquals((await resumed.readMetrics()).map(({ step }) => step), [1, 2, 4]);

    await resumed.saveCheckpoint("last", checkpoint(5));
    await resumed.appendMetrics({ event: "progress", step: 6 });
    await resumed.saveCheckpoint("best", checkpoint(6));
    const found = await openRun(run.path);
    assertEquals(found.config, config);
    assertEquals((await found.readMetrics()).map(({ step }) => step), [1, 2, 4, 6]);
    assertEquals(await found.readCheckpoint("best"), checkpoint(6));
    assertEquals(await found.readCheckpoint("last"), checkpoint(5));
  }));

Deno.test("resumeRun() leaves a run as it was where its first new checkpoint cannot be written", () =>
  withFolder(async (folder) => {
    const run = await createRun(CONFIG, { root: folder });
    await run.saveCheckpoint("last", checkpoint(3));
    const before = await contentsOf(run.path);
    const resumed = await resumeRun(run, { ...CONFIG, training: { steps: 9 } }, 3);
    // What is written last has no place to be made ready in.
    await Deno.mkdir(`${run.path}/.last.safetensors.tmp`);
    await assertRejects(() => resumed.saveCheckpoint("last", checkpoint(4)), RangeError, "Cannot");
    assertEquals(await contentsOf(run.path), before);
  }));

/** Name → bytes of each file, but for those that are made ready. */
async function contentsOf(path: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for await (const { name } of Deno.readDir(path)) {
    if (!name.endsWith(".tmp")) contents[name] = String(await Deno.readFile(`${path}/${name}`));
  }
  return contents;
}

Deno.test("createRun() refuses a place that cannot be written, before anything runs", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const cases = {
      [`${folder}/file`]: "a file is in the way of the folder",
      [`${folder}/file/runs`]: "a file is in the way of the folder",
      "/proc/runs": "",
    };
    for (const [root, reason] of Object.entries(cases)) {
      const error = await assertRejects(
        () => createRun(CONFIG, { root }),
        RangeError,
        `Cannot save the run in ${root}: ${reason}`,
      );
      assertStrictEquals(
        error.message.includes("os error"),
        false,
        error.message,
      );
    }
  }));

Deno.test("openRun() and readCheckpoint() say what is missing or damaged", () =>
  withFolder(async (folder) => {
    await assertRejects(
      () => openRun(`${folder}/none`),
      RangeError,
      `Cannot open run ${folder}/none: there is no config.json in it`,
    );
    const run = await createRun(CONFIG, { root: folder });
    await assertRejects(
      () => run.readCheckpoint("best"),
      RangeError,
      `Cannot read checkpoint ${run.path}/best.safetensors: there is no such file or folder`,
    );
    await Deno.writeTextFile(run.checkpointPath("best"), "short");
    await assertRejects(
      () => run.readCheckpoint("best"),
      RangeError,
      `Cannot read checkpoint ${run.path}/best.safetensors: at least 8 bytes are needed, found 5`,
    );
    for (
      const [text, problem] of [["{", "it is not JSON"], [
        "3",
        "it is not a JSON object",
      ], ["{}", "it has no version"]]
    ) {
      await Deno.writeTextFile(`${run.path}/config.json`, text);
      await assertRejects(
        () => openRun(run.path),
        RangeError,
        `Cannot open run ${run.path}: config.json is damaged, ${problem}`,
      );
    }
  }));

Deno.test("listRuns() tells finished, unfinished and damaged runs", () =>
  withFolder(async (folder) => {
    const names = [];
    for (const seed of [10, 9, 8]) {
      const run = await createRun({ ...CONFIG, seed }, {
        root: folder,
        date: DATE,
      });
      names.push(run.name);
      await run.appendMetrics({ event: "progress", step: 5 });
      if (seed === 9) await run.appendMetrics({ event: "done", step: 10 });
      if (seed === 8) await Deno.writeTextFile(`${run.path}/config.json`, "");
    }
    const runs = await listRuns(folder);
    assertEquals(runs.map((run) => run.name), names.reverse());
    assertEquals(runs.map((run) => run.done), [false, true, false]);
    assertEquals(runs.map((run) => run.latest?.step), [undefined, 10, 5]);
    assertEquals(runs.map((run) => run.problem === undefined), [
      false,
      true,
      true,
    ]);
    assertEquals(await listRuns(`${folder}/none`), []);
  }));

Deno.test("writeAtomically() leaves a whole file when killed at any moment", () =>
  withFolder(async (folder) => {
    const path = `${folder}/file`;
    const size = 1 << 24;
    await writeAtomically(path, new Uint8Array(size));
    const module = new URL("./files.ts", import.meta.url).href;
    const script = `import { writeAtomically } from ${JSON.stringify(module)};
      const bytes = new Uint8Array(${size});
      console.log("ready");
      for (let i = 0;; i++) await writeAtomically(${JSON.stringify(path)}, bytes.fill(i));`;
    await Deno.writeTextFile(`${folder}/write.ts`, script);
    for (const delay of [5, 30, 60, 110]) {
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-config",
          "--no-check",
          "--allow-read",
          "--allow-write",
          `${folder}/write.ts`,
        ],
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
      const bytes = await Deno.readFile(path);
      assertStrictEquals(bytes.length, size);
      assertStrictEquals(bytes.every((byte) => byte === bytes[0]), true);
    }
  }));

Deno.test("openRun() has what decides a run out of its checkpoints where its own file is gone", async () => {
  const root = await Deno.makeTempDir();
  try {
    const run = await createRun(CONFIG, { root });
    await run.saveCheckpoint("last", { config: CONFIG, step: 3, progress: {}, tensors: new Map() });
    await Deno.remove(`${run.path}/config.json`);
    assertEquals((await openRun(run.path)).config, CONFIG);
    await Deno.mkdir(`${root}/nothing`);
    assertEquals((await listRuns(root)).map(({ empty }) => empty), [undefined, true]);
    await assertRejects(() => openRun(`${root}/nothing`), RangeError, "there is no config.json");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("openRun() and readCheckpoint() read no pipe, no device and nothing too long", async () => {
  const root = await Deno.makeTempDir();
  try {
    const run = await createRun(CONFIG, { root });
    const config = `${run.path}/config.json`;
    const last = run.checkpointPath("last");
    const kinds:
      readonly (readonly [make: (path: string) => Promise<unknown>, sentence: string])[] = [
        [(path) => Deno.symlink("/dev/zero", path), "a file is needed, found a pipe or a device"],
        [
          (path) => new Deno.Command("mkfifo", { args: [path] }).output(),
          "a file is needed, found a pipe or a device",
        ],
        [(path) => Deno.mkdir(path), "it is a folder"],
      ];
    for (const [make, sentence] of kinds) {
      for (const path of [config, last]) {
        await Deno.remove(path).catch(() => {});
        await make(path);
      }
      await assertRejects(
        () => openRun(run.path),
        RangeError,
        `Cannot open run ${run.path}: ${sentence}`,
      );
      await assertRejects(
        () => readCheckpoint(last),
        RangeError,
        `Cannot read checkpoint ${last}: ${sentence}`,
      );
    }
    for (const path of [config, last]) {
      await Deno.remove(path, { recursive: true });
      await Deno.create(path).then((file) => file.close());
    }
    await Deno.truncate(config, 10 * 2 ** 20);
    await assertRejects(
      () => openRun(run.path),
      RangeError,
      "it has 10485760 bytes, at most 8388608",
    );
    // Holes, which take no room: more than memory holds.
    await Deno.truncate(last, 2 ** 38);
    await assertRejects(() => readCheckpoint(last), RangeError, "the header is not JSON");
    await Deno.writeTextFile(config, `{"model":${"[".repeat(1e5)}${"]".repeat(1e5)}}`);
    await assertRejects(() => openRun(run.path), RangeError, "more than 64 levels");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
