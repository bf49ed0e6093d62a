/**
 * What is worth drawing of a model of text: what surprised it.
 *
 * @module
 */
import { type Picture, type Predict, softmaxAt, type TaskSpec } from "@unroll/core/plugin";
import type { Alphabet } from "./alphabet.ts";

/** Characters shown. */
const SHOWN = 400;

/**
 * Makes a picture of a passage that a model was not trained on, each character with the probability that the model gave it
 * after those before.
 *
 * @param predict Runs the model.
 * @param spec What the task asks of it.
 * @param text The passage as numbers; only the beginning is shown.
 * @param alphabet The characters.
 * @returns The text; `undefined` for models that do not answer after every character.
 */
export async function surprisePicture(
  predict: Predict,
  { outputs: { at } }: TaskSpec,
  text: Int32Array,
  alphabet: Alphabet,
): Promise<Picture | undefined> {
  if (at !== "every" || text.length < 2) return undefined;
  const shown = text.subarray(0, SHOWN + 1);
  const length = shown.length - 1;
  const { outputs } = await predict({ length, inputs: shown.slice(0, length) });
  const classes = outputs.length / length;
  const parts = Array.from({ length }, (_, t) => {
    const target = shown[t + 1];
    const probability = softmaxAt(outputs, t * classes, classes)[target];
    return { text: alphabet.decode(target), probability };
  });
  return { kind: "text", title: "What surprised it", parts };
}
