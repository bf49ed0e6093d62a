import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { RunReporter, Terminal } from "../context.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";
import { SILENT_TERMINAL } from "../test_support/silent_terminal.ts";
import { createReporter, type ReporterSettings } from "./reporter.ts";

/** Trains, tells of samples at some times, and returns what was printed on the way. */
async function sampled(
  settings: Partial<ReporterSettings> & Pick<Terminal, "isTerminal">,
  samples: readonly (readonly [seconds: number, text: string])[],
): Promise<string> {
  const { isTerminal, ...rest } = settings;
  let text = "";
  let time = 0;
  const print = (piece: string) => text += piece;
  const terminal: Terminal = {
    ...SILENT_TERMINAL,
    write: print,
    writeError: print,
    isTerminal,
    columns: () => 40,
  };
  const reporter: RunReporter = createReporter({
    terminal,
    title: "x",
    json: false,
    quiet: false,
    now: () => time,
    ...rest,
  });
  await inFolder(async (folder) => {
    await trainSmall(folder, {
      callbacks: { onRunCreated: (run, start) => reporter.onRunCreated?.(run, start) },
    });
  });
  text = "";
  for (const [seconds, sample] of samples) {
    time = seconds * 1000;
    await reporter.onSample?.(seconds * 100, sample);
  }
  return text;
}

const SAMPLES = [[1, "early"], [6, "one\n\ntwo \x1b[2J"], [7, "soon"], [
  12,
  "x".repeat(200),
]] as const;

Deno.test("createReporter() shows a line or two of samples now and then in a terminal", async () => {
  const lines = (await sampled({ isTerminal: true }, SAMPLES)).split("\n");
  // What a model makes does not steer the terminal.
  assertEquals(lines[0], "\rstep 600: one ⏎ two ·[2J\x1b[K");
  // No line is longer than the terminal, which would break it without this program's knowledge.
  assertStrictEquals(lines[1], `\rstep 1,200: ${"x".repeat(39 - 12)}\x1b[K`);
  assertStrictEquals(lines[2].replace("\x1b[K", "").replace("\r", ""), "x".repeat(39));
  assertStrictEquals(lines.length, 4);
  assertStrictEquals(await sampled({ isTerminal: false }, SAMPLES), "");
});

Deno.test("createReporter() shows all samples whole where they are asked for", async () => {
  for (const isTerminal of [true, false]) {
    const text = await sampled({ isTerminal, samples: true }, SAMPLES);
    for (const part of ["early", "one", "two ·[2J", "soon", "x".repeat(200), "step 1,200"]) {
      assert(text.includes(part), part);
    }
  }
  const json = await sampled({ isTerminal: false, samples: true, json: true }, [[1, "a\nb"]]);
  assertEquals(JSON.parse(json), { event: "sample", step: 100, text: "a\nb" });
  assertStrictEquals(await sampled({ isTerminal: false, samples: true, quiet: true }, SAMPLES), "");
});

Deno.test("a run's reporters are told of the samples that are kept with it", async () => {
  await inFolder(async (folder) => {
    const told: string[] = [];
    const callbacks: RunReporter = { onSample: (step, text) => void told.push(`${step} ${text}`) };
    const run = await trainSmall(folder, { callbacks });
    const kept = (await run.readMetrics()).filter(({ event }) => event === "sample");
    assert(kept.length > 1);
    assertEquals(told, kept.map(({ step, text }) => `${step} ${text}`));
  });
});
