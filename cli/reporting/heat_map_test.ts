import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { colorDepth, formatColoredText, formatHeatMap, formatLegend } from "./heat_map.ts";

const STATES = { values: Float32Array.of(0, 1, 0.5, 0.2, 1, 0.51), time: 3, units: 2 };

Deno.test("formatHeatMap() uses characters without colours", () => {
  const options = { depth: "none", columns: 80 } as const;
  assertEquals(formatHeatMap(STATES, options), ["   0", " 1   ▒▒██", " 2 ██··▒▒"]);
  assertEquals(formatHeatMap(STATES, { ...options, threshold: 0.5 }), [
    "   0",
    " 1     ██",
    " 2 ██  ██",
  ]);
  const signed = { values: Float32Array.of(-1, 1), time: 1, units: 2 };
  assertEquals(formatHeatMap(signed, options), ["   0", " 1 ==", " 2 ██"]);
});

Deno.test("formatHeatMap() uses 24-bit colours, or 256", () => {
  const [, first] = formatHeatMap(STATES, { depth: "24-bit", columns: 80, threshold: 0.5 });
  assertStrictEquals(first, " 1 \x1b[48;2;238;241;245m    \x1b[48;2;18;41;74m  \x1b[0m");
  const [, second] = formatHeatMap(STATES, { depth: "256", columns: 80, threshold: 0.5 });
  assertStrictEquals(second, " 1 \x1b[48;5;231m    \x1b[48;5;23m  \x1b[0m");
});

Deno.test("formatHeatMap() is never wider than the terminal and says what it cuts", () => {
  const wide = { values: new Float32Array(300 * 100), time: 300, units: 100 };
  const lines = formatHeatMap(wide, { depth: "none", columns: 60 });
  assertStrictEquals(lines.every((line) => line.length <= 60), true);
  assertStrictEquals(lines.at(-1), "55 of 300 steps, 64 of 100 units");
});

Deno.test("colorDepth() asks the environment", () => {
  assertEquals(colorDepth(false, () => "truecolor"), "none");
  assertEquals(colorDepth(true, () => "truecolor"), "24-bit");
  assertEquals(colorDepth(true, () => undefined), "256");
});

Deno.test("formatHeatMap() says above the columns what was read, and below it what was said", () => {
  const said = [{ mark: "f", text: "fizz" }, { mark: "·", text: "1" }, { mark: "\n", text: "\n" }];
  const options = { depth: "none", columns: 80, said } as const;
  assertEquals(formatHeatMap(STATES, { ...options, labels: ["9", "\n", "\r"] }).slice(0, 3), [
    "read 9 ↵",
    "said f · ↵",
    "   1   ▒▒██",
  ]);
  // Steps that are only counted keep the ruler.
  assertEquals(formatHeatMap(STATES, { ...options, labels: ["0", "1", "2"] }).slice(0, 2), [
    "     0",
    "said f · ↵",
  ]);
});

Deno.test("formatLegend() explains colours, and the characters in place of them", () => {
  assertStrictEquals(formatLegend(STATES, "none"), "From 0 to 1: (blank) · ░ ▒ ▓ █");
  const signed = { values: Float32Array.of(-2, 0), time: 1, units: 2 };
  assertStrictEquals(formatLegend(signed, "none"), "From -2 to 2: = - (blank) ░ ▓ █");
  assertMatch(
    formatLegend(signed, "24-bit"),
    // deno-lint-ignore no-control-regex
    /^From -2 \x1b\[48;2;44;107;179m .*\x1b\[48;2;195;61;46m \x1b\[0m to 2$/,
  );
});

Deno.test("formatColoredText() colours a text in 24 bits or 256 colours, and shades it below without", () => {
  const tokens = [..."no\r\nyes!"].map((text, i) => ({ text, value: i < 4 ? -1 : 1 }));
  const options = { columns: 3, isSigned: true, bound: 1 };
  assertEquals(formatColoredText(tokens, { ...options, depth: "none" }), [
    "no",
    "===",
    "↵",
    "=",
    "yes",
    "███",
    "!",
    "█",
  ]);
  const [first] = formatColoredText(tokens, { ...options, depth: "24-bit" });
  assertStrictEquals(first, "\x1b[97m\x1b[48;2;44;107;179mno \x1b[0m");
  const [second] = formatColoredText(tokens, { ...options, depth: "256" });
  assertStrictEquals(second, "\x1b[97m\x1b[48;5;68mno \x1b[0m");
});

Deno.test("formatColoredText() sets words apart, and breaks lines between them", () => {
  const tokens = ["fizz", "7", "8"].map((text, i) => ({ text, value: i }));
  const options = { depth: "none", columns: 7, isSigned: false, bound: 2 } as const;
  assertEquals(formatColoredText(tokens, options), ["fizz 7", "     ▒▒", "8", "██"]);
});
