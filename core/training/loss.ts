/**
 * The loss of a training step, in tensors.
 *
 * @module
 */
import { eq, where } from "../language/ops/comparisons.ts";
import { crossEntropy, ofLabels, oneHot } from "../language/ops/losses.ts";
import type { TaskSpec } from "../plugin/task_spec.ts";
import type { Tensor } from "../language/tensor.ts";
import { isTensor } from "../language/tensor_source.ts";
import { describe } from "../language/tree.ts";
import { formatType, sameType, type TensorType } from "../ir/tensor_type.ts";

/**
 * Computes the loss of a batch. A target that is none of the task's classes makes it NaN, an answer of
 * weight 0 adds nothing to it.
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
  const perAnswer = typeof kind === "function"
    ? ownLoss(kind(outputs, targets), outputs)
    : kind === "cross-entropy"
    ? crossEntropy(outputs, targets)
    : squaredErrors(spec, outputs, targets);
  const total = (weights ? where(eq(weights, 0), 0, perAnswer.mul(weights)) : perAnswer).sum();
  if (reduction === "sum") return total;
  if (weights) return total.div(weights.sum());
  return total.div(Math.max(1, perAnswer.shape.reduce((size, n) => size * n, 1)));
}

/** Looks at what a loss of a task's own gives, so that no sum over the wrong axis goes unseen. */
function ownLoss(losses: unknown, outputs: Tensor): Tensor {
  const wanted: TensorType = { dtype: "f32", shape: outputs.shape.slice(0, -1) };
  if (isTensor(losses) && sameType(losses.type, wanted)) return losses;
  throw new TypeError(
    `Cannot take the task's own loss: ${
      formatType(wanted)
    } is wanted, one number for each answer, ` +
      `found ${isTensor(losses) ? formatType(losses.type) : describe(losses)}`,
  );
}

/** For each answer, Σ of squares for `sum` and their mean for `mean`. */
function squaredErrors(spec: TaskSpec, outputs: Tensor, targets: Tensor): Tensor {
  const classes = spec.outputs.kind === "class" ? spec.outputs.classes : undefined;
  const wanted = classes === undefined ? targets : oneHot(targets, classes);
  const squares = outputs.sub(wanted).square();
  const errors = spec.loss.reduction === "sum" ? squares.sum(-1) : squares.mean(-1);
  return classes === undefined ? errors : ofLabels(errors, targets, classes);
}
