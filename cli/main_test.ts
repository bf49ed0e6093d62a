import { assertEquals, assertStrictEquals } from "@std/assert";
import { fromFileUrl } from "@std/path/from-file-url";
import type { Plugin, Predict, TaskSpec } from "@unroll/core/plugin";
import { type RunCallbacks, type RunConfig, RunFolder } from "@unroll/core/runs";
import {
  resolveSettings,
  type TrainingEvent,
  type TrainingStart,
  type TrainResult,
} from "@unroll/core/training";
import * as z from "zod";
import { runCommand } from "./test_support/run_command.ts";
import { SILENT_TERMINAL } from "./test_support/silent_terminal.ts";
import type { CommandContext, ResumeRequest, TrainRequest } from "./context.ts";

const RNN: Plugin = {
  kind: "model",
  name: "rnn",
  summary: "A simple recurrent network",
  options: z.object({
    hidden: z.int().min(1).max(4096).default(16).describe("Hidden units"),
    activation: z.enum(["tanh", "relu"]).default("tanh").describe("Activation"),
    bias: z.boolean().default(true).describe("Biases"),
    window: z.int().min(1).default(8).describe("Context"),
  }),
};
const MLP: Plugin = { ...RNN, name: "mlp", summary: "Layers", options: z.object({}) };
const FIZZBUZZ: Plugin = {
  kind: "task",
  name: "fizzbuzz",
  summary: "The numbers as FizzBuzz",
  options: z.object({
    encoding: z.enum(["none", "binary"]).default("none").describe("How numbers are seen"),
    window: z.int().min(2).default(4).describe("Numbers at once"),
    lengths: z.array(z.int().min(1)).default([16, 31]).describe("Lengths"),
  }),
};

const CONFIG: RunConfig = {
  version: "0.0.1",
  model: { name: "rnn", options: {} },
  task: { name: "fizzbuzz", options: {} },
  training: { steps: 3 },
  seed: 0,
  device: "cpu",
};
const SPEC: TaskSpec = {
  inputs: { kind: "none" },
  outputs: { kind: "vector", size: 1, at: "every" },
  length: 1,
  loss: { kind: "squared-error", reduction: "mean" },
  weighted: false,
  stateful: false,
};
const predict: Predict = ({ length }) =>
  Promise.resolve({
    outputs: new Float32Array(length),
    hidden: new Float32Array(2 * length),
    hiddenSize: 2,
  });
const task = {
  spec: SPEC,
  batch: () => ({ length: 1, size: 1, targets: new Float32Array(1) }),
  validate: () => Promise.resolve({ loss: 0 }),
  defaults: () => ({ steps: 3 }),
  show: () => Promise.resolve(["1 2 fizz"]),
};
const START: TrainingStart = {
  step: 0,
  settings: resolveSettings({}, { steps: 3 }),
  recommended: { steps: 3 },
  device: "cpu",
  deviceDescription: "an abacus",
  task,
  layers: [],
  predict: () => Promise.resolve({ outputs: new Float32Array() }),
};
const RATES = {
  steps: 3,
  stepsPerSecond: 10,
  learningRate: 0.1,
  gradientNorm: 1,
  clipped: 0,
  compiling: 0,
  isPoint: true,
};
const EVENTS: readonly TrainingEvent[] = [
  { event: "progress", step: 1, loss: 2, seconds: 0.1, ...RATES },
  {
    event: "validation",
    step: 1,
    validation: { loss: 2, error: 0.5 },
    best: true,
    trainingLoss: 2,
    compiling: 0,
    predict,
  },
  { event: "progress", step: 2, loss: NaN, seconds: 0.2, ...RATES },
];
const RESULT: TrainResult = {
  steps: 3,
  seconds: 1.5,
  stepsPerSecond: 2,
  device: "cpu",
  loss: 0.25,
  error: 0,
  best: { step: 3, validation: { loss: 0.25, error: 0 }, parameters: new Map() },
  ended: "steps",
  task,
  layers: [],
  predict,
  snapshot: () => Promise.reject(new Error("Nothing to save")),
  dispose() {},
  [Symbol.dispose]() {},
};

