import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as z from "zod";
import { describeOptions, type OptionsSchema } from "./options.ts";
import { optionFlags, optionHelp, parseOptionTexts } from "./option_flags.ts";

const SCHEMA = z.object({
  hidden: z.int().min(1).max(4096).default(16).describe("Hidden units"),
  activation: z.enum(["tanh", "relu"]).default("tanh").describe("Activation"),
  bias: z.boolean().default(true).describe("Biases"),
  stateful: z.boolean().default(false).describe("Carry the state"),
  layers: z.array(z.int().positive()).default([50, 20]).describe("Layers"),
  rate: z.number().min(0).lt(1).default(0).describe("Dropout"),
  corpus: z.string().describe("Corpus"),
  topK: z.int().min(1).optional().describe("Keep").meta({ unit: "symbols" }),
});

Deno.test("optionFlags() writes one flag, or two for a boolean", () => {
  assertEquals(describeOptions(SCHEMA).map((option) => optionFlags(option)), [
    ["--hidden <n>"],
    ["--activation <name>"],
    ["--bias", "--no-bias"],
    ["--stateful", "--no-stateful"],
    ["--layers <list>"],
    ["--rate <x>"],
    ["--corpus <text>"],
    ["--top-k <n>"],
  ]);
  const [hidden] = describeOptions(SCHEMA);
  assertEquals(optionFlags(hidden, "model-hidden"), ["--model-hidden <n>"]);
});

Deno.test("optionHelp() says range, choices and default", () => {
  assertEquals(describeOptions(SCHEMA).map((option) => optionHelp(option)), [
    "Hidden units (1 to 4096; default 16)",
    "Activation (tanh, relu; default tanh)",
    "Biases (default on; --no-bias turns it off)",
    "Carry the state",
    "Layers (with commas, each at least 1; default 50,20)",
    "Dropout (0 to below 1; default 0)",
    "Corpus (required)",
    "Keep (in symbols; at least 1)",
  ]);
});

Deno.test("parseOptionTexts() reads what was typed", () => {
  assertEquals(
    parseOptionTexts(SCHEMA as OptionsSchema<Record<string, unknown>>, {
      hidden: "5",
      bias: false,
      layers: "9, 1e1",
      rate: ".5",
      corpus: "5",
      topK: undefined,
    }),
    {
      hidden: 5,
      activation: "tanh",
      bias: false,
      stateful: false,
      layers: [9, 10],
      rate: 0.5,
      corpus: "5",
    },
  );
});

Deno.test("parseOptionTexts() says each problem in one sentence", () => {
  const cases: readonly (readonly [Record<string, string>, string])[] = [
    [{ hidden: "0" }, "--hidden 0: a whole number from 1 to 4096 is needed"],
    [{ hidden: "ten" }, "--hidden ten: a whole number from 1 to 4096"],
    [{ hidden: "0x10" }, "--hidden 0x10: a whole number from 1 to 4096"],
    [{ hidden: "" }, '--hidden "": a whole number from 1 to 4096'],
    [{ hidden: "Infinity" }, "--hidden Infinity: a whole number"],
    [{ hidden: "1e400" }, "--hidden Infinity: a whole number"],
    [{ hidden: "--steps" }, "--hidden --steps: a whole number"],
    [{ activation: "gelu" }, "--activation gelu: one of tanh, relu is needed"],
    [{ layers: "50,,20" }, "--layers 50,,20: a list with commas, each a whole"],
    [{ rate: "1" }, "--rate 1: a number from 0 to below 1 is needed"],
    [{ topK: "0" }, "--top-k 0: a whole number of at least 1 is needed"],
  ];
  for (const [texts, message] of cases) {
    assertThrows(
      () => parseOptionTexts(SCHEMA, { corpus: "x", ...texts }),
      RangeError,
      `Cannot use ${message}`,
    );
  }
  const missing = assertThrows(() => parseOptionTexts(SCHEMA, {}), RangeError);
  assertStrictEquals(
    missing.message,
    "Cannot do without --corpus: a text is needed",
  );
});
