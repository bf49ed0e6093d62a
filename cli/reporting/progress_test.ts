import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  formatCount,
  formatDuration,
  formatFigure,
  formatMetric,
  formatPercent,
} from "../format.ts";
import {
  createProgress,
  formatBar,
  formatLine,
  type ProgressState,
  sparkline,
} from "./progress.ts";

const STATE: ProgressState = {
  title: "fizzbuzz · rnn",
  step: 6400,
  steps: 10_000,
  loss: 0.03125,
  measure: "error 1.3 %",
  rate: 1200,
  losses: [8, 7, 6, 5, 4, 3, 2, 1],
};

/** The time that a line says is left. */
function leftIn(line = ""): string | undefined {
  return / {2}(\S+ \S+) left/.exec(line)?.[1];
}

/** A display on a clock that the test moves. */
function display(isTerminal: boolean, { color = false, steps = 100_000 } = {}) {
  let time = 0;
  const written: string[] = [];
  const progress = createProgress({
    steps,
    isTerminal,
    color,
    write: (text) => written.push(text),
    columns: () => 120,
    now: () => time,
  });
  /** Trains at 1,000 steps a second until a time, telling of every step. */
  const run = (from: number, to: number) => {
    for (let step = from + 1; step <= to; step++) {
      time = step;
      progress.update({ step, loss: 1 / step });
    }
  };
  /** Tells of a step at a time; what is said to be left then. */
  const see = (now: number, step: number, compiling = 0) => {
    time = now;
    progress.update({ step, loss: 1, compiling });
    return leftIn(written.at(-1));
  };
  return { written, progress, run, see };
}

Deno.test("createProgress() redraws a terminal at most ten times a second", () => {
  const { written, progress, run } = display(true);
  run(0, 3000);
  assertStrictEquals(written.length, 30);
  assertStrictEquals(
    written.every((text) => text.startsWith("\r") && text.endsWith("\x1b[K")),
    true,
  );
  assertStrictEquals(
    written[29].includes("1 min 37 s left"),
    true,
    written[29],
  );
  progress.stop();
  assertStrictEquals(written.at(-1), "\n");
  assertStrictEquals(written.at(-2)?.includes("3,000/100,000"), true);
});

Deno.test("formatCount() puts commas between thousands", () => {
  const counts = [0, 999, 1000, 12_345.6, 1_234_567];
  assertEquals(counts.map(formatCount), ["0", "999", "1,000", "12,346", "1,234,567"]);
});

Deno.test("createProgress() prints plain lines at growing intervals elsewhere", () => {
  const { written, progress, run } = display(false);
  run(0, 100_000);
  progress.stop();
  const seconds = written.map((line) =>
    Number(/step ([\d,]+)/.exec(line)?.[1].replace(",", "")) / 1000
  );
  assertEquals(seconds.slice(0, 6).map(Math.round), [0, 2, 4, 6, 8, 10]);
  assertStrictEquals(
    written.length < 18 && written.length > 12,
    true,
    `${written.length} lines`,
  );
  assertStrictEquals(
    written.every((line) => line.endsWith("\n") && !line.includes("\r") && !line.includes("\x1b")),
    true,
  );
});

Deno.test("createProgress() prints nothing for a run that is over at once, or without steps", () => {
  const { written, progress, run } = display(false);
  run(0, 200);
  progress.stop();
  assertEquals(written, []);
  const terminal = display(true);
  terminal.progress.stop();
  assertEquals(terminal.written, []);
});

Deno.test("createProgress() colours only when asked", () => {
  for (const color of [true, false]) {
    const { written, run } = display(true, { color });
    run(0, 500);
    assertStrictEquals(written.join("").includes("\x1b[36m"), color);
  }
});

Deno.test("formatBar() shows all in a wide terminal", () => {
  assertStrictEquals(
    formatBar(STATE, 200, false),
    "fizzbuzz · rnn  ███████████████████▏░░░░░░░░░░   64%  6,400/10,000  training loss 0.0313  " +
      "█▇▆▅▄▃▂▁  validation error 1.3 %  3.0 s left",
  );
});

Deno.test("formatBar() is never wider than the terminal and drops what matters least", () => {
  for (let width = 0; width <= 160; width++) {
    const line = formatBar(STATE, width, false);
    assertStrictEquals([...line].length <= width, true, `${width}: ${line}`);
  }
  assertStrictEquals(formatBar(STATE, 40, false).includes("training loss 0.0313"), true);
  assertStrictEquals(formatBar(STATE, 40, false).includes("fizzbuzz"), false);
});

