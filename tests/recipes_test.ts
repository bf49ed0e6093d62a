/**
 * The recipes in short: enough steps of each to see that it does what it is known for.
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  compare,
  formatComparisons,
  type Measured,
  type Recipe,
  type RecipeEvent,
  RECIPES,
  recipeSettings,
  runRecipe,
  taskOptionsOf,
} from "@unroll/cli/recipes";
import type { ModelPlugin } from "@unroll/core/plugin";
import type { JsonRecord } from "@unroll/core/runs";
import { DivergenceError, train } from "@unroll/core/training";
import { formatSummary, mlp, MODELS } from "@unroll/models";
import { fizzbuzz, TASKS } from "@unroll/tasks";

/** What tests run on, whatever else this machine has. */
const CPU = { device: "cpu" } as const;

/** A text in the place of the books, of words that come again. */
async function withText<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    const words = "this is what those of the part of queens and this is that of phi and then\n";
    await Deno.writeTextFile(path, words.repeat(80));
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("sevenths: the smoothed loss goes as in the notebook, and samples become the pattern", async () => {
  const news: RecipeEvent[] = [];
  using run = await runRecipe(RECIPES.sevenths, {
    training: { ...CPU, steps: 401, validateEvery: 200 },
    onEvent: (item) => news.push(item),
  });
  const [start, ...more] = run.comparisons;
  assertAlmostEquals(start.actual, 64 * Math.log(6), 0.01);
  for (const { name, passes } of more.slice(2, 4)) assert(passes, name);
  const samples = news.flatMap((item) => item.event === "sample" ? [item.text] : []);
  assertEquals(samples.map(({ length }) => length), [200, 200, 200]);
  const periods = samples.map((sample) => sample.match(/142857/g)?.length ?? 0);
  assert(periods[0] < 3, `${periods[0]} periods in ${samples[0]}`);
  assert(periods[2] >= 25, `${periods[2]} of at most 33 periods in ${samples[2]}`);
});

Deno.test("fizzbuzz-text: starts as if all characters were equally likely, and falls", async () => {
  using run = await runRecipe(RECIPES["fizzbuzz-text"], { training: { ...CPU, steps: 301 } });
  assertAlmostEquals(run.comparisons[0].actual, 64 * Math.log(15), 0.01);
  assert(run.comparisons[3].actual < run.comparisons[0].actual - 2);
});

Deno.test("xor-linear: cannot learn it, and says one half to all", async () => {
  using run = await runRecipe(RECIPES["xor-linear"], { epochs: 3000, training: CPU });
  assertAlmostEquals(run.trained.loss, 2, 1e-3);
  const { outputs } = await run.trained.predict({
    length: 2,
    size: 4,
    inputs: Float32Array.of(0, 0, 1, 1, 0, 1, 0, 1),
  });
  for (const output of outputs) assertAlmostEquals(output, 0.5, 0.02);
});

Deno.test("xor: two layers learn it", async () => {
  using run = await runRecipe(RECIPES.xor, { training: CPU });
  assertEquals(run.trained.error, 0);
  assert(run.comparisons[0].passes);
});

Deno.test("fizzbuzz-mlp: at ten times the learning rate it diverges, which is said in one sentence", async () => {
  const { modelOptions, taskOptions } = RECIPES["fizzbuzz-mlp"];
  const error = await assertRejects(
    () =>
      train({
        model: mlp(modelOptions),
        task: fizzbuzz(taskOptions),
        device: "cpu",
        optimizer: "sgd",
        learningRate: 0.1,
        schedule: "constant",
        steps: 2000,
      }),
    DivergenceError,
    "is not finite; try a learning rate below 0.1",
  );
  assert(!error.message.includes("NaN"));
});

for (const name of ["count-rnn", "count-lstm"]) {
  Deno.test(`${name}: adds 1 to numbers that it was never shown, after 4 epochs`, async () => {
    using run = await runRecipe(RECIPES[name], { training: CPU });
    assertEquals(run.trained.error, 0);
    assertEquals(run.trained.steps, 4 * Math.floor(9000 / 16));
  });
}

Deno.test("counting-1000: exact on numbers of 1,000 digits, carries through 1,000 nines too", async () => {
  using run = await runRecipe(RECIPES["counting-1000"], { training: CPU });
  assertEquals(run.comparisons.map(({ actual }) => actual), [0, 1, 1000]);
});

Deno.test("theano-fizzbuzz: counts in its 5 units, with the loss below that of saying numbers only", async () => {
  using run = await runRecipe(RECIPES["theano-fizzbuzz"], {
    training: { ...CPU, steps: 40_000, validateEvery: 10_000 },
  });
  // 8 of 15 numbers are copied, 4 fizz, 2 buzz and 1 is both: without counting, this is the least.
  const shares = [8 / 15, 4 / 15, 2 / 15, 1 / 15];
  const entropy = -shares.reduce((sum, share) => sum + share * Math.log(share), 0);
  assert(run.trainingLoss < entropy, `${run.trainingLoss} is not below ${entropy}`);
});

