/**
 * A trained network as something that answers words: step by step, many words side by side.
 *
 * @module
 */
import { TICK, type Word } from "@unroll/core/automata";
import {
  argmaxAt,
  type InputSpec,
  type Predict,
  type PredictState,
  type TaskInstance,
  type TaskMachine,
  wordInputs,
} from "@unroll/core/plugin";

/** What is run: a loaded run has it. */
export interface ExtractableRun {
  /** The task, ready. */
  readonly taskInstance: Pick<TaskInstance, "spec" | "machine">;
  /** Runs the model. */
  readonly predict: Predict;
}

/** What a network answered to a word. */
export interface NetworkAnswer {
  /** Its answer after each symbol. */
  readonly said: Uint16Array;
  /** f32[time, units]: what it thought after each symbol, where that was asked for and it shows it. */
  readonly hidden?: Float32Array;
}

/** Words side by side; two programs are compiled for each. */
const WIDTHS: readonly number[] = [16, 256];

/** The most symbols that words are made of. */
const SYMBOLS = 256;

/** Answers words as a network does. */
export class NetworkAnswers {
  /** What is read, as the task's machine has it, or as inputs are numbered. */
  readonly alphabet: readonly string[];
  /** Whether the network answers at every step, or is asked once after the last. */
  readonly at: "every" | "last";
  readonly #run: ExtractableRun;
  readonly #classes: number;
  #words = 0;
  #units = 0;

  /**
   * Takes a network.
   *
   * @param run The network and its task.
   * @throws {RangeError} If it does not read symbols and answer with classes.
   */
  constructor(run: ExtractableRun) {
    const { inputs, outputs } = run.taskInstance.spec;
    if (outputs.kind !== "class") {
      throw new RangeError(
        "Cannot make a machine of a network that answers with vectors: classes are needed",
      );
    }
    this.#run = run;
    this.#classes = outputs.classes;
    this.at = outputs.at;
    this.alphabet = run.taskInstance.machine?.().machine.alphabet ?? alphabetOf(inputs);
  }

  /** How many words were answered. */
  get words(): number {
    return this.#words;
  }

  /** Units in what it thinks, once it was asked for. */
  get units(): number {
    return this.#units;
  }

  /**
   * Answers some words, each after every symbol.
   *
   * @param words Words of one symbol at least.
   * @param withHidden Whether it is wanted what the network thinks.
   * @returns One answer for each.
   */
  async answer(words: readonly Word[], withHidden: boolean = false): Promise<NetworkAnswer[]> {
    this.#words += words.length;
    const order = words.map((_, i) => i).sort((a, b) => words[b].length - words[a].length);
    const answers: NetworkAnswer[] = [];
    // Words of one length beside each other, so that few are done before the others.
    for (let first = 0; first < order.length;) {
      const width = WIDTHS.find((width) => width >= order.length - first) ??
        WIDTHS[WIDTHS.length - 1];
      const chunk = order.slice(first, first + width);
      const found = await this.#answerChunk(chunk.map((i) => words[i]), width, withHidden);
      chunk.forEach((place, i) => answers[place] = found[i]);
      first += width;
    }
    return answers;
  }

  /** Answers words in the order of their lengths, the longest first. */
  async #answerChunk(
    words: readonly Word[],
    width: number,
    withHidden: boolean,
  ): Promise<NetworkAnswer[]> {
    const { predict, taskInstance: { spec } } = this.#run;
    const task = { machine: { alphabet: this.alphabet } } as TaskMachine;
    const said = words.map(({ length }) => new Uint16Array(length));
    const thought: Float32Array[] = [];
    let state: PredictState | undefined;
    try {
      for (let t = 0; t < words[0].length; t++) {
        const row = Array.from({ length: width }, (_, i) => [words[i]?.[t] ?? 0]);
        const inputs = wordInputs(spec, task, row);
        const { outputs, hidden, hiddenSize = 0, state: next }: Awaited<ReturnType<Predict>> =
          await predict({
            length: 1,
            size: width,
            ...(inputs === undefined ? {} : { inputs }),
            ...(state === undefined ? {} : { state }),
            keepState: true,
          });
        state = next;
        for (let i = 0; i < words.length && words[i].length > t; i++) {
          said[i][t] = argmaxAt(outputs, i * this.#classes, this.#classes);
        }
        if (!withHidden || hidden === undefined) continue;
        this.#units = hiddenSize;
        if (t === 0) {
          words.forEach(({ length }, i) => thought[i] = new Float32Array(length * hiddenSize));
        }
        for (let i = 0; i < words.length && words[i].length > t; i++) {
          thought[i].set(hidden.subarray(i * hiddenSize, (i + 1) * hiddenSize), t * hiddenSize);
        }
      }
    } finally {
      state?.dispose();
    }
    return said.map((one, i) => ({
      said: one,
      ...(thought[i] === undefined ? {} : { hidden: thought[i] }),
    }));
  }
}

/** Names for inputs of a task that says nothing of them. */
function alphabetOf(inputs: InputSpec): readonly string[] {
  if (inputs.kind === "none") return TICK;
  if (inputs.kind === "symbol" && inputs.vocabulary <= SYMBOLS) {
    return Array.from({ length: inputs.vocabulary }, (_, i) => String(i));
  }
  throw new RangeError(
    `Cannot make a machine of a network that reads ${
      inputs.kind === "vector" ? "vectors" : `${inputs.vocabulary} symbols`
    }: at most ${SYMBOLS} symbols are needed, or a task that says what machine it is`,
  );
}
