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
interface CharMeasureSettings {
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

/**
 * Nats and bits for each character, and the fraction of those that the model would not have guessed.
 *
 * Where the state is carried in training, it is here: the text is cut into up to 32 streams, which are
 * read side by side from a fresh state each. Otherwise the text is cut into windows.
 */
export async function measureText(
  predict: Predict,
  settings: CharMeasureSettings,
): Promise<Validation> {
  const sums: Sums = { nats: 0, errors: 0, count: 0 };
  if (settings.spec.stateful) await measureStreams(predict, settings, sums);
  else await measureWindows(predict, settings, sums);
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
  sums: Sums,
): Promise<void> {
  const { at } = spec.outputs;
  const size = streams ?? Math.max(1, Math.min(STREAMS, Math.floor((text.length - 1) / STREAM)));
  const stream = Math.floor((text.length - 1) / size);
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
    add(sums, spec, result.outputs, targets);
  }
  state?.dispose();
}

async function measureWindows(
  predict: Predict,
  { spec, text, length: wanted }: CharMeasureSettings,
  sums: Sums,
): Promise<void> {
  const { at } = spec.outputs;
  const length = Math.min(wanted, text.length - 1);
  const count = Math.floor((text.length - 1) / length);
  // The last batch is filled up, so that one size is enough; what fills it is not counted.
  const size = Math.min(count, Math.max(1, Math.floor(STREAMS * RUN / length)));
  for (let first = 0; first < count; first += size) {
    const used = Math.min(size, count - first);
    const starts = Array.from({ length: size }, (_, i) => (first + Math.min(i, used - 1)) * length);
    const { inputs, targets } = place(text, starts, length, at);
    const { outputs } = await predict({ length, size, inputs });
    const weights = used === size
      ? undefined
      : Float32Array.from(targets, (_, place) => place % size < used ? 1 : 0);
    add(sums, spec, outputs, targets, weights);
  }
}

function add(
  sums: Sums,
  spec: TaskSpec,
  outputs: Float32Array,
  targets: Int32Array,
  weights?: Float32Array,
): void {
  const sum = { ...spec, loss: { ...spec.loss, reduction: "sum" as const } };
  const { loss, errors, count } = evaluateOutputs(sum, outputs, targets, weights);
  sums.nats += loss;
  sums.errors += errors;
  sums.count += count;
}