/** Runs a command on made-up plugins and a trainer that only tells what it was asked. */
async function unroll(
  line: string,
  change: Partial<CommandContext> = {},
  trained: TrainResult = RESULT,
) {
  const requests: TrainRequest[] = [];
  const resumed: ResumeRequest[] = [];
  const result = await runCommand(line, {
    models: { rnn: RNN, mlp: MLP },
    tasks: { fizzbuzz: FIZZBUZZ },
    recipes: {
      "five-units": {
        summary: "Five hidden units",
        model: "rnn",
        modelOptions: { hidden: 5 },
        task: "fizzbuzz",
        taskOptions: {},
        training: { steps: 200, lr: 1e-3, schedule: "linear" },
        expected: [{ measure: "error", value: 0, is: "at most", source: "46 of 64 starts" }],
      },
    },
    unsupportedReason: (model, task) =>
      model.name === "mlp" && task.options.encoding === "none"
        ? "Cannot train mlp on fizzbuzz: it needs an input, and the encoding is none"
        : undefined,
    train: async (request, reporters) => {
      requests.push(request);
      const callbacks: RunCallbacks[] = [...reporters, ...request.settings?.callbacks ?? []];
      const run = new RunFolder("runs/x", CONFIG);
      for (const callback of callbacks) await callback.onRunCreated?.(run, START);
      for (const event of EVENTS) {
        for (const callback of callbacks) await callback.onEvent?.(event);
      }
      for (const callback of callbacks) await callback.onEnd?.(trained);
    },
    resume: ({ run, changes }) => {
      resumed.push({ run, changes });
      return Promise.resolve();
    },
    base: new URL(".", import.meta.url),
    ...change,
  });
  return { ...result, requests, resumed };
}

Deno.test("train: composes model and task with their options", async () => {
  const { code, requests, errors } = await unroll(
    "train --model rnn --hidden 5 --task=fizzbuzz --encoding binary --lengths 16,46 --no-bias " +
      "--seed 7 --lr 1e-2 --clip-norm 5 --out elsewhere",
  );
  assertStrictEquals(errors, "");
  assertStrictEquals(code, 0);
  const [{ model, task, training, out }] = requests;
  assertStrictEquals(model.plugin, RNN);
  assertEquals(model.options, { hidden: 5, activation: "tanh", bias: false, window: 8 });
  assertEquals(task.options, { encoding: "binary", window: 4, lengths: [16, 46] });
  assertEquals(training, { seed: 7, device: "auto", learningRate: 0.01, clipNorm: 5 });
  assertStrictEquals(out, fromFileUrl(new URL("elsewhere", import.meta.url)));
});

Deno.test("train: options that model and task share are prefixed", async () => {
  const both = "train --model rnn --task fizzbuzz";
  const { requests } = await unroll(`${both} --model-window 3 --task-window 5`);
  assertStrictEquals(requests[0].model.options.window, 3);
  assertStrictEquals(requests[0].task.options.window, 5);
  const wrong = await unroll(`${both} --task-window 1`);
  assertStrictEquals(
    wrong.errors,
    "Cannot use --task-window 1: a whole number of at least 2 is needed\n",
  );
  const shared = await unroll(`${both} --window 3`);
  assertStrictEquals(
    shared.errors,
    'Cannot find option "--window": the rnn model and the fizzbuzz task have one each, say --model-window or --task-window\n',
  );
  assertStrictEquals(shared.code, 2);
});

