/**
 * Long short-term memory; Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997), with the forget
 * gate of Gers, Schmidhuber and Cummins, "Learning to Forget" (2000):
 *
 * ```text
 * i_t = σ(x_t · W_ii + b_ii + h_{t−1} · W_hi + b_hi)
 * f_t = σ(x_t · W_if + b_if + h_{t−1} · W_hf + b_hf)
 * g_t = φ(x_t · W_ig + b_ig + h_{t−1} · W_hg + b_hg)
 * o_t = σ(x_t · W_io + b_io + h_{t−1} · W_ho + b_ho)
 * c_t = f_t ∘ c_{t−1} + i_t ∘ g_t
 * h_t = o_t ∘ φ(c_t)
 * y_t = h_t · W_y + b_y
 * ```
 *
 * @module
 */
import { defineModel, type ModelPlugin, type OptionsSchema } from "@unroll/core/plugin";
import * as z from "zod/mini";
import { activation, ACTIVATION_NAMES, type ActivationName } from "./activations.ts";
import type { Cell } from "./cell.ts";
import { plus } from "./linear.ts";
import { recurrentModel, unsupportedReason } from "./recurrent.ts";
import {
  GATE_ACTIVATION,
  type GateActivationName,
  type RecurrentOptions,
  recurrentShape,
} from "./recurrent_options.ts";

/** Options of {@linkcode lstm}. */
export interface LstmOptions extends RecurrentOptions {
  /** The activation φ of what goes into the memory and comes out of it. */
  readonly activation: ActivationName;
  /** The activation σ of the gates. */
  readonly gateActivation: GateActivationName;
  /** What the bias of the forget gate starts at; 1 remembers at first (Jozefowicz et al., 2015). */
  readonly forgetBias: number;
}

const OPTIONS: OptionsSchema<LstmOptions> = /* @__PURE__ */ (() =>
  z.object({
    ...recurrentShape({ hidden: 64 }),
    activation: z._default(z.enum(ACTIVATION_NAMES), "tanh").check(
      z.describe("Activation of what enters the memory and what leaves it"),
    ),
    gateActivation: GATE_ACTIVATION,
    forgetBias: z._default(z.number().check(z.minimum(-100), z.maximum(100)), 1).check(
      z.describe("Initial bias of the forget gate; above 0, the memory is kept at first"),
    ),
  }))();

/**
 * Long short-term memory.
 *
 * Parameters, with blocks of `hidden` columns for i, f, g, o as in PyTorch: `layers[].weight_ih`
 * f32[in, 4 · hidden], `weight_hh` f32[hidden, 4 · hidden], `bias_ih` and `bias_hh` f32[4 · hidden];
 * `initial[].c` f32[hidden], the memory before the first step, and `initial[].h`, whose activation is
 * the state; `output.weight` f32[hidden, n], `output.bias` f32[n]; `embedding.weight`; `input_norm`.
 *
 * @example Usage
 * ```ts
 * import { lstm } from "@unroll/models";
 * import { strictEqual } from "node:assert/strict";
 *
 * const model = lstm({ hidden: 5, embedding: 3 }).create({
 *   inputs: { kind: "symbol", vocabulary: 10 },
 *   outputs: { kind: "class", classes: 10, at: "every" },
 *   length: 64,
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: true,
 * });
 * strictEqual(model.layers[1].parameters, 4 * 5 * (3 + 5 + 1));
 * ```
 */
export const lstm: ModelPlugin<LstmOptions> = /* @__PURE__ */ defineModel({
  name: "lstm",
  summary: "Long short-term memory",
  options: OPTIONS,
  traits: { gated: true },
  unsupportedReason: (spec, options) => unsupportedReason(spec, options),
  create: (options, spec) => recurrentModel(lstmCell(options), options, spec),
});

function lstmCell({ forgetBias, ...options }: LstmOptions): Cell {
  const phi = activation(options.activation);
  const sigma = activation(options.gateActivation);
  return {
    name: "lstm",
    state: ["h", "c"],
    gates: ["i", "f", "g", "o"],
    candidate: "g",
    startBias: { f: forgetBias },
    start: ({ h, c }) => ({ h: phi(h), c }),
    step({ weight_hh, bias_hh }, { h, c }, x) {
      const [i, f, g, o] = x.add(plus(h.matmul(weight_hh), bias_hh)).split(4);
      const [forget, input, output] = [sigma(f), sigma(i), sigma(o)];
      const memory = forget.mul(c).add(input.mul(phi(g)));
      const next = output.mul(phi(memory));
      const parts = { input, forget, output, cell: memory };
      return { state: { h: next, c: memory }, output: next, parts };
    },
  };
}
