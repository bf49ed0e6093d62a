import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { findChromium, openPage } from "../test_support/browser.ts";
import { type Dashboard, serveDashboard } from "./dashboard.ts";

const CONFIG = { training: { steps: 100 }, seed: 7, device: "cpu" };

function tellSome({ reporter }: Dashboard): void {
  reporter.config({ config: CONFIG, run: "runs/x" });
  for (const step of [10, 20, 30]) {
    const line = { step, loss: 1 / step, seconds: step / 10, steps_per_second: 10 };
    reporter.progress({ ...line, learning_rate: 0.1 });
  }
  reporter.validation({ step: 30, loss: 0.5, error: 0.25, best: true });
  const states = { values: Float32Array.of(0.1, 0.9, 0.8, 0.2), time: 2, units: 2 };
  reporter.hidden?.({ states, labels: ["a", "b"], annotations: [] });
}

const DONE = {
  steps: 100,
  seconds: 10,
  steps_per_second: 10,
  device: "cpu",
  loss: 0.5,
  error: 0.25,
  run: "runs/x",
};

Deno.test("serveDashboard() tells who comes late all from the beginning, and ends", async () => {
  const page = await serveDashboard("a <b>");
  tellSome(page);
  const html = await (await fetch(page.url)).text();
  assert(html.includes("a &lt;b&gt;"));
  const response = await fetch(`${page.url}events`);
  page.reporter.done(DONE, ["1 2 fizz"]);
  await page.close();
  const lines = (await response.text()).trim().split("\n\n").map((line) =>
    JSON.parse(line.replace(/^data: /, ""))
  );
  assertEquals(
    lines.map(({ event }) => event).sort(),
    ["config", "done", "end", "hidden", "progress", "progress", "progress", "validation"],
  );
  assertEquals(lines.find(({ event }) => event === "hidden").values, [0.1, 0.9, 0.8, 0.2]);
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

Deno.test("serveDashboard() tells no more to who does not read, and is not held up at the end", async () => {
  const page = await serveDashboard("x");
  const unread = await ask(page, "/events", "127.0.0.1");
  const response = await fetch(`${page.url}events`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const read = async (wanted: string) => {
    for (let text = ""; !text.includes(wanted);) {
      const { value, done } = await reader.read();
      assert(!done, wanted);
      // What is looked for may lie across two pieces.
      text = text.slice(-wanted.length) + value;
    }
  };
  const line = { loss: 1, seconds: 1, steps_per_second: 1, learning_rate: 1 };
  const STEPS = 160;
  const LINE = 250_000;
  for (let step = 1; step <= STEPS; step++) {
    page.reporter.progress(
      { ...line, step, note: `${"x".repeat(LINE)} of step ${step}.` } as never,
    );
    await read(` of step ${step}.`);
  }
  const closed = page.close();
  await read('"event":"end"');
  await reader.cancel();
  await closed;
  let bytes = 0;
  for await (const piece of unread.readable) bytes += piece.length;
  // 8 MB that wait, and what the system keeps on the way.
  assert(bytes < STEPS * LINE / 2, String(bytes));
});

const chromium = findChromium();

Deno.test({
  name: "the page that follows a run shows it in a browser while it goes on",
  ignore: chromium === undefined,
  async fn() {
    const served = await serveDashboard("fizzbuzz · rnn");
    const page = await openPage(chromium!);
    try {
      tellSome(served);
      await page.open(served.url);
      await page.until("document.body.dataset.step === '30'");
      await page.until("document.getElementById('error').textContent === '25 %'");
      const text = (id: string) =>
        page.evaluate<string>(`document.getElementById(${JSON.stringify(id)}).textContent`);
      assertEquals([await text("step"), await text("state")], ["30 of 100", "training"]);
      const points = "document.querySelector('#losses polyline').getAttribute('points')";
      assertStrictEquals((await page.evaluate<string>(points)).split(" ").length, 3);
      const pixels = "document.getElementById('raw').getContext('2d').getImageData(70, 10, 1, 1)";
      const before = await page.evaluate<string>(`String(${pixels}.data)`);

      // It goes on without being asked again.
      served.reporter.progress({ step: 60, loss: 0.01, seconds: 6, steps_per_second: 10 });
      const values = Float32Array.of(1, 0, 1, 0);
      const states = { values, time: 2, units: 2 };
      served.reporter.hidden?.({ states, labels: ["a", "b"], annotations: [] });
      await page.until("document.body.dataset.step === '60'");
      await page.until(`String(${pixels}.data) !== ${JSON.stringify(before)}`);
      served.reporter.done(DONE, ["1 2 fizz"]);
      await page.until("document.getElementById('state').textContent === 'done in 10 s'");
      assertStrictEquals(await text("shown-text"), "1 2 fizz");
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
