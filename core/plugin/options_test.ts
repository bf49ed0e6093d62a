import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as z from "zod";
import {
  describeOptions,
  formatOptionValue,
  optionsFromJson,
  type OptionsSchema,
  optionsToJson,
  parseOptions,
} from "./options.ts";

interface Example {
  readonly hidden: number;
  readonly activation: "tanh" | "relu";
  readonly bias: boolean;
  readonly layers: readonly number[];
  readonly rate: number;
  readonly corpus?: string;
}

const EXAMPLE: OptionsSchema<Example> = z.object({
  hidden: z.int().min(1).max(4096).default(16).describe("Hidden units"),
  activation: z.enum(["tanh", "relu"]).default("tanh"),
  bias: z.boolean().default(true).describe("Biases"),
  layers: z.array(z.int().positive()).min(1).default([50, 20]),
  rate: z.number().gt(0).lt(1).default(0.1).meta({ unit: "nats" }),
  corpus: z.string().min(1).optional(),
});

const DEFAULTS: Example = {
  hidden: 16,
  activation: "tanh",
  bias: true,
  layers: [50, 20],
  rate: 0.1,
};

Deno.test("describeOptions() reads kinds, ranges, defaults and units", () => {
  const options = describeOptions(EXAMPLE);
  assertEquals(options.map((option) => option.kind), [
    { type: "integer", minimum: 1, maximum: 4096 },
    { type: "choice", values: ["tanh", "relu"] },
    { type: "boolean" },
    {
      type: "list",
      item: { type: "integer", minimum: 1 },
      minimumLength: 1,
    },
    { type: "number", above: 0, below: 1 },
    { type: "text", minimumLength: 1 },
  ]);
  assertEquals(
    options.map((option) => option.default),
    [16, "tanh", true, [50, 20], 0.1, undefined],
  );
  assertEquals(options.filter((option) => option.required), []);
  assertStrictEquals(options[0].description, "Hidden units");
  assertStrictEquals(options[4].unit, "nats");
});

Deno.test("describeOptions() reads the bounds that zod's own converter finds", () => {
  const schemas: readonly z.ZodType[] = [
    z.number().gt(0).lt(1).min(0.1),
    z.number().min(-5).max(3).min(2).max(8),
    z.float32(),
    z.int32().min(5),
    z.uint32().lt(10),
    z.number().int().multipleOf(2).min(4),
    z.preprocess((value) => value, z.int().max(9)),
    z.lazy(() => z.number().nonpositive()),
    z.int().min(3).readonly().optional().prefault(4),
    z.string().length(3),
    z.string().trim().min(1).max(8),
    z.url().max(5),
    z.array(z.string()).length(2),
    z.array(z.string()).nonempty().max(7),
  ];
  const bounds = (from: Readonly<Record<string, unknown>>, names: readonly string[]) =>
    names.map((name) => from[name]).filter((bound) =>
      bound !== undefined && Math.abs(Number(bound)) !== Number.MAX_SAFE_INTEGER
    );
  for (const schema of schemas) {
    const [{ kind }] = describeOptions(z.object({ option: schema }));
    const json = z.toJSONSchema(schema);
    const isWhole = json.type === "integer" && json.exclusiveMaximum !== undefined;
    assertEquals(
      bounds({ ...kind }, [
        "minimum",
        "above",
        "below",
        "maximum",
        "minimumLength",
        "maximumLength",
      ]),
      isWhole ? [json.minimum, Number(json.exclusiveMaximum) - 1] : bounds(json, [
        ...["minimum", "exclusiveMinimum", "exclusiveMaximum", "maximum"],
        ...["minLength", "minItems", "maxLength", "maxItems"],
      ]),
      JSON.stringify(json),
    );
  }
});

Deno.test("describeOptions() reads what a flag is shown with", () => {
  const [option] = describeOptions(z.object({
    out: z.string().default("runs").meta({ group: "Output", placeholder: "folder" }),
  }));
  assertEquals([option.group, option.placeholder], ["Output", "folder"]);
  const [inside] = describeOptions(z.object({
    steps: z.int().describe("Steps").meta({ unit: "s" }).default(1).meta({ unit: "ms" }),
  }));
  assertEquals([inside.description, inside.unit], ["Steps", "ms"]);
});

Deno.test("parseOptions() says a rule that its kind does not tell", () => {
  const schema = z.object({ name: z.string().regex(/^[a-z]+$/, { error: "letters are needed" }) });
  assertThrows(
    () => parseOptions(schema, { name: "5" }),
    RangeError,
    "Cannot use name 5: letters are needed",
  );
});

Deno.test("describeOptions() marks an option without default as required", () => {
  const [option] = describeOptions(z.object({ corpus: z.string() }));
  assertStrictEquals(option.required, true);
});

Deno.test("describeOptions() refuses what no flag can spell", () => {
  const refused: Record<string, z.ZodType> = {
    nested: z.object({ x: z.int() }),
    pair: z.tuple([z.int(), z.int()]),
    lists: z.array(z.array(z.int())),
    flags: z.array(z.boolean()),
    big: z.bigint(),
    date: z.date(),
    changed: z.string().transform((text) => text.length),
    noBias: z.boolean(),
    "two-words": z.int(),
    Upper: z.int(),
  };
  for (const [name, schema] of Object.entries(refused)) {
    assertThrows(
      () => describeOptions(z.object({ [name]: schema })),
      TypeError,
      `Cannot make a flag of option "${name}"`,
    );
  }
});

