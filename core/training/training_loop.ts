/**
 * The loop over steps: when to look at the loss, to validate and to end, and the clock.
 *
 * @module
 */
import { tensor } from "../language/ops/creation.ts";
import type { Validation } from "../plugin/task.ts";
import {
  type BestParameters,
  DivergenceError,
  type Snapshot,
  type TrainingEvent,
} from "./events.ts";
import type { ResolvedSettings } from "./resolve_settings.ts";
import type { Trainer } from "./trainer.ts";

/** Who is told of what. */
export interface LoopListeners {
  /** Is told what happens; training waits for it. */
  readonly report?: (event: TrainingEvent) => void | Promise<void>;
  /**
   * Is told the training loss of each single step, counted from 0. That takes a look at every step,
   * which costs about 11 milliseconds on a GPU.
   */
  readonly eachStep?: (step: number, loss: number) => void;
  /**
   * Is given the state of training after every validation, and where it was ended early, to keep it: a
   * function that copies all of it, whether it is the best so far, and the best parameters.
   */
  readonly keep?: (
    snapshot: () => Promise<Snapshot>,
    isBest: boolean,
    best: BestParameters,
  ) => Promise<void>;
}

/** Why training ended: all steps were done, it was good enough, or it was told to. */
export type Ending = "steps" | "good" | "aborted";

/** Time between two looks at the loss, in milliseconds: each look costs about 11 on a GPU. */
const LOOK = 100;

/** The loop over steps, with its clock. */
export class TrainingLoop {
  /** The best so far; to be set before the loop runs. */
  best!: BestParameters;
  readonly #trainer: Trainer;
  readonly #chosen: ResolvedSettings;
  readonly #settings: LoopListeners;
  readonly #started: number;
  readonly #before: number;
  readonly #first: number;
  /** Milliseconds spent on steps. */
  #training = 0;

  /**
   * A loop that has not begun.
   *
   * @param trainer What it trains.
   * @param chosen All settings.
   * @param settings Who is told of what.
   * @param started When training was begun, in milliseconds.
   * @param before Seconds spent before it was resumed.
   */
  constructor(
    trainer: Trainer,
    chosen: ResolvedSettings,
    settings: LoopListeners,
    started: number,
    before: number = 0,
  ) {
    this.#trainer = trainer;
    this.#chosen = chosen;
    this.#settings = settings;
    this.#started = started;
    this.#before = before;
    this.#first = trainer.step;
  }

  /** Time spent so far, that before a resumption included. */
  get seconds(): number {
    return this.#before + (performance.now() - this.#started) / 1000;
  }

