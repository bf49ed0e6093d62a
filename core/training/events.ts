/**
 * What training tells while it runs, and what it may be gone on with.
 *
 * @module
 */
import type { BackendName } from "../ir/backend.ts";
import type { LayerRow } from "../plugin/model.ts";
import type { Predict, TaskInstance, Validation } from "../plugin/task.ts";
import type { ResolvedSettings } from "./resolve_settings.ts";
import type { TensorMap } from "./trainer.ts";

/** Something that happened in training. */
export type TrainingEvent =
  | {
    readonly event: "progress";
    /** Steps done. */
    readonly step: number;
    /** Steps in all. */
    readonly steps: number;
    /** Mean training loss since the last such event. */
    readonly loss: number;
    /** Since the run began. */
    readonly seconds: number;
    /** Lately. */
    readonly stepsPerSecond: number;
    /** Of the last step. */
    readonly learningRate: number;
  }
  | {
    readonly event: "validation";
    /** Steps done. */
    readonly step: number;
    /** What the task measured. */
    readonly validation: Validation;
    /** Whether these parameters are the best so far. */
    readonly best: boolean;
    /** Mean training loss since the last validation. */
    readonly trainingLoss: number;
    /** Runs the model as it is now, until training goes on. */
    readonly predict: Predict;
  };

/** What is known when training begins. */
export interface TrainingStart {
  /** All settings. */
  readonly settings: ResolvedSettings;
  /** Where it will be trained. */
  readonly device: BackendName;
  /** What that runs on, in a line. */
  readonly deviceDescription: string;
  /** Why it was chosen; absent where it was named. */
  readonly deviceReason?: string;
  /** The task. */
  readonly task: TaskInstance;
  /** The model's layers. */
  readonly layers: readonly LayerRow[];
}

/** Parameters worth keeping. */
export interface BestParameters {
  /** After which step. */
  readonly step: number;
  /** How good they are; absent before the first validation. */
  readonly validation?: Validation;
  /** The parameters, by their names in the model's tree. */
  readonly parameters: TensorMap;
}

/** A run in the middle, to be gone on with later. */
export interface Snapshot {
  /** Steps done. */
  readonly step: number;
  /** Time spent so far, in seconds. */
  readonly seconds: number;
  /** State of training. */
  readonly tensors: TensorMap;
  /** The best so far. */
  readonly best: BestParameters;
}

/** Training that came to numbers that are not finite. */
export class DivergenceError extends RangeError {
  /** The first step whose loss was not finite. */
  readonly step: number;
  /** The best parameters before that. */
  readonly best: BestParameters;

  /** Made by `train`. */
  constructor(message: string, step: number, best: BestParameters) {
    super(message);
    this.name = "DivergenceError";
    this.step = step;
    this.best = best;
  }
}
