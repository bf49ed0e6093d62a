/**
 * Every model on every task, on every device that there is: the pair is refused in one sentence, or the
 * training loss falls.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { type Backend, type BackendName, openBackend } from "@unroll/core/backends";
import type { Model, ModelPlugin, Task, TaskPlugin } from "@unroll/core/plugin";
import type { JsonRecord } from "@unroll/core/runs";
import { train } from "@unroll/core/training";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";

/** Options that make each model small; a model that is not here is tried as it is. */
const SMALL_MODELS: Readonly<Record<string, JsonRecord>> = {
  mlp: { layers: [12] },
  rnn: { hidden: 12 },
  gru: { hidden: 12 },
  lstm: { hidden: 12 },
  attention: { hidden: 12, memory: 8 },
  "stack-rnn": { hidden: 12 },
};

/**
 * Options of each task, one for each thing it can ask of a model. On devices that take long to compile,
 * only the first are tried.
 */
const SMALL_TASKS: Readonly<Record<string, readonly JsonRecord[]>> = {
  char: [
    { length: 8, batch: 4 },
    { length: 6, batch: 4, mode: "windows", outputs: "last" },
  ],
  counting: [{ base: 3, digits: 4, testDigits: 6 }],
  fizzbuzz: [
    { encoding: "binary", last: 100 },
    { encoding: "none", last: 100 },
    { encoding: "digits", digits: 2, last: 100 },
  ],
  xor: [{}, { loss: "cross-entropy" }],
};

/** Pairs that make no sense, by the task's options. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'mlp on fizzbuzz {"encoding":"none","last":100}': /^it needs inputs, and the task has none$/,
  'mlp on fizzbuzz {"encoding":"digits","digits":2,"last":100}':
    /^it reads a window of fixed length/,
};

const STEPS = 40;
/** Where a step takes long: a software adapter compiles each program for a second or two. */
const FEW_STEPS = 12;

/** Mean training losses of the first and the last quarter of a short run. */
async function losses(model: Model, task: Task, device: Backend): Promise<[number, number]> {
  const all: number[] = [];
  const steps = device.name === "webgpu" ? FEW_STEPS : STEPS;
  using _ = await train({
    model,
    task,
    device,
    steps,
    validateEvery: steps,
    optimizer: "adam",
    learningRate: 0.02,
    schedule: "constant",
    warmup: 0,
    callbacks: [{ onStep: (_, loss) => all.push(loss) }],
  });
  const mean = (part: number[]) => part.reduce((sum, loss) => sum + loss, 0) / part.length;
  return [mean(all.slice(0, steps / 4)), mean(all.slice(-steps / 4))];
}

/** A device, if this machine has it. */
async function available(name: BackendName): Promise<boolean> {
  try {
    using _ = await openBackend(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

for (const name of ["cpu", "webgpu"] as const) {
  const ignore = !await available(name);
  for (const [model, plugin] of Object.entries(MODELS)) {
    for (const [task, taskPlugin] of Object.entries(TASKS)) {
      const tried = SMALL_TASKS[task] ?? [{}];
      for (const options of name === "webgpu" ? tried.slice(0, 1) : tried) {
        const pair = `${model} on ${task} ${JSON.stringify(options)}`;
        const label = name === "cpu" || (model === "rnn" && task === "xor") ? "" : "[long] ";
        Deno.test({
          name: `${label}${pair}: refused, or learned on ${name}`,
          ignore,
          fn: () => tryPair(pair, name, { model, plugin, taskPlugin, options }),
        });
      }
    }
  }
}

async function tryPair(
  pair: string,
  device: BackendName,
  { model, plugin, taskPlugin, options }: {
    readonly model: string;
    readonly plugin: ModelPlugin;
    readonly taskPlugin: TaskPlugin;
    readonly options: JsonRecord;
  },
): Promise<void> {
  const instantiate = plugin(SMALL_MODELS[model] ?? {});
  const task = taskPlugin(options);
  const { spec } = await task.create();
  const reason = instantiate.unsupportedReason(spec);
  if (pair in REFUSED) {
    assertMatch(reason ?? "", REFUSED[pair]);
    return;
  }
  assertEquals(reason, undefined);
  using backend = await openBackend(device);
  const [first, last] = await losses(instantiate, task, backend);
  assertEquals(last < first, true, `the loss went from ${first} to ${last}`);
}

Deno.test("what is refused is among the pairs that are tried", () => {
  const pairs = Object.keys(MODELS).flatMap((model) =>
    Object.keys(TASKS).flatMap((task) =>
      (SMALL_TASKS[task] ?? [{}]).map((options) => `${model} on ${task} ${JSON.stringify(options)}`)
    )
  );
  assertEquals(Object.keys(REFUSED).filter((pair) => !pairs.includes(pair)), []);
});
