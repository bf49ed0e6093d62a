/**
 * A model that has learned nothing, to try out what runs models.
 *
 * @module
 */
import { inputType, outputType, type TaskSpec } from "../plugin/task_spec.ts";
import type { Predict, PredictRequest, PredictState } from "../plugin/task.ts";
import { formatType, sizeOf, type TypedArray } from "../ir/tensor_type.ts";

/** Runs a dummy, and counts the states that nobody has disposed of. */
export interface DummyPredict extends Predict {
  /** How many there are. */
  readonly states: () => number;
}

/** Settings of {@linkcode dummyPredict}. */
export interface DummySettings {
  /** Whether all answers are NaN. */
  readonly broken?: boolean;
}

/** A number for each sequence, of all that it has read. */
class DummyState implements PredictState {
  readonly hashes: Uint32Array;
  readonly #open: Set<DummyState>;

  constructor(hashes: Uint32Array, open: Set<DummyState>) {
    this.hashes = hashes;
    this.#open = open;
    open.add(this);
  }

  get used(): boolean {
    return !this.#open.has(this);
  }

  dispose(): void {
    this.#open.delete(this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Makes a dummy of a trained model: what it answers, from −2 to 2, looks random and depends on all that the
 * sequence has read so far, in this prediction and those before whose state it was given. It checks
 * what it is asked.
 *
 * @param spec What the task asks.
 * @param settings What is wrong with it.
 * @returns A function like that of a trained model, which throws a `TypeError` if the inputs are not of
 *   the type of the task, a symbol is out of range, or a state was used up before.
 *
 * @example Ask twice
 * ```ts
 * import { dummyPredict } from "@unroll/core/testing";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const predict = dummyPredict({
 *   inputs: { kind: "symbol", vocabulary: 3 },
 *   outputs: { kind: "class", classes: 4, at: "last" },
 *   length: "variable",
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * });
 * const both = await predict({ length: 2, inputs: Int32Array.of(2, 1) });
 * const { state } = await predict({ length: 1, inputs: Int32Array.of(2), keepState: true });
 * const then = await predict({ length: 1, inputs: Int32Array.of(1), state });
 * deepStrictEqual(then.outputs, both.outputs);
 * ```
 */
export function dummyPredict(spec: TaskSpec, settings: DummySettings = {}): DummyPredict {
  const open = new Set<DummyState>();
  const predict = (request: PredictRequest) => {
    const { length, size = 1, inputs, state, keepState } = request;
    checkRequest(spec, request, open);
    const hashes = state instanceof DummyState
      ? state.hashes.slice()
      : new Uint32Array(size).fill(0x9e3779b9);
    state?.dispose();
    const type = outputType(spec, length, size);
    const outputs = new Float32Array(sizeOf(type.shape));
    const width = type.shape[type.shape.length - 1];
    const row = inputs ? inputs.length / (length * size) : 0;
    for (let t = 0; t < length; t++) {
      for (let i = 0; i < size; i++) {
        const start = (t * size + i) * row;
        hashes[i] = read(hashes[i], inputs, start, row);
        if (spec.outputs.at === "last" && t < length - 1) continue;
        const place = spec.outputs.at === "last" ? i : t * size + i;
        for (let k = 0; k < width; k++) {
          outputs[place * width + k] = settings.broken ? NaN : mix(hashes[i] + k) / 2 ** 30 - 2;
        }
      }
    }
    return Promise.resolve({
      outputs,
      ...(keepState ? { state: new DummyState(hashes, open) } : {}),
    });
  };
  return Object.assign(predict, { states: () => open.size });
}

function read(hash: number, inputs: TypedArray | undefined, start: number, row: number): number {
  let next = mix(hash + 1);
  for (let k = 0; k < row; k++) next = mix(next + Math.round(1024 * (inputs?.[start + k] ?? 0)));
  return next;
}

/** The finalizer of MurmurHash3, from 0 to before 2³². */
function mix(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function checkRequest(
  spec: TaskSpec,
  { length, size = 1, inputs, state }: PredictRequest,
  open: ReadonlySet<DummyState>,
): void {
  const whole = (n: number) => Number.isSafeInteger(n) && n > 0;
  if (!whole(length) || !whole(size)) {
    throw new TypeError(
      `Cannot predict ${size} × ${length} steps: whole numbers from 1 are needed`,
    );
  }
  const type = inputType(spec, length, size);
  const wanted = type === undefined ? undefined : type.dtype === "f32" ? Float32Array : Int32Array;
  const fits = wanted === undefined || type === undefined
    ? inputs === undefined
    : inputs instanceof wanted && inputs.length === sizeOf(type.shape);
  if (!fits) {
    throw new TypeError(
      `Cannot predict: inputs of ${type ? formatType(type) : "nothing"} are needed, found ${
        inputs ? `${inputs.constructor.name} of ${inputs.length} numbers` : "nothing"
      }`,
    );
  }
  if (spec.inputs.kind === "symbol") {
    const { vocabulary } = spec.inputs;
    const wrong = inputs?.find((x: number) => x < 0 || x >= vocabulary);
    if (wrong !== undefined) {
      throw new TypeError(
        `Cannot predict: symbols from 0 to ${vocabulary - 1} are needed, found ${wrong}`,
      );
    }
  }
  if (state === undefined) return;
  if (!(state instanceof DummyState) || state.used || !open.has(state)) {
    throw new TypeError(
      "Cannot predict: a state can be gone on from once, and this one is used up",
    );
  }
  if (state.hashes.length !== size) {
    throw new TypeError(
      `Cannot predict: a state of ${size} sequences is needed, found ${state.hashes.length}`,
    );
  }
}
