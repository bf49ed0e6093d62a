import { assertEquals, assertMatch } from "@std/assert";
import { RECIPES } from "../recipes/mod.ts";
import { runRecipe } from "../recipes/run_recipe.ts";
import { type Finding, findingsOf } from "./findings.ts";
import { captureStudy } from "./hidden_states.ts";

/** What a recipe finds out from a seed, on the CPU. */
async function found(name: string, seed: number): Promise<readonly Finding[]> {
  using run = await runRecipe(RECIPES[name], { seed, training: { device: "cpu" } });
  const { task, predict } = run.trained;
  const study = await captureStudy(task, predict);
  return study === undefined ? [] : findingsOf(study);
}

Deno.test("[long] findingsOf() finds the 3 beside the 5 of a network that says FizzBuzz", async () => {
  const [cycle, ...follow] = await found("theano-fizzbuzz", 1);
  assertMatch(
    cycle.text,
    /^Units 3, 4 turn over every 3 steps, units 1, 5 every 5, unit 2 every 15: together 15 states, over and over, /,
  );
  assertEquals(follow.map(({ annotation, units }) => [annotation, units.toSorted()]), [
    ["n mod 3", [3, 4]],
    ["n mod 5", [1, 2, 5]],
  ]);
});

Deno.test("[long] findingsOf() finds when the carry of a network that counts fades, and when it holds", async () => {
  // The seed that was found to do so: which one does turns on how sums are rounded.
  const fading = await found("count-rnn", RECIPES["count-rnn"].seed ?? 0);
  assertEquals(fading.map(({ kind }) => kind), ["follows", "fades"]);
  assertMatch(
    fading[1].text,
    /^The carry fades: after 2\d nines all units together tell the opposite\..* What it says turns from 0 to 9 after 2\d\.$/,
  );
  const holding = await found("count-rnn", 1);
  assertEquals(holding.map(({ kind }) => kind), ["none", "holds"]);
  assertMatch(holding[0].text, /^No unit stands for it alone: carry .*all together: (>99|100) %/);
  assertMatch(holding[1].text, /^The carry holds: through 64 nines all units together keep /);
});
