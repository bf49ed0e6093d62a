/**
 * Asking a model that has learned to count: one number, or on and on from its own answers.
 *
 * @module
 */
import { argmaxAt, type Candidate, type Predict, softmaxAt } from "@unroll/core/plugin";
import { formatDigits, parseDigits } from "./digits.ts";

/** How a model was taught to count. */
export interface CountingForm {
  /** The base; 10 if left out. */
  readonly base?: number;
  /** Steps of the sequences of training: shorter numbers are filled up with zeros to this. */
  readonly length?: number;
}

/**
 * Asks a model for the next number.
 *
 * @param predict Runs the model.
 * @param number A number of any length, such as `1476233999`.
 * @param form How it was taught; the option `length` of the task, or one more than its `digits`.
 * @returns Its answer; the true one has at most one digit more.
 * @throws {RangeError} If that is not a number in the base.
 *
 * @example Ask for one
 * ```ts
 * import { formatDigits, nextDigits, nextNumber } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * // In place of a trained model, one that adds by rule.
 * const predict = ({ length, inputs = [] }: { length: number; inputs?: ArrayLike<number> }) => {
 *   const outputs = new Float32Array(10 * length);
 *   nextDigits(inputs, 10).forEach((digit, i) => outputs[10 * i + digit] = 1);
 *   return Promise.resolve({ outputs });
 * };
 * strictEqual(await nextNumber(predict, "1476233999"), "1476234000");
 * ```
 */
export async function nextNumber(
  predict: Predict,
  number: string,
  form: CountingForm = {},
): Promise<string> {
  return (await likeliestNext(predict, number, form)).text;
}

/**
 * Asks a model for the next number, and how likely it takes that to be.
 *
 * @param predict Runs the model.
 * @param number A number of any length, such as `1476233999`.
 * @param form How it was taught.
 * @returns Its likeliest answer, with the product of the probabilities of its digits.
 * @throws {RangeError} If that is not a number in the base.
 *
 * @example Ask one that knows nothing
 * ```ts
 * import { likeliestNext } from "@unroll/tasks";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const predict = ({ length }: { length: number }) =>
 *   Promise.resolve({ outputs: new Float32Array(2 * length) });
 * const answer = await likeliestNext(predict, "1", { base: 2 });
 * deepStrictEqual(answer, { text: "0", probability: 0.25 });
 * ```
 */
export async function likeliestNext(
  predict: Predict,
  number: string,
  form: CountingForm = {},
): Promise<Candidate> {
  const { base = 10, length = 0 } = form;
  const digits = parseDigits(number, base);
  const steps = Math.max(length, digits.length + 1);
  const inputs = new Int32Array(steps);
  inputs.set(digits);
  const { outputs } = await predict({ length: steps, inputs });
  const said = Uint8Array.from(inputs, (_, i) => argmaxAt(outputs, i * base, base));
  let probability = 1;
  for (const [i, digit] of said.entries()) probability *= softmaxAt(outputs, i * base, base)[digit];
  return { text: formatDigits(said), probability };
}

/**
 * Counts as a model does, each answer the next question: 1, 2, 3, …
 *
 * @param predict Runs the model.
 * @param start The number to start after.
 * @param form How the model was taught.
 * @returns Numbers without end.
 * @throws {RangeError} If the start is not a number in the base.
 *
 * @example Count on by rule
 * ```ts
 * import { countOn, nextDigits } from "@unroll/tasks";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const predict = ({ length, inputs = [] }: { length: number; inputs?: ArrayLike<number> }) => {
 *   const outputs = new Float32Array(2 * length);
 *   nextDigits(inputs, 2).forEach((digit, i) => outputs[2 * i + digit] = 1);
 *   return Promise.resolve({ outputs });
 * };
 * const numbers: string[] = [];
 * for await (const number of countOn(predict, "0", { base: 2 })) {
 *   if (numbers.push(number) === 4) break;
 * }
 * deepStrictEqual(numbers, ["1", "10", "11", "100"]);
 * ```
 */
export async function* countOn(
  predict: Predict,
  start: string,
  form: CountingForm = {},
): AsyncGenerator<string, never, undefined> {
  let number = start;
  while (true) {
    number = await nextNumber(predict, number, form);
    yield number;
  }
}