Deno.test("train: each mistake is one sentence and exit code 2", async () => {
  const both = "train --model rnn --task fizzbuzz";
  const cases: Readonly<Record<string, string>> = {
    "train --model gnu --task fizzbuzz": 'Cannot find model "gnu": known models are rnn, mlp',
    "train --model rn --task fizzbuzz":
      'Cannot find model "rn": did you mean "rnn"? Known models are rnn, mlp',
    "train --model rnn --task fizz":
      'Cannot find task "fizz": did you mean "fizzbuzz"? Known tasks are fizzbuzz',
    "train": "Cannot train without --model: known models are rnn, mlp",
    "train --model rnn": "Cannot train without --task: known tasks are fizzbuzz",
    "train --model ./none.ts --task fizzbuzz": `Cannot load model "./none.ts": there is no file ${
      decodeURIComponent(new URL("none.ts", import.meta.url).pathname)
    }`,
    "train --model ./main.ts": 'Cannot use "./main.ts" as a model: it exports no plugin',
    [`${both} --steps 0`]: "Cannot use --steps 0: a whole number of at least 1 is needed",
    [`${both} --hidden 0`]: "Cannot use --hidden 0: a whole number from 1 to 4096 is needed",
    [`${both} --device gpu`]:
      "Cannot use --device gpu: one of auto, cpu, native, webgpu, reference is needed",
    [`${both} --hiden 5`]:
      'Cannot find option "--hiden": did you mean "--hidden"? See train --model rnn --task fizzbuzz --help',
    [`${both} --xyz`]: 'Cannot find option "--xyz": see train --model rnn --task fizzbuzz --help',
    [`${both} --hidden=`]: 'Cannot use --hidden "": something is needed, found nothing',
    [`${both} --out=`]: 'Cannot use --out "": something is needed, found nothing',
    ["train --resume="]: 'Cannot use --resume "": something is needed, found nothing',
    [`${both} --hidden`]: "Cannot use --hidden: a value is missing after it",
    [`${both} 5`]:
      'Cannot use "5": it belongs to no option, see train --model rnn --task fizzbuzz --help',
    [`${both} --hidden 4 --quiet 0 --steps 3`]:
      'Cannot use "0": it belongs to no option, see train --model rnn --task fizzbuzz --help',
    "train --model mlp --task fizzbuzz":
      "Cannot train mlp on fizzbuzz: it needs an input, and the encoding is none",
    "recipe six-units":
      'Cannot find recipe "six-units": did you mean "five-units"? Known recipes are five-units',
    "recipe five-units --steps 0": "Cannot use --steps 0: a whole number of at least 1 is needed",
  };
  for (const [line, sentence] of Object.entries(cases)) {
    const { code, errors, output, requests } = await unroll(line);
    assertEquals([code, errors, output, requests.length], [2, `${sentence}\n`, "", 0], line);
  }
});

Deno.test("train: a failure of the trainer is one sentence and exit code 1", async () => {
  const { code, errors } = await unroll("train --model rnn --task fizzbuzz", {
    train: () => Promise.reject(new RangeError("Cannot go on training: the loss is NaN")),
  });
  assertEquals([code, errors], [1, "Cannot go on training: the loss is NaN\n"]);
});

Deno.test("train --help: lists what can be chosen, then the options of what is chosen", async () => {
  const alone = await unroll("train --help");
  assertEquals([alone.code, alone.errors], [0, ""]);
  for (const text of ["rnn ", "A simple recurrent network", "fizzbuzz", "--lr", "--clip-norm"]) {
    assertStrictEquals(alone.output.includes(text), true, text);
  }
  assertStrictEquals(alone.output.includes("--hidden"), false);
  const { output, code, requests } = await unroll(
    "train --model rnn --task fizzbuzz --hidden 5 --help",
  );
  assertEquals([code, requests.length], [0, 0]);
  for (
    const text of [
      "--hidden",
      "Hidden units (1 to 4096; default 16)",
      "--no-bias",
      "--encoding",
      "none, binary; default none",
      "--model-window",
      "--task-window",
      "--steps",
    ]
  ) {
    assertStrictEquals(output.includes(text), true, text);
  }
});

Deno.test("train --json: one object a line on standard output, done last", async () => {
  const { output, errors } = await unroll("train --model rnn --task fizzbuzz --json");
  const lines = output.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ event }) => event), ["config", "progress", "validation", "done"]);
  assertEquals(lines.at(-1), {
    event: "done",
    steps: 3,
    seconds: 1.5,
    steps_per_second: 2,
    device: "cpu",
    loss: 0.25,
    error: 0,
    ended: "steps",
    best_step: 3,
    run: "runs/x",
  });
  assertStrictEquals(errors, "");
});

Deno.test("train: shows the result to people, and only that when quiet", async () => {
  const terminal = { ...SILENT_TERMINAL, isTerminal: true };
  for (const quiet of [false, true]) {
    let output = "";
    let errors = "";
    await unroll(`train --model rnn --task fizzbuzz${quiet ? " --quiet" : ""}`, {
      terminal: {
        ...terminal,
        write: (text) => output += text,
        writeError: (text) => errors += text,
      },
    });
    assertStrictEquals(
      output,
      (quiet ? "" : "1 2 fizz\n") +
        "3 steps in 1.5 s on cpu (2 steps/s): validation loss 0.2500, error 0 %\nSaved in runs/x\n" +
        (quiet ? "" : "Next, see what it has found out: deno task inspect runs/x\n" +
          "or its curves and pictures:      deno task report runs/x\n"),
    );
    assertStrictEquals(errors.includes("█"), !quiet);
  }
});

