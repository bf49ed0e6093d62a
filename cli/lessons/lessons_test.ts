import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { randomKey, randomNormal, tensor } from "@unroll/core";
import { fitLine } from "./linear.ts";
import { formatLesson, type LessonOptions, type LessonRow, LESSONS } from "./mod.ts";
import { trainOnWindows } from "./plain.ts";

async function rowsOf(name: string, options: LessonOptions = {}): Promise<LessonRow[]> {
  const rows: LessonRow[] = [];
  for await (const part of LESSONS[name].give(options)) {
    if (part.kind === "rows") rows.push(...part.rows);
  }
  return rows;
}

async function textOf(name: string, options: LessonOptions = {}): Promise<string> {
  let text = "";
  for await (const part of LESSONS[name].give(options)) text += formatLesson(part);
  return text;
}

for (const [name, count] of [["derivatives", 11], ["scan", 2], ["gru", 7]] as const) {
  Deno.test(`lesson ${name}: everything is as the notebook has it`, async () => {
    const rows = await rowsOf(name);
    assertEquals(rows.length, count);
    assertEquals(rows.filter(({ same }) => same !== true), []);
  });
}

Deno.test("lesson gru: other weights have another loss, which both forms share", async () => {
  const [one, two] = [await rowsOf("gru", { seed: 1 }), await rowsOf("gru", { seed: 2 })];
  assert(one[0].ours !== two[0].ours);
  assert([...one, ...two].every(({ same }) => same));
});

/** The beginning of the lesson's text, and its alphabet. */
const BEGINNING = "PREFACE\n\n\nSUPPOSING that Truth is a woman--what then? Is there not gro";
const ALPHABET =
  "\n !\"'(),-.0123456789:;=?ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyzÆäæéë";

Deno.test("lesson data: a text that begins as the lesson's and has its alphabet differs only in its length", async () => {
  const corpus = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    await Deno.writeTextFile(corpus, BEGINNING + ALPHABET.repeat(20));
    const rows = await rowsOf("data", { corpus });
    const length = BEGINNING.length + 20 * ALPHABET.length;
    assertEquals(rows.filter(({ same }) => !same).map(({ what, ours }) => `${what} ${ours}`), [
      `corpus length ${length}`,
      `x1.shape, y.shape (${Math.ceil((length - 4) / 3) - 2},)`,
      ...["xs[0].shape (n,)", "x_rnn.shape (n, 8)", "y_rnn.shape (n, 8, 1)"]
        .concat("oh_x_rnn, oh_y_rnn (n, 8, 86)")
        .map((row) => row.replace("(n", `(${Math.ceil((length - 9) / 8) - 2}`)),
    ]);
    for (const line of (await textOf("data", { corpus })).split("\n")) {
      assert([...line].length <= 80, line);
    }
  } finally {
    await Deno.remove(corpus);
  }
});

Deno.test("lesson data: what a text has of control characters does nothing to a terminal", async () => {
  const corpus = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    await Deno.writeTextFile(corpus, "Down\r\n\x1b[2Jthe rabbit hole. ".repeat(50));
    const text = await textOf("data", { corpus });
    assert(text.includes("Down\\r\\n␛[2Jthe"), text);
    // deno-lint-ignore no-control-regex -- these are what is looked for
    assert(!/[\r\x1b]/.test(text));
  } finally {
    await Deno.remove(corpus);
  }
});

