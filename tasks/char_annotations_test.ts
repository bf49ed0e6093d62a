import { assertEquals } from "@std/assert";
import { batchAnnotations, textAnnotations } from "./char_annotations.ts";

/** The values of each annotation as digits, one for each character. */
function digits(text: string): Record<string, string> {
  return Object.fromEntries(
    textAnnotations([...text]).map(({ name, values }) => [name, values.join("")]),
  );
}

Deno.test("textAnnotations() tells quotes, lines, words and kinds of characters", () => {
  assertEquals(digits('I "am 7",\nso (is)'), {
    "inside quotes": "00111110000000000",
    "inside brackets": "00000000000001110",
    "position in line": "01234567890123456",
    "position in word": "10012010001200120",
    "vowels": "10010000000100100",
    "spaces": "01000100000010000",
    "newlines": "00000000010000000",
    "capital letters": "10000000000000000",
    "digits": "00000010000000000",
    "punctuation": "00000000100000000",
  });
});

Deno.test("textAnnotations() leaves out what is nowhere, and ends a quote with its paragraph", () => {
  assertEquals(Object.keys(digits("xx x")), ["position in line", "position in word", "spaces"]);
  assertEquals(digits('"x\n\nx')["inside quotes"], "11100");
  assertEquals(digits("“x” y")["inside quotes"], "11000");
});

Deno.test("batchAnnotations() tells each sequence by itself", () => {
  const [first, second] = ["a b", "\nc "];
  const text = [0, 1, 2].flatMap((t) => [first[t], second[t]]);
  const found = batchAnnotations(text, 2);
  const of = (name: string) => found.find((one) => one.name === name)?.values.join("");
  assertEquals(of("spaces"), "001001");
  assertEquals(of("position in line"), "001021");
  // Of the second there is no vowel.
  assertEquals(of("vowels"), "100000");
});
