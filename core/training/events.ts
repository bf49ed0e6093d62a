/**
 * Events emitted during training, the callbacks that take them, and the snapshot from which a run
 * resumes.
 *
 * @module
 */
import type { BackendName } from "../ir/backend.ts";
import type { LayerRow } from "../plugin/model.ts";
import type { Predict, TaskInstance, Validation } from "../plugin/task.ts";
import type { TrainingDefaults } from "../plugin/training_defaults.ts";
import type { ResolvedSettings } from "./resolve_settings.ts";
import type { TensorMap } from "./trainer.ts";

/** An event of training, on its way. */
export type TrainingEvent =
  | {
    readonly event: "progress";
    /** Steps done. */
    readonly step: number;
    /** Steps in all. */
    readonly steps: number;
    /** Mean training loss of all steps since the last point. */
    readonly loss: number;
    /** Mean norm of their gradients before clipping. */
    readonly gradientNorm: number;
    /** Fraction of them whose gradients were clipped. */
    readonly clipped: number;
    /** Since the run began. */
    readonly seconds: number;
    /** Seconds spent on compiling since training began, here. */
    readonly compiling: number;
    /** Lately. */
    readonly stepsPerSecond: number;
    /** Of the last step. */
    readonly learningRate: number;
    /**
     * Whether this is a point of the curves, from which sums begin anew: at least 200 a run, evenly spaced,
     * and one at every validation, the same in a run that is resumed. Others come by the clock, for who watches.
     */
    readonly isPoint: boolean;
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
    /** Seconds spent on compiling since training began, here. */
    readonly compiling: number;
    /** Runs the model as it is now, until training goes on. */
    readonly predict: Predict;
  };

/** What is known when training begins. */
export interface TrainingStart {
  /** Steps done before: 0, or those of the run that is resumed. */
  readonly step: number;
  /** All settings. */
  readonly settings: ResolvedSettings;
  /** Those that the task recommends for the model. */
  readonly recommended: TrainingDefaults;
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
  /** Runs the model as it is before the first step, until that. */
  readonly predict: Predict;
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

/** The state of a run, from which it resumes. */
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

/** The state of training at a point where it may be saved. */
export interface TrainingCheckpoint {
  /** Copies all that is needed to resume. */
  readonly snapshot: () => Promise<Snapshot>;
  /** Whether the parameters are the best so far. */
  readonly isBest: boolean;
  /** The best parameters. */
  readonly best: BestParameters;
}

/**
 * Why training ended: all steps were done, a goal was reached (`good`), no validation was better for as long
 * as the patience lasts, or the signal came
 * (`aborted`), as which counts the step until which it was to train.
 */
export type StopReason = "steps" | "good" | "patience" | "aborted";

/** A trained model. */
export interface TrainResult extends Disposable {
  /** Steps done. */
  readonly steps: number;
  /** Seconds from start to end. */
  readonly seconds: number;
  /** Steps by the seconds spent on them: without compiling and validating. */
  readonly stepsPerSecond: number;
  /** What it was trained on. */
  readonly device: BackendName;
  /** Validation loss of the best parameters. */
  readonly loss: number;
  /** Fraction of wrong answers of the best parameters, where the task counts them. */
  readonly error?: number;
  /** The best parameters and all that was measured of them. */
  readonly best: BestParameters;
  /** Why training ended. */
  readonly ended: StopReason;
  /** What was measured at the end, of parameters that need not be the best; absent where nothing was. */
  readonly last?: Validation;
  /** The task. */
  readonly task: TaskInstance;
  /** The model's layers. */
  readonly layers: readonly LayerRow[];
  /** Runs the model with the best parameters. */
  readonly predict: Predict;
  /** Copies the state where training ended, to resume from. */
  readonly snapshot: () => Promise<Snapshot>;
  /** Frees everything, and closes the device if `train` opened it. */
  dispose(): void;
}

/** Callbacks of training. Training waits for each, in the order of the list that it is given. */
export interface TrainingCallbacks {
  /** Called before the first step. */
  readonly onStart?: (start: TrainingStart) => void | Promise<void>;
  /** Called at every event. */
  readonly onEvent?: (event: TrainingEvent) => void | Promise<void>;
  /** Called after every validation, and where training was ended early. */
  readonly onCheckpoint?: (checkpoint: TrainingCheckpoint) => void | Promise<void>;
  /**
   * Called with the training loss of each single step, counted from 0. The loss is then read after
   * every step, which costs about 11 milliseconds on a GPU.
   */
  readonly onStep?: (step: number, loss: number) => void;
  /** Called at the end, whatever ended it but an error. */
  readonly onEnd?: (result: TrainResult) => void | Promise<void>;
  /** Called when training fails, a callback among it, before `train` throws the error. */
  readonly onError?: (error: unknown) => void | Promise<void>;
}

/** An error of training whose loss is not finite any more. */
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
