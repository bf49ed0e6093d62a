import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type RunConfig, RunFolder } from "@unroll/core/runs";
import {
  resolveSettings,
  type TrainingEvent,
  type TrainingStart,
  type TrainResult,
} from "@unroll/core/training";
import { fizzbuzz } from "@unroll/tasks";
import { findChromium, openPage } from "../test_support/browser.ts";
import { type Dashboard, serveDashboard } from "./dashboard.ts";

const CONFIG: RunConfig = {
  version: "0.0.1",
  model: { name: "rnn", options: {} },
  task: { name: "fizzbuzz", options: {} },
  training: { steps: 100 },
  seed: 7,
  device: "cpu",
};

const task = { ...await fizzbuzz().create(), show: () => Promise.resolve(["1 2 <fizz>"]) };

const START: TrainingStart = {
  step: 0,
  settings: resolveSettings({}, { steps: 100 }),
  recommended: { steps: 100 },
  device: "cpu",
  deviceDescription: "an abacus",
  task,
  layers: [],
  predict: () => Promise.resolve({ outputs: new Float32Array() }),
};

function progress(step: number, loss: number): TrainingEvent {
  const rates = { seconds: step / 10, stepsPerSecond: 10, learningRate: 0.1 };
  const gradients = { gradientNorm: 1, clipped: 0, compiling: 0, isPoint: true };
  return { event: "progress", step, steps: 100, loss, ...rates, ...gradients };
}

/** A validation of a model whose hidden states are these, two at a step. */
function validation(step: number, hidden: readonly number[]): TrainingEvent {
  return {
    event: "validation",
    step,
    validation: { loss: 0.5, error: 0.25 },
    best: true,
    trainingLoss: 1,
    compiling: 0,
    predict: () =>
      Promise.resolve({
        outputs: new Float32Array(2),
        hidden: Float32Array.from(hidden),
        hiddenSize: 2,
      }),
  };
}

async function tellSome({ reporter }: Dashboard): Promise<void> {
  await reporter.onRunCreated?.(new RunFolder("runs/x", CONFIG), START);
  for (const step of [10, 20, 30]) await reporter.onEvent?.(progress(step, 1 / step));
  await reporter.onEvent?.(validation(30, [0.1, 0.9, 0.8, 0.2]));
}

const RESULT: TrainResult = {
  steps: 100,
  seconds: 10,
  stepsPerSecond: 10,
  device: "cpu",
  loss: 0.5,
  error: 0.25,
  best: { step: 30, parameters: new Map() },
  ended: "steps",
  task,
  layers: [],
  predict: () => Promise.reject(new Error("Nothing to predict with")),
  snapshot: () => Promise.reject(new Error("Nothing to save")),
  dispose() {},
  [Symbol.dispose]() {},
};

/** What the events of a response show. */
async function viewsOf(response: Response): Promise<{ html: string; isOver: boolean }[]> {
  return (await response.text()).trim().split("\n\n")
    .map((line) => JSON.parse(line.replace(/^data: /, "")));
}

Deno.test("serveDashboard() shows who comes late all from the beginning, and ends", async () => {
  const page = await serveDashboard("a <b>");
  await tellSome(page);
  const html = await (await fetch(page.url)).text();
  assert(html.includes("a &lt;b&gt;"));
  const response = await fetch(`${page.url}events`);
  await page.reporter.onEnd?.(RESULT);
  await page.close();
  const views = await viewsOf(response);
  assertEquals(views.at(-1)!.isOver, true);
  for (const view of views) {
    for (const part of ["30 of 100", "25.0 %", 'id="loss"', 'id="hidden"', "runs/x · seed 7"]) {
      assert(view.html.includes(part), part);
    }
  }
  for (const part of ["done in 10 s", "1 2 &lt;fizz&gt;"]) {
    assert(views.at(-1)!.html.includes(part), part);
  }
  const late = await serveDashboard("x");
  await tellSome(late);
  await late.reporter.onEnd?.({ ...RESULT, ended: "aborted" });
  const [view, ...more] = await viewsOf(await fetch(`${late.url}events`));
  assertEquals([view.isOver, more], [true, []]);
  assert(view.html.includes("stopped; go on with: deno task"));
  await late.close();
});

/** Asks for something, and does not read the answer. */
async function ask(page: Dashboard, path: string, host: string): Promise<Deno.TcpConn> {
  const port = Number(new URL(page.url).port);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  return connection;
}

