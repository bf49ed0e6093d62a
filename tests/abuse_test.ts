/** Files and command lines that nobody should write: each is right, or refused in one sentence. `ABUSE.md` has figures. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { StoppedError } from "../cli/errors.ts";
import { inFolder, trainSmall } from "../cli/test_support/small_runs.ts";
import { type CommandResult, runCommand } from "../cli/test_support/run_command.ts";
import { type Arbitrary, fc } from "../core/test_support/fast_check.ts";

const RUNS = Math.ceil(Number(Deno.env.get("UNROLL_FUZZ_RUNS") ?? 100) / 5);
const SEED = Number(Deno.env.get("UNROLL_FUZZ_SEED") ?? 1);

/** Says what is wrong with how a command ended; nothing where it is right. */
function faultOf({ code, output, errors }: CommandResult): string | undefined {
  // 3 and 4 are answers of prove.
  if (![0, 1, 2, 3, 4].includes(code)) return `it ended with ${code}`;
  if (code === 0 || code > 2) {
    return /\[object|undefined/.test(output) ? `it says ${output}` : undefined;
  }
  const [sentence, ...others] = errors.trimEnd().split("\n").slice(-1);
  // deno-lint-ignore no-control-regex -- what must not be there
  if (others.length > 0 || /[\0-\x08\x0b-\x1f\x7f]/.test(errors)) return `it says ${errors}`;
  if (!/^Cannot .*[^.]$/.test(sentence) || sentence.length > 700) return `it says ${sentence}`;
  // What is not said by us, but by V8 or the system.
  if (/^Cannot go on|call stack|is not a function|os error|Cannot read propert/.test(sentence)) {
    return `it says ${sentence}`;
  }
}

/** Values that are none of those that belong there. */
const odd: Arbitrary<string> = fc.oneof(
  fc.constantFrom("0", "-1", "-0", "1e999", "1e300", "0.5", "2147483648", "9007199254740993"),
  fc.constantFrom("null", "true", '""', '"x"', "[]", "{}", "[[[]]]", '{"__proto__":{}}', "[null]"),
  fc.constantFrom(`"${"x".repeat(3000)}"`, `${"[".repeat(20_000)}${"]".repeat(20_000)}`),
  fc.constantFrom(
    '"\\u001b[31m"',
    '"\\ud800"',
    '"../../x"',
    '"data:text/javascript,1"',
    '"./x.ts"',
  ),
  fc.json({ maxDepth: 2 }),
);

/** What is done to the bytes of a file. */
type Mutation = (bytes: Uint8Array) => Uint8Array;

const at = (bytes: Uint8Array, place: number) => Math.floor(place * bytes.length);

/** Puts something in place of a value of JSON, that of a header too, whose length follows. */
function withValue(bytes: Uint8Array, place: number, value: string): Uint8Array {
  const isHeader = bytes.length > 8 && bytes[8] === 0x7b;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [start, end] = isHeader ? [8, 8 + Number(view.getBigUint64(0, true))] : [0, bytes.length];
  const text = new TextDecoder().decode(bytes.subarray(start, end));
  // In a header the configuration is a text in JSON, with quotes of its own.
  const values = [
    ...text.matchAll(/(?<=":|\\":)\s*(-?[\d.e+-]+|\\?"(?:[^"\\]*)\\?"|true|false|null)/g),
  ];
  if (values.length === 0) return bytes;
  const found = values[Math.floor(place * values.length)];
  const written = found[1].startsWith('\\"') || isHeader && text[found.index - 2] === "\\"
    ? JSON.stringify(value).slice(1, -1)
    : value;
  const changed = new TextEncoder().encode(
    text.slice(0, found.index) + written + text.slice(found.index + found[0].length),
  );
  const all = new Uint8Array(start + changed.length + bytes.length - end);
  if (isHeader) new DataView(all.buffer).setBigUint64(0, BigInt(changed.length), true);
  all.set(changed, start);
  all.set(bytes.subarray(end), start + changed.length);
  return all;
}

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const mutations: Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, odd).map(([where, value]): Mutation => (bytes) => withValue(bytes, where, value)),
  fc.tuple(place, fc.nat(255)).map(([where, byte]): Mutation => (bytes) =>
    bytes.with(at(bytes, where), byte)
  ),
  // Near the start, where headers are.
  fc.tuple(fc.nat(400), fc.nat(255)).map(([where, byte]): Mutation => (bytes) =>
    bytes.length === 0 ? bytes : bytes.with(where % bytes.length, byte)
  ),
  place.map((where): Mutation => (bytes) => bytes.subarray(0, at(bytes, where))),
  fc.tuple(place, fc.uint8Array({ maxLength: 20 })).map(([where, more]): Mutation => (bytes) => {
    const cut = at(bytes, where);
    return Uint8Array.of(...bytes.subarray(0, cut), ...more, ...bytes.subarray(cut));
  }),
  fc.uint8Array({ maxLength: 200 }).map((bytes): Mutation => () => bytes),
);

const FILES = ["config.json", "metrics.jsonl", "best.safetensors", "last.safetensors"] as const;