Deno.test("formatBar() and formatLine() stand steps past the end and losses that are not finite", () => {
  const past = { ...STATE, step: 20_000, loss: NaN, rate: 0 };
  assertStrictEquals(formatBar(past, 100, false).includes("100%"), true);
  assertStrictEquals(
    formatLine(past),
    "step 20,000 of 10,000 (100 %), training loss NaN, validation error 1.3 %",
  );
  assertStrictEquals(
    formatLine(STATE),
    "step 6,400 of 10,000 (64 %), training loss 0.0313, validation error 1.3 %, 3.0 s left",
  );
});

Deno.test("sparkline() spans lowest to highest", () => {
  assertStrictEquals(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), "▁▂▃▄▅▆▇█");
  assertStrictEquals(sparkline([0, 0, 7, 7], 2), "▁█");
  assertStrictEquals(sparkline([3, 3, 3], 8), "▁▁▁");
  assertStrictEquals(sparkline([], 8), "");
});

Deno.test("formatFigure(), formatPercent() and formatDuration() are short and honest", () => {
  assertEquals(
    [0, 0.03125, 1.5, 114.72, 1739.2, 1.23e-7, 5e9, NaN].map(formatFigure),
    [
      "0.0000",
      "0.0313",
      "1.500",
      "114.7",
      "1739",
      "1.2e-7",
      "5.0e+9",
      "NaN",
    ],
  );
  // As eval and a report say it.
  const metrics = { longest_carry: 1064, test_accuracy: 1, error_3: 0.25, nats: 1.5 };
  assertEquals(Object.entries(metrics).map(([name, value]) => formatMetric(name, value)), [
    "1,064",
    "100 %",
    "25.0 %",
    "1.500",
  ]);
  assertEquals([0, 0.0001, 0.0125, 0.5, 0.9999, 1].map(formatPercent), [
    "0 %",
    "<0.1 %",
    "1.3 %",
    "50.0 %",
    ">99.9 %",
    "100 %",
  ]);
  assertEquals([0, 9.94, 9.96, 59.4, 65, 3599.6, 7500].map(formatDuration), [
    "0.0 s",
    "9.9 s",
    "10 s",
    "59 s",
    "1 min 05 s",
    "1 h 00 min",
    "2 h 05 min",
  ]);
});

Deno.test("createProgress() tells no rate before steps were watched for a while, without compiling", () => {
  const { written, see } = display(true, { steps: 3000 });
  // The first step takes a third of a second, nearly all of it to compile; each of the others a millisecond.
  for (let step = 1; step <= 1200; step++) {
    see(330 + step, step);
  }
  const told = written.map(leftIn);
  assertEquals(told.slice(0, 5), Array(5).fill(undefined));
  // 2,399 steps are left at 601 and 1,899 at 1,101.
  assertEquals(told[6], "2.4 s");
  assertEquals(told[11], "1.9 s");
});

Deno.test("createProgress() tells no time that is left after a few steps between which was compiled", () => {
  const { written, see } = display(true, { steps: 200_000 });
  for (let step = 1; step <= 5; step++) see(300 * step, step);
  // At 0.3 s a step it would be 17 hours.
  assertEquals([written.length, written.some((text) => text.includes("left"))], [5, false]);
  // Steps that are as slow as that tell it a little later.
  see(2600, 6);
  assertEquals(written.at(-1)?.includes("left"), true);
});

Deno.test("createProgress() leaves out of the time that is left what compiling took", () => {
  const { see } = display(true, { steps: 60_000 });
  see(1000, 1);
  // A program for another length takes four seconds, the one to validate with as long; each step takes a millisecond.
  const told = [see(5004, 5, 4), see(5200, 200, 4), see(9500, 500, 8), see(10_500, 1500, 8)];
  assertEquals(told, [undefined, undefined, undefined, "59 s"]);
});

Deno.test("createProgress() tells no time that is left while steps are getting faster", () => {
  const { see } = display(true, { steps: 200_000 });
  // As of a recipe that compiles a program for each of its four lengths: at the rate so far, hours.
  const told = [[300, 3], [900, 9], [1400, 21], [1700, 1000], [2000, 9000], [2300, 17_000]]
    .map(([now, step]) => see(now, step));
  assertEquals(told, Array(6).fill(undefined));
  // Then 30 steps a millisecond.
  for (let i = 1; i <= 20; i++) see(2300 + 300 * i, 17_000 + 9000 * i);
  assertEquals(see(8600, 199_000), "0.0 s");
});

Deno.test("createProgress() ends with the last validation, and prints notes above the bar", () => {
  const { written, progress } = display(true);
  progress.update({ step: 99_999, loss: 1, measure: "error 38.2 %" });
  progress.update({ step: 100_000, loss: 1, measure: "error 0 %" });
  progress.note("A note");
  progress.stop();
  assertEquals(written.some((text) => text === "\rA note\x1b[K\n"), true);
  assertEquals(written.at(-2)?.includes("validation error 0 %"), true, written.at(-2));
});
