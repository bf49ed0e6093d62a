/**
 * One training step as a function of tensors: forward, loss, gradients, clipping, optimizer. It is
 * traced once for each form of batch and runs as one program.
 *
 * @module
 */
import { maximum } from "../language/ops/arithmetic.ts";
import { and, eq, lt, or, where } from "../language/ops/comparisons.ts";
import { max } from "../language/ops/reductions.ts";
import { iota, ones, zeros, zerosLike } from "../language/ops/creation.ts";
import type { ModelInstance, Tree } from "../plugin/model.ts";
import type { TaskSpec } from "../plugin/task_spec.ts";
import { foldIn } from "../language/random.ts";
import type { Tensor } from "../language/tensor.ts";
import { mapTree, rebuildTree, treeEntries } from "../language/tree.ts";
import { valueAndGrad } from "../language/gradient.ts";
import { checkResult } from "./check_contract.ts";
import { clipByNorm, clipByValue, globalNorm } from "./clip.ts";
import { taskLoss } from "./loss.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Schedule } from "./schedules.ts";

/** All that a training step changes. */
export interface TrainingState {
  /** The parameters. */
  readonly parameters: Tree;
  /** The optimizer's state. */
  readonly optimizer: Tree;
  /** Steps done, a scalar u32. */
  readonly step: Tensor;
  /** What is known of the steps since the last look, f32[6], as {@linkcode RECENT} names it. */
  readonly recent: Tensor;
  /** The first step whose loss was not finite, counted from 1; 0 while there is none. Scalar u32. */
  readonly failed: Tensor;
  /** The model's state, where the task carries it from batch to batch. */
  readonly carried: Tree;
}

/** Places in {@linkcode TrainingState.recent}: sums over steps, then values of the last step. */
export const RECENT = {
  loss: 0,
  /** Of the gradient's norm before clipping. */
  gradientNorm: 1,
  /** How many steps were clipped. */
  clipped: 2,
  /** How many steps there were. */
  steps: 3,
  lastLoss: 4,
  /** What the schedule made of the learning rate. */
  lastFactor: 5,
} as const;

/** Makes the sums over no steps. */
export function noneRecent(): Tensor {
  return zeros([Object.keys(RECENT).length]);
}

/** What a training step gives: the next state, and of the step itself its loss. */
export interface StepResult extends TrainingState {
  /** The loss, without Σw². */
  readonly loss: Tensor;
}

/** One batch as tensors. */
export interface BatchTensors {
  /** What the model reads. */
  readonly inputs?: Tensor;
  /** What it should answer. */
  readonly targets: Tensor;
  /** Weights of the answers. */
  readonly weights?: Tensor;
  /** For stateful tasks, whether the carried state is to be forgotten first: a scalar u32. */
  readonly reset?: Tensor;
}

/** What decides a training step. */
export interface StepSettings {
  /** The model. */
  readonly instance: ModelInstance;
  /** What the task asks. */
  readonly spec: TaskSpec;
  /** The optimizer. */
  readonly optimizer: Optimizer;
  /** Learning rate. */
  readonly learningRate: number;
  /** How it goes. */
  readonly schedule: Schedule;
  /** Steps of the whole run, for the schedule. */
  readonly steps: number;
  /** Gradient elements are cut to ± this; 0 for not at all. */
  readonly clip?: number;
  /** The gradients' norm is cut to this; 0 for not at all. */
  readonly clipNorm?: number;
  /** This much of Σw² is added to the loss, without parameters that the model sets itself. */
  readonly l2: number;
  /** Key of everything random in training, u32[2]. */
  readonly key: Tensor;
}

/**
 * Makes the function of a training step.
 *
 * @param settings What decides it.
 * @param length Steps of a batch.
 * @param batch Sequences of a batch.
 * @returns A function from state and batch to the next state and the loss.
 */
