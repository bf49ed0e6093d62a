import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { Batch, Predict, PredictRequest, TaskInstance } from "@unroll/core/plugin";
import { optionsToJson } from "@unroll/core/plugin/host";
import { checkTask, dummyPredict } from "@unroll/core/testing";
import { char, charOf, type CharOptions } from "./char.ts";
import { type CharForm, CharSampler } from "./char_sample.ts";

const TEXT = "The quick brown fox jumps over the lazy dog.\n".repeat(30);

/** The logarithms of how often a character came after another in a text. */
function bigrams(task: TaskInstance, text: string): Predict {
  const { alphabet = "" } = task.options as CharOptions;
  const size = [...alphabet].length;
  const counts = new Float64Array(size * size).fill(0.01);
  const numbers = [...text].map((character) => alphabet.indexOf(character));
  for (let i = 1; i < numbers.length; i++) counts[numbers[i - 1] * size + numbers[i]]++;
  return ({ inputs = new Int32Array(), length, size: batch = 1 }: PredictRequest) => {
    const last = task.spec.outputs.at === "last" ? inputs.length - batch : 0;
    const rows = [...inputs.subarray(last)].flatMap((
      i,
    ) => [...counts.subarray(i * size, (i + 1) * size)].map(Math.log));
    assert(inputs.length === length * batch);
    return Promise.resolve({ outputs: Float32Array.from(rows) });
  };
}

/** The text of a sequence of a batch, and what it should say. */
function read(task: TaskInstance, batch: Batch, i: number): [string, string] {
  const { alphabet = "" } = task.options as CharOptions;
  const column = (data: ArrayLike<number>) =>
    Array.from({ length: data.length / batch.size }, (_, t) => alphabet[data[t * batch.size + i]])
      .join("");
  return [column(batch.inputs ?? []), column(batch.targets)];
}

const request = (step: number, seed = 0) => ({ step, seed, random: () => 0 });

Deno.test("char() keeps the contract of tasks", async () => {
  await checkTask(char());
  await checkTask(char({ corpus: "fizzbuzz-text", loss: "sum", batch: 1, validation: 0 }));
  await checkTask(char({ mode: "windows", length: 8, batch: 16, vocabulary: 20, padding: true }));
  await checkTask(char({ mode: "windows", length: 3, outputs: "last", stride: 1, unknown: true }));
  await checkTask(char({ mode: "windows", length: 8, batch: 5, shuffle: false }));
  await checkTask(char({ mode: "interleaved", length: 8, batch: 5 }));
  await checkTask(char({ length: 10, outputs: "last" }));
});

Deno.test("char() reads contiguous batches on and on, and starts anew with the text", async () => {
  const task = await charOf(TEXT, { length: 16, batch: 3, validation: 0 }).create();
  const stream = Math.floor((TEXT.length - 1) / 3);
  const pieces = Math.floor(stream / 16);
  assertEquals(task.stepsPerEpoch, pieces);
  assert(task.spec.stateful);
  for (const step of [0, 1, 5, pieces - 1, pieces, 2 * pieces + 3]) {
    const batch = task.batch(request(step));
    assertEquals(batch.reset, step % pieces === 0);
    for (let i = 0; i < 3; i++) {
      const start = i * stream + (step % pieces) * 16;
      assertEquals(read(task, batch, i), [
        TEXT.slice(start, start + 16),
        TEXT.slice(start + 1, start + 17),
      ]);
    }
  }
});

Deno.test("char() wraps as min-char-rnn does", async () => {
  for (const [corpus, length] of [["sevenths", 64], ["fizzbuzz-text", 64]] as const) {
    const task = await char({ corpus, length, batch: 1, validation: 0 }).create();
    const size = corpus === "sevenths" ? 6000 : 413;
    const resets: number[] = [];
    for (let n = 0, p = 0; n < 200; n++, p += length) {
      if (p + length + 1 >= size || n === 0) resets.push(n), p = 0;
    }
    const found = Array.from({ length: 200 }, (_, n) => n)
      .filter((n) => task.batch(request(n)).reset);
    assertEquals(found, resets);
  }
});

