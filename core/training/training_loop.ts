/**
 * The loop over steps: when to read the loss, to validate and to stop, and the clock.
 *
 * @module
 */
import type { Validation } from "../plugin/task.ts";
import {
  type BestParameters,
  DivergenceError,
  type Snapshot,
  type StopReason,
  type TrainingCallbacks,
  type TrainingEvent,
} from "./events.ts";
import type { ResolvedSettings } from "./resolve_settings.ts";
import type { RecentReading, Trainer } from "./trainer.ts";

/** Milliseconds between two readings of the loss: each costs about 11 on a GPU. */
const POLL_INTERVAL_MS = 100;

/** Points of a curve at least, where there are as many steps. */
const POINTS = 200;

/**
 * Returns how many steps lie between two points of a curve: of so few that there are {@linkcode POINTS},
 * so many that validations fall on points.
 */
export function stepsBetweenPoints(steps: number, validateEvery: number): number {
  const most = Math.max(1, Math.floor(steps / POINTS));
  for (let every = most; every > most / 2; every--) {
    if (validateEvery % every === 0) return every;
  }
  return most;
}

/** What was asked for after a step. */
interface Reading {
  readonly step: number;
  /** Whether the sums begin anew there. */
  readonly isPoint: boolean;
  readonly recent: Promise<RecentReading>;
}

/** The loop over steps, with its clock. */
export class TrainingLoop {
  /** The best so far; to be set before the loop runs. */
  best!: BestParameters;
  /** What was measured last. */
  last: Validation | undefined;
  readonly #trainer: Trainer;
  readonly #chosen: ResolvedSettings;
  readonly #callbacks: readonly TrainingCallbacks[];
  /** Whether the loss of each single step is wanted. */
  readonly #readsEachStep: boolean;
  readonly #started: number;
  readonly #before: number;
  readonly #first: number;
  readonly #pointEvery: number;
  /** Milliseconds spent on steps. */
  #training = 0;

