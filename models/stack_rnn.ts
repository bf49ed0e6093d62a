/**
 * A recurrent network with stacks that it learns to use; Joulin and Mikolov, "Inferring Algorithmic Patterns with
 * Stack-Augmented Recurrent Nets" (2015). Of each stack s, whose top is s[0]:
 *
 * ```text
 * h_t    = σ(x_t · W_ih + b_ih + h_{t−1} · W_hh + s_{t−1}[0 … 1] · W_sh)
 * a_t    = softmax(h_t · W_a + b_a)       how much it pushes, pops, and leaves the stack alone
 * s_t[0] = a_push σ(h_t · W_d + b_d) + a_pop s_{t−1}[1]     + a_keep s_{t−1}[0]
 * s_t[i] = a_push s_{t−1}[i − 1]     + a_pop s_{t−1}[i + 1] + a_keep s_{t−1}[i]
 * y_t    = h_t · W_y + b_y
 * ```
 *
 * Where a stack is empty it reads −1. It is `depth` numbers deep, and what is pushed below that is lost.
 *
 * @module
 */
import { concatenate, fill, matmul, reshape, sigmoid, slice, softmax, zeros } from "@unroll/core";
import { defineModel, type ModelPlugin, type OptionsSchema } from "@unroll/core/plugin";
import * as z from "zod/mini";
import { type MemoryCell, memoryModel, type MemoryOptions, unsupportedMemory } from "./memory.ts";
import { recurrentShape } from "./recurrent_options.ts";

/** Options of {@linkcode stackRnn}. */
export interface StackRnnOptions extends MemoryOptions {
  /** How many stacks there are. */
  readonly stacks: number;
  /** How many numbers a stack holds. */
  readonly depth: number;
}

const OPTIONS: OptionsSchema<StackRnnOptions> = /* @__PURE__ */ (() => {
  const { hidden, embedding } = recurrentShape({ hidden: 16 });
  return z.object({
    hidden,
    embedding,
    stacks: z._default(z.int().check(z.minimum(1), z.maximum(256)), 1).check(
      z.describe("Stacks, each with actions of its own"),
    ),
    depth: z._default(z.int().check(z.minimum(1), z.maximum(4096)), 16).check(
      z.describe("Numbers that a stack holds"),
    ),
  });
})();

/** How many numbers from the top of a stack are read, as in the paper. */
const READ = 2;
/** What an empty place reads as. */
const EMPTY = -1;

/**
 * A recurrent network with stacks.
 *
 * Parameters: `weight_ih` f32[in, hidden], `bias_ih` f32[hidden], `weight_hh` f32[hidden, hidden];
 * `memory.weight_sh` f32[2 · stacks, hidden], where a stack is 1 deep f32[stacks, hidden]; `memory.weight_a`
 * f32[hidden, 3 · stacks] and `memory.bias_a`, push, pop and keep of each stack; `memory.weight_d` f32[hidden, stacks]
 * and `memory.bias_d`; `output.weight` f32[hidden, n], `output.bias` f32[n]; `embedding.weight`.
 *
 * @example Usage
 * ```ts
 * import { stackRnn } from "@unroll/models";
 * import { strictEqual } from "node:assert/strict";
 *
 * const model = stackRnn({ hidden: 5, depth: 20 }).create({
 *   inputs: { kind: "symbol", vocabulary: 10 },
 *   outputs: { kind: "class", classes: 10, at: "every" },
 *   length: 11,
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * });
 * strictEqual(model.layers[0].parameters, 5 * (10 + 1 + 5) + 2 * 5 + 3 * (5 + 1) + 5 + 1);
 * ```
 */
export const stackRnn: ModelPlugin<StackRnnOptions> = /* @__PURE__ */ defineModel({
  name: "stack-rnn",
  summary: "Recurrent network with stacks that it learns to push and pop",
  options: OPTIONS,
  unsupportedReason: (spec, options) => unsupportedMemory(spec, options),
  create: (options, spec) => memoryModel(stackCell(options), options, spec),
});

function stackCell({ hidden, stacks, depth }: StackRnnOptions): MemoryCell {
  const reads = Math.min(READ, depth);
  return {
    name: "stack-rnn",
    weights: {
      weight_sh: [reads * stacks, hidden],
      weight_a: [hidden, 3 * stacks],
      bias_a: [3 * stacks],
      weight_d: [hidden, stacks],
      bias_d: [stacks],
    },
    start: (batch) => ({
      h: zeros([batch, hidden]),
      stack: fill([batch, stacks, depth], EMPTY),
    }),
    step({ weight_hh, weight_sh, weight_a, bias_a, weight_d, bias_d }, { h, stack }, x) {
      const [batch] = h.shape;
      const top = reshape(slice(stack, 2, 0, reads), [batch, reads * stacks]);
      const next = sigmoid(x.add(matmul(h, weight_hh)).add(matmul(top, weight_sh)));
      const actions = softmax(
        reshape(matmul(next, weight_a).add(bias_a), [batch, stacks, 3]),
      );
      const [push, pop, keep] = actions.split(3);
      const pushed = reshape(sigmoid(matmul(next, weight_d).add(bias_d)), [batch, stacks, 1]);
      const below = slice(stack, 2, 0, depth - 1);
      const above = slice(stack, 2, 1, depth);
      const made = push.mul(concatenate([pushed, below], 2))
        .add(pop.mul(concatenate([above, fill([batch, stacks, 1], EMPTY)], 2)))
        .add(keep.mul(stack));
      return [{ h: next, stack: made }, next];
    },
  };
}
