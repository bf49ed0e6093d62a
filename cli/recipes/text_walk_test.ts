import { assert, assertMatch, assertStrictEquals } from "@std/assert";
import type { Predict } from "@unroll/core/plugin";
import { charOf, xor } from "@unroll/tasks";
import { textWalk, writeOn } from "./text_walk.ts";
import type { WalkRun } from "./walk.ts";

/** Takes all characters to be equally likely. */
const EQUAL: Predict = ({ length }) => Promise.resolve({ outputs: new Float32Array(3 * length) });

async function runOf(losses: readonly (readonly [number, number])[]): Promise<WalkRun> {
  return {
    task: await charOf("abcabc".repeat(100)).create(),
    predict: EQUAL,
    validations: losses.map(([loss, trainingLoss], i) => ({
      step: 100 * (i + 1),
      validation: { loss },
      best: true,
      trainingLoss,
      measured: {},
    })),
    smoothed: new Map(),
    samples: new Map(),
    seed: 0,
    name: "runs/x",
    depth: "none",
    columns: 60,
  };
}

Deno.test("textWalk() shows how the loss went, a sample, and whether the text is learned by heart", async () => {
  const walk = await textWalk(await runOf([[1, 1.1], [0.5, 0.25]]), () => []);
  assert(walk !== undefined);
  const [losses, sample] = walk.parts;
  assertMatch(losses.lines[2], /^ 200 +0\.2500 +0\.5000 +█+[▉▊▋▌▍▎▏]?·+$/);
  assertMatch(sample.lines.join(""), /^[abc]{400}$/);
  assertMatch(walk.sentences[0], /ln 3 = 1\.10 nats per character.* came to 0\.5000/);
  assertMatch(walk.sentences[0], /as if there were 1\.6 equally likely characters/);
  assertMatch(walk.sentences[1], /the loss is 0\.2500, 0\.2500 lower than on text/);
  const other = await textWalk(await runOf([[0.5, 0.75]]), () => []);
  assertMatch(other?.sentences[1] ?? "", /nothing is learned by heart/);
});

Deno.test("textWalk() makes nothing of what writes no text, or was never measured", async () => {
  const run = await runOf([]);
  assertStrictEquals(await textWalk(run, () => []), undefined);
  const numbers = { ...await runOf([[1, 1]]), task: await xor().create() };
  assertStrictEquals(await textWalk(numbers, () => []), undefined);
});

Deno.test("writeOn() advises a beginning only where the network knows its characters", async () => {
  const run = await runOf([]);
  assertStrictEquals(writeOn(run, "cab").words, 'sample runs/x --prompt "cab" --length 500');
  assertStrictEquals(writeOn(run, "ROMEO:").words, "sample runs/x --length 500");
});
