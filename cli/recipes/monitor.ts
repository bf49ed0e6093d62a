/**
 * What is seen of a recipe while it is trained: smoothed losses, samples, and in the end what
 * to set beside the known numbers and the walk.
 *
 * @module
 */

import type { Predict, TaskInstance } from "@unroll/core/plugin";
import type { RunCallbacks, RunFolder } from "@unroll/core/runs";
import {
  DivergenceError,
  type TrainingEvent,
  type TrainingStart,
  type TrainResult,
} from "@unroll/core/training";
import { formatCount, formatFigure, formatPercent } from "../format.ts";
import type { ColorDepth } from "../reporting/heat_map.ts";
import { divergesOf, type Measured, type Recipe } from "./recipe.ts";
import type { Walk, WalkValidation } from "./walk.ts";

/** What happens while a recipe is trained. */
export type RecipeEvent =
  | { readonly event: "begin"; readonly lines: readonly string[] }
  | { readonly event: "smoothed"; readonly iteration: number; readonly loss: number }
  | { readonly event: "sample"; readonly iteration: number; readonly text: string }
  | {
    readonly event: "checked";
    readonly iteration: number;
    readonly error?: number;
    readonly loss: number;
    readonly isBest: boolean;
  };

/** Of the loss so far, in a smoothed loss; the rest is the newest loss. */
const KEPT = 0.999;
/** Characters of a sample. */
const SAMPLE = 200;

/** How a recipe is listened to. */
export interface MonitorSettings {
  /** Seed of the samples. */
  readonly seed: number;
  /** Is called with events. */
  readonly onEvent?: (event: RecipeEvent) => void;
  /** What is otherwise than in the recipe. */
  readonly changes?: readonly string[];
  /** The terminal that the walk is made for; no walk is made if left out. */
  readonly walk?: { readonly depth: ColorDepth; readonly columns: number };
}

/** Listens to the training of a recipe. */
export class RecipeMonitor {
  readonly #recipe: Recipe;
  readonly #settings: MonitorSettings;
  readonly #onEvent: (event: RecipeEvent) => void;
  #run: RunFolder | undefined;
  #task: TaskInstance | undefined;
  #smooth = NaN;
  /** Steps whose losses were told, and up to which they are in the metrics. */
  #told = 0;
  #kept = 0;
  readonly #smoothed = new Map<number, number>();
  readonly #samples = new Map<number, string>();
  readonly #validations: WalkValidation[] = [];
  #trainingLoss = NaN;
  #best: (TrainingEvent & { readonly event: "validation" }) | undefined;
  #walk: Walk | undefined;
  #divergedAt: number | undefined;

  /**
   * Listens to nothing yet.
   *
   * @param recipe What is trained.
   * @param settings How it is listened to.
   */
  constructor(recipe: Recipe, settings: MonitorSettings) {
    this.#recipe = recipe;
    this.#settings = settings;
    this.#onEvent = settings.onEvent ?? (() => {});
  }

  /** What training must be given. */
  get callbacks(): RunCallbacks {
    return {
      onRunCreated: (run) => void (this.#run = run),
      onStart: (start) => this.#onStart(start),
      onEvent: (event) => this.#onTrainingEvent(event),
      onCheckpoint: () => this.#onCheckpoint(),
      onEnd: (result) => this.#onEnd(result),
      onError: (error) => this.#onError(error),
      ...(this.#recipe.smoothed ? { onStep: (step, loss) => this.#onStep(step, loss) } : {}),
    };
  }

  /** What was measured so far. */
  get measured(): Measured {
    const { loss = NaN, error, metrics = {} } = this.#best?.validation ?? {};
    return {
      ...(error === undefined ? {} : { error }),
      validationLoss: loss,
      metrics,
      trainingLoss: this.#trainingLoss,
      smoothedLoss: (iteration) => this.#smoothed.get(iteration) ?? NaN,
      ...(this.#divergedAt === undefined ? {} : { divergedAt: this.#divergedAt }),
    };
  }

  /** The walk, once training has ended by itself. */
  get walk(): Walk | undefined {
    return this.#walk;
  }

  async #onStart({ task, step, predict }: TrainingStart): Promise<void> {
    this.#task = task;
    const { spec } = task;
    if (spec.outputs.kind === "class" && spec.length !== "variable") {
      // As if all characters were equally likely, which they are at the start.
      const answers = spec.loss.reduction === "sum" ? spec.length : 1;
      this.#smooth = Math.log(spec.outputs.classes) * answers;
    }
    if (step > 0) return await this.#restore(step);
    const lines = this.#recipe.begin?.(task) ?? [];
    if (lines.length > 0) this.#onEvent({ event: "begin", lines });
    await this.#sample(step, predict);
  }

  /** Takes what was smoothed up to a step from a run that is resumed. */
  async #restore(step: number): Promise<void> {
    for (const line of await this.#run?.readMetrics() ?? []) {
      if (line.event !== "recipe" || !(Number(line.step) <= step)) continue;
      for (const [iteration, loss] of Object.entries(line.smoothed ?? {})) {
        this.#smoothed.set(Number(iteration), Number(loss));
      }
      if (line.smooth !== undefined) this.#smooth = Number(line.smooth);
    }
  }

  /** Lets the model write, where the recipe tells that and somebody listens. */
  async #sample(step: number, predict: Predict): Promise<void> {
    const { seed, onEvent } = this.#settings;
    const { smoothed, prompt } = this.#recipe;
    const task = this.#task;
    if (!smoothed || step % smoothed.sampleEvery !== 0 || !task?.sample || !onEvent) return;
    const request = { length: SAMPLE, seed, ...prompt && { prompt: prompt({ task, step }) } };
    let text = "";
    for await (const piece of task.sample(predict, request)) text += piece;
    this.#samples.set(step, text);
    this.#onEvent({ event: "sample", iteration: step, text });
  }