for (const [name, recipe] of Object.entries(RECIPES).filter(([, { corpus }]) => corpus)) {
  Deno.test(`${name}: the loss falls on another text, with a small model`, async () => {
    await withText(async (corpus) => {
      const small = { ...recipe, modelOptions: { ...recipe.modelOptions, hidden: 24 } };
      const losses: number[] = [];
      using run = await runRecipe(small, {
        corpus,
        training: {
          ...CPU,
          // Rates are set for long runs, the one of `lesson6-3char` and `lesson6-plain` nearly to nothing.
          learningRate: recipe.training.optimizer === "sgd" ? 0.02 : 0.01,
          steps: 60,
          validateEvery: 60,
        },
        taskOptions: { length: Math.min(Number(recipe.taskOptions.length), 16) },
        onEvent: (news) => news.event === "smoothed" && losses.push(news.loss),
      });
      const { spec } = run.trained.task;
      const classes = spec.outputs.kind === "class" ? spec.outputs.classes : 0;
      // Saying that all characters are equally likely is no more than a start.
      assert(
        run.trained.loss < Math.log(classes),
        `loss ${run.trained.loss} of ${classes} classes`,
      );
    });
  });
}

Deno.test("lesson6-rnn has the layers and parameters that the lesson's summary shows", async () => {
  const { model, modelOptions, taskOptions, task } = RECIPES["lesson6-rnn"];
  // With an alphabet, no text is read before training.
  const { spec } = await TASKS[task]({ ...taskOptions, alphabet: "a" } as JsonRecord).create();
  const { layers } = (MODELS[model] as ModelPlugin)(modelOptions).create(spec);
  assertEquals(layers.map(({ parameters }) => parameters), [3612, 76_544, 22_102]);
  assert(formatSummary(layers).endsWith("102,258"));
});

Deno.test("every recipe's model can learn its task, and its options are known", async () => {
  await withText(async (corpus) => {
    for (const [name, recipe] of Object.entries(RECIPES)) {
      const task = TASKS[recipe.task](taskOptionsOf(recipe, corpus));
      const { spec } = await task.create();
      const model = (MODELS[recipe.model] as ModelPlugin)(recipe.modelOptions);
      assertEquals(model.unsupportedReason(spec), undefined, name);
      assert(recipe.expected.length > 0, name);
    }
  });
});

Deno.test("taskOptionsOf() says what text a recipe needs", () => {
  try {
    taskOptionsOf(RECIPES["lesson6-rnn"], undefined);
  } catch (error) {
    assert(error instanceof RangeError);
    assert(error.message.includes("--corpus FILE") && error.message.includes("Nietzsche"));
    return;
  }
  throw new Error("Expected a RangeError");
});

Deno.test("recipeSettings() turns epochs into steps, phases too, and shortens them alike", () => {
  const phases = [{ epochs: 4, lr: 1e-6 }, { epochs: 4, lr: 1e-2 }];
  const recipe: Recipe = { ...RECIPES["lesson6-3char"], training: { phases } };
  const full = recipeSettings(recipe, { stepsPerEpoch: 100 });
  assertEquals(full.steps, 800);
  assertEquals(full.validateEvery, 100);
  assertEquals(full.phases, [
    { steps: 400, learningRate: 1e-6 },
    { steps: 400, learningRate: 1e-2 },
  ]);
  const short = recipeSettings(recipe, { stepsPerEpoch: 100 }, 2);
  assertEquals(short.steps, 200);
  assertEquals(short.phases?.map(({ steps }) => steps), [100, 100]);
});

Deno.test("compare() knows numbers to repeat from bounds", () => {
  const expected = { value: 1, source: "somewhere" } as const;
  const recipe = {
    expected: [
      { ...expected, measure: "training loss", is: "near", tolerance: 0.1, per: 8 },
      { ...expected, measure: "error", is: "at most" },
      { ...expected, measure: "metrics.longest_carry", is: "at least" },
      { ...expected, measure: "smoothed loss", iteration: 5, is: "near" },
    ],
  } as unknown as Recipe;
  const measured: Measured = {
    error: 1.5,
    validationLoss: 0,
    metrics: { longest_carry: 4 },
    trainingLoss: 8.4,
    smoothedLoss: () => NaN,
  };
  const comparisons = compare(recipe, measured);
  assertEquals(comparisons.map(({ passes }) => passes), [true, false, true, false]);
  assertAlmostEquals(comparisons[0].difference, 0.05);
  assertEquals(
    formatComparisons(comparisons),
    `                              known   got  difference
training loss / 8                 1  1.05       +0.05  as known: somewhere
error                           ≤ 1   1.5        +0.5  not as known: somewhere
longest carry                   ≥ 1     4          +3  as known: somewhere
smoothed loss at iteration 5      1     -              not measured: somewhere
`,
  );
});
