/**
 * Writing on from a prompt with a model of characters, and asking it for the next one.
 *
 * @module
 */
import {
  type Predict,
  type PredictState,
  randomFor,
  type RandomSource,
  type SampleRequest,
  softmaxAt,
} from "@unroll/core/plugin";
import { Alphabet, type AlphabetSettings } from "./alphabet.ts";

/** What a sampler must know of a model's task: some of its options. */
export interface CharForm extends AlphabetSettings {
  /** The characters, in the order of their numbers. */
  readonly alphabet: string;
  /** How many numbers the model answers; if left out, as many as are in use. */
  readonly vocabulary?: number;
  /** Whether the state was carried on in training. */
  readonly mode: "contiguous" | "windows" | "interleaved";
  /** Characters read at a time in training. */
  readonly length: number;
}

/** A character and how likely a model takes it to be the next. */
export interface CharacterChance {
  /** The character. */
  readonly character: string;
  /** From 0 to 1; all together are 1. */
  readonly probability: number;
}

/**
 * Generates text. A character is read at a time, and the state carried on, as in training; a model that
 * was trained on windows sees as many characters as those had, again for each.
 *
 * @example Write with what a task keeps
 * ```ts
 * import { type CharForm, charOf, CharSampler } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * const task = await charOf("abcabc".repeat(100)).create();
 * const sampler = new CharSampler(task.options as CharForm);
 *
 * // In place of a trained model: after a comes b, after b comes c, after c comes a.
 * const predict = ({ inputs = [] }: { inputs?: ArrayLike<number> }) => {
 *   const outputs = new Float32Array(3);
 *   outputs[(inputs[inputs.length - 1] + 1) % 3] = 9;
 *   return Promise.resolve({ outputs });
 * };
 * let text = "";
 * for await (const piece of sampler.sample(predict, { prompt: "b", length: 5, temperature: 0 })) {
 *   text += piece;
 * }
 * strictEqual(text, "cabca");
 * ```
 */
export class CharSampler {
  readonly #form: CharForm;
  readonly #alphabet: Alphabet;

  /**
   * A sampler for models of a task.
   *
   * @param form The options that a char task keeps.
   */
  constructor(form: CharForm) {
    this.#form = form;
    this.#alphabet = new Alphabet(form.alphabet, form);
  }

  /**
   * Writes on from a prompt.
   *
   * @param predict Runs the model.
   * @param request The prompt, of any length (a line's end, or else the first character of the alphabet,
   *   if left out or empty); how many characters, 200 if left out; temperature, 1 if left out; and how
   *   many of the likeliest to draw from, all if left out.
   * @returns Character after character; padding and the unknown are never drawn.
   * @throws {RangeError} If the prompt has unknown characters, a setting is out of range, or the model's answers are not
   *   finite.
   */
  async *sample(predict: Predict, request: SampleRequest = {}): AsyncGenerator<string> {
    const { length = 200, temperature = 1, topK, seed = 0 } = request;
    checkSettings(length, temperature, topK);
    const numbers = this.#alphabet.encode(request.prompt || this.#start(), "the prompt");
    const random = randomFor(seed, 0);
    const reader = this.#reader(predict);
    try {
      let logits = new Float32Array();
      for (const number of numbers) logits = await reader.read(number);
      for (let i = 0; i < length; i++) {
        const number = this.#draw(logits, temperature, topK, random);
        yield this.#alphabet.decode(number);
        if (i + 1 < length) logits = await reader.read(number);
      }
    } finally {
      reader.dispose();
    }
  }

  /**
   * What may come next.
   *
   * @param predict Runs the model.
   * @param prompt Characters so far, at least one.
   * @returns All characters of the alphabet, the likeliest first.
   * @throws {RangeError} If the prompt is empty or has unknown characters, or the model's answers are not finite.
   */
  async next(predict: Predict, prompt: string): Promise<readonly CharacterChance[]> {
    const positions = await this.nextAtEach(predict, prompt);
    return positions[positions.length - 1];
  }

