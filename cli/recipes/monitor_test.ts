import { assertEquals } from "@std/assert";
import { openRun, readCheckpoint, snapshotOf, trainAndSave } from "@unroll/core/runs";
import { rnn } from "@unroll/models";
import { char } from "@unroll/tasks";
import { runCommand } from "../test_support/run_command.ts";
import { type RecipeEvent, RecipeMonitor } from "./monitor.ts";
import { RECIPES } from "./mod.ts";
import { carriedPrompt } from "./min_char_walk.ts";
import { recipeSettings } from "./run_recipe.ts";

const { smoothed: _, ...rest } = RECIPES.sevenths;
const RECIPE = { ...rest, smoothed: { every: 20, sampleEvery: 40 } };

/** Trains some steps of it, small, in a run that is new or gone on with. */
async function trainSome(
  out: string,
  settings: { readonly stopAt?: number; readonly resume?: string } = {},
): Promise<{ readonly events: RecipeEvent[]; readonly path: string }> {
  const task = char(RECIPE.taskOptions);
  const events: RecipeEvent[] = [];
  const monitor = new RecipeMonitor(RECIPE, { seed: 3, onEvent: (event) => events.push(event) });
  const stop = new AbortController();
  const { callbacks } = monitor;
  const run = settings.resume === undefined ? undefined : await openRun(settings.resume);
  using trained = await trainAndSave({
    ...recipeSettings(RECIPE, await task.create()),
    steps: 90,
    validateEvery: 40,
    model: rnn({ ...RECIPE.modelOptions, hidden: 8 }),
    task,
    seed: 3,
    device: "cpu",
    out,
    version: "0",
    signal: stop.signal,
    ...(run === undefined ? {} : {
      run,
      resume: snapshotOf(await readCheckpoint(run.checkpointPath("last"))),
    }),
    callbacks: [{
      ...callbacks,
      onStep(step, loss) {
        callbacks.onStep?.(step, loss);
        if (step + 1 === settings.stopAt) stop.abort();
      },
    }],
  });
  return { events, path: trained.run.path };
}

Deno.test("RecipeMonitor goes on with smoothed losses and samples where a run was stopped", async () => {
  const out = await Deno.makeTempDir();
  try {
    const whole = await trainSome(out);
    const begun = await trainSome(out, { stopAt: 53 });
    const resumed = await trainSome(out, { resume: begun.path });
    // Samples of the untrained network, of 40 and of 80 steps, and a smoothed loss every 20.
    assertEquals(
      whole.events.map(({ event }) => event),
      ["begin", "sample", "smoothed", "smoothed", "sample", "smoothed", "smoothed", "sample"]
        .concat("smoothed"),
    );
    assertEquals([...begun.events, ...resumed.events], whole.events);
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("train --resume goes on with a recipe as one, and tells what it came to", async () => {
  const out = await Deno.makeTempDir();
  try {
    const small = "--hidden 8 --device cpu --json";
    const whole = await runCommand(`recipe sevenths --steps 230 ${small} --out ${out}`);
    const begun = await runCommand(
      `recipe sevenths --steps 130 ${small} --name begun --out ${out}`,
    );
    const resumed = await runCommand(`train --resume ${out}/begun --steps 230 --json`);
    const told = (output: string) =>
      output.trim().split("\n").map((line) => JSON.parse(line)).filter(({ event }) =>
        ["smoothed", "expected"].includes(event)
      );
    assertEquals(told(whole.output).length, 3 + 6);
    // What is left of the first run is what it came to at 130.
    const losses = told(begun.output).filter(({ event }) => event === "smoothed");
    assertEquals([...losses, ...told(resumed.output)], told(whole.output));
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("carriedPrompt() ends with the first character of the next chunk, and begins anew with the text", async () => {
  const task = await char({ ...RECIPE.taskOptions, length: 64 }).create();
  const text = "142857".repeat(1000);
  assertEquals(task.stepsPerEpoch, 93);
  assertEquals(carriedPrompt({ task, step: 0 }), "1");
  assertEquals(carriedPrompt({ task, step: 1 }), text.slice(0, 65));
  assertEquals(carriedPrompt({ task, step: 92 }).at(-1), text[92 * 64]);
  assertEquals(carriedPrompt({ task, step: 93 }), "1");
  const { inputs } = task.batch({ step: 92, seed: 0, random: () => 0 });
  const alphabet = [...new Set(text)].sort();
  assertEquals(alphabet[Number(inputs?.[0])], text[92 * 64]);
});
