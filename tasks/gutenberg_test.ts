import { assertEquals } from "@std/assert";
import { char, withoutLicence } from "./mod.ts";

const BOOK = "The Project Gutenberg eBook of X\r\n\r\n" +
  "*** START OF THIS PROJECT GUTENBERG EBOOK X ***\r\n\r\n\r\n  Chapter 1\r\nab ba\r\n\r\n" +
  "*** END OF THIS PROJECT GUTENBERG EBOOK X ***\r\n\r\nZ";

Deno.test("withoutLicence() keeps the book alone", () => {
  assertEquals(withoutLicence(BOOK), "  Chapter 1\r\nab ba\n");
});

Deno.test("withoutLicence() leaves other texts as they are", () => {
  for (const text of ["", "ab\n", BOOK.slice(0, 100), "*** END OF THE PROJECT GUTENBERG EBOOK\n"]) {
    assertEquals(withoutLicence(text), text);
  }
});

Deno.test("char() leaves the licence out where it is told to", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, BOOK.replace("ab ba", "ab ba ".repeat(50)));
    const vocabulary = async (licence: boolean) => {
      const options = { corpus: path, licence, length: 4, validation: 0 };
      const { spec } = await char(options).create();
      return spec.inputs.kind === "symbol" ? spec.inputs.vocabulary : 0;
    };
    assertEquals(await vocabulary(false), new Set("  Chapter 1\r\nab ba").size);
    assertEquals(await vocabulary(true), new Set(BOOK).size);
  } finally {
    await Deno.remove(path);
  }
});
