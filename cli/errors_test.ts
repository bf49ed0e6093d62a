import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { exitCodeOf, UsageError, withUsageErrors } from "./errors.ts";

async function outcome(thrown: unknown, debug = false) {
  const written: string[] = [];
  const code = await exitCodeOf(
    () => thrown === undefined ? Promise.resolve() : Promise.reject(thrown),
    { writeError: (text) => written.push(text), debug },
  );
  return { code, text: written.join("") };
}

Deno.test("exitCodeOf() is 0, 1 or 2, with one sentence", async () => {
  assertEquals(await outcome(undefined), { code: 0, text: "" });
  assertEquals(await outcome(new UsageError("Cannot use --steps 0: …")), {
    code: 2,
    text: "Cannot use --steps 0: …\n",
  });
  assertEquals(
    await outcome(new RangeError("Cannot train: the loss is NaN\nmore")),
    {
      code: 1,
      text: "Cannot train: the loss is NaN\n",
    },
  );
  assertEquals(await outcome(new Error("x is not a function")), {
    code: 1,
    text: "Cannot go on: x is not a function (set DEBUG=1 to see where)\n",
  });
  assertEquals(await outcome("thrown text"), {
    code: 1,
    text: "Cannot go on: thrown text\n",
  });
});

Deno.test("exitCodeOf() shows the stack and its causes to people who debug", async () => {
  const { text } = await outcome(
    new RangeError("Cannot a", { cause: new Error("b") }),
    true,
  );
  assertStrictEquals(
    /^Cannot a\nRangeError: Cannot a\n +at [^]*caused by Error: b\n +at /.test(
      text,
    ),
    true,
    text,
  );
});

Deno.test("withUsageErrors() makes refusals mistakes in typing, and nothing else", async () => {
  assertStrictEquals(await withUsageErrors(() => 3), 3);
  const refuse = (error: Error) => () => withUsageErrors(() => Promise.reject(error));
  const usage = await assertRejects(
    refuse(new RangeError("Cannot x")),
    UsageError,
    "Cannot x",
  );
  assertStrictEquals(usage.cause instanceof RangeError, true);
  await assertRejects(
    refuse(new TypeError("Cannot y")),
    UsageError,
    "Cannot y",
  );
  const other = await assertRejects(refuse(new Error("z")), Error, "z");
  assertStrictEquals(other instanceof UsageError, false);
});