  /** Keeps the smoothed loss where training was ended early, to go on from there. */
  async #onCheckpoint(): Promise<void> {
    const step = this.#told;
    if (!this.#recipe.smoothed || step === this.#kept) return;
    const smoothed = Object.fromEntries(this.#smoothed);
    await this.#run?.appendMetrics({ event: "recipe", step, smoothed, smooth: this.#smooth });
  }

  #onStep(step: number, loss: number): void {
    this.#told = step + 1;
    this.#smooth = KEPT * this.#smooth + (1 - KEPT) * loss;
    if (step % (this.#recipe.smoothed?.every ?? 1) !== 0) return;
    this.#smoothed.set(step, this.#smooth);
    this.#onEvent({ event: "smoothed", iteration: step, loss: this.#smooth });
  }

  async #onTrainingEvent(event: TrainingEvent): Promise<void> {
    if (event.event !== "validation") return;
    const { step, predict, validation, best, trainingLoss } = event;
    if (best) this.#best = event;
    this.#trainingLoss = trainingLoss;
    const task = this.#task;
    if (task === undefined) return;
    const { seed } = this.#settings;
    const { tellsValidations, measure } = this.#recipe;
    const measured = await measure?.({ task, predict, step, seed }) ?? {};
    this.#validations.push({ step, validation, best, trainingLoss, measured });
    await this.#keep(step);
    if (tellsValidations) {
      const { error, loss } = validation;
      this.#onEvent({ event: "checked", iteration: step, error, loss, isBest: best });
    }
    await this.#sample(step, predict);
  }

  /** Keeps what a report needs to set known numbers beside those of the run. */
  async #keep(step: number): Promise<void> {
    const { trainingLoss, measured } = this.#validations[this.#validations.length - 1];
    this.#kept = step;
    const { changes = [] } = this.#settings;
    await this.#run?.appendMetrics({
      event: "recipe",
      step,
      // JSON has no word for what is not finite.
      ...(Number.isFinite(trainingLoss) ? { training_loss: trainingLoss } : {}),
      ...(this.#smoothed.size === 0
        ? {}
        : { smoothed: Object.fromEntries(this.#smoothed), smooth: this.#smooth }),
      ...(changes.length === 0 ? {} : { changes }),
      ...measured,
    });
  }

  async #onEnd({ ended, predict, task }: TrainResult): Promise<void> {
    if (ended !== "aborted") await this.#makeWalk(task, predict);
  }

  /** A loss that is not finite may be what a recipe is to come to. */
  async #onError(error: unknown): Promise<void> {
    const task = this.#task;
    if (!(error instanceof DivergenceError) || !divergesOf(this.#recipe) || !task) return;
    this.#divergedAt = error.step;
    await this.#makeWalk(task, () => Promise.reject(error));
  }

  async #makeWalk(task: TaskInstance, predict: Predict): Promise<void> {
    const { walk: look, seed } = this.#settings;
    const { walk } = this.#recipe;
    if (look === undefined || walk === undefined) return;
    this.#walk = await walk({
      task,
      predict,
      validations: this.#validations,
      smoothed: this.#smoothed,
      samples: this.#samples,
      ...(this.#divergedAt === undefined ? {} : { divergedAt: this.#divergedAt }),
      seed,
      name: this.#run?.path ?? "last",
      ...look,
    });
  }
}

/**
 * Formats an event for people.
 *
 * @param event The event.
 * @returns Lines of text.
 */
export function formatRecipeEvent(event: RecipeEvent): string {
  switch (event.event) {
    case "begin":
      return event.lines.map((line) => `${line}\n`).join("");
    case "smoothed":
      return `iteration ${event.iteration}, smoothed loss ${event.loss.toFixed(2)}\n`;
    case "checked": {
      const { iteration, error, loss, isBest } = event;
      const parts = [
        `iteration ${formatCount(iteration).padStart(7)}`,
        ...(error === undefined ? [] : [`error ${formatPercent(error).padStart(6)}`]),
        `loss ${formatFigure(loss).padStart(6)}`,
        ...(isBest ? ["Save"] : []),
      ];
      return `${parts.join("   ")}\n`;
    }
    case "sample":
      return `---- iteration ${event.iteration}\n${event.text}\n----\n`;
  }
}
