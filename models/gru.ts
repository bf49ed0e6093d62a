/**
 * The gated recurrent unit of Cho et al., "Learning Phrase Representations using RNN Encoder–Decoder
 * for Statistical Machine Translation" (2014):
 *
 * ```text
 * r_t = σ(x_t · W_ir + b_ir + h_{t−1} · W_hr + b_hr)
 * z_t = σ(x_t · W_iz + b_iz + h_{t−1} · W_hz + b_hz)
 * n_t = φ(x_t · W_in + b_in + r_t ∘ (h_{t−1} · W_hn + b_hn))     reset after the product
 * n_t = φ(x_t · W_in + b_in + (r_t ∘ h_{t−1}) · W_hn + b_hn)     reset before the product
 * h_t = z_t ∘ h_{t−1} + (1 − z_t) ∘ n_t
 * y_t = h_t · W_o + b_o
 * ```
 *
 * The first version of the paper (arXiv:1406.1078v1) resets after the product, as cuDNN and PyTorch do,
 * the third and last before it. Both are here: `reset`.
 *
 * @module
 */
import type { Tensor } from "@unroll/core";
import { defineModel, type ModelPlugin, type OptionsSchema } from "@unroll/core/plugin";
import * as z from "zod/mini";
import { activation, ACTIVATION_NAMES, type ActivationName } from "./activations.ts";
import { INITIALIZER_NAMES, type InitializerName } from "./initializers.ts";
import type { Cell, CellParameters, CellState } from "./cell.ts";
import { plus } from "./linear.ts";
import { recurrentModel, unsupportedReason } from "./recurrent.ts";
import {
  GATE_ACTIVATION,
  type GateActivationName,
  type RecurrentOptions,
  recurrentShape,
} from "./recurrent_options.ts";

/** Options of {@linkcode gru}. */
export interface GruOptions extends RecurrentOptions {
  /** The activation φ of the candidate. */
  readonly activation: ActivationName;
  /** The activation σ of the gates. */
  readonly gateActivation: GateActivationName;
  /** How the candidate's weights from the input start; as those of the gates if left out. */
  readonly candidateInit?: InitializerName;
  /** Whether the state is reset after or before it is multiplied by the candidate's weights. */
  readonly reset: "after" | "before";
}

const OPTIONS: OptionsSchema<GruOptions> = /* @__PURE__ */ (() =>
  z.object({
    ...recurrentShape({ hidden: 64 }),
    activation: z._default(z.enum(ACTIVATION_NAMES), "tanh").check(
      z.describe("Activation of the candidate"),
    ),
    gateActivation: GATE_ACTIVATION,
    candidateInit: z.optional(z.enum(INITIALIZER_NAMES)).check(
      z.describe("Initial weights of the candidate from the input; as the gates' if left out"),
    ),
    reset: z._default(z.enum(["after", "before"]), "after").check(
      z.describe(
        "Where the reset gate multiplies: after the product as in PyTorch, or before as in the last paper",
      ),
    ),
  }))();

/**
 * The gated recurrent unit.
 *
 * Parameters, with blocks of `hidden` columns for r, z, n as in PyTorch: `layers[].weight_ih`
 * f32[in, 3 · hidden], `weight_hh` f32[hidden, 3 · hidden], `bias_ih` and `bias_hh` f32[3 · hidden];
 * `initial[].h` f32[hidden], whose activation is the state before the first step; `output.weight`
 * f32[hidden, n], `output.bias` f32[n]; `embedding.weight`; `input_norm`.
 *
 * @example Usage
 * ```ts
 * import { gru } from "@unroll/models";
 * import { strictEqual } from "node:assert/strict";
 *
 * const model = gru({ hidden: 5, bias: "both" }).create({
 *   inputs: { kind: "vector", size: 2 },
 *   outputs: { kind: "class", classes: 4, at: "last" },
 *   length: "variable",
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * });
 * strictEqual(model.layers[0].parameters, 3 * 5 * (2 + 5 + 1 + 1));
 * ```
 */
export const gru: ModelPlugin<GruOptions> = /* @__PURE__ */ defineModel({
  name: "gru",
  summary: "Gated recurrent unit",
  options: OPTIONS,
  traits: { gated: true },
  unsupportedReason: (spec, options) => unsupportedReason(spec, options),
  create: (options, spec) => recurrentModel(gruCell(options), options, spec),
});

function gruCell(options: GruOptions): Cell {
  const { reset, candidateInit } = options;
  const phi = activation(options.activation);
  const sigma = activation(options.gateActivation);
  const common = {
    name: "gru",
    state: ["h"],
    gates: ["r", "z", "n"],
    candidate: "n",
    candidateInit,
    start: ({ h }: CellState) => ({ h: phi(h) }),
  };
  if (reset === "after") {
    return {
      ...common,
      step({ weight_hh, bias_hh }, { h }, x) {
        const [xr, xz, xn] = x.split(3);
        const [hr, hz, hn] = plus(h.matmul(weight_hh), bias_hh).split(3);
        const r = sigma(xr.add(hr));
        const z = sigma(xz.add(hz));
        const n = phi(xn.add(r.mul(hn)));
        const next = n.add(z.mul(h.sub(n))); // z h + (1 − z) n
        return { state: { h: next }, output: next, parts: { reset: r, update: z } };
      },
    };
  }
  const before: Cell<ResetBefore> = {
    ...common,
    // Parts of weights that are taken in every step would get a gradient of the whole in every step.
    prepare(weights) {
      const [hidden] = weights.weight_hh.shape;
      const [gates, candidate] = weights.weight_hh.split([2 * hidden, hidden]);
      const [gateBias, candidateBias] = weights.bias_hh?.split([2 * hidden, hidden]) ?? [];
      return { ...weights, gates, candidate, gateBias, candidateBias };
    },
    step({ gates, candidate, gateBias, candidateBias }, { h }, x) {
      const [xr, xz, xn] = x.split(3);
      const [hr, hz] = plus(h.matmul(gates), gateBias).split(2);
      const r = sigma(xr.add(hr));
      const z = sigma(xz.add(hz));
      const n = phi(xn.add(plus(r.mul(h).matmul(candidate), candidateBias)));
      const next = n.add(z.mul(h.sub(n)));
      return { state: { h: next }, output: next, parts: { reset: r, update: z } };
    },
  };
  return before;
}

/** Weights of the state, in the two parts that are read apart where the reset is before the product. */
interface ResetBefore extends CellParameters {
  readonly gates: Tensor;
  readonly candidate: Tensor;
  readonly gateBias?: Tensor;
  readonly candidateBias?: Tensor;
}
