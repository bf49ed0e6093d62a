import { assertStrictEquals } from "@std/assert";
import { editDistance, nearestName, unknownName } from "./names.ts";

const MODELS = ["mlp", "rnn", "gru", "lstm"];

Deno.test("editDistance() counts changes and swaps", () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["gru", "gru", 0],
    ["gnu", "gru", 1],
    ["ltsm", "lstm", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
    ["naïve", "naive", 1],
    ["😀x", "x", 1],
  ];
  for (const [from, to, distance] of cases) {
    assertStrictEquals(editDistance(from, to), distance, `${from} ${to}`);
    assertStrictEquals(editDistance(to, from), distance, `${to} ${from}`);
  }
});

Deno.test("nearestName() finds the name that was meant", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["gnu", "gru"],
    ["GRU", "gru"],
    ["ltsm", "lstm"],
    ["rn", "rnn"],
    ["ls", "lstm"],
    ["transformer", undefined],
    ["", undefined],
    ["x", undefined],
  ];
  for (const [name, nearest] of cases) {
    assertStrictEquals(nearestName(name, MODELS), nearest, name);
  }
  assertStrictEquals(
    nearestName("fizz", ["fizzbuzz", "counting"]),
    "fizzbuzz",
  );
  assertStrictEquals(nearestName("co", ["counting", "corpus"]), undefined);
  assertStrictEquals(
    nearestName("--hiden", ["--hidden", "--steps"]),
    "--hidden",
  );
});

Deno.test("unknownName() lists the names, nearest first", () => {
  assertStrictEquals(
    unknownName("model", "gnu", MODELS),
    'Cannot find model "gnu": did you mean "gru"? Known models are mlp, rnn, gru, lstm',
  );
  assertStrictEquals(
    unknownName("model", "transformer", MODELS),
    'Cannot find model "transformer": known models are mlp, rnn, gru, lstm',
  );
  assertStrictEquals(
    unknownName("task", "x", []),
    'Cannot find task "x": there are no tasks',
  );
});

Deno.test("unknownName() cuts what is far too long for a name", () => {
  const sentence = unknownName("model", "x".repeat(1e6), ["gru"]);
  assertStrictEquals(sentence, `Cannot find model "${"x".repeat(99)}…": known models are gru`);
});

Deno.test("unknownName() knows the plural of corpus", () => {
  assertStrictEquals(
    unknownName("corpus", "nope.txt", ["sevenths"]),
    'Cannot find corpus "nope.txt": known corpora are sevenths',
  );
});
