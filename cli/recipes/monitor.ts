/**
 * What is seen of a recipe while it is trained: smoothed losses, samples, answers, and in the end what
 * to set beside the known numbers.
 *
 * @module
 */

import type { TaskInstance } from "@unroll/core/plugin";
import type { TrainingCallbacks, TrainingEvent, TrainingStart } from "@unroll/core/training";
import type { Measured, Recipe } from "./recipe.ts";

/** What happens while a recipe is trained. */
export type RecipeEvent =
  | { readonly event: "smoothed"; readonly iteration: number; readonly loss: number }
  | { readonly event: "sample"; readonly iteration: number; readonly text: string }
  | { readonly event: "answer"; readonly question: string; readonly answer: readonly string[] };

/** Of the loss so far, in a smoothed loss; the rest is the newest loss. */
const KEPT = 0.999;
/** Characters of a sample. */
const SAMPLE = 200;

/** Listens to the training of a recipe. */
export class RecipeMonitor {
  readonly #recipe: Recipe;
  readonly #seed: number;
  readonly #onEvent: (event: RecipeEvent) => void;
  #task: TaskInstance | undefined;
  #steps = 0;
  #smooth = NaN;
  readonly #smoothed = new Map<number, number>();
  #trainingLoss = NaN;
  #best: (TrainingEvent & { readonly event: "validation" }) | undefined;

  /**
   * Listens to nothing yet.
   *
   * @param recipe What is trained.
   * @param settings Seed of the samples, and what is called with events.
   */
  constructor(
    recipe: Recipe,
    settings: { readonly seed: number; readonly onEvent?: (event: RecipeEvent) => void },
  ) {
    this.#recipe = recipe;
    this.#seed = settings.seed;
    this.#onEvent = settings.onEvent ?? (() => {});
  }

  /** What training must be given. */
  get callbacks(): TrainingCallbacks {
    return {
      onStart: (start) => this.#onStart(start),
      onEvent: (event) => this.#onTrainingEvent(event),
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
    };
  }

  #onStart({ task, settings }: TrainingStart): void {
    this.#task = task;
    this.#steps = settings.steps;
    const { spec } = task;
    if (spec.outputs.kind !== "class" || spec.length === "variable") return;
    // As if all characters were equally likely, which they are at the start.
    const answers = spec.loss.reduction === "sum" ? spec.length : 1;
    this.#smooth = Math.log(spec.outputs.classes) * answers;
  }

  #onStep(step: number, loss: number): void {
    this.#smooth = KEPT * this.#smooth + (1 - KEPT) * loss;
    if (step % (this.#recipe.smoothed?.every ?? 1) !== 0) return;
    this.#smoothed.set(step, this.#smooth);
    this.#onEvent({ event: "smoothed", iteration: step, loss: this.#smooth });
  }

  async #onTrainingEvent(event: TrainingEvent): Promise<void> {
    if (event.event !== "validation") return;
    if (event.best) this.#best = event;
    this.#trainingLoss = event.trainingLoss;
    const { step, predict } = event;
    const task = this.#task;
    const { smoothed, questions = [] } = this.#recipe;
    if (smoothed && step % smoothed.sampleEvery === 0 && task?.sample) {
      let text = "";
      const request = { length: SAMPLE, seed: this.#seed };
      for await (const piece of task.sample(predict, request)) text += piece;
      this.#onEvent({ event: "sample", iteration: step, text });
    }
    if (step < this.#steps || !task?.answer) return;
    for (const question of questions) {
      this.#onEvent({ event: "answer", question, answer: await task.answer(predict, question) });
    }
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
    case "smoothed":
      return `iteration ${event.iteration}, smoothed loss ${event.loss.toFixed(2)}\n`;
    case "sample":
      return `---- iteration ${event.iteration}\n${event.text}\n----\n`;
    case "answer": {
      // The likeliest, and what is likeliest after each character.
      const lines = [event.answer[0], ...event.answer.slice(1).slice(-1)];
      return `${JSON.stringify(event.question)} goes on with ${lines.join("; ")}\n`;
    }
  }
}
