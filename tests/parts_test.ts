/** Gates and cells through the trainer, of models on a task. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { train } from "@unroll/core/training";
import { lstm } from "@unroll/models";
import { counting } from "@unroll/tasks";

Deno.test("predict() hands on gates and cell of several sequences, also where it goes on from a state", async () => {
  const task = counting({ digits: 2, testDigits: 0, training: 60, validation: 20 });
  using trained = await train({ model: lstm({ hidden: 3 }), task, steps: 1, device: "cpu" });
  const { predict } = trained;
  const inputs = Int32Array.from({ length: 14 }, (_, i) => (7 * i) % 10);
  const whole = await predict({ length: 7, size: 2, inputs, capture: true });
  assertEquals(Object.keys(whole.parts ?? {}).toSorted(), ["cell", "forget", "input", "output"]);
  const first = await predict({
    length: 4,
    size: 2,
    inputs: inputs.slice(0, 8),
    capture: true,
    keepState: true,
  });
  const { state } = first;
  const then = await predict({ length: 3, size: 2, inputs: inputs.slice(8), capture: true, state });
  for (const [name, values] of Object.entries(whole.parts ?? {})) {
    assertEquals(values.length, 7 * 2 * 3);
    const found = [...first.parts?.[name] ?? [], ...then.parts?.[name] ?? []];
    found.forEach((value, i) => assertAlmostEquals(value, values[i], 1e-6));
  }
  assertEquals((await predict({ length: 7, size: 2, inputs })).parts, undefined);
});