export function trainingStep(
  settings: StepSettings,
  length: number,
  batch: number,
): (state: TrainingState, data: BatchTensors) => StepResult {
  const { instance, spec, optimizer, clip = 0, clipNorm = 0 } = settings;
  return (state, { inputs, targets, weights, reset }) => {
    const key = foldIn(settings.key, state.step);
    const objective = (parameters: Tree) => {
      const fresh = instance.initialState(parameters, batch);
      const start = reset
        ? mapTree((own, old) => where(eq(reset, 0), old, own), fresh, state.carried)
        : fresh;
      const result = instance.apply(parameters, inputs, {
        length,
        batch,
        state: start,
        training: true,
        key,
      });
      checkResult(spec, result, { length, batch, ...(spec.stateful ? { start: fresh } : {}) });
      const loss = taskLoss(spec, result.outputs, targets, weights);
      const updates = result.updates ?? {};
      const total = settings.l2 > 0
        ? loss.add(sumOfSquares(parameters, updates).mul(settings.l2))
        : loss;
      return [total, loss, result.state, updates] as const;
    };
    const [value, rawGradients] = valueAndGrad(objective)(state.parameters);
    const [, loss, end, updates] = value;
    // What the model sets itself is not learned: no part of the gradients' norm, nor of Σw².
    const none = Object.entries(updates).map(([path, value]) => [path, zerosLike(value)]);
    const whole = replaceLeaves(rawGradients, Object.fromEntries(none));
    // Squares of its own, |g|·|g|: those of an optimizer would be rounded otherwise if they were shared.
    const own = clipNorm > 0 ? whole : mapTree((g) => g.abs(), whole);
    const norm = treeEntries(whole).length === 0 ? zeros([]) : globalNorm(own);
    const cut = clip > 0 ? clipByValue(whole, clip) : whole;
    const gradients = clipNorm > 0 ? clipByNorm(cut, clipNorm) : cut;
    const factor = settings.schedule(state.step.cast("f32"), settings.steps);
    const next = optimizer.update(state.parameters, gradients, state.optimizer, {
      learningRate: factor.mul(settings.learningRate),
    });
    const step = state.step.add(1);
    // Written so that NaN, whose comparisons are false, counts as not finite.
    const finite = lt(loss.abs(), GREATEST);
    const failed = where(
      and(eq(state.failed, 0), finite),
      zeros([], "u32"),
      where(eq(state.failed, 0), step, state.failed),
    );
    const now: Readonly<Record<keyof typeof RECENT, Tensor>> = {
      loss,
      gradientNorm: norm,
      clipped: wasClipped(whole, norm, { clip, clipNorm }),
      steps: ones([]),
      lastLoss: loss,
      lastFactor: factor,
    };
    return {
      parameters: replaceLeaves(next.parameters, updates),
      optimizer: next.state,
      step,
      recent: addRecent(state.recent, now),
      failed,
      carried: spec.stateful ? end : undefined,
      loss,
    };
  };
}

/** Adds a step to the sums, in one operation on all of them. */
function addRecent(
  recent: Tensor,
  now: Readonly<Record<keyof typeof RECENT, Tensor>>,
): Tensor {
  const place = iota(recent.shape);
  const values = (Object.keys(RECENT) as (keyof typeof RECENT)[])
    .reduceRight((rest, name) => where(eq(place, RECENT[name]), now[name], rest), zeros([]));
  return where(lt(place, RECENT.lastLoss), recent, zeros([])).add(values);
}

/** Returns 1 where clipping changes the gradients, 0 where it does not. */
function wasClipped(
  gradients: Tree,
  norm: Tensor,
  { clip, clipNorm }: { readonly clip: number; readonly clipNorm: number },
): Tensor {
  const leaves = treeEntries(gradients);
  const greatest = clip > 0 && leaves.length > 0
    ? leaves.map(([, g]) => max(g.abs())).reduce((a, b) => maximum(a, b))
    : zeros([]);
  const byNorm = clipNorm > 0 ? lt(clipNorm, norm) : lt(zeros([]), 0);
  return where(or(lt(clip, greatest), byNorm), ones([]), zeros([]));
}

/** Greater losses count as not finite. */
const GREATEST = 3e38;

/** Replaces leaves of a tree at some paths: what a model sets itself. */
function replaceLeaves(tree: Tree, updates: Readonly<Record<string, Tensor>>): Tree {
  return rebuildTree(tree, treeEntries(tree).map(([path, leaf]) => updates[path] ?? leaf));
}

/** Σw² of the parameters that the model does not set itself. */
function sumOfSquares(parameters: Tree, updates: Readonly<Record<string, Tensor>>): Tensor {
  return treeEntries(parameters).filter(([path]) => !(path in updates))
    .reduce((sum, [, w]) => sum.add(w.square().sum()), zeros([]));
}
