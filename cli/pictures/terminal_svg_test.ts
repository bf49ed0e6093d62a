import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { terminalSvg } from "./terminal_svg.ts";

function texts(printed: string): string[] {
  return [...terminalSvg(printed, "a").matchAll(/fill="([^"]*)" textLength[^>]*>([^<]*)</g)]
    .map(([, color, text]) => `${color} ${text}`);
}

Deno.test("terminalSvg() shows what stands there in the end, in its colours", () => {
  assertEquals(texts("10 of 20\r5\x1b[K\n\x1b[32mdone\x1b[0m & 1 < 2\n"), [
    "#d4d4d4 5",
    "#6fc276 done",
    "#d4d4d4  &amp; 1 &lt; 2",
  ]);
});

Deno.test("terminalSvg() draws blocks as rectangles", () => {
  const svg = terminalSvg("██▌▂", "a bar");
  const sizes = [...svg.matchAll(/<rect x="[^"]*" y="[^"]*" width="([^"]*)" height="([^"]*)"/g)];
  assertEquals(sizes.map(([, width, height]) => [width, height]), [
    ["16.8", "14"],
    ["4.2", "14"],
    ["8.4", "3.5"],
  ]);
  assertMatch(svg, /aria-label="a bar"/);
});

Deno.test("terminalSvg() throws on escapes that move about", () => {
  assertThrows(() => terminalSvg("\x1b[2A", "a"), RangeError, "is not known");
});
