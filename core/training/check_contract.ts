/**
 * What training and prediction cannot do without of a task's batches and a model's answers. They would go on with
 * nonsense otherwise: devices clamp a symbol that is out of range, and read any four bytes as a number. The whole
 * contract is for `checkTask` and `checkModel` to check, which each sentence here names.
 *
 * @module
 */
import type { ModelResult, Tree } from "../plugin/model.ts";
import type { Validation } from "../plugin/task.ts";
import { type Batch, outputType, type TaskSpec } from "../plugin/task_spec.ts";
import {
  formatType,
  sameType,
  sizeOf,
  type TensorType,
  type TypedArray,
} from "../ir/tensor_type.ts";
import { treeEntries } from "../language/tree.ts";

const CLASSES = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, bool: Int32Array } as const;

/** How a sentence about a task ends. */
function moreOf(check: "checkTask" | "checkModel"): string {
  return `; ${check} of @unroll/core/testing says more`;
}

/**
 * Checks that a batch has steps and sequences, as many as the task says.
 *
 * @param spec What the task says.
 * @param batch What it gave.
 * @param step For which step.
 * @throws {TypeError} If it has not.
 */
export function checkBatchShape(
  spec: TaskSpec,
  batch: Partial<Batch> | undefined,
  step: number,
): asserts batch is Batch {
  const { length, size } = batch ?? {};
  const isWhole = (n: unknown) => Number.isSafeInteger(n) && (n as number) > 0;
  if (isWhole(length) && isWhole(size) && [length, "variable"].includes(spec.length)) return;
  const wanted = spec.length === "variable" ? "some" : String(spec.length);
  throw new TypeError(
    `Cannot train on the batch of step ${step}: ${wanted} steps of at least one sequence are needed, found ${
      batch instanceof Promise ? "a promise" : `length ${length} and size ${size}`
    }${moreOf("checkTask")}`,
  );
}

/** What an array of numbers is for. */
export interface DataPlace {
  /** What is done with it, such as `train on the batch`. */
  readonly action: string;
  /** What it is, such as `targets`. */
  readonly name: string;
  /** What is needed. */
  readonly type: TensorType;
  /** Its numbers are from 0 to before this, where there is such a limit. */
  readonly end?: number;
}

/**
 * Checks numbers that a task gave.
 *
 * @param data The numbers.
 * @param place What they are for.
 * @param step For which step, in training.
 * @param weights Where one is 0, that number may be anything.
 * @throws {TypeError} If they are of another type or number.
 * @throws {RangeError} If one is out of range.
 */
export function checkData(
  data: TypedArray | undefined,
  place: DataPlace,
  step?: number,
  weights?: ArrayLike<number>,
): asserts data is TypedArray {
  const { type, end } = place;
  if (!(data instanceof CLASSES[type.dtype]) || data.length !== sizeOf(type.shape)) {
    throw new TypeError(
      `${sentenceStart(place, step)} are ${sizeOf(type.shape)} numbers in ${
        /^[aeiou]/i.test(CLASSES[type.dtype].name) ? "an" : "a"
      } ${CLASSES[type.dtype].name}, found ${describeData(data)}${moreOf("checkTask")}`,
    );
  }
  if (end === undefined) return;
  const symbols = data as Int32Array;
  for (let i = outside(symbols, end, 0); i >= 0; i = outside(symbols, end, i + 1)) {
    if (weights?.[i] === 0) continue;
    throw new RangeError(
      `${sentenceStart(place, step)} are from 0 to ${end - 1}, found ${data[i]}${
        moreOf("checkTask")
      }`,
    );
  }
}

/** Finds the first symbol from a place on that is not from 0 to before `end`; -1 if there is none. */
function outside(symbols: Int32Array, end: number, from: number): number {
  for (let i = from; i < symbols.length; i++) {
    // What is below 0 is great without its sign.
    if (symbols[i] >>> 0 >= end) return i;
  }
  return -1;
}

function sentenceStart({ action, name, type }: DataPlace, step: number | undefined): string {
  return `Cannot ${action}${step === undefined ? "" : ` of step ${step}`}: ${name} of ${
    formatType(type)
  }`;
}

function describeData(data: unknown): string {
  if (data === undefined || data === null) return "none";
  const { length } = data as { readonly length?: number };
  const name = (data as object).constructor?.name ?? typeof data;
  return length === undefined ? name : `${length} in ${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
}

/**
 * Checks what a model answered, of which only the types are known yet.
 *
 * @param spec What the task asks.
 * @param result What the model answered.
 * @param shape Steps and sequences, and the state that the model started from where it is to go on.
 * @throws {TypeError} If its answers are of another type, or its state changes its types.
 */
export function checkResult(
  spec: TaskSpec,
  result: Partial<ModelResult> | undefined,
  { length, batch, start }: {
    readonly length: number;
    readonly batch: number;
    readonly start?: Tree;
  },
): void {
  const found = result?.outputs?.type;
  const wanted = outputType(spec, length, batch);
  if (found === undefined || !sameType(found, wanted)) {
    throw new TypeError(
      `Cannot use what the model answers: outputs of ${formatType(wanted)} are needed, found ${
        found === undefined ? "none" : formatType(found)
      }${moreOf("checkModel")}`,
    );
  }
  if (start === undefined) return;
  const [before, after] = [start, result?.state].map((tree) =>
    treeEntries(tree).map(([path, { type }]) => `${path} ${formatType(type)}`).join(", ")
  );
  if (before === after) return;
  throw new TypeError(
    `Cannot go on from the model's state: {${before}} is needed, found {${after}}${
      moreOf("checkModel")
    }`,
  );
}

/**
 * Checks what a task measured; a loss that is not finite is a measure, too.
 *
 * @param measured What it gave.
 * @throws {TypeError} If that has no loss, or an error that is no number.
 */
export function checkValidation(measured: Partial<Validation> | undefined): void {
  const { loss, error } = measured ?? {};
  if (typeof loss === "number" && ["number", "undefined"].includes(typeof error)) return;
  throw new TypeError(
    `Cannot validate: a loss is needed, and an error or none, found ${loss} and ${error}${
      moreOf("checkTask")
    }`,
  );
}