Deno.test("serveDashboard() is for this machine alone", async () => {
  const page = await serveDashboard("x");
  assertStrictEquals(new URL(page.url).hostname, "127.0.0.1");
  const cases = { "elsewhere.example": 403, "a b:x:y": 400 };
  for (const [host, status] of Object.entries(cases)) {
    const { readable } = await ask(page, "/", host);
    const answer = await new Response(readable).text();
    assert(answer.startsWith(`HTTP/1.1 ${status}`), answer);
  }
  const none = await fetch(`${page.url}other`);
  assertStrictEquals(none.status, 404);
  await none.body?.cancel();
  await page.close();
});

Deno.test("[long] serveDashboard() sends no more to who does not read, and is not held up at the end", async () => {
  const page = await serveDashboard("x");
  const unread = await ask(page, "/events", "127.0.0.1");
  const response = await fetch(`${page.url}events`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const read = async (wanted: string) => {
    let text = "";
    while (!text.includes(wanted)) {
      const { value, done } = await reader.read();
      assert(!done, wanted);
      // What is looked for may lie across two pieces.
      text = text.slice(-wanted.length) + value;
    }
  };
  const VIEWS = 8;
  await page.reporter.onRunCreated?.(new RunFolder("x".repeat(5_000_000), CONFIG), START);
  for (let view = 1; view <= VIEWS; view++) {
    await page.reporter.onEvent?.(progress(1000 + view, 1));
    await read(`>1,00${view} of 100<`);
  }
  const closed = page.close();
  await read('"isOver":true');
  await reader.cancel();
  let views = 0;
  let last = "";
  for await (const piece of unread.readable.pipeThrough(new TextDecoderStream())) {
    views += (last + piece).split("data: {").length - (last.includes("data: {") ? 2 : 1);
    last = piece.slice(-6);
  }
  await closed;
  // Those that waited, and the last.
  assert(views >= 1 && views < VIEWS - 2, String(views));
});

const chromium = findChromium();

Deno.test({
  name: "the page that follows a run shows it in a browser while it goes on",
  ignore: chromium === undefined,
  async fn() {
    const served = await serveDashboard("fizzbuzz · rnn");
    const page = await openPage(chromium!);
    try {
      await tellSome(served);
      await page.open(served.url);
      const text = "document.getElementById('view').textContent";
      await page.until(`${text}.includes("30 of 100")`);
      assertStrictEquals(await page.evaluate(`${text}.includes("25.0 %")`), true);
      const state = "document.getElementById('state').textContent";
      assertStrictEquals(await page.evaluate(state), "training");
      const charts = "[...document.querySelectorAll('.grid .card')].map(({ id }) => id)";
      const ids = ["loss", "error", "learning-rate", "gradient-norm", "speed"];
      assertEquals(await page.evaluate(charts), ids);
      const hidden = "document.getElementById('hidden').innerHTML";
      const before = await page.evaluate<string>(hidden);

      const choices = "[...document.querySelectorAll('.chooser input')]";
      assertEquals(await page.evaluate(`${choices}.map(({ checked }) => checked)`), [true, false]);
      await page.evaluate("document.querySelector('.chooser label:nth-of-type(2)').click()");

      // It goes on without being asked again.
      await served.reporter.onEvent?.(progress(60, 0.01));
      await served.reporter.onEvent?.(validation(60, [1, 0, 0.5, 0.3]));
      await served.reporter.onSample?.(60, "to be, <or> not");
      await page.until(`${text}.includes("60 of 100")`);
      assert(await page.evaluate<string>(hidden) !== before);
      await page.until(
        "document.getElementById('samples')?.textContent.includes('to be, <or> not')",
      );
      // What was chosen stays so, and its text is the one that is shown.
      assertEquals(await page.evaluate(`${choices}.map(({ checked }) => checked)`), [false, true]);
      const shown = "[...document.querySelectorAll('.chooser > div')]" +
        ".map((text) => getComputedStyle(text).display)";
      assertEquals(await page.evaluate(shown), ["none", "block"]);
      await served.reporter.onEnd?.(RESULT);
      await served.close();
      await page.until(`${state} === "done in 10 s"`);
      assertStrictEquals(
        await page.evaluate("document.getElementById('shown').textContent"),
        "1 2 <fizz>",
      );
      assertEquals(page.errors, []);
      assertEquals([...page.requests], [served.url, `${served.url}events`]);
      const overflow = "document.documentElement.scrollWidth > innerWidth";
      assertStrictEquals(await page.evaluate(overflow), false);
    } finally {
      await page.close();
      await served.close();
    }
  },
});