Deno.test("train: names inspect as what is next only where there is something to inspect", async () => {
  const silent = ({ length }: { readonly length: number }) =>
    Promise.resolve({ outputs: new Float32Array(length) });
  const broken = () => Promise.reject(new RangeError("Cannot run it"));
  for (const predict of [silent, broken]) {
    const { code, output } = await unroll("train --model rnn --task fizzbuzz", {}, {
      ...RESULT,
      predict,
    });
    assertEquals([code, output.split("\n").at(-2)], [
      0,
      "Next, see its curves and pictures: deno task report runs/x",
    ]);
    assertStrictEquals(output.includes("inspect"), false);
  }
});

Deno.test("recipe: lists, and runs with its own settings unless others are typed", async () => {
  const list = await unroll("recipe");
  assertEquals([list.code, list.output], [0, "  five-units  Five hidden units\n"]);
  const { requests, output } = await unroll("recipe five-units --lr 0.5 --seed 3");
  assertStrictEquals(requests[0].model.options.hidden, 5);
  assertEquals(requests[0].training, {
    seed: 3,
    steps: 200,
    device: "auto",
    learningRate: 0.5,
    schedule: "linear",
  });
  assertStrictEquals(
    output.endsWith(
      "       known  got  difference\n" +
        "error    ≤ 0  0.5        +0.5\n" +
        "Known: 46 of 64 starts.\n" +
        "Not the recipe as it is: lr 0.5 where the recipe has 0.001. So nothing is claimed of what is known.\n",
    ),
    true,
    output,
  );
  const inPhases = (await unroll("recipe five-units --phases 50:0.1,50:0.01")).requests[0];
  assertEquals(inPhases.training, {
    seed: 0,
    steps: 200,
    device: "auto",
    phases: "50:0.1,50:0.01",
  });
  const json = (await unroll("recipe five-units --json --quiet")).output.trim().split("\n").at(-1);
  const { event, measure, value, actual, passes } = JSON.parse(json ?? "");
  assertEquals({ event, measure, value, actual, passes }, {
    event: "expected",
    measure: "error",
    value: 0,
    actual: 0.5,
    passes: false,
  });
});

Deno.test("list: models, tasks and pairs", async () => {
  const { output, code } = await unroll("list");
  assertStrictEquals(code, 0);
  assertStrictEquals(
    output,
    "Models\n  rnn       A simple recurrent network\n" +
      "            --hidden --activation --bias --window\n  mlp       Layers\n\n" +
      "Tasks\n  fizzbuzz  The numbers as FizzBuzz\n            --encoding --window --lengths\n\n" +
      "Which go together\n            fizzbuzz\n  rnn       yes\n  mlp       *\n" +
      "  * mlp learns fizzbuzz with --encoding binary\n\n" +
      "Recipes\n  five-units  Five hidden units\n",
  );
  const json = JSON.parse((await unroll("list --json")).output);
  assertEquals(json.pairs[1], {
    model: "mlp",
    task: "fizzbuzz",
    unsupported_reason: "Cannot train mlp on fizzbuzz: it needs an input, and the encoding is none",
    supported_with: ["--encoding binary"],
  });
});

Deno.test("unroll: help, version and unknown commands", async () => {
  const help = await unroll("");
  assertStrictEquals(help.code, 0);
  for (const text of ["train", "recipe", "summary", "list"]) {
    assertStrictEquals(help.output.includes(text), true, text);
  }
  assertStrictEquals((await unroll("--version")).output.includes("0.0.1"), true);
  const unknown = await unroll("trian");
  assertEquals([unknown.code, unknown.errors], [
    2,
    'Cannot find command "trian": did you mean "train"? Known commands are train, recipe, lesson, tour, lr-find, summary, list, runs, eval, limits, prove, verify, predict, sample, inspect, report, board, export, sweep, doctor, completions\n',
  ]);
  const flag = await unroll("list --jsn");
  assertEquals([flag.code, flag.errors], [
    2,
    'Cannot find option "--jsn": did you mean "--json"? See list --help\n',
  ]);
});
