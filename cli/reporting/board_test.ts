import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { createRun, type RunConfig, type RunFolder } from "@unroll/core/runs";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { findChromium, openPage } from "../test_support/browser.ts";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";
import { serveBoard } from "./board.ts";
import { RunIndex } from "./run_index.ts";

const CONFIG: RunConfig = {
  version: "0.0.1",
  model: { name: "rnn", options: { hidden: 4 } },
  task: { name: "<i>fizz</i>", options: {} },
  training: { steps: 100 },
  seed: 7,
  device: "cpu",
};

const PLUGINS = { models: MODELS, tasks: TASKS };

/** Makes a run as another process does that trains it. */
async function begin(root: string, hidden: number, step: number): Promise<RunFolder> {
  const model = { name: "rnn", options: { hidden } };
  const run = await createRun({ ...CONFIG, model }, { root });
  await train(run, step);
  return run;
}

async function train(run: RunFolder, step: number): Promise<void> {
  await run.appendMetrics({ event: "progress", step, loss: 1 / step });
  await run.appendMetrics({ event: "validation", step, loss: 2 / step, error: 0.5, best: true });
}

interface View {
  readonly runs: string;
  readonly charts: string;
}

/** Reads views until one says what is wanted. */
async function readUntil(
  reader: ReadableStreamDefaultReader<string>,
  wanted: (view: View) => boolean,
): Promise<View> {
  let text = "";
  while (true) {
    const { value, done } = await reader.read();
    assert(!done, "the events ended");
    text += value;
    for (const part of text.split("\n\n").slice(0, -1)) {
      const view: View = JSON.parse(part.replace(/^data: /, ""));
      if (wanted(view)) return view;
    }
    text = text.split("\n\n").at(-1)!;
  }
}

Deno.test("serveBoard() shows what other processes train while they do, and all runs of sweeps", async () => {
  await inFolder(async (folder) => {
    const [runs, sweeps] = [`${folder}/runs`, `${folder}/sweeps`];
    const run = await begin(runs, 4, 10);
    await trainSmall(`${sweeps}/x/steps-20`, { training: { steps: 20 } });
    const board = await serveBoard({ ...PLUGINS, folders: [runs, sweeps], port: 0 });
    try {
      const events = await fetch(`${board.url}events`);
      const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
      const first = await readUntil(reader, () => true);
      for (const part of ["training", "10 of 100", `${sweeps}/x`, ">steps-20</a>", "done"]) {
        assert(first.runs.includes(part), part);
      }
      assert(first.runs.includes("&lt;i&gt;fizz") && !first.runs.includes("<i>fizz"));
      // What is in training is drawn before anybody asks for it.
      assert(first.charts.includes('id="loss"'));

      await train(run, 60);
      await run.appendMetrics({ event: "sample", step: 60, text: "to <be>" });
      const second = await readUntil(reader, ({ charts }) => charts.includes("samples"));
      assert(second.runs.includes("60 of 100") && second.charts.includes("to &lt;be&gt;"));
      await run.appendMetrics({ event: "done", steps: 100, loss: 0.01, error: 0 });
      await readUntil(reader, ({ runs }) => !runs.includes(">training<"));
      const later = await begin(runs, 8, 10);
      const third = await readUntil(reader, ({ runs }) => runs.includes(later.name));
      assert(third.runs.includes(">training<"));
      await reader.cancel();
    } finally {
      await board.close();
    }
  });
});

Deno.test("serveBoard() serves runs that it lists, and nothing else, to this machine alone", async () => {
  await inFolder(async (folder) => {
    const root = `${folder}/runs`;
    const { path } = await trainSmall(root);
    await trainSmall(`${folder}/outside`);
    await Deno.writeTextFile(`${root}/notes.txt`, "secret");
    await Deno.symlink(`${folder}/outside`, `${root}/link`);
    const board = await serveBoard({ ...PLUGINS, folders: [root], port: 0 });
    try {
      const ask = async (path: string, headers: Record<string, string> = {}) => {
        const response = await fetch(`${board.url}${path}`, { headers });
        return { status: response.status, text: await response.text(), headers: response.headers };
      };
      const run = (path: string) => `report?run=${encodeURIComponent(path)}`;
      const report = await ask(run(path));
      assertStrictEquals(report.status, 200);
      for (const part of ["counting · rnn", "What it says", "To make it again"]) {
        assert(report.text.includes(part), part);
      }
      for (const page of [report, await ask("")]) {
        const policy = page.headers.get("content-security-policy") ?? "";
        assert(policy.startsWith("default-src 'none'"), policy);
      }
      const refused = [
        run(`${folder}/outside`),
        run(`${root}/link`),
        run(`${path}/../../outside`),
        run(`${root}/notes.txt`),
        "report",
        "notes.txt",
        `runs/../notes.txt`,
        encodeURIComponent("../notes.txt"),
      ];
      for (const path of refused) assertStrictEquals((await ask(path)).status, 404, path);
      // A page elsewhere may link here, and load nothing.
      const elsewhere = { "sec-fetch-site": "cross-site" };
      assertStrictEquals(
        (await ask("", { ...elsewhere, "sec-fetch-mode": "no-cors" })).status,
        403,
      );
      assertStrictEquals(
        (await ask("", { ...elsewhere, "sec-fetch-mode": "navigate" })).status,
        200,
      );
      assertStrictEquals(new URL(board.url).hostname, "127.0.0.1");
      const port = Number(new URL(board.url).port);
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const request = "GET / HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n";
      await connection.write(new TextEncoder().encode(request));
      const answer = await new Response(connection.readable).text();
      assert(answer.startsWith("HTTP/1.1 403"), answer);
    } finally {
      await board.close();
    }
  });
});

