import { assertEquals, assertThrows } from "@std/assert";
import { Alphabet, charactersOf, splitText } from "./alphabet.ts";

Deno.test("Alphabet numbers code points, after padding and the unknown", () => {
  const text = "né😀e";
  for (const padding of [false, true]) {
    for (const unknown of [false, true]) {
      const alphabet = new Alphabet(charactersOf(text), { padding, unknown });
      const first = Number(padding) + Number(unknown);
      assertEquals([alphabet.first, alphabet.size], [first, first + 4]);
      const numbers = alphabet.encode(text, "a text");
      assertEquals([...numbers], [1, 2, 3, 0].map((n) => n + first));
      assertEquals([...numbers].map((n) => alphabet.decode(n)).join(""), text);
    }
  }
});

Deno.test("Alphabet refuses characters that it lacks, or reads them as unknown", () => {
  assertThrows(
    () => new Alphabet("abc", { padding: false, unknown: false }).encode("ab😀d", "the prompt"),
    RangeError,
    'Cannot read the prompt: character 3, "😀" (U+1F600), is not among the 3 of the training text',
  );
  const alphabet = new Alphabet("abc", { padding: true, unknown: true });
  assertEquals([...alphabet.encode("ab😀d", "the prompt")], [2, 3, 1, 1]);
  assertEquals([0, 1, 2, 9].map((n) => alphabet.decode(n)), ["", "\ufffd", "a", ""]);
});

Deno.test("Alphabet tells half of a pair from a pair that begins with it", () => {
  const text = "\ud83d,😀";
  const characters = charactersOf(text);
  assertEquals([...characters], [",", "\ud83d", "😀"]);
  const alphabet = new Alphabet(characters, { padding: false, unknown: false });
  assertEquals([...alphabet.encode(text, "a text")], [1, 0, 2]);
});

Deno.test("Alphabet refuses characters twice, and none", () => {
  for (const characters of ["aba", ""]) {
    assertThrows(
      () => new Alphabet(characters, { padding: false, unknown: false }),
      RangeError,
      "characters are needed, each once",
    );
  }
});

Deno.test("splitText() cuts between code points", () => {
  assertEquals(splitText("a😀b😀c😀d😀e😀", 0.3), ["a😀b😀c😀d", "😀e😀"]);
  assertEquals(splitText("abc", 0), ["abc", ""]);
});
