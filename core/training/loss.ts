/**
 * The loss of a training step, in tensors.
 *
 * @module
 */
import { crossEntropy, oneHot } from "../language/ops/losses.ts";
import type { TaskSpec } from "../plugin/task_spec.ts";
import type { Tensor } from "../language/tensor.ts";

/**
 * Computes the loss of a batch.
 *
 * @param spec The task's specification, with its loss.
 * @param outputs The model's outputs.
 * @param targets The targets.
 * @param weights A weight for each answer, if the task gives them.
 * @returns A scalar.
 */
export function taskLoss(
  spec: TaskSpec,
  outputs: Tensor,
  targets: Tensor,
  weights?: Tensor,
): Tensor {
  const { kind, reduction } = spec.loss;
  const perAnswer = kind === "cross-entropy"
    ? crossEntropy(outputs, targets)
    : squaredErrors(spec, outputs, targets);
  const total = (weights ? perAnswer.mul(weights) : perAnswer).sum();
  if (reduction === "sum") return total;
  if (weights) return total.div(weights.sum());
  return total.div(Math.max(1, perAnswer.shape.reduce((size, n) => size * n, 1)));
}

/** For each answer, Σ of squares for `sum` and their mean for `mean`. */
function squaredErrors(spec: TaskSpec, outputs: Tensor, targets: Tensor): Tensor {
  const wanted = spec.outputs.kind === "class" ? oneHot(targets, spec.outputs.classes) : targets;
  const squares = outputs.sub(wanted).square();
  return spec.loss.reduction === "sum" ? squares.sum(-1) : squares.mean(-1);
}