Deno.test("char() gives each window once an epoch", async () => {
  const task = await charOf(TEXT, {
    mode: "windows",
    length: 8,
    stride: 5,
    batch: 7,
    validation: 0,
    outputs: "last",
  }).create();
  const windows = Math.floor((TEXT.length - 9) / 5) + 1;
  assertEquals(task.stepsPerEpoch, Math.floor(windows / 7));
  const epoch = (seed: number) =>
    Array.from({ length: task.stepsPerEpoch ?? 0 }, (_, step) => {
      const batch = task.batch(request(step, seed));
      return Array.from({ length: 7 }, (_, i) => read(task, batch, i).join(""));
    }).flat();
  assert(epoch(0).join() !== epoch(1).join());
  assert(epoch(0).every((window) => TEXT.includes(window)));
});

Deno.test("char() gives windows as they lie in the text, and carries the state over a batch", async () => {
  for (const mode of ["windows", "interleaved"] as const) {
    const task = await charOf(TEXT, { mode, length: 8, batch: 7, validation: 0, shuffle: false })
      .create();
    const epoch = Math.floor(Math.floor((TEXT.length - 1) / 8) / 7);
    assertEquals(task.stepsPerEpoch, epoch);
    assertEquals(task.spec.stateful, mode === "interleaved");
    for (const step of [0, 1, epoch - 1, epoch]) {
      const batch = task.batch(request(step));
      if (mode === "interleaved") assertEquals(batch.reset, step % epoch === 0);
      for (let i = 0; i < 7; i++) {
        const start = ((step % epoch) * 7 + i) * 8;
        assertEquals(read(task, batch, i)[0], TEXT.slice(start, start + 8));
      }
    }
  }
});

Deno.test("char() measures the bits of a text as they are", async () => {
  const even = (classes: number) => ({ length, size = 1 }: PredictRequest) =>
    Promise.resolve({ outputs: new Float32Array(length * size * classes) });
  for (const mode of ["contiguous", "windows"] as const) {
    const task = await charOf("abcd".repeat(2000), { mode, loss: "sum" }).create();
    const { loss, metrics } = await task.validate(even(4));
    assertAlmostEquals(loss, Math.log(4), 1e-12);
    assertAlmostEquals(metrics?.bits ?? 0, 2, 1e-12);
  }
});

Deno.test("char() foretells every character of a text once, however long it is", async () => {
  for (const mode of ["contiguous", "windows"] as const) {
    for (const length of [3, 33, 450, 5000, 5003]) {
      const text = Array.from({ length }, (_, i) => "abc"[(i * i + (i >> 3)) % 3]).join("");
      const kept = { mode, validation: 0, alphabet: "abc", length: 8 };
      const task = await charOf(text, kept).create();
      const counts = (predict: Predict) => task.breakdown!(predict);
      const { confusions } = await counts(dummyPredict(task.spec));
      const wanted = (character: string) =>
        confusions.filter(({ wanted }) => wanted === JSON.stringify(character))
          .reduce((sum, { count }) => sum + count, 0);
      const lengths = [..."abc"].map((character) => text.slice(1).split(character).length - 1);
      assertEquals([..."abc"].map(wanted), lengths, `${mode} ${length}`);
    }
  }
});

Deno.test("char() probes a text from fresh states on", async () => {
  for (const change of [{}, { mode: "windows" }, { outputs: "last" }] as const) {
    const task = await charOf(TEXT.repeat(4), { validation: 0.5, ...change }).create();
    const predict = dummyPredict(task.spec);
    const probes = await Array.fromAsync(task.probes!(predict, { count: 2 }));
    assertEquals(predict.states(), 0);
    assertEquals(probes.slice(0, 4).map(({ at }) => at), [1, 2, 4, 8]);
    assert(probes.every(({ axis, loss }) => axis === "characters read before" && loss! > 0));
    assertEquals(probes[0].count, 16);
  }
});

Deno.test("char() measures with the state carried on", async () => {
  const task = await charOf(TEXT.repeat(20), { validation: 0.5 }).create();
  const { states } = dummyPredict(task.spec);
  let carried = 0;
  const inner = dummyPredict(task.spec);
  await task.validate((request) => {
    if (request.state) carried++;
    return inner(request);
  });
  assert(carried > 0);
  assertEquals([states(), inner.states()], [0, 0]);
});

Deno.test("char() takes its alphabet from the training part alone", async () => {
  const text = "ab".repeat(500) + "é".repeat(10);
  const refused = charOf(text, { validation: 0.1, length: 8 });
  await assertRejects(() => refused.create(), RangeError, "Cannot read the validation text: ");
  const task = await charOf(text, { validation: 0.1, length: 8, unknown: true }).create();
  assertEquals((task.options as CharOptions).alphabet, "ab");
  assertEquals(task.spec.inputs, { kind: "symbol", vocabulary: 3 });
});

