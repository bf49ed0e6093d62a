/** The minimal gated unit of Zhou, Wu, Zhang and Zhou (2016): one gate, which forgets and resets. */
import { sigmoid, tanh, type Tensor } from "@unroll/core";
import { defineModel, type ModelPlugin } from "@unroll/core/plugin";
import { type Cell, type CellParameters, plus, recurrentModel } from "@unroll/models";
import { type RecurrentOptions, recurrentOptions, unsupportedReason } from "@unroll/models";

/** The weights of the state in two parts, because f is needed before the candidate is. */
interface MguWeights extends CellParameters {
  readonly weights: readonly Tensor[];
  readonly biases: readonly Tensor[];
}

const CELL: Cell<MguWeights> = {
  name: "mgu",
  state: ["h"],
  gates: ["f", "candidate"],
  candidate: "candidate",
  start: ({ h }) => ({ h: tanh(h) }),
  prepare: (layer) => ({
    ...layer,
    weights: layer.weight_hh.split(2),
    biases: layer.bias_hh?.split(2) ?? [],
  }),
  step({ weights, biases }, { h }, x) {
    const [xf, xc] = x.split(2);
    const f = sigmoid(xf.add(plus(h.matmul(weights[0]), biases[0])));
    const candidate = tanh(xc.add(plus(f.mul(h).matmul(weights[1]), biases[1])));
    const next = h.add(f.mul(candidate.sub(h))); // (1 − f) h + f c
    return { state: { h: next }, output: next };
  },
};

export const mgu: ModelPlugin<RecurrentOptions> = defineModel({
  name: "mgu",
  summary: "Minimal gated unit",
  options: recurrentOptions({ hidden: 16 }),
  traits: { gated: true },
  unsupportedReason,
  create: (options, spec) => recurrentModel(CELL, options, spec),
});
