/** The assertions, in both worlds: the real package where it is, and the stand-in. */
import * as mapped from "@std/assert";
import { ok, strictEqual, throws } from "node:assert/strict";
import * as standIn from "./std_assert.ts";

type Assertions = Pick<typeof mapped, keyof typeof standIn>;

const IMPLEMENTATIONS: Readonly<Record<string, Assertions>> = {
  "@std/assert": mapped,
  "stand-in": standIn as unknown as Assertions,
};

const cyclic: unknown[] = [1];
cyclic.push(cyclic);
const alsoCyclic: unknown[] = [1];
alsoCyclic.push(alsoCyclic);

/** One call of an assertion that holds, one that does not, and part of what that one says. */
interface Case {
  readonly holds: (a: Assertions) => unknown;
  readonly fails: (a: Assertions) => unknown;
  readonly says: RegExp;
}

const CASES: Readonly<Record<string, Case>> = {
  assert: {
    holds: (a) => a.assert(1),
    fails: (a) => a.assert(0, "zero"),
    says: /zero/,
  },
  assertFalse: {
    holds: (a) => a.assertFalse(""),
    fails: (a) => a.assertFalse("x", "not falsy"),
    says: /not falsy/,
  },
  "assertEquals of nested values": {
    holds: (a) => a.assertEquals({ x: [1, { y: NaN }] }, { x: [1, { y: NaN }] }),
    fails: (a) => a.assertEquals({ x: [1, { y: 2 }] }, { x: [1, { y: 3 }] }, "m"),
    says: /^Values are not equal: m\n[^]*2[^]*3/,
  },
  "assertEquals of zeros": {
    holds: (a) => a.assertEquals([0, { x: -0 }], [-0, { x: 0 }]),
    fails: (a) => a.assertEquals([0], [1e-300]),
    says: /^Values are not equal\./,
  },
  "assertEquals of typed arrays": {
    holds: (a) => a.assertEquals(new Float32Array([0, NaN]), new Float32Array([-0, NaN])),
    fails: (a) =>
      a.assertEquals<ArrayLike<number>>(
        new Float32Array([1]),
        new Float64Array([1]),
      ),
    says: /^Values are not equal/,
  },
  "assertEquals of an absent and an undefined property": {
    holds: (a) => a.assertEquals(Object.create(null), {}),
    fails: (a) => a.assertEquals<object>({ x: undefined }, {}),
    says: /^Values are not equal/,
  },
  "assertEquals of maps and sets": {
    holds: (a) =>
      a.assertEquals(
        new Map([["k", new Set([1])]]),
        new Map([["k", new Set([1])]]),
      ),
    fails: (a) => a.assertEquals(new Set([1]), new Set([2])),
    says: /^Values are not equal/,
  },
  "assertEquals of cyclic values": {
    holds: (a) => a.assertEquals(cyclic, alsoCyclic),
    fails: (a) => a.assertEquals<unknown[]>(cyclic, [1, [2]]),
    says: /^Values are not equal/,
  },
  assertNotEquals: {
    holds: (a) => a.assertNotEquals([1], [2]),
    fails: (a) => a.assertNotEquals([1], [1]),
    says: /not to be/,
  },
  assertStrictEquals: {
    holds: (a) => a.assertStrictEquals(NaN, NaN),
    fails: (a) => a.assertStrictEquals(0, -0),
    says: /^Values are not strictly equal/,
  },
  "assertStrictEquals of equal objects": {
    holds: (a) => a.assertStrictEquals(cyclic, cyclic),
    fails: (a) => a.assertStrictEquals([1], [1]),
    says: /same structure but are not reference-equal/,
  },
  assertNotStrictEquals: {
    holds: (a) => a.assertNotStrictEquals([1], [1]),
    fails: (a) => a.assertNotStrictEquals(1, 1),
    says: /to not be strictly equal to: 1/,
  },
  assertAlmostEquals: {
    holds: (a) => a.assertAlmostEquals(1, 1 + 1e-8),
    fails: (a) => a.assertAlmostEquals(1, 1 + 1e-6),
    says: /to be close to/,
  },
  "assertAlmostEquals with a tolerance": {
    holds: (a) => a.assertAlmostEquals(Infinity, Infinity, 0),
    fails: (a) => a.assertAlmostEquals(NaN, 1, 10, "m"),
    says: /delta "NaN" is greater than "10": m/,
  },
  assertExists: {
    holds: (a) => a.assertExists(0),
    fails: (a) => a.assertExists(null),
    says: /"null" to not be null or undefined/,
  },
  assertInstanceOf: {
    holds: (a) => a.assertInstanceOf(new RangeError(), Error),
    fails: (a) => a.assertInstanceOf(new Error(), RangeError),
    says: /instance of "RangeError" but was "Error"/,
  },
  assertStringIncludes: {
    holds: (a) => a.assertStringIncludes("abc", "b"),
    fails: (a) => a.assertStringIncludes("abc", "d"),
    says: /"abc" to contain: "d"/,
  },
  assertArrayIncludes: {
    holds: (a) => a.assertArrayIncludes<unknown>([1, { x: 2 }], [{ x: 2 }]),
    fails: (a) => a.assertArrayIncludes([1, 2], [2, 3]),
    says: /missing: \[\s*3,?\s*\]/,
  },
  assertMatch: {
    holds: (a) => a.assertMatch("abc", /b/),
    fails: (a) => a.assertMatch("abc", /d/),
    says: /"abc" to match: "\/d\/"/,
  },
  assertNotMatch: {
    holds: (a) => a.assertNotMatch("abc", /d/),
    fails: (a) => a.assertNotMatch("abc", /b/),
    says: /"abc" to not match: "\/b\/"/,
  },
  assertGreater: {
    holds: (a) => a.assertGreater(2, 1),
    fails: (a) => a.assertGreater(1, 1),
    says: /^Expect 1 > 1$/,
  },
  assertGreaterOrEqual: {
    holds: (a) => a.assertGreaterOrEqual(1, 1),
    fails: (a) => a.assertGreaterOrEqual(NaN, 1),
    says: /^Expect NaN >= 1$/,
  },
  assertLess: {
    holds: (a) => a.assertLess(1, 2),
    fails: (a) => a.assertLess(NaN, 1),
    says: /^Expect NaN < 1$/,
  },
  assertLessOrEqual: {
    holds: (a) => a.assertLessOrEqual(1, 1),
    fails: (a) => a.assertLessOrEqual(2, 1, "too many"),
    says: /^too many$/,
  },
  "assertThrows of a function that returns": {
    holds: (a) => a.assertThrows(() => a.fail()),
    fails: (a) => a.assertThrows(() => 1, "m"),
    says: /^Expected function to throw: m$/,
  },
  "assertThrows of another class": {
    holds: (a) => a.assertThrows(() => new Array(-1), Error),
    fails: (a) => a.assertThrows(() => new Array(-1), TypeError),
    says: /instance of "TypeError", but was "RangeError"/,
  },
  "assertThrows of another message": {
    holds: (a) => a.assertThrows(() => a.fail("\x1b[1mbold\x1b[0m"), Error, "bold"),
    fails: (a) => a.assertThrows(() => a.fail("bald"), Error, "bold"),
    says: /to include "bold", but got "Failed assertion: bald"/,
  },
  "assertThrows of what is no error": {
    holds: (a) =>
      a.assertThrows(() => {
        throw 1;
      }),
    fails: (a) =>
      a.assertThrows(() => {
        throw 1;
      }, Error),
    says: /A non-Error object was thrown/,
  },
  assertIsError: {
    holds: (a) => a.assertIsError(new TypeError("abc"), TypeError, /^abc$/),
    fails: (a) => a.assertIsError(new TypeError("abc"), TypeError, /^b/),
    says: /to include \/\^b\/, but got "abc"/,
  },
  fail: {
    holds: () => {},
    fails: (a) => a.fail("m"),
    says: /^Failed assertion: m$/,
  },
  unreachable: {
    holds: () => {},
    fails: (a) => a.unreachable(),
    says: /^Unreachable\.$/,
  },
};

