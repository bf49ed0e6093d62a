/**
 * Stands in for `jsr:@std/assert` where JSR is out of reach: the assertions that
 * the tests use, with the signatures and the meaning of the real ones, over
 * `node:assert/strict`. See `jsr.ts`.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert/strict";
import { inspect, isDeepStrictEqual, stripVTControlCharacters } from "node:util";

/** What {@linkcode assertFalse} lets through. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** An array, a typed array or the like, but not a string. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** A class whose instances are errors. */
// deno-lint-ignore no-explicit-any -- as the real signature has it
type ErrorConstructor<E extends Error> = abstract new (...args: any[]) => E;

/** Thrown by every assertion that does not hold. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** Ends a message: with what the caller says, or with a full stop. */
function suffix(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}

/** A value as text, all of it. */
function format(value: unknown): string {
  return inspect(value, { depth: Infinity, maxArrayLength: Infinity });
}

/** Unlike {@linkcode Object.is}, takes 0 and -0 for the same. */
function sameValueZero(a: unknown, b: unknown): boolean {
  return a === b || Object.is(a, b);
}

/** The prototype of an object, that of an object literal if it has none. */
function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

/** A typed array, seen as what it holds. */
function elementsOf(value: object): ArrayLike<unknown> | undefined {
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? value as unknown as ArrayLike<unknown>
    : undefined;
}

/** Deep equality as `@std/assert` has it: 0 equals -0, NaN equals NaN. */
function equal(a: unknown, b: unknown, seen = new Map()): boolean {
  if (sameValueZero(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (a === null || b === null) return false;
  const prototype = prototypeOf(a);
  if (prototype !== prototypeOf(b)) return false;

  const [elementsOfA, elementsOfB] = [elementsOf(a), elementsOf(b)];
  if (elementsOfA !== undefined && elementsOfB !== undefined) {
    if (elementsOfA.length !== elementsOfB.length) return false;
    for (let i = 0; i < elementsOfA.length; i++) {
      if (!sameValueZero(elementsOfA[i], elementsOfB[i])) return false;
    }
    return true;
  }

  if (prototype !== Object.prototype && prototype !== Array.prototype) {
    return isDeepStrictEqual(a, b);
  }
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  const keys = Reflect.ownKeys(a);
  return keys.length === Reflect.ownKeys(b).length &&
    keys.every((key) =>
      Object.hasOwn(b, key) &&
      equal(Reflect.get(a, key), Reflect.get(b, key), seen)
    );
}

/** The lines in which two values differ, as `node:assert` shows them. */
function difference(actual: unknown, expected: unknown): string {
  try {
    deepStrictEqual(actual, expected);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^.*\n/, "").trim() : "";
  }
}

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg: string = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Asserts that `expr` is falsy. */
export function assertFalse(
  expr: unknown,
  msg: string = "",
): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Fails. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}

/** Fails, where the test must never come. */
export function unreachable(msg?: string): never {
  throw new AssertionError(`Unreachable${suffix(msg)}`);
}

/** Asserts that two values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `Values are not equal${suffix(msg)}\n${difference(actual, expected)}`,
  );
}

/** Asserts that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    `Expected actual: ${format(actual)} not to be: ${format(expected)}${suffix(msg)}`,
  );
}

/** Asserts that two values are the same, by {@linkcode Object.is}. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const text = format(actual);
  throw new AssertionError(
    text === format(expected)
      ? `Values have the same structure but are not reference-equal${suffix(msg)}\n\n${text}`
      : `Values are not strictly equal${suffix(msg)}\n${difference(actual, expected)}`,
  );
}

/** Asserts that two values are not the same, by {@linkcode Object.is}. */
export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!Object.is(actual, expected)) return;
  throw new AssertionError(
    `Expected "actual" to not be strictly equal to: ${format(actual)}${suffix(msg)}`,
  );
}

/**
 * Asserts that two numbers are at most `tolerance` apart, by default a
 * ten-millionth of what is expected.
 */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const delta = Math.abs(expected - actual);
  const bound = tolerance ??
    (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (delta <= bound) return;
  const [is, wanted, gap, most] = [actual, expected, delta, bound].map((x) =>
    Number.isInteger(x) ? `${x}` : x.toExponential()
  );
  throw new AssertionError(
    `Expected actual: "${is}" to be close to "${wanted}": delta "${gap}" is greater than "${most}"${
      suffix(msg)
    }`,
  );
}

