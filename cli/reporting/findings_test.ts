import { assertAlmostEquals, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { cycleOf, findingsOf, gateSentences, judge, tellingUnits } from "./findings.ts";
import { studyAsText } from "./inspection.ts";
import { statesHtml } from "./states_html.ts";
import type { Evidence, HiddenStateCapture, Study } from "./hidden_states.ts";
import { readTogether } from "./read_together.ts";
import { SILENT_TERMINAL } from "../test_support/silent_terminal.ts";

type Unit = (t: number) => number;

/** Values of units given as functions of the step. */
function statesOf(time: number, units: readonly Unit[]) {
  const values = Float32Array.from(
    { length: time * units.length },
    (_, index) => units[index % units.length](Math.floor(index / units.length)),
  );
  return { values, time, units: units.length };
}

function capture(
  time: number,
  units: readonly Unit[],
  flags: Readonly<Record<string, Unit>>,
  label: string = "9",
): HiddenStateCapture {
  return {
    states: statesOf(time, units),
    labels: Array.from({ length: time }, () => label),
    annotations: Object.entries(flags).map(([name, at]) => ({
      name,
      values: Int32Array.from({ length: time }, (_, t) => at(t)),
      ...(name === "inside quotes" ? { when: name } : {}),
    })),
  };
}

function studyOf(
  time: number,
  units: readonly Unit[],
  flags: Readonly<Record<string, Unit>> = {},
  more: Partial<Study> & { readonly isAlone?: boolean } = {},
): Study {
  const shown = capture(time, units, flags);
  const { isAlone = false, ...rest } = more;
  const evidence: Evidence = { ...shown, sequences: 1, isAlone };
  return { shown, evidence, ...rest };
}

const texts = (study: Study) => findingsOf(study).map(({ text }) => text);
/** Numbers without a pattern, from −1 to 1. */
const noise = (seed: number): Unit => (t) => {
  const x = Math.sin((t + 1) * 12.9898 + seed * 78.233) * 43758.5453;
  return 2 * (x - Math.floor(x)) - 1;
};
const flag: Unit = (t) => Number(Math.floor(t / 7) % 3 === 0);

Deno.test("findingsOf() names units that turn over, and the states that they make together", () => {
  const every = (period: number, on: readonly number[]): Unit => (t) =>
    on.includes(t % period) ? 0.97 : 0.05;
  const mod = (by: number): Unit => (t) => t % by;
  const study = studyOf(
    301,
    [every(5, [3, 4]), every(3, [0]), every(3, [1]), every(5, [1, 2])],
    { "n mod 3": mod(3), "n mod 5": mod(5) },
    { isAlone: true },
  );
  assertEquals(
    texts(study),
    [
      "Units 2, 3 turn over every 3 steps, units 1, 4 every 5: together 9 states, over and over " +
      "every 15 steps, each with a pattern of on and off of its own.",
      "Unit 2 follows n mod 3 (η² 1.00); so does unit 3 (1.00).",
      "Unit 1 follows n mod 5 (η² 1.00); so does unit 4 (1.00).",
    ],
  );
  assertEquals(cycleOf(study.evidence.states), { period: 15, states: 9, patterns: 9 });
});

Deno.test("cycleOf() counts states apart that look the same as on and off, and finds none in a ramp", () => {
  const levels = [0.1, 0.3, 0.8, 0.95];
  assertEquals(cycleOf(statesOf(60, [(t) => levels[t % 4]])), {
    period: 4,
    states: 4,
    patterns: 2,
  });
  assertStrictEquals(cycleOf(statesOf(60, [(t) => t / 60])), undefined);
});

Deno.test("findingsOf() says which unit is a thing, on or off, and which follow it", () => {
  const study = studyOf(400, [
    noise(1),
    (t) => flag(t) ? -0.9 : 0.9,
    (t) => (flag(t) ? 0.4 : -0.4) + 0.35 * noise(2)(t),
  ], { carry: flag });
  assertEquals(texts(study), [
    `Unit 2 is the carry (right in 100 % of 400 steps, η² 1.00); so is unit 3 (${
      judge(study.evidence)[0].units[1].score.toFixed(2)
    }).`,
  ]);
  const quoted = studyOf(400, [(t) => flag(t) ? -0.9 : 0.9], { "inside quotes": flag });
  assertEquals(texts(quoted), [
    "Unit 1 is off inside quotes (right in 100 % of 400 steps, η² 1.00).",
  ]);
});

Deno.test("findingsOf() says that no unit stands for a thing alone, and whether all together tell it", () => {
  // The flag is in the difference of two units alone.
  const study = studyOf(600, [
    noise(3),
    (t) => noise(3)(t) + (flag(t) ? 0.1 : -0.1),
  ], { carry: flag });
  const [{ kind, text }] = findingsOf(study);
  assertStrictEquals(kind, "none");
  assertMatch(
    text,
    /^No unit stands for it alone: carry \(nearest: unit 2, η² 0\.0\d; all together: 100 %\)\. All /,
  );
  const nowhere = studyOf(600, [noise(4), noise(5)], { carry: flag });
  assertMatch(texts(nowhere)[0], /nearest: unit \d, η² 0\.0\d; all together: [3-6]\d %/);
});

Deno.test("judge() corrects for chance, and leaves out what hardly ever changes", () => {
  const once: Unit = (t) => Number(t > 100);
  const many: Unit = (t) => t % 150;
  const study = studyOf(301, Array.from({ length: 20 }, (_, i) => noise(20 + i)), { once, many });
  const [only, ...none] = judge(study.evidence);
  assertEquals([only.annotation.name, none.length], ["many", 0]);
  // Uncorrected, 150 groups of two explain half of any noise; corrected, of 20 about half of them nothing.
  const mean = only.units.reduce((sum, { score }) => sum + score, 0) / 20;
  assertAlmostEquals(mean, 0, 0.1);
});

Deno.test("findingsOf() says when a thing fades, by the margin, and what is said then", () => {
  const units: Unit[] = [(t) => flag(t) ? 0.8 : -0.8, noise(7), () => 0.5];
  const trial: HiddenStateCapture = {
    ...capture(40, [(t) => 0.8 - 0.05 * t, (t) => t < 30 ? -0.6 : 0.6, () => 0.5], {
      carry: () => 1,
    }),
    said: Array.from({ length: 40 }, (_, t) => ({ mark: "", text: t < 20 ? "0" : "9" })),
  };
  const found = findingsOf(studyOf(400, units, { carry: flag }, { trial }));
  assertStrictEquals(found[2].text, "Unit 3 does nothing.");
  assertMatch(
    found[1].text,
    /^The carry fades: after 17 nines unit 1 tells the opposite\. The margin after 1, 6, 12, 17 is 1\.00, 0\.69, 0\.31, -?0\.00; units 1, 2 drift and flip on the way, after 1[78] to 31\. What it says turns from 0 to 9 after 20\.$/,
  );
  assertEquals(found[1].margins?.[0].values.length, 40);
});

Deno.test("findingsOf() says that a thing holds, and nothing where it never held for long", () => {
  const units: Unit[] = [(t) => flag(t) ? 0.8 : -0.8];
  const held = (time: number, value: number): Study =>
    studyOf(400, units, { carry: flag }, {
      trial: capture(time, [() => 0.72], { carry: () => value }),
    });
  assertEquals(
    texts(held(40, 1))[1],
    "The carry holds: through 40 nines unit 1 keeps a margin of " +
      "0.90 (0.90 at the least).",
  );
  assertEquals(texts(held(11, 1)).length, 1);
  assertEquals(texts(held(40, 0)).length, 1);
});

Deno.test("findingsOf() says that nothing moves", () => {
  assertEquals(texts(studyOf(50, [() => 0.5, () => 0.1], { carry: flag })), [
    "No unit moves: it has found out nothing yet.",
  ]);
});

Deno.test("tellingUnits() takes the best unit of each thing, then those that move most", () => {
  const other: Unit = (t) => Number(t % 4 === 0);
  const { evidence } = studyOf(400, [
    (t) => 0.1 * noise(8)(t),
    (t) => flag(t) ? 0.5 : -0.5,
    (t) => flag(t) ? 0.5 : -0.4 + 0.3 * noise(9)(t),
    (t) => other(t) ? 0.3 : 0.1,
    () => 0,
  ], { carry: flag, "inside quotes": other });
  assertEquals(tellingUnits(evidence, 3), [
    { unit: 2, about: "carry, η² 1.00" },
    { unit: 4, about: "inside quotes, η² 1.00" },
    { unit: 3, about: "" },
  ]);
  assertEquals(tellingUnits(evidence).map(({ unit }) => unit), [2, 4, 3, 1]);
});

Deno.test("readTogether() is tried on steps that it was not made from", () => {
  // More units than there are steps of a sort would tell anything of the steps that they were made from.
  const { evidence } = studyOf(80, Array.from({ length: 60 }, (_, i) => noise(i)), { carry: flag });
  const right = readTogether(evidence, evidence.annotations[0].values)?.right ?? 1;
  assertStrictEquals(right < 0.75, true, String(right));
});

Deno.test("gateSentences() says how far gates are open, and nothing of the cell", () => {
  const states = statesOf(10, [() => 0.9, (t) => t < 5 ? 0.7 : 0.1]);
  assertEquals(gateSentences({ forget: states, cell: states }), [
    "The forget gate is more than half open in 75 % of all steps and units, by 0.65 on average: " +
    "most in unit 1 (0.90), least in unit 2 (0.40).",
  ]);
});

Deno.test("studyAsText() and statesHtml() have no heading where nothing was found out", () => {
  for (const [flags, has] of [[{}, false], [{ carry: flag }, true]] as const) {
    const study = studyOf(400, [noise(1), noise(2)], flags);
    for (const text of [studyAsText(study, 0, SILENT_TERMINAL), statesHtml(study, "a")]) {
      assertStrictEquals(text.includes("What it has found out"), has);
      assertStrictEquals(text.endsWith("\n\n"), false);
    }
  }
});
