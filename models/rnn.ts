/**
 * The simple recurrent network of Elman, "Finding structure in time" (1990):
 *
 * ```text
 * h_t = φ(x_t · W_ih + b_ih + h_{t−1} · W_hh + b_hh)
 * y_t = h_t · W_o + b_o
 * ```
 *
 * With `inputActivation` ψ, the two sides are activated apart and then added, so that the first state
 * is the first input alone:
 *
 * ```text
 * h_t = ψ(x_t · W_ih + b_ih) + φ(h_{t−1} · W_hh + b_hh)
 * ```
 *
 * @module
 */
import { defineModel, type ModelPlugin, type OptionsSchema } from "@unroll/core/plugin";
import * as z from "zod/mini";
import { activation, ACTIVATION_NAMES, type ActivationName } from "./activations.ts";
import type { Cell, CellState } from "./cell.ts";
import { plus } from "./linear.ts";
import { recurrentModel, unsupportedReason } from "./recurrent.ts";
import { type RecurrentOptions, recurrentShape } from "./recurrent_options.ts";

/** Options of {@linkcode rnn}. */
export interface RnnOptions extends RecurrentOptions {
  /** The activation φ. */
  readonly activation: ActivationName;
  /** The activation ψ of the input side alone; `none` adds both sides before φ. */
  readonly inputActivation: ActivationName | "none";
}

const OPTIONS: OptionsSchema<RnnOptions> = /* @__PURE__ */ (() =>
  z.object({
    ...recurrentShape({ hidden: 16 }),
    activation: z._default(z.enum(ACTIVATION_NAMES), "tanh").check(
      z.describe("Activation of the state"),
    ),
    inputActivation: z._default(z.enum(["none", ...ACTIVATION_NAMES]), "none").check(
      z.describe("Activation of the input side alone, which is then added to the activated state"),
    ),
  }))();

/**
 * The simple recurrent network.
 *
 * Parameters: `layers[].weight_ih` f32[in, hidden], `weight_hh` f32[hidden, hidden], `bias_ih` and
 * `bias_hh` f32[hidden]; `initial[].h` f32[hidden], whose activation is the state before the first
 * step; `output.weight` f32[hidden, n], `output.bias` f32[n]; `embedding.weight`; `input_norm`.
 *
 * @example Usage
 * ```ts
 * import { rnn } from "@unroll/models";
 * import { strictEqual } from "node:assert/strict";
 *
 * const model = rnn({ hidden: 5, activation: "sigmoid" }).create({
 *   inputs: { kind: "none" },
 *   outputs: { kind: "class", classes: 4, at: "every" },
 *   length: "variable",
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * });
 * strictEqual(model.layers[0].parameters, 5 * 5 + 5 + 5);
 * ```
 */
export const rnn: ModelPlugin<RnnOptions> = /* @__PURE__ */ defineModel({
  name: "rnn",
  summary: "Simple recurrent network",
  options: OPTIONS,
  unsupportedReason: (spec, options) =>
    spec.inputs.kind === "none" && options.inputActivation !== "none"
      ? "it activates inputs, and the task has none"
      : unsupportedReason(spec, options),
  create: (options, spec) => recurrentModel(rnnCell(options), options, spec),
});

/** One step. */
function rnnCell(
  { activation: name, inputActivation }: Pick<RnnOptions, "activation" | "inputActivation">,
): Cell {
  const phi = activation(name);
  const common = {
    name: "rnn",
    state: ["h"],
    gates: ["h"],
    candidate: "h",
    start: ({ h }: CellState) => ({ h: phi(h) }),
  };
  if (inputActivation === "none") {
    return {
      ...common,
      step({ weight_hh, bias_hh }, { h }, x) {
        const next = phi(x.add(plus(h.matmul(weight_hh), bias_hh)));
        return { state: { h: next }, output: next };
      },
    };
  }
  return {
    ...common,
    input: activation(inputActivation),
    // The state is what the step before hands on: φ(h_{t−1} · W_hh + b_hh), nothing at first.
    step({ weight_hh, bias_hh }, { h }, x) {
      const next = x.add(h);
      return { state: { h: phi(plus(next.matmul(weight_hh), bias_hh)) }, output: next };
    },
  };
}