Deno.test("parseOptions() fills in defaults and keeps what is given", () => {
  assertEquals(parseOptions(EXAMPLE, {}), DEFAULTS);
  assertEquals(parseOptions(EXAMPLE, { hidden: 5, corpus: undefined }), {
    ...DEFAULTS,
    hidden: 5,
  });
});

Deno.test("parseOptions() says each problem in one sentence", () => {
  const cases: readonly (readonly [Record<string, unknown>, string])[] = [
    [
      { hidden: 0 },
      "Cannot use hidden 0: a whole number from 1 to 4096 is needed",
    ],
    [
      { hidden: 1.5 },
      "Cannot use hidden 1.5: a whole number from 1 to 4096 is needed",
    ],
    [
      { hidden: NaN },
      "Cannot use hidden NaN: a whole number from 1 to 4096 is needed",
    ],
    [
      { activation: "gelu" },
      "Cannot use activation gelu: one of tanh, relu is needed",
    ],
    [{ bias: 1 }, "Cannot use bias 1: true or false is needed"],
    [
      { layers: [50, 0] },
      "Cannot use layers 50,0: a list with commas of at least 1, each a whole number of at least 1, is needed",
    ],
    [
      { layers: [] },
      'Cannot use layers "": a list with commas of at least 1, each a whole number of at least 1, is needed',
    ],
    [
      { rate: 1 },
      "Cannot use rate 1: a number above 0 and below 1 is needed",
    ],
    [
      { corpus: "" },
      'Cannot use corpus "": a text that is not empty is needed',
    ],
    [
      { hiden: 5 },
      'Cannot find option "hiden": did you mean "hidden"? Known options are hidden, activation, bias, layers, rate, corpus',
    ],
  ];
  for (const [values, message] of cases) {
    const error = assertThrows(
      () => parseOptions(EXAMPLE, values),
      RangeError,
    );
    assertStrictEquals(error.message, message);
  }
});

Deno.test("parseOptions() tells of a missing option", () => {
  const error = assertThrows(
    () => parseOptions(z.object({ corpus: z.string() }), {}),
    RangeError,
  );
  assertStrictEquals(
    error.message,
    "Cannot do without corpus: a text is needed",
  );
});

Deno.test("parseOptions() uses the words of an author's own rules", () => {
  const schema = z.object({
    base: z.int().refine((base) => base % 2 === 0, "an even base is needed")
      .default(2),
    from: z.int().default(1),
    to: z.int().default(2),
  }).refine(
    ({ from, to }) => from < to,
    "from must be less than to",
  );
  assertThrows(
    () => parseOptions(schema, { base: 3 }),
    RangeError,
    "Cannot use base 3: an even base is needed",
  );
  assertThrows(
    () => parseOptions(schema, { from: 3 }),
    RangeError,
    "Cannot use these options together: from must be less than to",
  );
});

Deno.test("parseOptions() names the owner of an unknown option", () => {
  assertThrows(
    () => parseOptions(EXAMPLE, { zz: 1 }, { owner: "the rnn model" }),
    RangeError,
    'Cannot find option "zz" of the rnn model: known options are',
  );
});

Deno.test("optionsToJson() and optionsFromJson() go round", () => {
  const options = parseOptions(EXAMPLE, {
    hidden: 3,
    rate: 1 / 3,
    layers: [9],
    corpus: 'a "text" ∂',
  });
  assertEquals(
    optionsFromJson(EXAMPLE, optionsToJson(EXAMPLE, options)),
    options,
  );
  assertEquals(optionsFromJson(EXAMPLE, "{}"), DEFAULTS);
});

Deno.test("optionsToJson() refuses what JSON does not keep", () => {
  const schema: OptionsSchema<{ readonly x: number }> = z.object({
    x: z.number().or(z.nan()).catch(1),
  });
  assertThrows(() => optionsToJson(schema, { x: NaN }), TypeError, "store");
});

Deno.test("optionsFromJson() refuses what is not an object of options", () => {
  for (const text of ["{", "", "[]", "null", "3"]) {
    assertThrows(
      () => optionsFromJson(EXAMPLE, text),
      RangeError,
      "Cannot read options: ",
    );
  }
});

Deno.test("formatOptionValue() shows values as they are typed", () => {
  assertStrictEquals(formatOptionValue([50, 20]), "50,20");
  assertStrictEquals(formatOptionValue(null), "none");
  assertStrictEquals(formatOptionValue("x".repeat(100)).length, 60);
});

Deno.test("describeOptions() takes another flag, and whether it is changeable, from the metadata", () => {
  const schema = z.object({
    learningRate: z.number().positive().optional().meta({ flag: "lr", changeable: true }),
    topK: z.int().default(1),
  });
  assertEquals(
    describeOptions(schema).map(({ name, flag, changeable }) => [name, flag, changeable]),
    [["learningRate", "lr", true], ["topK", "top-k", false]],
  );
});