Deno.test("char() has lesson 6's vocabulary: padding first, slack at the end", async () => {
  const task = await charOf(TEXT, { padding: true, vocabulary: 86 }).create();
  assertEquals(task.spec.inputs, { kind: "symbol", vocabulary: 86 });
  const { inputs = new Int32Array() } = task.batch(request(0));
  assert(inputs.every((n: number) => n > 0));
  await assertRejects(
    () => charOf(TEXT, { vocabulary: 5 }).create(),
    RangeError,
    "Cannot use a vocabulary of 5: the text has 30 symbols",
  );
});

Deno.test("char() says when a text is too short", async () => {
  await assertRejects(
    () => charOf("abcabc", { length: 64 }).create(),
    RangeError,
    "Cannot make batches of 1 × 64 characters",
  );
  await assertRejects(
    () => charOf(TEXT, { mode: "windows", length: 64, batch: 500 }).create(),
    RangeError,
    "Cannot make batches of 500 × 64 characters",
  );
});

Deno.test("char() made from what a run keeps samples without the text", async () => {
  const made = await charOf(TEXT).create();
  const kept = optionsToJson(char.options, made.options as CharOptions);
  assert(kept.length < 400, kept);
  const again = await char(JSON.parse(kept)).create();
  assertEquals(again.spec, made.spec);
  const predict = bigrams(made, TEXT);
  const write = async (task: TaskInstance) => {
    let text = "";
    for await (const piece of task.sample?.(predict, { prompt: "q" }) ?? []) text += piece;
    return text;
  };
  assertEquals((await write(again)).length, 200);
  assertEquals(await write(again), await write(made));
  assertThrows(() => again.batch(request(0)), RangeError, 'Cannot read corpus "text"');
});

Deno.test("CharSampler draws by seed, temperature and the likeliest few", async () => {
  const task = await charOf(TEXT).create();
  const sampler = new CharSampler(task.options as CharForm);
  const predict = bigrams(task, TEXT);
  const write = async (request: Parameters<CharSampler["sample"]>[1]) => {
    let text = "";
    for await (const piece of sampler.sample(predict, request)) text += piece;
    return text;
  };
  assertEquals((await write({})).length, 200);
  assertEquals(await write({ seed: 5 }), await write({ seed: 5 }));
  assert(await write({ seed: 5 }) !== await write({ seed: 6 }));
  const greedy = await write({ prompt: "q", temperature: 0, seed: 1 });
  assertEquals(greedy, await write({ prompt: "q", topK: 1, seed: 2 }));
  assertEquals(await write({ length: 0 }), "");
  // After "e" come a space, "r" and, in "he", nothing else.
  const after = new Set<string>();
  for (let seed = 0; seed < 200; seed++) after.add(await write({ prompt: "e", length: 1, seed }));
  assert(after.has(" ") && after.has("r") && after.size <= 4, [...after].join());
  for (const wrong of [{ temperature: -1 }, { topK: 0 }, { length: 1.5 }, { prompt: "é" }]) {
    await assertRejects(() => write(wrong), RangeError, "Cannot");
  }
});

Deno.test("CharSampler draws in proportion to the probabilities", async () => {
  const task = await charOf("aab".repeat(200)).create();
  const sampler = new CharSampler(task.options as CharForm);
  const predict = () => Promise.resolve({ outputs: Float32Array.of(Math.log(0.8), Math.log(0.2)) });
  let ones = 0;
  for await (const piece of sampler.sample(predict, { length: 4000 })) if (piece === "b") ones++;
  // 0.2 give or take five standard deviations, √(0.16 / 4000) each.
  assertAlmostEquals(ones / 4000, 0.2, 0.032);
  let halved = 0;
  for await (const piece of sampler.sample(predict, { length: 4000, temperature: 0.5 })) {
    if (piece === "b") halved++;
  }
  assertAlmostEquals(halved / 4000, 0.04 / 0.68, 0.02);
});