for (const name of ["data", "plain"]) {
  Deno.test(`lesson ${name}: tells of another text, and names it in what to run next`, async () => {
    const folder = await Deno.makeTempDir();
    const corpus = `${folder}/${"long".repeat(20)} name.txt`;
    try {
      await Deno.writeTextFile(corpus, "To be, or not to be, that is the question. ".repeat(20));
      const text = await textOf(name, { corpus, ...(name === "plain" ? { windows: 10 } : {}) });
      assert(
        text.replaceAll(/\s+/g, " ").includes(
          "Not the text of the known numbers: 600,893 characters are wanted, found 860.",
        ),
        text,
      );
      assert(/\nNext: .*$/m.exec(text)?.[0].includes(` --corpus '${corpus}'`), text);
      assert(!text.includes("FILE"), text);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("lesson data: refuses a text that is too short before it prints anything", async () => {
  const corpus = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    await Deno.writeTextFile(corpus, "one short line\n");
    const parts = LESSONS.data.give({ corpus }) as AsyncGenerator;
    await assertRejects(() => parts.next(), RangeError, "more than 512 to train on are needed");
  } finally {
    await Deno.remove(corpus);
  }
});

for (const name of ["data", "plain"]) {
  Deno.test(`lesson ${name}: says which text it needs`, async () => {
    await assertRejects(() => rowsOf(name), RangeError, "--corpus");
  });
}

Deno.test("lesson plain: refuses a text of more symbols than the notebook's", async () => {
  const corpus = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    const letters = Array.from({ length: 86 }, (_, i) => String.fromCodePoint(0x100 + i));
    await Deno.writeTextFile(corpus, letters.join(""));
    await assertRejects(
      () => rowsOf("plain", { corpus, windows: 10 }),
      RangeError,
      "Cannot use a vocabulary of 86: the text has 87 symbols",
    );
    await Deno.writeTextFile(corpus, letters.slice(1).join(""));
    const rows = await rowsOf("plain", { corpus, windows: 10 });
    assert(rows.every(({ ours }) => !ours.includes("NaN")));
  } finally {
    await Deno.remove(corpus);
  }
});

Deno.test("lesson plain: prints ten lines, and its mistake slows it down", async () => {
  const options = { corpus: "fizzbuzz-text", windows: 300 };
  const [right, faulty] = [
    await rowsOf("plain", options),
    await rowsOf("plain", { ...options, faulty: true }),
  ];
  const errors = (rows: LessonRow[]) =>
    rows.map(({ ours }) => Number(/Error:([\d.]+)/.exec(ours)?.[1]));
  assertEquals([right.length, faulty.length], [10, 10]);
  assertEquals(right[9].what.trim(), "300");
  assert(errors(right)[9] < errors(faulty)[9]);
  for (const line of (await textOf("plain", options)).split("\n")) {
    assert([...line].length <= 80, line);
  }
});

/** A window by the notebook's loops, in doubles; the weights are changed after it. */
function byHand(
  [w_x, w_h, w_y]: readonly Float32Array[],
  x: readonly number[],
  y: readonly number[],
  faulty: boolean,
) {
  const [V, H] = [86, 256];
  const states: Float64Array[] = [new Float64Array(H)];
  const chances: Float64Array[] = [];
  let loss = 0;
  x.forEach((symbol, t) => {
    const h = new Float64Array(H);
    for (let j = 0; j < H; j++) {
      let sum = w_x[symbol * H + j];
      for (let i = 0; i < H; i++) sum += states[t][i] * w_h[i * H + j];
      h[j] = Math.max(0, sum);
    }
    const powers = Float64Array.from({ length: V }, (_, k) => {
      let sum = 0;
      for (let i = 0; i < H; i++) sum += h[i] * w_y[i * V + k];
      return Math.exp(sum);
    });
    const total = powers.reduce((a, b) => a + b);
    states.push(h);
    chances.push(powers.map((power) => power / total));
    loss -= Math.log(chances[t][y[t]]);
  });
  const slope = new Float64Array(H * H);
  let delta = new Float64Array(H);
  for (let t = x.length - 1; t >= 0; t--) {
    const before = delta;
    delta = new Float64Array(H);
    for (let i = 0; i < H; i++) {
      let sum = 0;
      for (let j = 0; j < H; j++) sum += before[j] * w_h[i * H + j];
      for (let k = 0; k < V; k++) sum += (chances[t][k] - Number(k === y[t])) * w_y[i * V + k];
      delta[i] = states[t + 1][i] > 0 ? sum : 0;
    }
    let dot = 0;
    for (let i = 0; i < H; i++) dot += states[t][i] * delta[i];
    slope.forEach((_, n) => {
      slope[n] += faulty ? dot : states[t][Math.floor(n / H)] * delta[n % H];
    });
  }
  return { loss, norm: Math.hypot(...delta), slope };
}

for (const faulty of [false, true]) {
  Deno.test(`trainOnWindows() is the notebook's loops, ${faulty ? "with" : "without"} the mistake`, async () => {
    const shapes = [[86, 256], [256, 256], [256, 86]];
    const [w_x, w_h, w_y] = shapes.map((shape, i) => randomNormal(randomKey(i), shape).mul(0.05));
    const [x, y] = [[3, 1, 4, 1, 5, 9, 2, 6], [1, 4, 1, 5, 9, 2, 6, 5]];
    // A large rate, so that what is left of f32 in the weights' change is more than enough.
    const lr = 1;
    const at = (numbers: number[]) => tensor([numbers], { dtype: "i32" });
    const [after, loss, norm] = trainOnWindows({ w_x, w_h, w_y }, at(x), at(y), { lr, faulty });
    const start = await Promise.all(
      [w_x, w_h, w_y].map(async (w) => await w.data() as Float32Array),
    );
    const wanted = byHand(start, x, y, faulty);
    // Sums of a few hundred products in f32.
    assertAlmostEquals(await loss.item(), wanted.loss, 1e-4);
    assertAlmostEquals(await norm.item(), wanted.norm, 1e-4);
    const changed = await after.w_h.data();
    for (let n = 0; n < changed.length; n += 257) {
      assertAlmostEquals(start[1][n] - changed[n], wanted.slope[n], 1e-4, `weight ${n}`);
    }
  });
}

Deno.test("fitLine() finds y = x + 1 by its gradient", async () => {
  const { a, b } = await fitLine();
  // One rounding of f32 in numbers of hundreds.
  assertAlmostEquals(a, 1, 1e-5);
  assertAlmostEquals(b, 1, 1e-4);
});
