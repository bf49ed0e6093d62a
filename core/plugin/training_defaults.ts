/**
 * The settings of training that a task recommends and a user may change: plain JSON, so that a run
 * can keep them.
 *
 * @module
 */

/** The optimizers by name. */
export type OptimizerName = "sgd" | "adam" | "adamw" | "adagrad" | "rmsprop";

/** The learning-rate schedules by name, from the learning rate down to nothing over the run. */
export type ScheduleName = "constant" | "linear" | "cosine";

/** Steps at one learning rate. */
export interface LearningPhase {
  /** How many; the last phase goes on to the end of the run. */
  readonly steps: number;
  /** The learning rate. */
  readonly learningRate: number;
}

/** How to train. */
export interface TrainingDefaults {
  /** Training steps at most. */
  readonly steps: number;
  /** Optimizer; `adam` if left out. */
  readonly optimizer?: OptimizerName;
  /** Learning rate; 0.001 if left out. */
  readonly learningRate?: number;
  /** How the learning rate goes; `constant` if left out. */
  readonly schedule?: ScheduleName;
  /** Learning rates one after the other, in place of one; the schedule that is recommended or given with them goes on top of them. */
  readonly phases?: readonly LearningPhase[];
  /** Steps over which the learning rate rises from nothing at the start; 0 if left out. */
  readonly warmup?: number;
  /** Every gradient element is cut to ± this; 0 for not at all, as if left out. */
  readonly clip?: number;
  /** All gradients together are scaled down to this norm; 0 for not at all, as if left out. */
  readonly clipNorm?: number;
  /** This much of Σ over all parameters of w² is added to the loss; 0 if left out. */
  readonly l2?: number;
  /** Steps between validations; about a twentieth of all if left out. */
  readonly validateEvery?: number;
  /** What decides which parameters are best: `error` first and then loss, or `loss` alone. */
  readonly best?: "error" | "loss";
  /**
   * Early stopping: training ends after so many validations, one after the other, none of which was better than
   * the best before; 0 for never, as if left out.
   */
  readonly patience?: number;
  /** Training ends early once the error at a validation is at most this; never if left out or below 0. */
  readonly stopAtError?: number;
  /** Training ends early once the validation loss is at most this; with `stopAtError`, both are needed. */
  readonly stopAtLoss?: number;
}
