/**
 * Prediction: runs a model with given parameters.
 *
 * @module
 */
import type { Backend, DeviceBuffer } from "../ir/backend.ts";
import { type ArgumentTypes, compile } from "../compile/compile.ts";
import type { ModelInstance, Tree } from "../plugin/model.ts";
import { inputType, type TaskSpec } from "../plugin/task_spec.ts";
import type { Prediction, PredictRequest, PredictState } from "../plugin/task.ts";
import type { Program } from "../compile/program.ts";
import type { Tensor } from "../language/tensor.ts";
import { checkData, checkResult } from "./check_contract.ts";
import { randomKey } from "../language/random.ts";
import { flattenTree } from "../language/tree.ts";

interface CacheEntry {
  readonly program: Program;
  readonly shape: Shape;
}

/** What of a model's results there is beside its outputs. */
interface Shape {
  hidden?: number;
  parts: readonly string[];
}

/** Device memory that a prediction ended with. */
class State implements PredictState {
  readonly buffers: DeviceBuffer[];

  constructor(buffers: DeviceBuffer[]) {
    this.buffers = buffers;
  }

  dispose(): void {
    for (const buffer of this.buffers.splice(0)) buffer.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A model that can be run. */
export class Predictor {
  /** Time spent on compiling so far, in milliseconds. */
  compiling = 0;
  readonly #backend: Backend;
  readonly #instance: ModelInstance;
  readonly #spec: TaskSpec;
  readonly #template: Tree;
  readonly #entries = new Map<string, Promise<CacheEntry>>();

  /**
   * A model on a device.
   *
   * @param backend The device.
   * @param instance The model.
   * @param spec What its task asks.
   * @param template Parameters of the right types; their values are not read.
   */
  constructor(backend: Backend, instance: ModelInstance, spec: TaskSpec, template: Tree) {
    this.#backend = backend;
    this.#instance = instance;
    this.#spec = spec;
    this.#template = template;
  }

  /**
   * Runs the model.
   *
   * @param parameters Its parameters on the device, in the order of the tree; they are only read.
   * @param request On what.
   * @returns Its answers.
   * @throws {TypeError} If the inputs are not as the task has them.
   */
  async predict(
    parameters: readonly DeviceBuffer[],
    request: PredictRequest,
  ): Promise<Prediction> {
    const { length, size = 1, inputs, state, keepState = false, capture = false } = request;
    const backend = this.#backend;
    const type = inputType(this.#spec, length, size);
    const spec = this.#spec.inputs;
    if (type) {
      const end = spec.kind === "symbol" ? spec.vocabulary : undefined;
      checkData(inputs, { action: "predict", name: "inputs", type, end });
    } else if (inputs?.length) {
      throw new TypeError(`Cannot predict: no inputs are needed, found ${inputs.length} numbers`);
    }
    const key = `${length} ${size} ${state !== undefined} ${keepState} ${capture}`;
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = this.#build(request, state !== undefined);
      this.#entries.set(key, entry);
      entry.catch(() => this.#entries.delete(key));
    }
    const { program, shape } = await entry;
    const own: DeviceBuffer[] = type && inputs ? [backend.upload(type, inputs)] : [];
    if (state instanceof State) own.push(...state.buffers.splice(0));
    const results = program.run([...parameters, ...own]);
    for (const buffer of own) buffer.dispose();
    const read = results.splice(0, (shape.hidden === undefined ? 1 : 2) + shape.parts.length);
    const [outputs, ...more] = await Promise.all(read.map((buffer) => backend.download(buffer)));
    for (const buffer of read) buffer.dispose();
    const hidden = shape.hidden === undefined ? undefined : more.shift();
    const parts = shape.parts.map((name, i) => [name, more[i] as Float32Array]);
    return {
      outputs: outputs as Float32Array,
      ...(parts.length > 0 ? { parts: Object.fromEntries(parts) } : {}),
      ...(hidden ? { hidden: hidden as Float32Array, hiddenSize: shape.hidden } : {}),
      ...(keepState ? { state: new State(results) } : {}),
    };
  }

  async #build(
    { length, size: batch = 1, keepState = false, capture = false }: PredictRequest,
    continued: boolean,
  ): Promise<CacheEntry> {
    const instance = this.#instance;
    const type = inputType(this.#spec, length, batch);
    const key = randomKey(0);
    const states = instance.initialState(this.#template, batch);
    const shape: Shape = { parts: [] };
    const compiled = compile(
      (parameters: Tree, inputs: Tree, state: Tree) => {
        const result = instance.apply(parameters, inputs as Tensor | undefined, {
          length,
          batch,
          state: continued ? state : instance.initialState(parameters, batch),
          training: false,
          key,
          ...(capture ? { capture } : {}),
        });
        checkResult(this.#spec, result, {
          length,
          batch,
          ...(keepState ? { start: states } : {}),
        });
        shape.parts = Object.keys(result.parts ?? {});
        if (result.hidden) shape.hidden = result.hidden.shape[result.hidden.rank - 1];
        return [
          result.outputs,
          ...(result.hidden ? [result.hidden] : []),
          ...Object.values(result.parts ?? {}),
          ...(keepState ? flattenTree(result.state) : []),
        ];
      },
      { backend: this.#backend, name: `predict_${length}x${batch}` },
    );
    const started = performance.now();
    const program = await compiled.prepare(
      this.#template,
      type as ArgumentTypes<Tree>,
      continued ? states : undefined,
    );
    this.compiling += performance.now() - started;
    return { program, shape };
  }

  /** Frees the programs. */
  dispose(): void {
    for (const entry of this.#entries.values()) entry.then(({ program }) => program.dispose());
    this.#entries.clear();
  }

  /** Frees the programs at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
