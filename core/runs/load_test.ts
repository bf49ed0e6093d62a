import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import * as z from "zod";
import { zeros } from "../language/ops/creation.ts";
import { broadcastTo } from "../language/ops/layout.ts";
import { defineModel } from "../plugin/model.ts";
import { defineTask } from "../plugin/task.ts";
import type { Tensor } from "../language/tensor.ts";
import { openRun, readCheckpoint } from "./run_folder.ts";
import { loadRun } from "./load.ts";
import { trainAndSave } from "./saved_run.ts";

/** Learns one number for each output, which `size` says the number of. */
const guess = defineModel({
  name: "guess",
  summary: "One number for each output",
  options: z.object({ size: z.int().default(2) }),
  create: ({ size }) => ({
    parameters: () => ({ b: zeros([size]) }),
    initialState: () => undefined,
    apply: ({ b }: { readonly b: Tensor }, _, { length, batch }) => ({
      outputs: broadcastTo(b, [length, batch, size]),
      state: undefined,
    }),
    layers: [],
  }),
});

const wanted = defineTask({
  name: "wanted",
  summary: "Say 3, always",
  options: z.object({ what: z.number().default(3) }),
  create: ({ what }) => ({
    spec: {
      inputs: { kind: "none" },
      outputs: { kind: "vector", size: 2, at: "every" },
      length: 1,
      loss: { kind: "squared-error", reduction: "mean" },
      weighted: false,
      stateful: false,
    },
    batch: () => ({ length: 1, size: 1, targets: Float32Array.of(what, what) }),
    async validate(predict) {
      const { outputs } = await predict({ length: 1 });
      return { loss: (outputs[0] - what) ** 2 };
    },
    defaults: () => ({ steps: 30, optimizer: "adam", learningRate: 0.5, validateEvery: 10 }),
  }),
});

const PLUGINS = { models: { guess }, tasks: { wanted }, device: "reference" } as const;

async function withRun(act: (path: string, root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    const settings = { model: guess(), task: wanted(), device: "reference" } as const;
    using trained = await trainAndSave({ ...settings, out: root, version: "0.0.1" });
    await act(trained.run.path, root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("loadRun() has the model again, from a folder, a moved one and one file alone", async () => {
  await withRun(async (path, root) => {
    const answers: number[][] = [];
    const answer = async (from: string, checkpoint?: "last") => {
      using run = await loadRun(from, { ...PLUGINS, checkpoint });
      const { outputs } = await run.predict({ length: 1 });
      answers.push([...outputs]);
      assertStrictEquals(run.config.task.name, "wanted");
    };
    await answer(path);
    await answer(path, "last");
    await Deno.rename(path, `${root}/elsewhere`);
    await answer(`${root}/elsewhere`);
    await Deno.copyFile(`${root}/elsewhere/best.safetensors`, `${root}/alone.safetensors`);
    await Deno.remove(`${root}/elsewhere`, { recursive: true });
    await answer(`${root}/alone.safetensors`);
    const { tensors } = await readCheckpoint(`${root}/alone.safetensors`);
    const [b] = [...tensors.values()];
    assertEquals(answers[0], [...b.data as Float32Array]);
    assertEquals(answers[2], answers[0]);
    assertEquals(answers[3], answers[0]);
  });
});

Deno.test("loadRun() measures on other options of the task", async () => {
  await withRun(async (path) => {
    using run = await loadRun(path, { ...PLUGINS, taskOptions: { what: 100 } });
    const { loss } = await run.taskInstance.validate(run.predict);
    assertStrictEquals(loss > 9000, true);
  });
});

Deno.test("loadRun() imports nothing that a run names, and takes a module that is handed in", async () => {
  const root = await Deno.makeTempDir();
  const mark = `${root}/was_here`;
  try {
    const code = `Deno.writeTextFileSync(${JSON.stringify(mark)}, "");`;
    await Deno.writeTextFile(`${root}/planted.js`, code);
    const modules = [`data:text/javascript,${encodeURIComponent(code)}`, `${root}/planted.js`];
    for (const modelName of modules) {
      const settings = { model: guess(), task: wanted(), modelName, device: "reference" } as const;
      using trained = await trainAndSave({ ...settings, out: root, version: "0.0.1" });
      const { path } = trained.run;
      for (const from of [path, `${path}/best.safetensors`]) {
        await assertRejects(() => loadRun(from, PLUGINS), RangeError, "Cannot load model");
      }
      await assertRejects(() => Deno.stat(mark), Deno.errors.NotFound);
      using run = await loadRun(path, { ...PLUGINS, models: { [modelName]: guess } });
      assertStrictEquals(run.model.plugin, guess);
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("loadRun() and a run's readCheckpoint() refuse a file of another run", async () => {
  await withRun(async (path) => {
    const config = JSON.parse(await Deno.readTextFile(`${path}/config.json`));
    const { task } = config;
    const others = [
      [{ task: { ...task, name: "another" } }, `guess on another from seed ${config.seed}`],
      [{ seed: 7 }, "guess on wanted from seed 7"],
    ] as const;
    for (const [name, [change, own]] of [["best", others[0]], ["last", others[1]]] as const) {
      await Deno.writeTextFile(`${path}/config.json`, JSON.stringify({ ...config, ...change }));
      const sentence = `Cannot read checkpoint ${path}/${name}.safetensors: ` +
        `it is of guess on wanted from seed ${config.seed}, config.json beside it of ${own}`;
      await assertRejects(
        () => loadRun(path, { ...PLUGINS, checkpoint: name }),
        RangeError,
        sentence,
      );
      const run = await openRun(path);
      await assertRejects(() => run.readCheckpoint(name), RangeError, sentence);
    }
    // A file alone is what it says that it is.
    (await loadRun(`${path}/best.safetensors`, PLUGINS)).dispose();
  });
});

Deno.test("loadRun() says in one sentence what is wrong", async () => {
  await withRun(async (path, root) => {
    await assertRejects(
      () => loadRun(path, { ...PLUGINS, models: {} }),
      RangeError,
      'Cannot find model "guess"',
    );
    const other = defineModel({
      name: "guess",
      summary: "Another of that name",
      options: z.object({ size: z.int().default(2) }),
      create: () => ({
        parameters: () => ({ b: zeros([5]) }),
        initialState: () => undefined,
        apply: ({ b }: { readonly b: Tensor }) => ({ outputs: b, state: undefined }),
        layers: [],
      }),
    });
    await assertRejects(
      () => loadRun(path, { ...PLUGINS, models: { guess: other } }),
      TypeError,
      `Cannot load ${path}/best.safetensors as guess: "parameters.b" must be f32[5], found f32[2]`,
    );
    await Deno.remove(`${path}/best.safetensors`);
    await Deno.remove(`${path}/last.safetensors`);
    await assertRejects(
      () => loadRun(path, PLUGINS),
      RangeError,
      `Cannot load ${path}: it has no checkpoint yet`,
    );
    await assertRejects(
      () => loadRun(`${root}/none.safetensors`, PLUGINS),
      RangeError,
      `Cannot read checkpoint ${root}/none.safetensors: there is no such file or folder`,
    );
  });
});