Deno.test("CharSampler never draws padding, the unknown or slack", async () => {
  const task = await charOf(TEXT, { padding: true, unknown: true, vocabulary: 60 }).create();
  const sampler = new CharSampler(task.options as CharForm);
  let text = "";
  const predict = dummyPredict(task.spec);
  for await (const piece of sampler.sample(predict, { length: 300 })) text += piece;
  assertEquals([...text].length, 300);
  assert([...text].every((character) => TEXT.includes(character)));
  assertEquals(predict.states(), 0);
});

Deno.test("CharSampler shows a model of windows as much as it was trained on", async () => {
  const task = await charOf(TEXT, { mode: "windows", length: 4, outputs: "last" }).create();
  const sampler = new CharSampler(task.options as CharForm);
  const dummy = dummyPredict(task.spec);
  const lengths: number[] = [];
  const predict: Predict = (request) => {
    lengths.push(request.length);
    return dummy(request);
  };
  const all = await sampler.nextAtEach(predict, "The quick");
  assertEquals(lengths, [1, 1, 1, 1, 4, 4, 4, 4, 4]);
  // Reading step by step comes to the same as reading a window at once.
  const [alone] = (await sampler.nextAtEach(dummy, "uick")).slice(-1);
  assertEquals(all[8], alone);
  assertEquals(dummy.states(), 0);
});

Deno.test("CharSampler tells what may come next", async () => {
  const task = await charOf(TEXT).create();
  const sampler = new CharSampler(task.options as CharForm);
  const predict = bigrams(task, TEXT);
  const chances = await sampler.next(predict, "q");
  assertEquals(chances[0].character, "u");
  assertAlmostEquals(chances.reduce((sum, { probability }) => sum + probability, 0), 1, 1e-12);
  await assertRejects(() => sampler.next(predict, ""), RangeError, "a prompt is needed");
  const lines = await task.answer?.(predict, "qu") ?? [];
  assert(lines[0].startsWith('"i"'), lines[0]);
  assertStringIncludes(lines[lines.length - 1], '"ui"');
});

Deno.test("CharSampler refuses answers that are not finite, drawn from or asked for", async () => {
  const task = await charOf("abcabc".repeat(100)).create();
  const sampler = new CharSampler(task.options as CharForm);
  for (const outputs of [[NaN, NaN, NaN], [0, NaN, 0], [Infinity, 0, 0]]) {
    const predict = () => Promise.resolve({ outputs: Float32Array.from(outputs) });
    const end = "a character: the model's answers are not finite numbers";
    for (const temperature of [0, 1]) {
      const drawn = Array.fromAsync(sampler.sample(predict, { length: 3, temperature }));
      await assertRejects(() => drawn, RangeError, `Cannot draw ${end}`);
    }
    await assertRejects(() => sampler.next(predict, "a"), RangeError, `Cannot predict ${end}`);
    await assertRejects(async () => await task.answer!(predict, "ab"), RangeError, end);
  }
  // A model may rule a character out.
  const without = () => Promise.resolve({ outputs: Float32Array.of(0, -Infinity, 0) });
  assertEquals((await sampler.next(without, "a")).map(({ probability }) => probability), [
    0.5,
    0.5,
    0,
  ]);
});

Deno.test("char() measures a text that is too short, or too foreign, to train on", async () => {
  const { options } = await charOf(TEXT, { batch: 32 }).create();
  const given = options as CharOptions;
  const predict = bigrams(await charOf(TEXT).create(), TEXT);
  const short = TEXT.slice(0, 450);
  const measure = async (text: string, change: Partial<CharOptions> = {}) =>
    await (await charOf(text, { ...given, ...change }).create()).validate(predict);
  // The tenth at the end is that of the text without what is foreign before it.
  const { loss } = await measure(short);
  assert(loss > 0 && loss < 3, String(loss));
  assertEquals(await measure("XYZ" + short.slice(3)), await measure(short));
  assert((await measure(short, { validation: 0 })).loss > 0);
  // What is measured must be known, and be there.
  await assertRejects(
    () => measure(short.slice(0, 440) + "XYZ"),
    RangeError,
    'Cannot read the validation text: character 42, "X"',
  );
  await assertRejects(
    () => measure("T"),
    RangeError,
    "Cannot measure on text: at least 2 characters are needed, found 1",
  );
  // To train on it is something else.
  const again = await charOf(short, given).create();
  assertThrows(
    () => again.batch(request(0)),
    RangeError,
    "Cannot make batches of 32 × 32 characters: more than 1024 to train on are needed, found 405",
  );
});
