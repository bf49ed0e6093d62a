/**
 * How well a model predicts a text.
 *
 * @module
 */
import {
  evaluateOutputs,
  type Predict,
  type PredictState,
  type TaskSpec,
  type Validation,
} from "@unroll/core/plugin";
import { place } from "./char_batches.ts";

/** What is measured, and how the model was trained. */
export interface CharMeasureSettings {
  readonly spec: TaskSpec;
  /** Characters of the text as numbers. */
  readonly text: Int32Array;
  /** Characters read at a time in training. */
  readonly length: number;
  /** Streams as in training, where it is trained text that is measured on: so many from its start. */
  readonly streams?: number;
}

/** Characters between two resets of a stream at least, so that cold starts hardly count. */
const STREAM = 1024;
/** Streams side by side at most. */
const STREAMS = 32;
/** Steps of one run: longer than in training, because nothing is kept for a way back. */
const RUN = 256;

/** Sums over parts of a text. */
interface Sums {
  nats: number;
  errors: number;
  count: number;
}

/** Takes the answers to a part of a text, of which some count. */
export type AnswerListener = (
  outputs: Float32Array,
  targets: Int32Array,
  counts: (place: number) => boolean,
) => void;

/**
 * Nats and bits for each character, and the fraction of those that the model would not have guessed.
 *
 * Where the state is carried in training, it is here: the text is cut into up to 32 streams, which are
 * read side by side from a fresh state each. Otherwise the text is cut into windows. Each character but
 * the first is foretold once.
 *
 * @param predict Runs the model.
 * @param settings What is measured.
 * @param listen Takes all answers too.
 */
export async function measureText(
  predict: Predict,
  settings: CharMeasureSettings,
  listen?: AnswerListener,
): Promise<Validation> {
  const sums: Sums = { nats: 0, errors: 0, count: 0 };
  const { spec } = settings;
  const measure = spec.stateful ? measureStreams : measureWindows;
  await measure(predict, settings, (outputs, targets, counts) => {
    const weights = Float32Array.from(targets, (_, place) => counts(place) ? 1 : 0);
    const sum = { ...spec, loss: { ...spec.loss, reduction: "sum" as const } };
    const { loss, errors, count } = evaluateOutputs(sum, outputs, targets, weights);
    sums.nats += loss;
    sums.errors += errors;
    sums.count += count;
    listen?.(outputs, targets, counts);
  });
  const nats = sums.nats / sums.count;
  return {
    loss: nats,
    error: sums.errors / sums.count,
    metrics: { nats, bits: nats / Math.LN2 },
  };
}

async function measureStreams(
  predict: Predict,
  { spec, text, length: trained, streams }: CharMeasureSettings,
  listen: AnswerListener,
): Promise<void> {
  const { at } = spec.outputs;
  const total = text.length - 1;
  const wanted = streams ?? Math.max(1, Math.min(STREAMS, Math.floor(total / STREAM)));
  // The last stream is the shortest; where it has ended nothing counts.
  const stream = Math.ceil(total / wanted);
  const size = Math.ceil(total / stream);
  // With one answer a run, runs must be as in training.
  const maxLength = at === "last" ? trained : RUN;
  let state: PredictState | undefined;
  for (let start = 0; start < stream;) {
    const length = Math.min(maxLength, stream - start);
    if (at === "last" && length < maxLength && start > 0) break;
    const starts = Array.from({ length: size }, (_, i) => i * stream + start);
    const { inputs, targets } = place(text, starts, length, at);
    start += length;
    const result = await predict({ length, size, inputs, state, keepState: start < stream });
    state = result.state;
    // Where the character lies that is foretold.
    const index = (place: number) =>
      starts[place % size] + 1 + Math.floor(place / size) +
      (at === "last" ? length - 1 : 0);
    listen(result.outputs, targets, (place) => index(place) <= total);
  }
  state?.dispose();
}

async function measureWindows(
  predict: Predict,
  { spec, text, length: wanted }: CharMeasureSettings,
  listen: AnswerListener,
): Promise<void> {
  const { at } = spec.outputs;
  const total = text.length - 1;
  const length = Math.min(wanted, total);
  const count = Math.floor(total / length);
  const windows = Array.from({ length: count }, (_, i) => i * length);
  // The rest is the end of a window that overlaps the one before.
  if (total % length > 0) windows.push(total - length);
  // The last batch is filled up, so that one size is enough; what fills it is not counted.
  const size = Math.min(windows.length, Math.max(1, Math.floor(STREAMS * RUN / length)));
  for (let first = 0; first < windows.length; first += size) {
    const used = Math.min(size, windows.length - first);
    const starts = Array.from({ length: size }, (_, i) => windows[first + Math.min(i, used - 1)]);
    const { inputs, targets } = place(text, starts, length, at);
    const { outputs } = await predict({ length, size, inputs });
    listen(outputs, targets, (place) => {
      const window = first + place % size;
      if (place % size >= used) return false;
      const step = at === "last" ? length - 1 : Math.floor(place / size);
      return window < count || windows[window] + step >= count * length;
    });
  }
}