/** What reads a run; it may train for three steps at most. */
const USES: readonly (readonly string[])[] = [
  ["runs", "--runs", "FOLDER"],
  ["eval", "RUN", "--device", "cpu"],
  ["predict", "RUN", "--input", "7", "--device", "cpu"],
  ["train", "--resume", "RUN", "--steps", "43", "--device", "cpu", "--quiet"],
  ["eval", "RUN/best.safetensors", "--device", "cpu"],
  ["sample", "RUN", "--device", "cpu", "--length", "5"],
  ["inspect", "RUN", "--device", "cpu"],
  ["report", "RUN"],
  ["limits", "RUN", "--device", "cpu"],
  ["prove", "RUN"],
  ...["onnx", "pytorch", "safetensors"].map((format) => ["export", "RUN", "--format", format]),
  [
    ...["train", "--model", "rnn", "--task", "counting", "--from", "RUN", "--out", "FOLDER"],
    ...["--steps", "2", "--device", "cpu", "--quiet"],
  ],
];

Deno.test("a run whose files were changed anyhow is used, or refused in one sentence", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(`${folder}/runs`, { training: { steps: 40 } });
    const whole = new Map<string, Uint8Array>();
    for (const name of FILES) whole.set(name, await Deno.readFile(`${path}/${name}`));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...FILES),
        mutations,
        fc.constantFrom(...USES),
        async (name, mutate, use) => {
          for (const [file, bytes] of whole) await Deno.writeFile(`${path}/${file}`, bytes);
          await Deno.writeFile(`${path}/${name}`, mutate(whole.get(name)!.slice()));
          const words = use.map((word) =>
            word.replace("FOLDER", `${folder}/runs`).replace("RUN", path)
          );
          const result = await runCommand(words);
          if (result.code !== 0) refused++;
          assertEquals(faultOf(result), undefined, words.join(" "));
        },
      ),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    // What only ever works, or never, tests nothing.
    assert(refused > RUNS / 10 && refused < RUNS, String(refused));
  });
});

const COMMANDS =
  "train recipe list summary doctor runs eval sample predict inspect report export sweep"
    .split(" ");
const FLAGS =
  "model task hidden layers steps lr seed seeds device out runs resume from trust phases json quiet " +
  "dashboard corpus alphabet length input prompt temperature top-k optimizer momentum schedule warmup clip " +
  "clip-norm validate-every save-every checkpoint threshold help version jobs engine success-error sort state " +
  "epochs digits task-length model-window no-json moon";
const values = fc.oneof(
  fc.constantFrom(
    "rnn",
    "gru",
    "mlp",
    "fizzbuzz",
    "char",
    "xor",
    "counting",
    "cpu",
    "reference",
    "last",
  ),
  fc.constantFrom(
    "0",
    "1",
    "-1",
    "4",
    "1e-3",
    "1e999",
    "NaN",
    "0x10",
    "9007199254740993",
    "4,8",
    "0..3",
    ",",
  ),
  fc.constantFrom(
    "",
    " ",
    ".",
    "/",
    "../..",
    "~",
    "-",
    "--",
    "x".repeat(5000),
    "data:text/javascript,1",
  ),
  fc.constantFrom(
    "./none.ts",
    "none.txt",
    "RUN",
    "RUN/last.safetensors",
    "RUN/config.json",
    "a\u001b[31m",
  ),
  fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !text.includes("\0")),
);
const commandLine = fc.tuple(
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...COMMANDS) }, {
    weight: 1,
    arbitrary: values,
  }),
  fc.option(fc.oneof(fc.constant("RUN"), values), { nil: undefined }),
  fc.array(
    fc.tuple(fc.constantFrom(...FLAGS.split(" ")), fc.option(values, { nil: undefined })),
    { maxLength: 5 },
  ),
).map(([command, word, flags]) => [
  command,
  ...word === undefined ? [] : [word],
  ...flags.flatMap(([flag, value]) => value === undefined ? [`--${flag}`] : [`--${flag}`, value]),
]);

Deno.test("[long] a command line of any words does something, or is refused in one sentence", async () => {
  const before = Deno.cwd();
  await inFolder(async (folder) => {
    const { path } = await trainSmall(`${folder}/runs`, { training: { steps: 40 } });
    // Nothing trains: that takes as long as it is asked to.
    const stopped = () => Promise.reject(new StoppedError("not now"));
    try {
      Deno.chdir(folder);
      const codes = new Set<number>();
      await fc.assert(
        fc.asyncProperty(commandLine, async (line) => {
          const words = line.map((word) => word.replace(/^RUN(?=$|\/)/, path));
          const result = await runCommand(words, {
            train: stopped,
            resume: stopped,
            self: () => ["false"],
          });
          codes.add(result.code);
          if (result.code === 130) return;
          assertEquals(faultOf(result), undefined, JSON.stringify(words));
        }),
        { numRuns: RUNS, seed: SEED, endOnFailure: true },
      );
      assertMatch([...codes].sort().join(), /^0,1?,?2/);
    } finally {
      Deno.chdir(before);
    }
  });
});
