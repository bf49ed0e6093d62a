/**
 * Finds the seeds that show what the write-ups show, and how many starts do: `deno task seeds`.
 *
 * ```sh
 * deno task seeds                          # seeds 0 to 63 of each recipe, into cli/recipes/seeds.json
 * deno task seeds count-rnn --count 100    # of one recipe, the others as they were
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import { cpus } from "node:os";
import type { Probe } from "@unroll/core/plugin";
import { captureStudy } from "../reporting/hidden_states.ts";
import { limitOf } from "../reporting/limits.ts";
import { type RecipeResult, RECIPES, runRecipe } from "./mod.ts";
import type { CountingStart, KnownStart, Start, TheanoStart } from "./seeds.ts";
import { machineOf, pairTexts, weakUnits } from "./theano_walk.ts";

/** What is looked at of each start. */
const LOOKS: Readonly<Record<string, (seed: number, run: RecipeResult) => Promise<Start>>> = {
  "theano-fizzbuzz": lookAtTheano,
  "count-rnn": lookAtCounting,
  "count-lstm": lookAtCounting,
  sevenths: lookAtKnown,
  xor: lookAtKnown,
  "fizzbuzz-mlp": lookAtKnown,
};

async function lookAtTheano(seed: number, { trained }: RecipeResult): Promise<TheanoStart> {
  const { task, predict, error = NaN, best } = trained;
  const study = await captureStudy(task, predict);
  if (study === undefined) throw new RangeError("Cannot look at a model that shows no states");
  const { threes, fives } = machineOf(study);
  const { states } = study.shown;
  const same = pairTexts(states).filter(({ isSame }) => isSame).length;
  return { seed, error, step: best.step, threes, fives, same, weak: weakUnits(states) };
}

async function lookAtCounting(seed: number, { trained }: RecipeResult): Promise<CountingStart> {
  const probes: Probe[] = [];
  for await (const probe of trained.task.probes?.(trained.predict) ?? []) {
    if (!probe.axis.startsWith("9s")) break;
    probes.push(probe);
  }
  const { rightThrough = -1, wrongFrom } = limitOf(probes);
  const { error = NaN } = trained;
  const { right = 0, count = 1 } = probes.find(({ at }) => at === 40) ?? {};
  const lost = 1 - right / count;
  return { seed, error, nines: wrongFrom === undefined ? null : rightThrough, lost };
}

function lookAtKnown(seed: number, { comparisons }: RecipeResult): Promise<KnownStart> {
  const claims = comparisons.filter(({ expected: { is } }) => is === "near");
  const distance = claims.reduce(
    (sum, { difference, expected: { tolerance = NaN } }) => sum + Math.abs(difference) / tolerance,
    0,
  );
  const passes = comparisons.every(({ passes }) => passes !== false);
  return Promise.resolve({ seed, passes, distance });
}

/** From the folder of the workspace, where tasks run. */
const OUT = "cli/recipes/seeds.json";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { count: { type: "string", default: "64" } },
  });
  const names = positionals.length === 0 ? Object.keys(LOOKS) : positionals;
  const data = JSON.parse(await Deno.readTextFile(OUT));
  for (const name of names) {
    if (!Object.hasOwn(LOOKS, name)) {
      throw new RangeError(
        `Cannot look for seeds of ${name}: ${Object.keys(LOOKS).join(", ")} are`,
      );
    }
    const starts: Start[] = [];
    const started = performance.now();
    for (let seed = 0; seed < Number(values.count); seed++) {
      using run = await runRecipe(RECIPES[name], { seed, training: { device: "cpu" } });
      const start = await LOOKS[name](seed, run);
      starts.push(start);
      console.log(`${name} ${JSON.stringify(start)}`);
    }
    const seconds = (performance.now() - started) / 1000;
    const [{ model } = { model: "an unknown CPU" }] = cpus();
    data[name] = { on: model, seconds: Math.round(seconds), starts };
    await Deno.writeTextFile(OUT, textOf(data));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", OUT] }).output();
  }
}

/** JSON with a line for each start. */
function textOf(data: Readonly<Record<string, { readonly starts: readonly Start[] }>>): string {
  const parts = Object.entries(data).map(([name, { starts, ...rest }]) => {
    const head = JSON.stringify(rest).slice(1, -1);
    const lines = starts.map((start) => `      ${JSON.stringify(start)}`).join(",\n");
    return `  ${JSON.stringify(name)}: {\n    ${head},\n    "starts": [\n${lines}\n    ]\n  }`;
  });
  return `{\n${parts.join(",\n")}\n}\n`;
}

if (import.meta.main) await main();