/** Asserts that `actual` is neither null nor undefined. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not be null or undefined${suffix(msg)}`,
  );
}

/** Asserts that `actual` is an instance of a class. */
export function assertInstanceOf<
  // deno-lint-ignore no-explicit-any -- as the real signature has it
  T extends abstract new (...args: any[]) => any,
>(
  actual: unknown,
  expectedType: T,
  msg: string = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const found = typeof actual === "object" && actual !== null
    ? actual.constructor?.name ?? "Object"
    : actual === null
    ? "null"
    : typeof actual;
  throw new AssertionError(
    `Expected object to be an instance of "${expectedType.name}" but was "${found}"${suffix(msg)}`,
  );
}

/** Asserts that a string contains another. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`,
  );
}

/** Asserts that every element of `expected` is, deeply, in `actual`. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const elements = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) =>
    !elements.some((element) => equal(element, wanted))
  );
  if (missing.length === 0) return;
  throw new AssertionError(
    `Expected actual: "${format(actual)}" to include: "${format(expected)}"${
      suffix(msg)
    }\nmissing: ${format(missing)}`,
  );
}

/** Asserts that a string matches a pattern. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`,
  );
}

/** Asserts that a string does not match a pattern. */
export function assertNotMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (!expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not match: "${expected}"${suffix(msg)}`,
  );
}

/** Throws what a comparison that does not hold throws. */
function refuse(
  actual: unknown,
  relation: string,
  expected: unknown,
  msg: string | undefined,
): never {
  throw new AssertionError(
    msg ?? `Expect ${format(actual)} ${relation} ${format(expected)}`,
  );
}

/** Asserts that `actual` > `expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) refuse(actual, ">", expected, msg);
}

/** Asserts that `actual` >= `expected`. */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual >= expected)) refuse(actual, ">=", expected, msg);
}

/** Asserts that `actual` < `expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) refuse(actual, "<", expected, msg);
}

/** Asserts that `actual` <= `expected`. */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual <= expected)) refuse(actual, "<=", expected, msg);
}

/** Asserts that `error` is an error, of a class, and with a message, if given. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorConstructor<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(
      `Expected "error" to be an Error object${suffix(msg)}`,
    );
  }
  if (ErrorClass !== undefined && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was "${error.constructor.name}"${
        suffix(msg)
      }: ${error.message}`,
    );
  }
  if (msgMatches === undefined) return;
  const message = stripVTControlCharacters(error.message);
  const matches = typeof msgMatches === "string"
    ? message.includes(stripVTControlCharacters(msgMatches))
    : msgMatches.test(message);
  if (matches) return;
  throw new AssertionError(
    `Expected error message to include ${
      typeof msgMatches === "string" ? JSON.stringify(msgMatches) : msgMatches
    }, but got ${JSON.stringify(error.message)}${suffix(msg)}`,
  );
}

/** Asserts that `fn` throws. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Asserts that `fn` throws an error of a class, and with a message, if given. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  // deno-lint-ignore no-explicit-any -- as the real signature has it
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error>(
  fn: () => unknown,
  classOrMsg?: ErrorConstructor<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const ErrorClass = typeof classOrMsg === "string" ? undefined : classOrMsg;
  const ending = suffix(typeof classOrMsg === "string" ? classOrMsg : msg);
  try {
    fn();
  } catch (error) {
    if (ErrorClass !== undefined) {
      if (!(error instanceof Error)) {
        throw new AssertionError(`A non-Error object was thrown${ending}`);
      }
      assertIsError(error, ErrorClass, msgIncludes, msg);
    }
    return error;
  }
  throw new AssertionError(`Expected function to throw${ending}`);
}

/** Asserts that the promise of `fn` rejects. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/** Asserts that the promise of `fn` rejects with an error of a class, and with a message, if given. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any -- as the real signature has it
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorConstructor<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const ErrorClass = typeof classOrMsg === "string" ? undefined : classOrMsg;
  const ending = suffix(typeof classOrMsg === "string" ? classOrMsg : msg);
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
  } catch {
    // Falls through: a function that throws returns no promise.
  }
  if (typeof promise?.then !== "function") {
    throw new AssertionError(
      `Function throws when expected to reject${ending}`,
    );
  }
  try {
    await promise;
  } catch (error) {
    if (ErrorClass !== undefined) {
      if (!(error instanceof Error)) {
        throw new AssertionError(`A non-Error object was rejected${ending}`);
      }
      assertIsError(error, ErrorClass, msgIncludes, msg);
    }
    return error;
  }
  throw new AssertionError(`Expected function to reject${ending}`);
}
