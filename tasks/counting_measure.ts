/**
 * How well a model counts: by digits, by numbers, by how long they are and how far they carry.
 *
 * @module
 */
import {
  argmaxAt,
  type Breakdown,
  ConfusionCounts,
  evaluateOutputs,
  type Predict,
  type TaskSpec,
  type Validation,
} from "@unroll/core/plugin";
import { nextNumber } from "./counting_answers.ts";
import { carryGroups, carryNumbers, type Digits } from "./counting_numbers.ts";
import { carryLength, formatDigits, nextDigits } from "./digits.ts";
import { rangeEnd, Tally } from "./tally.ts";

/** Inputs and targets of some numbers, i32[time, batch]. */
export interface PlacedNumbers {
  /** Digits of n. */
  readonly inputs: Int32Array;
  /** Digits of n + 1. */
  readonly targets: Int32Array;
}

/** Digits in the order of a batch, zeros after the last of each number. */
export function placeNumbers(
  numbers: readonly Digits[],
  base: number,
  length: number,
): PlacedNumbers {
  const size = numbers.length;
  const inputs = new Int32Array(length * size);
  const targets = new Int32Array(length * size);
  const row = new Uint8Array(length);
  numbers.forEach((digits, i) => {
    row.fill(0).set(digits);
    const next = nextDigits(row, base);
    for (let t = 0; t < length; t++) {
      inputs[t * size + i] = row[t];
      targets[t * size + i] = next[t];
    }
  });
  return { inputs, targets };
}

/** What is measured on. */
interface MeasureSettings {
  readonly spec: TaskSpec;
  readonly base: number;
  readonly length: number;
  readonly validation: readonly Digits[];
  readonly tests: readonly Digits[];
}

/** Numbers for each length of a carry. */
const CARRIES_EACH = 40;

/** Answers to some numbers. */
interface Answers extends PlacedNumbers {
  readonly outputs: Float32Array;
  /** Digits answered, i32[time, batch]. */
  readonly said: Int32Array;
  /** Whether all digits of each number are right. */
  readonly right: readonly boolean[];
}

/** Measures models on the same numbers again and again. */
export class CountingMeasure {
  readonly #settings: MeasureSettings;

  /** On these numbers. */
  constructor(settings: MeasureSettings) {
    this.#settings = settings;
  }

