import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { postOf, POSTS } from "./posts.ts";
import { RECIPES } from "./mod.ts";
import { bar, formatWalk } from "./walk.ts";

Deno.test("formatWalk() puts pictures, sentences, known numbers, commands and the post below each other", () => {
  const text = formatWalk({
    parts: [{ title: "A picture", lines: ["▓▓", "··"] }],
    sentences: ["Unit 1 turns over every 3 steps, and that is all that there is to say of it."],
    beside: [["units", "5, which are few", "4"]],
    next: [{ what: "look closer", words: "inspect last" }, { what: "try", words: "recipe xor" }],
  }, {
    known: ["error  0"],
    spread: "Of seeds 0 to 9, 5 do.",
    post: { title: "A post", by: "Somebody, 2017", address: "https://example.com/", stops: [] },
    command: (words) => `unroll ${words}`,
    columns: 40,
  });
  assertEquals(text.split("\n"), [
    "",
    "A picture",
    "▓▓",
    "··",
    "",
    "What it shows:",
    "- Unit 1 turns over every 3 steps, and",
    "  that is all that there is to say of",
    "  it.",
    "",
    "       the post          here",
    "units  5, which are few  4",
    "",
    "error  0",
    "Of seeds 0 to 9, 5 do.",
    "",
    "Next, look closer:",
    "  unroll inspect last",
    "Or try:",
    "  unroll recipe xor",
    "",
    "The post: A post (Somebody, 2017)",
    "https://example.com/",
    "",
  ]);
});

Deno.test("formatWalk() breaks long texts of its table, so that lines are as long as the terminal is wide", () => {
  const long = "a text of many words that goes on and on until there is no room";
  const text = formatWalk(
    { parts: [], sentences: [], beside: [["what", long, long]], next: [] },
    { known: [], command: (words) => words, columns: 50 },
  );
  const widths = text.split("\n").map(({ length }) => length);
  assert(Math.max(...widths) <= 50, text);
  assertEquals(text.match(/room/g)?.length, 2);
});

Deno.test("bar() draws shares in eighths", () => {
  assertEquals([0, 0.5, 9 / 16, 1].map((share) => bar(share, 2)), ["··", "█·", "█▏", "██"]);
});

Deno.test("postOf() knows every recipe but those of nobody's write-up, and stops name recipes", () => {
  const without = Object.keys(RECIPES).filter((name) => postOf(name) === undefined);
  assertEquals(without, ["shakespeare", "shakespeare-15"]);
  for (const { address, stops } of Object.values(POSTS)) {
    assertStrictEquals(new URL(address).protocol, "https:");
    for (const { recipe, needsText = false } of stops) {
      if (recipe === undefined) continue;
      assert(Object.hasOwn(RECIPES, recipe), recipe);
      assertStrictEquals(needsText, RECIPES[recipe].corpus !== undefined, recipe);
    }
  }
});