  /**
   * A loop that has not begun.
   *
   * @param trainer What it trains.
   * @param chosen All settings.
   * @param callbacks Called on the way.
   * @param started When training was begun, in milliseconds.
   * @param before Seconds spent before it was resumed.
   */
  constructor(
    trainer: Trainer,
    chosen: ResolvedSettings,
    callbacks: readonly TrainingCallbacks[],
    started: number,
    before: number = 0,
  ) {
    this.#trainer = trainer;
    this.#chosen = chosen;
    this.#callbacks = callbacks;
    this.#readsEachStep = callbacks.some(({ onStep }) => onStep !== undefined);
    this.#started = started;
    this.#before = before;
    this.#first = trainer.step;
    this.#pointEvery = stepsBetweenPoints(chosen.steps, chosen.validateEvery);
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
   * @param until The step after which it ends early, too.
   * @returns Why it ended.
   * @throws {DivergenceError} If the loss stops being finite.
   */
  async run(signal: AbortSignal | undefined, until: number = Infinity): Promise<StopReason> {
    const trainer = this.#trainer;
    const { steps, validateEvery } = this.#chosen;
    let chunk = 1;
    let ended: StopReason = "steps";
    let validated = -1;
    while (trainer.step < steps && ended === "steps") {
      const boundary = Math.min(
        steps,
        (Math.floor(trainer.step / validateEvery) + 1) * validateEvery,
      );
      chunk = await this.#runTo(Math.min(boundary, until), chunk, signal);
      if (trainer.step === boundary) {
        const validation = await this.#validate();
        validated = trainer.step;
        if (this.#isGood(validation)) ended = "good";
        else if (this.#isOutOfPatience() && trainer.step < steps) ended = "patience";
      }
      const isToEnd = signal?.aborted || trainer.step >= until;
      if (isToEnd && trainer.step < steps && ended === "steps") ended = "aborted";
    }
    // Also where nothing was left to do: that was validated by the run that is gone on with.
    if (validated === trainer.step || trainer.step === this.#first) return ended;
    // A validation out of turn could make a best that a run in one go would not have.
    if (ended === "aborted") {
      await this.#offerCheckpoint(false);
    } else await this.#validate();
    return ended;
  }

  /** Trains up to a step, reading the loss now and then while the next steps already run. */
  async #runTo(boundary: number, chunk: number, signal: AbortSignal | undefined): Promise<number> {
    const trainer = this.#trainer;
    let pending: (() => Promise<void>) | undefined;
    while (trainer.step < boundary && !signal?.aborted) {
      const begun = performance.now();
      const compiling = trainer.compiling;
      const count = this.#readsEachStep ? 1 : Math.min(chunk, boundary - trainer.step);
      const readings = await this.#advance(count, boundary);
      await pending?.();
      const elapsed = performance.now() - begun;
      this.#training += elapsed;
      const compiled = trainer.compiling - compiling;
      const steady = Math.max(0.01, elapsed - compiled);
      // A chunk that a boundary cut short says little about how long chunks should be.
      if (count === chunk) {
        chunk = Math.max(1, Math.min(chunk * 4, Math.round(count * POLL_INTERVAL_MS / steady)));
      }
      pending = () => this.#report(readings, count);
      if (compiled > 0) {
        // The next chunk may compile too: a person should not have to wait for that to see progress.
        await pending();
        pending = undefined;
      }
      // Yielding after each step would take longer than the steps.
      if (!this.#readsEachStep || trainer.step % 16 === 0) await yieldToEventLoop();
    }
    const begun = performance.now();
    await pending?.();
    this.#training += performance.now() - begun;
    return chunk;
  }

  /** Trains some steps; of each point on the way, and of the last step, what is known is asked for. */
  async #advance(count: number, boundary: number): Promise<Reading[]> {
    const trainer = this.#trainer;
    const end = trainer.step + count;
    const readings: Reading[] = [];
    while (trainer.step < end) {
      const point = Math.min(
        boundary,
        (Math.floor(trainer.step / this.#pointEvery) + 1) * this.#pointEvery,
      );
      await trainer.advance(Math.min(point, end) - trainer.step);
      const { step } = trainer;
      const isPoint = step === point;
      if (isPoint || step === end) {
        readings.push({ step, isPoint, recent: trainer.readRecent(isPoint) });
      }
    }
    return readings;
  }

  #reported = -Infinity;
  #sinceValidation = { sum: 0, steps: 0 };
  /** Steps since the last event, and milliseconds of training, without compiling, up to it. */
  #unreported = 0;
  #reportedTraining = 0;
  #speed = 0;

  /** Tells of what was asked for, once it is there. */
  async #report(readings: readonly Reading[], count: number): Promise<void> {
    const now = performance.now();
    this.#unreported += count;
    const spent = this.#training - this.#trainer.compiling - this.#reportedTraining;
    // Not more often than a person can read; the short chunks of the start are one event.
    const isDue = now - this.#reported >= POLL_INTERVAL_MS / 2;
    if (isDue || this.#speed === 0) {
      this.#speed = this.#unreported / Math.max(0.01, spent) * 1000;
      this.#reported = now;
      this.#unreported = 0;
      this.#reportedTraining += spent;
    }
    for (const { step, isPoint, recent } of readings) {
      const known = await recent;
      if (known.failed > 0) throw this.#diverged(known.failed);
      for (const callback of this.#callbacks) callback.onStep?.(step - 1, known.lastLoss);
      if (isPoint) {
        this.#sinceValidation.sum += known.loss * known.steps;
        this.#sinceValidation.steps += known.steps;
      }
      if (isPoint || isDue) {
        const { loss, gradientNorm, clipped, lastFactor } = known;
        const { learningRate, steps } = this.#chosen;
        await this.#emit({
          event: "progress",
          step,
          steps,
          loss,
          gradientNorm,
          clipped,
          seconds: this.seconds,
          compiling: this.#trainer.compilingInAll / 1000,
          stepsPerSecond: this.#speed,
          learningRate: learningRate * lastFactor,
          isPoint,
        });
      }
    }
  }

  async #emit(event: TrainingEvent): Promise<void> {
    for (const callback of this.#callbacks) await callback.onEvent?.(event);
  }

  async #offerCheckpoint(isBest: boolean): Promise<void> {
    const checkpoint = { snapshot: () => this.snapshot(), isBest, best: this.best };
    for (const callback of this.#callbacks) await callback.onCheckpoint?.(checkpoint);
  }

  async #validate(): Promise<Validation> {
    const trainer = this.#trainer;
    const validation = this.last = await trainer.validate();
    const best = this.#isBetter(validation, this.best.validation);
    if (best) {
      this.best = { step: trainer.step, validation, parameters: await trainer.parameters() };
    }
    const { sum, steps } = this.#sinceValidation;
    this.#sinceValidation = { sum: 0, steps: 0 };
    await this.#emit({
      event: "validation",
      step: trainer.step,
      validation,
      best,
      trainingLoss: sum / steps,
      compiling: trainer.compilingInAll / 1000,
      predict: (request) => trainer.predict(request),
    });
    await this.#offerCheckpoint(best);
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

  /** Counts by steps, so that a run which is resumed ends where it would have. */
  #isOutOfPatience(): boolean {
    const { patience, validateEvery } = this.#chosen;
    const validations = (step: number) => Math.floor(step / validateEvery);
    return patience > 0 &&
      validations(this.#trainer.step) - validations(this.best.step) >= patience;
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

/** Yields to the event loop (a macrotask), so that signals, timers and writes run. */
function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
