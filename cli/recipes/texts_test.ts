import { assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { fetchLine, fetchText, type Text, textDifference, TEXTS } from "./texts.ts";

/** What is fetched in the tests. */
const HELLO = "hellö\n";

async function textOf(contents: string): Promise<Text> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(contents));
  return {
    file: `test-${crypto.randomUUID()}.txt`,
    address: "https://example.com/text.txt",
    characters: [...contents].length,
    sha256: new Uint8Array(digest).toHex(),
  };
}

Deno.test("fetchText() keeps what it fetched, and does not ask for it again", async () => {
  const text = await textOf(HELLO);
  const asked: string[] = [];
  const request = (address: string) => {
    asked.push(address);
    return Promise.resolve(new Response(HELLO));
  };
  const path = await fetchText(text, request);
  try {
    assertStrictEquals(await Deno.readTextFile(path), HELLO);
    assertStrictEquals(await fetchText(text, request), path);
    assertEquals(asked, ["https://example.com/text.txt"]);
    // What somebody has changed is fetched anew.
    await Deno.writeTextFile(path, "other");
    await fetchText(text, request);
    assertStrictEquals(await Deno.readTextFile(path), HELLO);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("fetchText() refuses another text by its hash, or else by how long it is", async () => {
  const text = await textOf(HELLO);
  const request = () => Promise.resolve(new Response("hello\n"));
  const refused = /^Cannot use what https:\/\/example\.com\/text\.txt has now: /;
  const hash = await assertRejects(() => fetchText(text, request), RangeError);
  assertMatch(hash.message, refused);
  assertMatch(hash.message, /SHA-256 .* is wanted, found /);
  const { sha256: _, ...unknown } = text;
  const error = await assertRejects(
    () => fetchText({ ...unknown, characters: 7 }, request),
    RangeError,
  );
  assertMatch(error.message, refused);
  assertMatch(error.message, /7 characters are wanted, found 6;/);
});

Deno.test("fetchText() says in one sentence that there is no network, or no such page", async () => {
  const text = await textOf(HELLO);
  await assertRejects(
    () => fetchText(text, () => Promise.reject(new TypeError("error sending request"))),
    RangeError,
    "Cannot fetch https://example.com/text.txt: it cannot be reached from here",
  );
  await assertRejects(
    () => fetchText(text, () => Promise.resolve(new Response("", { status: 404 }))),
    RangeError,
    "Cannot fetch https://example.com/text.txt: the server answers 404",
  );
});

Deno.test("textDifference() tells another text from that of the known numbers", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, HELLO);
    assertStrictEquals(await textDifference(await textOf(HELLO), path), undefined);
    assertMatch(await textDifference(await textOf("hello"), path) ?? "", /^SHA-256 .* is wanted/);
    assertStrictEquals(
      await textDifference(TEXTS.alice, path),
      "74,700 characters are wanted, found 6",
    );
  } finally {
    await Deno.remove(path);
  }
  for (const other of [path, "*.txt", "-", undefined]) {
    assertStrictEquals(await textDifference(TEXTS.alice, other), undefined);
  }
});

Deno.test("fetchLine() has the address, and what the right copy is told by", () => {
  assertStrictEquals(
    fetchLine(TEXTS.nietzsche),
    "curl -fLo nietzsche.txt https://s3.amazonaws.com/text-datasets/nietzsche.txt " +
      "(600,893 characters)",
  );
  assertMatch(fetchLine(TEXTS.shakespeare), /\(SHA-256 86c4e6aa[0-9a-f]{56}\)$/);
});