  /**
   * What may come next after each character of a prompt.
   *
   * @param predict Runs the model.
   * @param prompt Characters, at least one.
   * @returns For each of them all characters of the alphabet, the likeliest first.
   * @throws {RangeError} If the prompt is empty or has unknown characters, or the model's answers are not finite.
   */
  async nextAtEach(
    predict: Predict,
    prompt: string,
  ): Promise<readonly (readonly CharacterChance[])[]> {
    const numbers = this.#alphabet.encode(prompt, "the prompt");
    if (numbers.length === 0) {
      throw new RangeError("Cannot ask for the next character: a prompt is needed, found none");
    }
    const reader = this.#reader(predict);
    try {
      const positions: (readonly CharacterChance[])[] = [];
      for (const number of numbers) positions.push(this.#chances(await reader.read(number)));
      return positions;
    } finally {
      reader.dispose();
    }
  }

  #reader(predict: Predict): Reader {
    return new Reader(predict, this.#form, this.#form.vocabulary ?? this.#alphabet.size);
  }

  #start(): string {
    const { characters } = this.#alphabet;
    return characters.includes("\n") ? "\n" : characters[0];
  }

  #chances(logits: Float32Array): readonly CharacterChance[] {
    const probabilities = this.#probabilities(logits, 1);
    // None of them is a number where the model's answers are not.
    if (!probabilities.every(Number.isFinite)) throw notFinite("predict");
    return this.#alphabet.characters
      .map((character, i) => ({ character, probability: probabilities[i] }))
      .sort((a, b) => b.probability - a.probability);
  }

  /** Computes the probabilities of the characters of the alphabet, in its order. */
  #probabilities(logits: Float32Array, temperature: number): Float64Array {
    const { first, size } = this.#alphabet;
    return softmaxAt(logits, first, Math.min(size, logits.length) - first, temperature);
  }

  #draw(
    logits: Float32Array,
    temperature: number,
    topK: number | undefined,
    random: RandomSource,
  ): number {
    // At 0 only the likeliest is left, whatever the others are.
    const kept = temperature === 0 ? 1 : topK ?? Infinity;
    const weights = this.#probabilities(logits, temperature || 1);
    if (kept < weights.length) {
      const order = [...weights.keys()].sort((a, b) => weights[b] - weights[a] || a - b);
      for (const i of order.slice(kept)) weights[i] = 0;
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (!Number.isFinite(total)) throw notFinite("draw");
    let left = random() * total;
    let drawn = 0;
    for (const [i, weight] of weights.entries()) {
      if (weight === 0) continue;
      drawn = i;
      left -= weight;
      if (left < 0) break;
    }
    return drawn + this.#alphabet.first;
  }
}

function notFinite(action: string): RangeError {
  return new RangeError(`Cannot ${action} a character: the model's answers are not finite numbers`);
}

function checkSettings(length: number, temperature: number, topK: number | undefined): void {
  if (!Number.isInteger(length) || length < 0) {
    throw new RangeError(`Cannot sample ${length} characters: a whole number from 0 is needed`);
  }
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw new RangeError(`Cannot sample at temperature ${temperature}: a number from 0 is needed`);
  }
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) {
    throw new RangeError(`Cannot draw from the top ${topK}: a whole number from 1 is needed`);
  }
}

/** A model that reads a character at a time. */
class Reader {
  readonly #predict: Predict;
  readonly #window: number;
  #state: PredictState | undefined;
  #seen: number[] = [];
  /** How many numbers an answer has. */
  readonly #answers: number;

  constructor(predict: Predict, { mode, length }: CharForm, answers: number) {
    this.#predict = predict;
    this.#answers = answers;
    this.#window = mode === "windows" ? length : Infinity;
  }

  /** Reads one more, and answers what may come next. */
  async read(number: number): Promise<Float32Array<ArrayBuffer>> {
    this.#seen.push(number);
    // As long as a window is not full, carrying the state on is the same and needs one program less.
    const carries = this.#seen.length <= this.#window;
    if (!carries) this.#seen = this.#seen.slice(-this.#window);
    const inputs = Int32Array.from(carries ? [number] : this.#seen);
    if (!carries) this.dispose();
    const { outputs, state } = await this.#predict({
      length: inputs.length,
      inputs,
      state: this.#state,
      keepState: carries,
    });
    this.#state = state;
    // Of a model that answers at every step, the last answer.
    return Float32Array.from(outputs.subarray(outputs.length - this.#answers));
  }

  dispose(): void {
    this.#state?.dispose();
    this.#state = undefined;
  }
}
