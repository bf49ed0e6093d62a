import { assertEquals } from "@std/assert";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { reproduceCommand } from "./reproduce.ts";

Deno.test("reproduceCommand() says the phases of the learning rate in place of one", () => {
  const command = (training: Record<string, unknown>) =>
    reproduceCommand(
      {
        version: "0.0.1",
        model: { name: "rnn", options: MODELS.rnn().options as never },
        task: { name: "xor", options: {} },
        training: { steps: 6, optimizer: "sgd", optimizerSettings: {}, ...training } as never,
        seed: 7,
        device: "cpu",
      },
      { model: MODELS.rnn, task: TASKS.xor },
    );
  const start =
    "deno task train --model rnn --task xor --seed 7 --steps 6 --device cpu --optimizer sgd";
  assertEquals(command({ learningRate: 0.5 }), `${start} --lr 0.5`);
  const phases = [{ steps: 4, learningRate: 0.5 }, { steps: 2, learningRate: 1e-7 }];
  assertEquals(command({ learningRate: 0.5, phases }), `${start} --phases 4:0.5,2:1e-7`);
});
