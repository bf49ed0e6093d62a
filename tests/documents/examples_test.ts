/** Every example in the documentation runs. */
import { assertEquals } from "@std/assert";
import { findFiles } from "../find_tests.ts";
import { examplesOf, runExample } from "./examples.ts";

const ROOT = new URL("../../", import.meta.url);

for (const path of await findFiles(/(?<!_test)\.ts$|\.md$/)) {
  const file = new URL(path, ROOT);
  for (const example of examplesOf(path, await Deno.readTextFile(file))) {
    Deno.test(`the example of ${path}:${example.line} runs`, () => runExample(example, file));
  }
}

Deno.test("examplesOf() finds those of comments and documents, and leaves out what is to be ignored", () => {
  const block = (words: string, code: string) => `Text.\n\n\`\`\`${words}\n${code}\n\`\`\`\n`;
  const markdown = block("ts", "one();") + block("ts ignore", "two();") + block("sh", "three");
  const comment = markdown.replace(/^/gm, "   * ");
  const expected = [{ line: 4, code: "one();\n" }];
  assertEquals(examplesOf("a.md", markdown), expected);
  assertEquals(examplesOf("a.ts", `  /**\n${comment}\n   */\n`), [{ ...expected[0], line: 5 }]);
});
