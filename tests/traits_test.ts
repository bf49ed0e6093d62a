/** Tasks ask a model what it is, not what it is called: a model of somebody else's is recommended the same training. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { defineModel, type ModelTraits } from "@unroll/core/plugin";
import { gru, lstm, mlp, rnn } from "@unroll/models";
import { char, counting, fizzbuzz } from "@unroll/tasks";
import * as z from "zod";

function modelWith(traits: Partial<ModelTraits>) {
  return defineModel({
    name: "mine",
    summary: "A model of somebody else's",
    options: z.object({ hidden: z.int().default(128) }),
    traits,
    create: () => {
      throw new TypeError("Cannot build mine: only its traits are there");
    },
  })();
}

Deno.test("defaults() of a task depend on a model's traits alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/text.txt`, "to be or not to be ".repeat(50));
    const instances = await Promise.all([
      fizzbuzz({ encoding: "binary" }).create(),
      counting({ digits: 2, training: 60, validation: 20, testDigits: 0 }).create(),
      char({ corpus: `${folder}/text.txt` }).create(),
    ]);
    for (const task of instances) {
      assertEquals(task.defaults(modelWith({})), task.defaults(rnn({ hidden: 128 })));
      assertEquals(task.defaults(modelWith({ gated: true })), task.defaults(gru({ hidden: 128 })));
      assertEquals(task.defaults(modelWith({ gated: true })), task.defaults(lstm({ hidden: 128 })));
      assertEquals(task.defaults(modelWith({ windowed: true })), task.defaults(mlp()));
    }
    const [counted, , text] = instances;
    assertNotEquals(
      counted.defaults(modelWith({})),
      counted.defaults(modelWith({ windowed: true })),
    );
    assertNotEquals(text.defaults(modelWith({})), text.defaults(modelWith({ gated: true })));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
