import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as z from "zod";
import { camelCase, composeFlags, defineFlag, type FlagSource, readFlags } from "./flags.ts";

const OWN: FlagSource = {
  owner: "train",
  schema: z.object({ seed: z.int().default(0), out: z.string().default("runs") }),
};
const MODEL: FlagSource = {
  prefix: "model",
  owner: "the rnn model",
  schema: z.object({ seed: z.int().default(1), topK: z.int().default(2), out: z.int().default(3) }),
};
const TASK: FlagSource = {
  prefix: "task",
  owner: "the char task",
  schema: z.object({ topK: z.int().default(4), text: z.boolean().default(true) }),
};

Deno.test("composeFlags() keeps short names and prefixes those that are taken", () => {
  const flags = composeFlags([OWN, MODEL, TASK]);
  assertEquals(flags.map(({ flag }) => flag), [
    "seed",
    "out",
    "model-seed",
    "model-top-k",
    "model-out",
    "task-top-k",
    "text",
  ]);
  assertEquals(readFlags(MODEL, flags, { seed: "9", modelTopK: "7" }), {
    seed: 1,
    topK: 7,
    out: 3,
  });
  assertEquals(readFlags(TASK, flags, { taskTopK: "8", text: false }), { topK: 8, text: false });
});

Deno.test("composeFlags() refuses two options with one flag", () => {
  const sly: FlagSource = { ...OWN, schema: z.object({ modelSeed: z.int(), seed: z.int() }) };
  assertThrows(
    () => composeFlags([sly, MODEL]),
    TypeError,
    "Cannot make a flag of two options: both would be --model-seed",
  );
});

Deno.test("defineFlag() shows the boolean that turns something on and hides the other", () => {
  const text = composeFlags([TASK])[1];
  assertEquals(defineFlag(text).map(({ flags, hidden }) => [flags, hidden]), [
    ["--text", false],
    ["--no-text", true],
  ]);
});

Deno.test("camelCase() is what a parser makes of a flag", () => {
  assertStrictEquals(camelCase("model-top-k"), "modelTopK");
  assertStrictEquals(camelCase("lr"), "lr");
});
