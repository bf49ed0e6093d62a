/** The chapters: what their commands print, and their pictures. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { LESSONS } from "../lessons/mod.ts";
import { descend } from "../lessons/clipping.ts";
import { normsBack } from "../lessons/vanishing.ts";
import { CHAPTERS, readChapter } from "./update.ts";
import { rnn } from "@unroll/models";

const FOLDER = new URL(".", import.meta.url);

const NUMBER = /\d+(?:\.\d+)?(?:e-?\d+)?/g;
const words = (text: string) => text.replace(NUMBER, "0").replace(/ +/g, " ");
const numbersOf = (text: string) => (text.match(NUMBER) ?? []).map(Number);

for (const name of CHAPTERS) {
  Deno.test(`chapter ${name} has what its command prints, and its picture`, async () => {
    const { text, wanted } = await readChapter(name);
    // Other machines round otherwise.
    assertEquals(words(text), words(wanted), "deno task learn:update makes it anew");
    numbersOf(text).forEach((number, i) => {
      const other = numbersOf(wanted)[i];
      assert(Math.abs(number - other) <= 0.02 * Math.abs(other) + 0.0011, `${number}, ${other}`);
    });
    for (const line of text.split("\n")) assert([...line].length <= 100, line);
    // One idea, one command, one picture.
    assertEquals(text.match(/^```sh$/gm)?.length, 1);
    assertEquals([...text.matchAll(/!\[[^\]]+\]\((\S+)\)/g)].map(([, file]) => file), [
      `${name}.svg`,
    ]);
    const picture = await Deno.readTextFile(new URL(`${name}.svg`, FOLDER));
    const { title = "", series = [] } = await LESSONS[name].chart?.() ?? {};
    assert(picture.includes(title), title);
    for (const { name } of series) assert(picture.includes(`aria-description="${name}"`), name);
    assert(series.length > 0);
    assert(picture.length < 40_000, String(picture.length));
  });
}

Deno.test("chapters lead from one to the next, and the README to the first", async () => {
  for (const [i, name] of CHAPTERS.entries()) {
    const next = CHAPTERS[i + 1] ?? CHAPTERS[0];
    assertMatch((await readChapter(name)).text.trimEnd().split("\n").at(-1) ?? "", RegExp(next));
  }
  const readme = await Deno.readTextFile(new URL("../../README.md", FOLDER));
  for (const name of CHAPTERS) assert(readme.includes(`cli/learn/${name}.md`), name);
});

Deno.test("normsBack() is a power of the factor where a network only multiplies", async () => {
  const linear = rnn({ hidden: 16, activation: "linear" });
  const norms = await normsBack({ name: "linear", model: linear, gain: 0.9 });
  [0, 1, 2, 5, 10, 20, 50].forEach((back, i) => {
    assert(Math.abs(norms[i] / 0.9 ** back - 1) < 1e-4, `${back} back: ${norms[i]}`);
  });
});

Deno.test("descend() comes to the root where it is clipped, and nowhere without", async () => {
  const [free, clipped] = [await descend(0), await descend(200)];
  assert(!Number.isFinite(free[free.length - 1].loss));
  assert(Math.abs(clipped[clipped.length - 1].w - 2 ** (1 / 50)) < 1e-3);
});
