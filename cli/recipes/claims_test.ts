/** No recipe claims what cannot fail: an untrained network is not as known, nor one half way. */
import { assert, assertEquals } from "@std/assert";
import { compare, type ExpectedResult, type Measured, RECIPES, runRecipe } from "./mod.ts";

/** The loss of a text's recipe before it is trained: all characters equally likely. */
function untrainedLoss(name: string): number {
  const { taskOptions, text } = RECIPES[name];
  // Without a vocabulary of its own, as many as the text has: tiny Shakespeare.
  return Math.log(Number(taskOptions.vocabulary ?? (text === undefined ? NaN : 65)));
}

/** What an untrained network measures, as far as it is known without one. */
function untrained(name: string, expected: ExpectedResult): number {
  const { expected: all, smoothed } = RECIPES[name];
  if (expected.measure === "smoothed loss") {
    assert(smoothed !== undefined);
    // What is printed at iteration 0, which no step has changed.
    return all.find(({ iteration }) => iteration === 0)?.value ?? NaN;
  }
  return expected.measure === "error" ? 1 : untrainedLoss(name);
}

Deno.test("every number that is to be repeated is far from that of an untrained network", () => {
  let count = 0;
  for (const [name, { expected, task }] of Object.entries(RECIPES)) {
    if (task !== "char") continue;
    for (const one of expected) {
      if (one.is === "beside") continue;
      count++;
      const fall = Math.abs(untrained(name, one) - one.value);
      assert(fall > 0, `${name}: ${one.measure} is ${one.value} without training`);
      if (one.is === "near") {
        assert((one.tolerance ?? 0) < fall / 2, `${name}: ${one.tolerance} of a fall of ${fall}`);
      }
    }
  }
  assert(count > 10, String(count));
});

Deno.test("[long] no recipe that needs no text is as known after a single step", async () => {
  for (const [name, recipe] of Object.entries(RECIPES)) {
    if (recipe.corpus !== undefined) continue;
    using run = await runRecipe(recipe, { training: { device: "cpu", steps: 1 } });
    const claims = run.comparisons.filter(({ expected: { is } }) => is !== "beside");
    assert(claims.length > 0, name);
    assert(claims.some(({ passes }) => passes === false), `${name}: ${JSON.stringify(claims)}`);
  }
});

Deno.test("what is only set beside claims nothing, however far it is", () => {
  const expected = { measure: "error", value: 0, is: "beside", source: "somewhere" } as const;
  const measured: Measured = {
    error: 1,
    validationLoss: 1,
    metrics: {},
    trainingLoss: 1,
    smoothedLoss: () => NaN,
  };
  const [{ passes, difference }] = compare({ ...RECIPES.xor, expected: [expected] }, measured);
  assertEquals([passes, difference], [undefined, 1]);
});
