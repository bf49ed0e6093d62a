import { assert, assertEquals } from "@std/assert";
import { planRun } from "@unroll/core/runs";
import { recordedSettings } from "@unroll/core/training";
import type { ModelPlugin, TaskPlugin } from "@unroll/core/plugin";
import type { RunConfig } from "@unroll/core/runs";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { StoppedError } from "../errors.ts";
import { RECIPES } from "../recipes/mod.ts";
import { reproduceCommand } from "./reproduce.ts";
import { wordsOf } from "../test_support/arbitrary_options.ts";
import { runCommand } from "../test_support/run_command.ts";
import { requested } from "../commands/train_action.ts";
import type { TrainRequest } from "../context.ts";

const PLUGINS = { model: MODELS.rnn, task: TASKS.xor };

/** The command for a small run. */
function commandOf(training: Record<string, unknown>, more: Partial<RunConfig> = {}): string {
  return reproduceCommand(
    {
      version: "0.0.1",
      model: { name: "rnn", options: MODELS.rnn().options as never },
      task: { name: "xor", options: {} },
      training: { steps: 6, optimizer: "sgd", optimizerSettings: {}, ...training } as never,
      seed: 7,
      device: "cpu",
      ...more,
    },
    PLUGINS,
  );
}

/** What a command would train, and what would be kept of it. */
async function plan(words: readonly string[]): Promise<{
  readonly request: TrainRequest;
  readonly config: RunConfig;
}> {
  let request: TrainRequest | undefined;
  const { errors } = await runCommand(words, {
    train(asked) {
      request = asked;
      return Promise.reject(new StoppedError("Enough"));
    },
  });
  assert(request !== undefined, `${words.join(" ")}: ${errors}`);
  return { request, config: { ...await planRun(requested(request, "0.0.1")), device: "cpu" } };
}

const START =
  "deno task train --model rnn --task xor --seed 7 --steps 6 --device cpu --optimizer sgd";

Deno.test("reproduceCommand() says the phases of the learning rate in place of one", () => {
  const rest = "--clip 0 --clip-norm 0";
  assertEquals(commandOf({ learningRate: 0.5 }), `${START} --lr 0.5 ${rest}`);
  const phases = [{ steps: 4, learningRate: 0.5 }, { steps: 2, learningRate: 1e-7 }];
  assertEquals(
    commandOf({ learningRate: 0.5, phases }),
    `${START} --phases 4:0.5,2:1e-7 ${rest}`,
  );
});

Deno.test("reproduceCommand() says what was otherwise after a resumption", () => {
  const training = { optimizer: "sgd", optimizerSettings: {}, clip: 0, clipNorm: 0 };
  const before = [
    { step: 6, training: { ...training, steps: 6, learningRate: 0.5 }, device: "cpu" },
    { step: 8, training: { ...training, steps: 9, learningRate: 0.5, clip: 1 }, device: "cpu" },
  ];
  assertEquals(
    commandOf({ ...training, steps: 9, learningRate: 0.1 }, { before, device: "webgpu" }),
    `${START} --lr 0.5 --clip 0 --clip-norm 0\n` +
      "deno task train --resume last --steps 9 --clip 1 --until 8\n" +
      "deno task train --resume last --device webgpu --lr 0.1 --clip 0",
  );
});

Deno.test("reproduceCommand() says the schedule with phases that are new, though it was so before", () => {
  const training = { optimizerSettings: {}, clip: 0, clipNorm: 0, schedule: "cosine" };
  const before = [{
    step: 6,
    training: { ...training, optimizer: "sgd", steps: 6, learningRate: 0.5 },
    device: "cpu",
  }];
  const phases = [{ steps: 9, learningRate: 0.1 }];
  const command = commandOf({ ...training, steps: 9, learningRate: 0.1, phases }, { before });
  const { 1: again } = command.split("\n");
  // Phases alone would take the place of the schedule.
  assertEquals(
    again,
    "deno task train --resume last --steps 9 --phases 9:0.1 --schedule cosine",
  );
});