  /** Steps by the time spent on them: without compiling and validating. */
  get stepsPerSecond(): number {
    const spent = (this.#training - this.#trainer.compiling) / 1000;
    return spent > 0 ? (this.#trainer.step - this.#first) / spent : 0;
  }

  /** Copies all that is needed to go on later. */
  async snapshot(): Promise<Snapshot> {
    const step = this.#trainer.step;
    const { seconds, best } = this;
    return { step, seconds, tensors: await this.#trainer.snapshot(), best };
  }

  /**
   * Trains to the end.
   *
   * @param signal Ends it early.
   * @returns Why it ended.
   * @throws {DivergenceError} If the loss stops being finite.
   */
  async run(signal: AbortSignal | undefined): Promise<Ending> {
    const trainer = this.#trainer;
    const { steps, validateEvery } = this.#chosen;
    let chunk = 1;
    let ended: Ending = "steps";
    let validated = -1;
    while (trainer.step < steps && ended === "steps") {
      const boundary = Math.min(
        steps,
        (Math.floor(trainer.step / validateEvery) + 1) * validateEvery,
      );
      chunk = await this.#runTo(boundary, chunk, signal);
      if (trainer.step === boundary) {
        const validation = await this.#validate();
        validated = trainer.step;
        if (this.#isGood(validation)) ended = "good";
      }
      if (signal?.aborted && trainer.step < steps && ended === "steps") ended = "aborted";
    }
    // Also where nothing was left to do: that was validated by the run that is gone on with.
    if (validated === trainer.step || trainer.step === this.#first) return ended;
    // A validation out of turn could make a best that a run in one go would not have.
    if (ended === "aborted") {
      await this.#settings.keep?.(() => this.snapshot(), false, this.best);
    } else await this.#validate();
    return ended;
  }

  /** Trains up to a step, looking at the loss now and then while the next steps already run. */
  async #runTo(boundary: number, chunk: number, signal: AbortSignal | undefined): Promise<number> {
    const trainer = this.#trainer;
    let pending: (() => Promise<void>) | undefined;
    while (trainer.step < boundary && !signal?.aborted) {
      const begun = performance.now();
      const compiling = trainer.compiling;
      const count = this.#settings.eachStep ? 1 : Math.min(chunk, boundary - trainer.step);
      await trainer.advance(count);
      const step = trainer.step;
      const reading = trainer.read();
      await pending?.();
      const elapsed = performance.now() - begun;
      this.#training += elapsed;
      const compiled = trainer.compiling - compiling;
      const steady = Math.max(0.01, elapsed - compiled);
      // A chunk that a boundary cut short says little about how long chunks should be.
      if (count === chunk) {
        chunk = Math.max(1, Math.min(chunk * 4, Math.round(count * LOOK / steady)));
      }
      pending = async () => {
        const { loss, failed } = await reading;
        if (failed > 0) throw this.#diverged(failed);
        this.#settings.eachStep?.(step - 1, loss);
        this.#sinceValidation.sum += loss * count;
        this.#sinceValidation.steps += count;
        this.#lossSum += loss * count;
        this.#lossSteps += count;
        await this.#progress(step);
      };
      if (compiled > 0) {
        // The next chunk may compile too: a person should not have to wait for that to see progress.
        await pending();
        pending = undefined;
      }
      // Where each step is looked at, a turn for each would take longer than the steps.
      if (!this.#settings.eachStep || step % 16 === 0) await turn();
    }
    const begun = performance.now();
    await pending?.();
    this.#training += performance.now() - begun;
    return chunk;
  }

  #reported = -Infinity;
  #lossSum = 0;
  #lossSteps = 0;
  #sinceValidation = { sum: 0, steps: 0 };
  /** The part of training, without compiling, that was told of. */
  #reportedTraining = 0;

  async #progress(step: number): Promise<void> {
    const { report } = this.#settings;
    const now = performance.now();
    // Short chunks at the start are told of once, then not more often than a person can read.
    if (!report || (now - this.#reported < LOOK / 2 && step < this.#chosen.steps)) return;
    this.#reported = now;
    const loss = this.#lossSum / this.#lossSteps;
    const spent = this.#training - this.#trainer.compiling - this.#reportedTraining;
    const stepsPerSecond = this.#lossSteps / Math.max(0.01, spent) * 1000;
    this.#lossSum = this.#lossSteps = 0;
    this.#reportedTraining += spent;
    const { learningRate, schedule, steps } = this.#chosen;
    await report({
      event: "progress",
      step,
      steps,
      loss,
      seconds: this.seconds,
      stepsPerSecond,
      learningRate: learningRate * await schedule(tensor(Math.max(0, step - 1)), steps).item(),
    });
  }

  async #validate(): Promise<Validation> {
    const trainer = this.#trainer;
    const validation = await trainer.validate();
    const best = this.#isBetter(validation, this.best.validation);
    if (best) {
      this.best = { step: trainer.step, validation, parameters: await trainer.parameters() };
    }
    const { sum, steps } = this.#sinceValidation;
    this.#sinceValidation = { sum: 0, steps: 0 };
    await this.#settings.report?.({
      event: "validation",
      step: trainer.step,
      validation,
      best,
      trainingLoss: sum / steps,
      predict: (request) => trainer.predict(request),
    });
    await this.#settings.keep?.(() => this.snapshot(), best, this.best);
    return validation;
  }

  #isBetter(found: Validation, best: Validation | undefined): boolean {
    if (!Number.isFinite(found.loss)) return false;
    if (!best) return true;
    if (this.#chosen.best === "error" && found.error !== best.error) {
      return (found.error ?? Infinity) < (best.error ?? Infinity);
    }
    return found.loss < best.loss;
  }

  #isGood({ error, loss }: Validation): boolean {
    const { stopAtError, stopAtLoss } = this.#chosen;
    if (stopAtError === undefined && stopAtLoss === undefined) return false;
    return (stopAtError === undefined || (error ?? Infinity) <= stopAtError) &&
      (stopAtLoss === undefined || loss <= stopAtLoss);
  }

  #diverged(step: number): DivergenceError {
    const { learningRate, clip, clipNorm } = this.#chosen;
    const clipping = clip === 0 && clipNorm === 0 ? ", or clip the gradients to norm 1" : "";
    const kept = this.best.validation
      ? `the best parameters, of step ${this.best.step}, are kept`
      : "the parameters before training are kept";
    return new DivergenceError(
      `Cannot go on training: the loss of step ${step} is not finite; try a learning rate below ` +
        `${learningRate}, such as ${
          Number((learningRate / 10).toPrecision(2))
        }${clipping}; ${kept}`,
      step,
      this.best,
    );
  }
}

/** Lets signals, timers and writes have their turn, which promises alone do not. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
