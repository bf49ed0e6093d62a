import { assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
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

Deno.test("exitCodeOf() tells V8's sentences from ours, and shows what a terminal would obey", async () => {
  const empty: { readonly outputs?: string }[] = [];
  const fromV8: readonly (() => unknown)[] = [
    () => empty[0].outputs,
    () => Object.assign(Object.freeze({ a: 1 }), { a: 2 }),
    () => Object.keys(JSON.parse("{}").a),
    () => (1n as unknown as number) + 1,
  ];
  for (const act of fromV8) {
    let error: unknown;
    try {
      act();
    } catch (thrown) {
      error = thrown;
    }
    const { text } = await outcome(error);
    assertMatch(text, /^Cannot go on: Cannot .* \(set DEBUG=1 to see where\)\n$/);
  }
  const { text } = await outcome(new RangeError("Cannot find \x1b[31mred\x07"));
  assertStrictEquals(text, "Cannot find ␛[31mred␇\n");
  const long = await outcome(new RangeError(`Cannot find ${"x".repeat(5000)}: there is none`));
  assertMatch(long.text, /^Cannot find x+ … x+: there is none\n$/);
  assertStrictEquals(long.text.length < 600, true);
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

Deno.test("exitCodeOf() advises to permit a run's folder, not the first hidden file in it", async () => {
  const advised = async (path: string) => {
    let said = "";
    const denied = `Requires write access to "${path}", run again with the --allow-write flag`;
    await exitCodeOf(() => Promise.reject(new Error("Cannot x: y", { cause: new Error(denied) })), {
      writeError: (text) => said += text,
      debug: false,
    });
    return /--allow-write\S*/.exec(said)?.[0];
  };
  assertStrictEquals(await advised("/a/run/.lock"), "--allow-write=/a/run");
  assertStrictEquals(await advised("run/.config.json.tmp"), "--allow-write=run");
  assertStrictEquals(await advised("run/report.html"), "--allow-write=run/report.html");
});

Deno.test("exitCodeOf() does not advise to permit everything", async () => {
  let said = "";
  const denied = 'Requires all access to "/proc/1/environ", run again with the --allow-all flag';
  await exitCodeOf(() => Promise.reject(new RangeError(`Cannot read corpus "x": ${denied}`)), {
    writeError: (text) => said += text,
    debug: false,
  });
  assertStrictEquals(
    said,
    'Cannot read corpus "x": Deno does not permit access to /proc/1/environ\n',
  );
});

Deno.test("exitCodeOf() says what the system refuses, and of which file, in a sentence", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/a file`;
    await Deno.writeTextFile(path, "");
    const cases: readonly (readonly [act: () => Promise<unknown>, sentence: string])[] = [
      [() => Deno.mkdir(`${path}/b`), `Cannot make the folder ${path}/b: not a directory`],
      [() => Deno.mkdir(path), `Cannot make the folder ${path}: file exists`],
      [
        () => Deno.readTextFile(`${folder}/c`),
        `Cannot read ${folder}/c: no such file or directory`,
      ],
      [() => Deno.writeTextFile(folder, ""), `Cannot write ${folder}: is a directory`],
      [() => Deno.remove(`${folder}/c`), `Cannot remove ${folder}/c: no such file or directory`],
    ];
    for (const [act, sentence] of cases) {
      let text = "";
      const code = await exitCodeOf(async () => void await act(), {
        writeError: (line) => text += line,
        debug: false,
      });
      assertEquals([code, text], [1, `${sentence}\n`]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
