/**
 * A recurrent network that attends to what it has read; Luong, Pham and Manning, "Effective Approaches to Attention-based
 * Neural Machine Translation" (2015), after Bahdanau, Cho and Bengio, "Neural Machine Translation by Jointly Learning to
 * Align and Translate" (2015) and the window of Graves, "Generating Sequences With Recurrent Neural Networks" (2013):
 *
 * ```text
 * h_t  = tanh(x_t · W_ih + b_ih + h_{t−1} · W_hh + a_{t−1} · W_ah)
 * e_td = (h_t · W_s) · h_{t−d}        by content: what is at a place decides how much it weighs
 * e_t  = h_t · W_s                    by location: how far back it is decides, whatever is there
 * c_t  = Σ_d softmax(e_t)_d h_{t−d}   over d = 0 … memory − 1, as far as anything was read
 * a_t  = tanh([c_t, h_t] · W_c)
 * y_t  = a_t · W_y + b_y
 * ```
 *
 * In these papers a decoder attends to a sequence that an encoder has read to its end. Here one network answers as it
 * reads, so it attends to its own states up to now, the last `memory` of them, which are its state from call to call.
 *
 * @module
 */
import { concatenate, matmul, ones, reshape, slice, softmax, sum, tanh, zeros } from "@unroll/core";
import type { Tensor } from "@unroll/core";
import { defineModel, type ModelPlugin, type OptionsSchema } from "@unroll/core/plugin";
import * as z from "zod/mini";
import { type MemoryCell, memoryModel, type MemoryOptions, unsupportedMemory } from "./memory.ts";
import { recurrentShape } from "./recurrent_options.ts";

/** Options of {@linkcode attention}. */
export interface AttentionOptions extends MemoryOptions {
  /** What decides the weights: what the states are (`content`), or how far back they are (`location`). */
  readonly attention: "content" | "location";
  /** How many of the last states it attends to. */
  readonly memory: number;
}

const OPTIONS: OptionsSchema<AttentionOptions> = /* @__PURE__ */ (() => {
  const { hidden, embedding } = recurrentShape({ hidden: 16 });
  return z.object({
    hidden,
    embedding,
    attention: z._default(z.enum(["content", "location"]), "content").check(
      z.describe("What decides how much a state weighs: what it is, or how far back it is"),
    ),
    memory: z._default(z.int().check(z.minimum(1), z.maximum(4096)), 64).check(
      z.describe("How many of the last states it attends to"),
    ),
  });
})();

/**
 * A recurrent network that attends to its last states.
 *
 * Parameters: `weight_ih` f32[in, hidden], `bias_ih` f32[hidden], `weight_hh` f32[hidden, hidden];
 * `memory.weight_ah` f32[hidden, hidden], `memory.weight_s` f32[hidden, hidden] by content and f32[hidden, memory] by
 * location, `memory.weight_c` f32[2 · hidden, hidden]; `output.weight` f32[hidden, n], `output.bias` f32[n];
 * `embedding.weight`.
 *
 * @example Usage
 * ```ts
 * import { attention } from "@unroll/models";
 * import { strictEqual } from "node:assert/strict";
 *
 * const model = attention({ hidden: 5, attention: "location", memory: 20 }).create({
 *   inputs: { kind: "symbol", vocabulary: 10 },
 *   outputs: { kind: "class", classes: 10, at: "every" },
 *   length: 11,
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * });
 * strictEqual(model.layers[0].parameters, 5 * (10 + 1 + 5 + 5 + 20 + 10));
 * ```
 */
export const attention: ModelPlugin<AttentionOptions> = /* @__PURE__ */ defineModel({
  name: "attention",
  summary: "Recurrent network that attends to its last states",
  options: OPTIONS,
  unsupportedReason: (spec, options) => unsupportedMemory(spec, options),
  create: (options, spec) => memoryModel(attentionCell(options), options, spec),
});

/** Taken from the scores of places of which nothing was read, so that they weigh nothing. */
const NOTHING = 1e9;

function attentionCell({ hidden, attention, memory }: AttentionOptions): MemoryCell {
  return {
    name: `attention by ${attention}`,
    weights: {
      weight_ah: [hidden, hidden],
      weight_s: [hidden, attention === "content" ? hidden : memory],
      weight_c: [2 * hidden, hidden],
    },
    start: (batch) => ({
      h: zeros([batch, hidden]),
      a: zeros([batch, hidden]),
      // The newest first, and whether there is one: a place is as far back as its number says.
      states: zeros([batch, memory, hidden]),
      read: zeros([batch, memory]),
    }),
    step({ weight_hh, weight_ah, weight_s, weight_c }, { h, a, states, read }, x) {
      const [batch] = h.shape;
      const next = tanh(x.add(matmul(h, weight_hh)).add(matmul(a, weight_ah)));
      const seen = shifted(reshape(next, [batch, 1, hidden]), states);
      const present = shifted(ones([batch, 1]), read);
      const query = matmul(next, weight_s);
      const scores = attention === "location"
        ? query
        : sum(seen.mul(reshape(query, [batch, 1, hidden])), 2);
      const weights = softmax(scores.add(present.sub(1).mul(NOTHING)));
      const context = sum(seen.mul(reshape(weights, [batch, memory, 1])), 1);
      const top = tanh(matmul(concatenate([context, next], 1), weight_c));
      return [{ h: next, a: top, states: seen, read: present }, top];
    },
  };
}

/** Puts one before the others, the last of which falls out. */
function shifted(first: Tensor, others: Tensor): Tensor {
  return concatenate([first, slice(others, 1, 0, others.shape[1] - 1)], 1);
}