  /** Loss, fraction of numbers wrong, and accuracies by names. */
  async validate(predict: Predict): Promise<Validation> {
    const { spec, base, length, validation, tests } = this.#settings;
    const answers = await this.#ask(predict, validation, length);
    const { loss, errors, count } = evaluateOutputs(spec, answers.outputs, answers.targets);
    const accuracy = fraction(answers.right);
    const metrics: Record<string, number> = {
      digit_accuracy: 1 - errors / count,
      number_accuracy: accuracy,
      ...binned("digits", validation.map((n) => n.length), answers.right),
      ...binned("carry", validation.map((n) => carryLength(n, base)), answers.right),
    };
    if (tests.length > 0) {
      const { right } = await this.#ask(predict, tests, tests[0].length + 1);
      const carries = tests.map((n) => carryLength(n, base));
      metrics.test_accuracy = fraction(right);
      Object.assign(metrics, binned("test_carry", carries, right));
      metrics.longest_carry = (await this.#carries(predict, tests[0].length)).longest ?? 0;
    }
    return { loss, error: 1 - accuracy, metrics };
  }

  /** Digits taken for others, and accuracy by position, length and carry. */
  async breakdown(predict: Predict): Promise<Breakdown> {
    const { spec, base, length, validation, tests } = this.#settings;
    const { outputs, targets, said, right } = await this.#ask(predict, validation, length);
    const confusions = new ConfusionCounts(spec);
    confusions.add(outputs, targets);
    const top = (base - 1).toString(base);
    const positions = new Tally("position, the last digit is 1");
    for (const [place, wanted] of targets.entries()) {
      positions.add(Math.floor(place / validation.length) + 1, said[place] === wanted);
    }
    const digits = new Tally("digits");
    const carries = new Tally(`${top}s at the end`);
    validation.forEach((n, i) => {
      digits.add(n.length, right[i]);
      carries.add(carryLength(n, base), right[i]);
    });
    const parts = [digits, carries, positions];
    if (tests.length > 0) {
      const tested = await this.#ask(predict, tests, tests[0].length + 1);
      const long = new Tally(`${top}s at the end, of ${tests[0].length} digits`);
      tests.forEach((n, i) => long.add(carryLength(n, base), tested.right[i]));
      parts.push(long);
    }
    const names = Array.from({ length: base }, (_, digit) => digit.toString(base));
    return { confusions: confusions.list(names), parts: parts.flatMap((part) => part.list()) };
  }

  /** Examples of sums, counting from 0, and the carries through ever more nines. */
  async show(predict: Predict): Promise<string[]> {
    const { base, length, validation, tests } = this.#settings;
    const lines: string[] = [];
    const { said, right } = await this.#ask(predict, validation, length);
    const size = validation.length;
    for (let i = 0; i < Math.min(5, size); i++) {
      const answer = Array.from({ length }, (_, t) => said[t * size + i]);
      lines.push(
        `${formatDigits(validation[i])} + 1 = ${formatDigits(answer)}${right[i] ? "" : "  wrong"}`,
      );
    }
    lines.push(`${right.filter(Boolean).length} of ${size} numbers that it was never shown right`);
    lines.push("", `Counting on from 0, each answer the next question:`);
    lines.push(...await this.#count(predict, 40));
    if (tests.length === 0) return lines;
    const digits = tests[0].length;
    const tested = (await this.#ask(predict, tests, digits + 1)).right;
    const { longest, failed } = await this.#carries(predict, digits);
    const top = (base - 1).toString(base);
    lines.push(
      "",
      `${tested.filter(Boolean).length} of ${tests.length} numbers of ${digits} digits right`,
      [
        ...(longest === undefined ? [] : [{ run: longest, right: CARRIES_EACH }]),
        ...(failed === undefined ? [] : [failed]),
      ].map(({ run, right }, i) =>
        i === 0
          ? `Carries through ${run} ${top}s in ${right} of ${CARRIES_EACH} numbers`
          : `, through ${run} in ${right} of ${CARRIES_EACH}`
      ).join(""),
    );
    return lines;
  }

  /**
   * Finds up to how many of the greatest digit all carries are right, and how many are where not all are. Long runs
   * are asked only of models that are right about shorter ones, so most validations cost little.
   */
  async #carries(predict: Predict, digits: number): Promise<{
    readonly longest?: number;
    readonly failed?: { readonly run: number; readonly right: number };
  }> {
    let longest: number | undefined;
    for (const runs of carryGroups(digits)) {
      const numbers = runs.flatMap((run) => carryNumbers(this.#settings.base, run, CARRIES_EACH));
      const length = Math.max(...numbers.map((n) => n.length)) + 1;
      const { right } = await this.#ask(predict, numbers, length, true);
      for (const [i, run] of runs.entries()) {
        const count = right.slice(i * CARRIES_EACH, (i + 1) * CARRIES_EACH).filter(Boolean).length;
        if (count < CARRIES_EACH) return { longest, failed: { run, right: count } };
        longest = run;
      }
    }
    return { longest };
  }

  async #count(predict: Predict, count: number): Promise<string[]> {
    const { base, length } = this.#settings;
    const words: string[] = [];
    for (let number = "0"; words.length < count;) {
      number = await nextNumber(predict, number, { base, length });
      const wanted = (words.length + 1).toString(base);
      words.push(number === wanted ? number : `!${number}!`);
      // One mistake would be counted on from; what comes after it says nothing new.
      if (number !== wanted) break;
    }
    // Twenty to a line, which is as wide as a terminal at most.
    const starts = Array.from({ length: Math.ceil(words.length / 20) }, (_, i) => 20 * i);
    return starts.map((start) => words.slice(start, start + 20).join(" "));
  }

  /** Asks for n + 1; `onlyOwn` judges each by its own digits, without the zeros up to the longest. */
  async #ask(
    predict: Predict,
    numbers: readonly Digits[],
    length: number,
    onlyOwn: boolean = false,
  ): Promise<Answers> {
    const { base } = this.#settings;
    const size = numbers.length;
    const { inputs, targets } = placeNumbers(numbers, base, length);
    const { outputs } = await predict({ length, size, inputs });
    const said = inputs.map((_, place) => argmaxAt(outputs, place * base, base));
    const right = numbers.map((n, i) => {
      const end = onlyOwn ? n.length + 1 : length;
      for (let t = 0; t < end; t++) {
        const place = t * size + i;
        // A comparison that NaN fails too.
        const sure = Number.isFinite(outputs[place * base + said[place]]);
        if (!sure || said[place] !== targets[place]) return false;
      }
      return true;
    });
    return { inputs, targets, outputs, said, right };
  }
}

function fraction(right: readonly boolean[]): number {
  return right.filter(Boolean).length / right.length;
}

/** Fractions of right answers by size: 0, 1, 2, 3 to 4, 5 to 8, and so on. */
function binned(
  name: string,
  sizes: readonly number[],
  right: readonly boolean[],
): Record<string, number> {
  const bins = new Map<number, boolean[]>();
  sizes.forEach((size, i) => {
    const bin = rangeEnd(size);
    bins.set(bin, [...bins.get(bin) ?? [], right[i]]);
  });
  return Object.fromEntries(
    [...bins].sort(([a], [b]) => a - b).map(([bin, right]) => {
      const min = bin / 2 + 1;
      const range = bin > 2 ? `${min}_${bin}` : `${bin}`;
      return [`accuracy_${name}_${range}`, fraction(right)];
    }),
  );
}