Deno.test("RunIndex reads what has changed, says what is damaged, and finds by path and by folder", async () => {
  await inFolder(async (folder) => {
    const root = `${folder}/runs`;
    const index = new RunIndex([`${root}/`, `${folder}/none`]);
    assertStrictEquals(await index.refresh(), false);
    const run = await begin(root, 4, 10);
    await Deno.mkdir(`${root}/broken`);
    await Deno.writeTextFile(`${root}/broken/config.json`, "{");
    assertStrictEquals(await index.refresh(), true);
    assertStrictEquals(await index.refresh(), false);
    assertEquals(index.runs.map(({ name, state }) => [name, state]), [
      [run.name, "training"],
      ["broken", "damaged"],
    ]);
    // Two that are in training keep their places, whichever is written last.
    const other = await begin(root, 8, 10);
    const places = async () => {
      await index.refresh();
      return index.runs.map(({ path }) => path);
    };
    const before = await places();
    for (const one of [run, other]) {
      await train(one, 20);
      assertEquals(await places(), before);
    }
    await Deno.remove(other.path, { recursive: true });
    // Nobody has written in it for a minute.
    await Deno.utime(`${run.path}/metrics.jsonl`, Date.now() / 1000 - 60, Date.now() / 1000 - 60);
    assertStrictEquals(await index.refresh(), true);
    assertStrictEquals(index.find([run.path])[0].state, "unfinished");
    assertEquals(index.find([root]).length, 2);
    assertEquals(index.find([`${root}/../runs`, "none"]), []);
    await Deno.remove(run.path, { recursive: true });
    assertStrictEquals(await index.refresh(), true);
    assertEquals(index.runs.map(({ name }) => name), ["broken"]);
  });
});

Deno.test("board: says where it is, and ends when it is asked to", async () => {
  await inFolder(async (folder) => {
    const controller = new AbortController();
    let status = 0;
    const { code, output } = await runCommand(`board ${folder}`, {
      interruptible: async (body) => {
        const ended = body(controller.signal);
        controller.abort();
        status = 1;
        return await ended;
      },
    });
    assertEquals([code, status], [0, 1]);
    const [, url] = /^The board is at (http:\/\/127\.0\.0\.1:\d+\/) until Ctrl-C\n$/.exec(output)!;
    // Nobody is there any more.
    const gone = await fetch(url).then((response) => response.body?.cancel(), () => "gone");
    assertStrictEquals(gone, "gone");
  });
});

const chromium = findChromium();

Deno.test({
  name: "the board filters, compares, hides curves and says values in a browser",
  ignore: chromium === undefined,
  async fn() {
    await inFolder(async (folder) => {
      const root = `${folder}/runs`;
      const runs = [];
      for (const hidden of [4, 8, 16]) {
        const run = await begin(root, hidden, 10);
        await train(run, 50);
        runs.push(run);
      }
      const board = await serveBoard({ ...PLUGINS, folders: [root], port: 0 });
      const page = await openPage(chromium!);
      try {
        await page.open(board.url);
        const rows = "[...document.querySelectorAll('tr.run')].filter((row) => !row.hidden).length";
        await page.until(`${rows} === 3`);
        const type = (text: string) =>
          `{ const box = document.getElementById("filter"); box.value = ${JSON.stringify(text)};` +
          `box.dispatchEvent(new Event("input")); }`;
        await page.evaluate(type("no such"));
        assertStrictEquals(await page.evaluate(rows), 0);
        await page.evaluate(type("RNN training"));
        assertStrictEquals(await page.evaluate(rows), 3);

        for (const { path } of runs.slice(0, 2)) {
          await page.evaluate(`document.querySelector('[data-run="${path}"]').click()`);
        }
        const legend = "[...document.querySelectorAll('#charts .legend label')]" +
          ".map((label) => label.textContent).sort().join()";
        await page.until(`${legend} === "hidden 4,hidden 8"`);

        // A series is hidden, and stays so when the next view comes.
        const hidden = "[...document.querySelectorAll('#charts g.series.s0')].filter((series) => " +
          "getComputedStyle(series).display === 'none').length";
        const drawn = "document.querySelectorAll('#charts g.series.s0').length";
        assertStrictEquals(await page.evaluate(hidden), 0);
        await page.evaluate("document.querySelector('input[data-series=s0]').click()");
        assert(await page.evaluate<number>(hidden) > 0);
        await train(runs[0], 90);
        await page.until("document.getElementById('runs').textContent.includes('90 of 100')");
        assertStrictEquals(await page.evaluate(hidden), await page.evaluate(drawn));
        const isTicked = "document.querySelector('input[data-series=s0]').checked";
        assertStrictEquals(await page.evaluate(isTicked), false);
        await page.evaluate("document.querySelector('input[data-series=s0]').click()");

        // The value under the pointer: the last point of the other run.
        const note = await page.evaluate<string>(`(() => {
          const line = document.querySelector("#training-loss g.series.s1[aria-label=line] path");
          const { x, y } = line.getPointAtLength(1e6).matrixTransform(line.getScreenCTM());
          line.ownerSVGElement.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y, bubbles: true }));
          return document.getElementById("note").textContent;
        })()`);
        assert(/^hidden (4|8) · step (50 · 0\.02|90 · 0\.01111)$/.test(note), note);
        // What is chosen is in the address.
        await page.open("about:blank");
        await page.open(`${board.url}#${new URLSearchParams([["run", runs[2].path]])}`);
        await page.until(
          "document.querySelector('#charts h2')?.textContent === " + JSON.stringify(runs[2].name),
        );
        assertEquals(page.errors, []);
        const overflow = "document.documentElement.scrollWidth > innerWidth";
        assertStrictEquals(await page.evaluate(overflow), false);
      } finally {
        await page.close();
        await board.close();
      }
    });
  },
});
