/**
 * How much a model of text makes of what it has read: which characters it takes for which, and how well it foretells
 * after so many.
 *
 * @module
 */
import {
  type Breakdown,
  ConfusionCounts,
  evaluateOutputs,
  type Predict,
  type PredictState,
  type Probe,
  type ProbeRequest,
  type TaskSpec,
} from "@unroll/core/plugin";
import type { Alphabet } from "./alphabet.ts";
import { place } from "./char_batches.ts";
import { type CharMeasureSettings, measureText } from "./char_measure.ts";
import { rangeEnd } from "./tally.ts";

/** Characters read at most, from a fresh state. */
const LONGEST = 1024;
/** Characters of one run. */
const PIECE = 64;
/** Sequences for each example that is asked for: one character says little. */
const SEQUENCES = 8;

/**
 * Measures a text, and counts which characters are taken for which.
 *
 * @param predict Runs the model.
 * @param settings What is measured.
 * @param alphabet The characters.
 */
export async function charBreakdown(
  predict: Predict,
  settings: CharMeasureSettings,
  alphabet: Alphabet,
): Promise<Breakdown> {
  const confusions = new ConfusionCounts(settings.spec);
  await measureText(predict, settings, (...answers) => confusions.add(...answers));
  const names = Array.from({ length: alphabet.size }, (_, i) => JSON.stringify(alphabet.decode(i)));
  const probes = charProbes(predict, settings.spec, settings.text, settings.length);
  const parts: Probe[] = [];
  for await (const part of probes) parts.push(part);
  return { confusions: confusions.list(names), parts };
}

/**
 * Foretells from a fresh state, after ever more characters.
 *
 * @param predict Runs the model.
 * @param spec What the task asks of it.
 * @param text What it was not trained on, as numbers.
 * @param trained Characters read at a time in training.
 * @param request Sequences begin in as many places, times eight.
 * @returns Loss and right answers by the number of characters read.
 */
export async function* charProbes(
  predict: Predict,
  spec: TaskSpec,
  text: Int32Array,
  trained: number,
  { count = 40 }: ProbeRequest = {},
): AsyncGenerator<Probe> {
  const sum: TaskSpec = { ...spec, loss: { ...spec.loss, reduction: "sum" } };
  const size = Math.min(SEQUENCES * count, Math.max(1, Math.floor((text.length - 1) / PIECE)));
  const longest = Math.min(LONGEST, Math.max(1, Math.floor((text.length - 1) / 2)));
  const spread = (length: number) =>
    Array.from({ length: size }, (_, i) => Math.floor(i * (text.length - 1 - length) / size));
  const axis = "characters read before";
  if (spec.outputs.at === "last") {
    // One answer a run: a run for each number of characters.
    for (let at = 1; at <= longest; at *= 2) {
      const { inputs, targets } = place(text, spread(at), at, "last");
      const { outputs } = await predict({ length: at, size, inputs });
      const { loss, errors } = evaluateOutputs(sum, outputs, targets);
      yield { axis, at, count: size, right: size - errors, loss: loss / size, trained };
    }
    return;
  }
  const starts = spread(longest);
  let [state, sums]: [PredictState | undefined, Sums] = [undefined, NOTHING];
  try {
    for (let done = 0; done < longest;) {
      // The first piece is cut at each number, later ones are as long as the ranges allow.
      const at = rangeEnd(done + 1);
      const length = Math.min(PIECE, at - done, longest - done);
      const pieces = starts.map((start) => start + done);
      const { inputs, targets } = place(text, pieces, length, "every");
      const keepState = done + length < longest;
      const result = await predict({ length, size, inputs, state, keepState });
      state = result.state;
      const { loss, errors, count } = evaluateOutputs(sum, result.outputs, targets);
      sums = { loss: sums.loss + loss, wrong: sums.wrong + errors, count: sums.count + count };
      done += length;
      if (done < at && done < longest) continue;
      yield {
        axis,
        at: done,
        ...(at > 2 ? { from: at / 2 + 1 } : {}),
        count: sums.count,
        right: sums.count - sums.wrong,
        loss: sums.loss / sums.count,
        trained,
      };
      sums = NOTHING;
    }
  } finally {
    state?.dispose();
  }
}

interface Sums {
  readonly loss: number;
  readonly wrong: number;
  readonly count: number;
}

const NOTHING: Sums = { loss: 0, wrong: 0, count: 0 };