Deno.test("reproduceCommand() makes the same run of odd values, 0 among them", async () => {
  const text = await Deno.makeTempFile({ suffix: " it's $1.txt" });
  try {
    await Deno.writeTextFile(text, "-- \"a\" 'b' \\c $d\n=e".repeat(200));
    const own = ["--clip", "0", "--clip-norm", "0", "--l2", "0", "--warmup", "0", "--seed", "0"];
    const cases = [
      ["--optimizer", "sgd", "--momentum", "0", "--no-nesterov", "--phases", "3:1e-3,4:0.5"],
      ["--optimizer", "sgd", "--momentum", "0.5", "--nesterov", "--stop-at", "none"],
      ["--patience", "3", "--stop-at", "error=0,loss=0.5"],
      ["--optimizer", "adam", "--beta1", "0", "--beta2", "0", "--epsilon", "0"],
      ["--optimizer", "adamw", "--weight-decay", "0", "--lr", "1e-7"],
      ["--optimizer", "rmsprop", "--decay", "0", "--momentum", "0.5"],
      ["--optimizer", "adagrad", "--epsilon", "0.1", "--epsilon-place", "outside"],
    ];
    for (const more of cases) {
      const words = ["train", "--model", "gru", "--task", "char", "--corpus", text];
      // Where the alphabet begins like a flag, too.
      words.push("--alphabet=-\n \"'$=\\abcde", "--no-shuffle", "--validation", "0");
      const { request, config } = await plan([...words, ...own, ...more]);
      const { model, task } = request;
      const command = reproduceCommand(config, { model: model.plugin, task: task.plugin });
      assertEquals((await plan(await wordsOf(command))).config, config, command);
    }
  } finally {
    await Deno.remove(text);
  }
});

Deno.test("[long] every recipe is kept with all its settings, and its report's command has them too", async () => {
  const text = await Deno.makeTempFile();
  try {
    const letters = "\n !\"'(),-.:;?$&ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    await Deno.writeTextFile(text, letters.repeat(500));
    for (const [name, recipe] of Object.entries(RECIPES)) {
      const corpus = recipe.corpus === undefined ? [] : ["--corpus", text];
      const { request, config } = await plan(["recipe", name, "--seed", "7", ...corpus]);
      const { model, task } = request;
      const again = await planRun({
        ...recordedSettings(config.training),
        model: (model.plugin as ModelPlugin)(model.options),
        task: (task.plugin as TaskPlugin)(task.options),
        version: config.version,
      });
      assertEquals(again.training, config.training, name);
      const { clip, clipNorm, warmup, l2, lr, optimizerSettings } = recipe.training;
      for (const [setting, value] of Object.entries({ clip, clipNorm, warmup, l2 })) {
        if (value !== undefined) assertEquals(config.training[setting], value, name);
      }
      if (lr !== undefined) assertEquals(config.training.learningRate, lr, name);
      const kept = config.training.optimizerSettings as object;
      assertEquals(kept, { ...kept, ...optimizerSettings }, name);
      const command = reproduceCommand(config, { model: model.plugin, task: task.plugin });
      // What `train` is told is no recipe by its name, but all of it.
      const { recipe: called, ...rest } = config;
      assertEquals(called, name);
      assertEquals((await plan(await wordsOf(command))).config, rest, command);
    }
  } finally {
    await Deno.remove(text);
  }
});

Deno.test("reproduceCommand() says the weights to begin with, and all options of the model", () => {
  const from = { path: "old weights.safetensors", sha256: "0".repeat(64) };
  const command = commandOf({ clip: 0, clipNorm: 0 }, { from });
  assert(command.endsWith(" --from 'old weights.safetensors'"), command);
  // What is left out is as in the run that the weights are of.
  assert(command.includes(" --dropout 0 "), command);
});
