/**
 * Batches of characters: side by side through the text, or windows of it in random order.
 *
 * @module
 */
import { type Batch, type BatchRequest, permutation, randomFor } from "@unroll/core/plugin";

/** How batches are made. */
export interface CharBatchSettings {
  /** Through the text with the state carried on, windows, or windows with the state carried. */
  readonly mode: "contiguous" | "windows" | "interleaved";
  /** Characters read at a time. */
  readonly length: number;
  /** Sequences in a batch; if left out, up to 64, as the text allows. */
  readonly batch?: number;
  /** Characters from the start of a window to that of the next; if left out, `length`. */
  readonly stride?: number;
  /** Whether windows come in random order, or in that of the text; true if left out. */
  readonly shuffle?: boolean;
  /** Whether each character read has an answer, or only the last. */
  readonly outputs: "every" | "last";
}

/** Batches of a text. */
export interface CharBatches {
  /** Sequences in a batch. */
  readonly size: number;
  /** Batches that go through the text once. */
  readonly stepsPerEpoch: number;
  /** The batch of a step. */
  batch(request: Pick<BatchRequest, "step" | "seed">): Batch;
}

/** Most sequences in a batch where nothing else is said. */
const BATCH = 64;

/**
 * Batches of a text.
 *
 * @param text Its characters as numbers.
 * @param settings How.
 * @throws {RangeError} If the text is too short for one batch.
 */
export function charBatches(text: Int32Array, settings: CharBatchSettings): CharBatches {
  switch (settings.mode) {
    case "contiguous":
      return contiguous(text, settings);
    case "windows":
      return windows(text, settings);
    case "interleaved":
      return interleaved(text, settings);
  }
}

/**
 * The text is cut into as many streams as there are sequences, and each batch reads the next piece of
 * each. The state is carried from piece to piece and starts anew with the streams.
 */
function contiguous(text: Int32Array, settings: CharBatchSettings): CharBatches {
  const { length, outputs } = settings;
  // Where nothing is said there are at least eight pieces a stream, so that carrying means something.
  const total = Math.floor((text.length - 1) / length);
  const size = settings.batch ?? Math.max(1, Math.min(BATCH, Math.floor(total / 8)));
  const stream = Math.floor((text.length - 1) / size);
  const pieces = Math.floor(stream / length);
  if (pieces === 0) throw tooShort(text, size, length);
  return {
    size,
    stepsPerEpoch: pieces,
    batch({ step }) {
      const piece = step % pieces;
      const starts = Array.from({ length: size }, (_, i) => i * stream + piece * length);
      return { ...place(text, starts, length, outputs), reset: piece === 0 };
    },
  };
}

/** Windows of the text, all of them once, in an order that is random in each epoch if it is not the text's. */
function windows(text: Int32Array, settings: CharBatchSettings): CharBatches {
  const { length, outputs, stride = length, shuffle = true } = settings;
  const count = Math.floor((text.length - 1 - length) / stride) + 1;
  const size = settings.batch ?? Math.max(1, Math.min(BATCH, count));
  if (count < size) throw tooShort(text, size, length);
  const stepsPerEpoch = Math.floor(count / size);
  let order: Int32Array = new Int32Array();
  let orderOf = "";
  return {
    size,
    stepsPerEpoch,
    batch({ step, seed }) {
      const epoch = Math.floor(step / stepsPerEpoch);
      if (shuffle && orderOf !== `${seed} ${epoch}`) {
        order = permutation(count, randomFor(seed, epoch, 1));
        orderOf = `${seed} ${epoch}`;
      }
      const first = (step % stepsPerEpoch) * size;
      const number = (i: number) => shuffle ? order[first + i] : first + i;
      const starts = Array.from({ length: size }, (_, i) => number(i) * stride);
      return place(text, starts, length, outputs);
    },
  };
}

/**
 * Windows as they lie in the text, a batch of neighbours after the other. The state of each goes on to
 * the window that has its place in the next batch, which is text from further on: what a stateful
 * network of Keras makes of windows that are not shuffled.
 */
function interleaved(text: Int32Array, settings: CharBatchSettings): CharBatches {
  const { size, stepsPerEpoch, batch } = windows(text, { ...settings, shuffle: false });
  return {
    size,
    stepsPerEpoch,
    batch: (request) => ({ ...batch(request), reset: request.step % stepsPerEpoch === 0 }),
  };
}

function tooShort(text: Int32Array, size: number, length: number): RangeError {
  return new RangeError(
    `Cannot make batches of ${size} × ${length} characters: more than ${size * length} to train ` +
      `on are needed, found ${text.length}`,
  );
}

/**
 * Pieces of a text as a batch.
 *
 * @param text Characters as numbers.
 * @param starts Where each sequence starts.
 * @param length How many characters each reads.
 * @param outputs Whether each character read has an answer, which is the next one, or only the last.
 * @returns Inputs i32[time, batch], and targets of that type or i32[batch].
 */
export function place(
  text: Int32Array,
  starts: readonly number[],
  length: number,
  outputs: "every" | "last",
): Batch & { readonly inputs: Int32Array; readonly targets: Int32Array } {
  const size = starts.length;
  const inputs = new Int32Array(length * size);
  const every = outputs === "every";
  const targets = new Int32Array(every ? length * size : size);
  starts.forEach((start, i) => {
    for (let t = 0; t < length; t++) {
      inputs[t * size + i] = text[start + t];
      if (every) targets[t * size + i] = text[start + t + 1];
    }
    if (!every) targets[i] = text[start + length];
  });
  return { length, size, inputs, targets };
}
