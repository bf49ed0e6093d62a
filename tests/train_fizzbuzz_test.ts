import { assertAlmostEquals, assertEquals } from "@std/assert";
import { train, type TrainSettings } from "@unroll/core/training";
import { mlp, rnn } from "@unroll/models";
import { fizzbuzz } from "@unroll/tasks";

const FIZZBUZZ: Pick<TrainSettings, "model" | "task"> = { model: rnn(), task: fizzbuzz() };

Deno.test("an RNN learns to count and say FizzBuzz, with what the task recommends", async () => {
  using trained = await train({ ...FIZZBUZZ, device: "cpu" });
  assertEquals(trained.error, 0);
  const lines = await trained.task.show!(trained.predict);
  assertEquals(lines[0], "1 2 fizz 4 buzz fizz 7 8 fizz buzz 11 fizz 13 14 fizzbuzz");
  assertEquals(lines.at(-1), "1000 of 1..1000 right");
});

Deno.test("training on the cpu gives the same bits twice, and going on gives them too", async () => {
  const settings = { ...FIZZBUZZ, device: "cpu", seed: 5, validateEvery: 20 } as const;
  const run = async (more: Partial<TrainSettings>) => {
    using trained = await train({ ...settings, ...more, schedule: "constant" });
    return { ...await trained.snapshot(), seconds: 0 }; // Time is no result.
  };
  const first = await run({ steps: 60 });
  assertEquals(await run({ steps: 60 }), first);
  const half = await run({ steps: 30 });
  assertEquals((await run({ steps: 60, resume: half })).tensors, first.tensors);
});

Deno.test("100 training steps agree between reference and cpu", async () => {
  for (
    const pair of [
      FIZZBUZZ,
      { model: rnn({ hidden: 5, activation: "sigmoid" }), task: fizzbuzz({ encoding: "digits" }) },
      { model: mlp({ layers: [10] }), task: fizzbuzz({ encoding: "binary" }) },
    ]
  ) {
    const run = async (device: "reference" | "cpu") => {
      // SGD: what Adam makes of gradients near zero depends on their rounding.
      using trained = await train({
        ...pair,
        device,
        steps: 100,
        optimizer: "sgd",
        learningRate: 0.001,
      });
      return (await trained.snapshot()).tensors;
    };
    const [wanted, found] = [await run("reference"), await run("cpu")];
    for (const [name, { data }] of wanted) {
      if (!name.startsWith("parameters")) continue;
      // 100 steps each rounding to 2⁻²⁴ of numbers of about 1, through up to 61 steps of time.
      data.forEach((x, i) => assertAlmostEquals(found.get(name)!.data[i], x, 100 * 2 ** -24, name));
    }
  }
});