for (const [name, assertions] of Object.entries(IMPLEMENTATIONS)) {
  for (const [what, { holds, fails, says }] of Object.entries(CASES)) {
    Deno.test(`${name}: ${what}`, () => {
      holds(assertions);
      throws(() => fails(assertions), (error) => {
        ok(error instanceof assertions.AssertionError);
        strictEqual(error.name, "AssertionError");
        ok(says.test(error.message), error.message);
        return true;
      });
    });
  }

  Deno.test(`${name}: assertThrows() returns what was thrown`, () => {
    const error = new RangeError("x");
    const thrown = assertions.assertThrows(() => {
      throw error;
    }, RangeError);
    strictEqual(thrown, error);
  });

  Deno.test(`${name}: assertRejects() returns what the promise rejects with`, async () => {
    const error = new RangeError("x");
    const reason = await assertions.assertRejects(
      () => Promise.reject(error),
      RangeError,
      "x",
    );
    strictEqual(reason, error);
  });

  const rejections: Readonly<Record<string, [() => Promise<unknown>, RegExp]>> = {
    "resolves": [
      () => assertions.assertRejects(() => Promise.resolve(), "m"),
      /^Expected function to reject: m$/,
    ],
    "throws at once": [
      () =>
        assertions.assertRejects(() => {
          throw new Error("x");
        }),
      /^Function throws when expected to reject\.$/,
    ],
    "rejects with another class": [
      () =>
        assertions.assertRejects(
          () => Promise.reject(new Error()),
          TypeError,
        ),
      /instance of "TypeError", but was "Error"/,
    ],
  };
  for (const [what, [call, says]] of Object.entries(rejections)) {
    Deno.test(`${name}: assertRejects() fails when the function ${what}`, async () => {
      const error = await call().then(() => undefined, (reason) => reason);
      ok(error instanceof assertions.AssertionError);
      ok(says.test(error.message), error.message);
    });
  }
}
