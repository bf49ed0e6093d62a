/**
 * The trainer: the state of a run on a device, and the programs that change and evaluate it.
 *
 * @module
 */
import type { Backend, DeviceBuffer } from "../ir/backend.ts";
import { compileTraced } from "../compile/compile.ts";
import { computeIfLarge } from "../compile/compute.ts";
import { evaluateDeferred } from "../language/eager.ts";
import type { Prediction, PredictRequest, Validation } from "../plugin/task.ts";
import type { Batch } from "../plugin/task_spec.ts";
import type { Program } from "../compile/program.ts";
import {
  formatType,
  sameType,
  sizeOf,
  type TensorType,
  type TypedArray,
  typedArray,
} from "../ir/tensor_type.ts";
import { flattenTree, treeEntries } from "../language/tree.ts";
import { checkBatchShape, checkData, checkValidation, type DataPlace } from "./check_contract.ts";
import { Predictor } from "./predictor.ts";
import {
  batchRequest,
  type BatchShape,
  type TracedStep,
  type TraceSettings,
  traceStep,
} from "./trace_step.ts";
import { type BatchTensors, RECENT, type TrainingState } from "./training_step.ts";

/** A tensor's numbers on the host. */
export interface HostTensor {
  /** Element type and shape. */
  readonly type: TensorType;
  /** Elements, row-major. */
  readonly data: TypedArray;
}

/** Tensors by the names of their places in a tree, such as `parameters.cells.0.wh`. */
export type TensorMap = ReadonlyMap<string, HostTensor>;

/** What a trainer needs. */
export interface TrainerSettings extends TraceSettings {
  /** Where to train. */
  readonly backend: Backend;
  /** The step for the batches that come first. */
  readonly traced: TracedStep;
  /** Name → tensor of an earlier run, to go on from. */
  readonly resume?: TensorMap;
}

/** What is known of the steps since the last time that the sums began anew. */
export interface RecentReading {
  /** Mean training loss of these steps. */
  readonly loss: number;
  /** Mean norm of their gradients before clipping. */
  readonly gradientNorm: number;
  /** Fraction of them that were clipped. */
  readonly clipped: number;
  /** How many they are. */
  readonly steps: number;
  /** The loss of the last. */
  readonly lastLoss: number;
  /** What the schedule made of the learning rate in the last. */
  readonly lastFactor: number;
  /** The first step whose loss was not finite, from 1; 0 if there was none. */
  readonly failed: number;
}

/** The program for batches of one shape, with its buffers. */
interface CacheEntry extends BatchShape {
  readonly program: Program;
  /** State, then data in the order of the program. */
  readonly inputs: DeviceBuffer[];
  readonly data: readonly {
    readonly name: keyof BatchTensors;
    readonly buffer: DeviceBuffer;
    /** What must be in it. */
    readonly place: DataPlace;
    /** What the buffer holds now. */
    held: TypedArray | undefined;
  }[];
}

const NONE_RECENT = new Float32Array(Object.keys(RECENT).length);

const RESET: Readonly<Record<"yes" | "no", Uint32Array>> = {
  yes: Uint32Array.of(1),
  no: Uint32Array.of(0),
};

/** A training run on a device. */
export class Trainer {
  /** The device. */
  readonly backend: Backend;
  /** Time spent on compiling steps so far, in milliseconds. */
  compiling = 0;
  readonly #settings: Omit<TrainerSettings, "traced">;
  readonly #stateTemplate: TrainingState;
  readonly #names: readonly string[];
  readonly #parameterStart: number;
  readonly #parameterCount: number;
  readonly #recent: number;
  readonly #failed: number;
  readonly #state: DeviceBuffer[];
  readonly #entries = new Map<string, CacheEntry>();
  readonly #predictor: Predictor;
  /** Traced, not yet compiled. */
  #traced: TracedStep | undefined;
  #entry: CacheEntry | undefined;
  #step: number;

  private constructor({ traced, ...settings }: TrainerSettings, data: readonly TypedArray[]) {
    const { stateTemplate } = traced;
    this.backend = settings.backend;
    this.#settings = settings;
    this.#traced = traced;
    this.#stateTemplate = stateTemplate;
    const entries = treeEntries(stateTemplate);
    this.#names = entries.map(([name]) => name);
    this.#parameterStart = this.#names.findIndex((name) => name.startsWith("parameters"));
    this.#parameterCount = flattenTree(stateTemplate.parameters).length;
    this.#recent = this.#names.indexOf("recent");
    this.#failed = this.#names.indexOf("failed");
    this.#step = data[this.#names.indexOf("step")][0];
    this.#state = entries.map(([, { type }], i) => settings.backend.upload(type, data[i]));
    this.#predictor = new Predictor(
      settings.backend,
      settings.instance,
      settings.task.spec,
      stateTemplate.parameters,
    );
  }

  /**
   * Makes the parameters and puts them on the device.
   *
   * @param settings What to train on what, and how.
   * @returns A trainer at step 0, or at the step that it resumes.
   * @throws {TypeError} If the tensors that are resumed are not those of this model and optimizer.
   */
  static async create(settings: TrainerSettings): Promise<Trainer> {
    const { resume, traced } = settings;
    const entries = treeEntries(traced.stateTemplate);
    await evaluateDeferred(entries.map(([, leaf]) => leaf), computeIfLarge);
    const data = await Promise.all(entries.map(async ([name, leaf]) => {
      if (!resume) return await leaf.data();
      const saved = resume.get(name);
      if (saved && sameType(saved.type, leaf.type)) return saved.data;
      // Runs of before had a sum of losses alone, of the few steps since the last look.
      if (!saved && name === "recent") return NONE_RECENT;
      throw new TypeError(
        `Cannot resume: "${name}" must be ${formatType(leaf.type)}, found ${
          saved ? formatType(saved.type) : "nothing"
        }`,
      );
    }));
    return new Trainer(settings, data);
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  /**
   * Trains for some steps. On a device that works asynchronously this returns before they are done.
   *
   * @param count How many.
   */
  async advance(count: number): Promise<void> {
    const { task, seed, backend } = this.#settings;
    const state = this.#state;
    for (let i = 0; i < count; i++) {
      const batch = task.batch(batchRequest(seed, this.#step));
      let entry = this.#entry;
      if (!entry || entry.length !== batch?.length || entry.size !== batch.size) {
        checkBatchShape(task.spec, batch, this.#step);
        entry = this.#entries.get(`${batch.length}x${batch.size}`) ?? await this.#build(batch);
        this.#entry = entry;
      }
      for (const slot of entry.data) {
        const data = slot.name === "reset"
          ? RESET[batch.reset ?? this.#step === 0 ? "yes" : "no"]
          : batch[slot.name];
        if (data !== undefined && data === slot.held) continue;
        const weights = slot.name === "targets" ? batch.weights : undefined;
        checkData(data, slot.place, this.#step, weights);
        backend.write(slot.buffer, data);
        slot.held = data;
      }
      const { inputs } = entry;
      for (let j = 0; j < state.length; j++) inputs[j] = state[j];
      const outputs = entry.program.run(inputs);
      for (let j = 0; j < state.length; j++) state[j] = outputs[j];
      this.#step++;
    }
  }

  /**
   * Reads what is known of the last steps. The promise need not be awaited before training goes on.
   *
   * @param anew Whether the sums begin anew after this.
   */
  readRecent(anew: boolean): Promise<RecentReading> {
    const { backend } = this;
    const recent = this.#state[this.#recent];
    const both = Promise.all([
      backend.download(recent),
      backend.download(this.#state[this.#failed]),
    ]);
    const reading = both.then(([sums, [failed]]): RecentReading => {
      const steps = sums[RECENT.steps];
      return {
        loss: sums[RECENT.loss] / steps,
        gradientNorm: sums[RECENT.gradientNorm] / steps,
        clipped: sums[RECENT.clipped] / steps,
        steps,
        lastLoss: sums[RECENT.lastLoss],
        lastFactor: sums[RECENT.lastFactor],
        failed,
      };
    });
    // Prevents an unhandled rejection when the caller fails before awaiting this.
    reading.catch(() => {});
    if (anew) backend.write(recent, NONE_RECENT);
    return reading;
  }

  /** Runs the model as it is now. */
  predict(request: PredictRequest): Promise<Prediction> {
    const start = this.#parameterStart;
    const parameters = this.#state.slice(start, start + this.#parameterCount);
    return this.#predictor.predict(parameters, request);
  }

  /** Measures the model as it is now. */
  async validate(): Promise<Validation> {
    const measured = await this.#settings.task.validate((request) => this.predict(request));
    checkValidation(measured);
    return measured;
  }

  /** Copies the parameters, by their names in the model's tree. */
  async parameters(): Promise<TensorMap> {
    const start = this.#parameterStart;
    const all = await this.#download(start, start + this.#parameterCount);
    return new Map([...all].map(([name, tensor]) => [name.slice("parameters.".length), tensor]));
  }

  /** Copies everything that is needed to go on later. */
  snapshot(): Promise<TensorMap> {
    return this.#download(0, this.#state.length);
  }

  /** Time spent on compiling so far, in milliseconds: also what validations and samples predict with. */
  get compilingInAll(): number {
    return this.compiling + this.#predictor.compiling;
  }

  /** Returns a model with other parameters, such as the best; it shares this trainer's programs. */
  frozen(parameters: TensorMap): (request: PredictRequest) => Promise<Prediction> {
    let buffers: DeviceBuffer[] | undefined;
    return (request) => {
      buffers ??= treeEntries(this.#stateTemplate.parameters).map(([name, { type }]) => {
        const buffer = this.backend.upload(type, (parameters.get(name) as HostTensor).data);
        this.#owned.push(buffer);
        return buffer;
      });
      return this.#predictor.predict(buffers, request);
    };
  }
  readonly #owned: DeviceBuffer[] = [];

  /** Frees the programs and the state. */
  dispose(): void {
    for (const { program, data } of this.#entries.values()) {
      program.dispose();
      for (const { buffer } of data) buffer.dispose();
    }
    this.#entries.clear();
    this.#predictor.dispose();
    for (const buffer of [...this.#state, ...this.#owned]) buffer.dispose();
  }

  /** Frees the programs and the state at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  async #download(start: number, end: number): Promise<TensorMap> {
    const read = this.#state.slice(start, end).map(async (buffer, i) => {
      // A device may lend its memory, which the next step overwrites.
      const data = (await this.backend.download(buffer)).slice();
      return [this.#names[start + i], { type: buffer.type, data }] as const;
    });
    return new Map(await Promise.all(read));
  }

  async #build(batch: Batch): Promise<CacheEntry> {
    const started = performance.now();
    const { task, backend } = this.#settings;
    const { spec } = task;
    const { length, size } = batch;
    if (spec.stateful && this.#entries.size > 0) {
      const [known] = this.#entries.values();
      if (known.size !== size) {
        throw new TypeError(
          `Cannot carry the state on: batches of ${known.size} sequences are needed, found ${size}`,
        );
      }
    }
    const first = this.#traced;
    const traced = first?.length === length && first.size === size
      ? first
      : traceStep(this.#settings, batch, this.#stateTemplate);
    const program = await compileTraced(backend, traced, {
      name: `train_${length}x${size}`,
      donated: new Set(this.#state.keys()),
    });
    // Its graph is not needed any more.
    if (traced === first) this.#traced = undefined;
    const data = traced.data.map(({ name, type }) => {
      const zero = typedArray(type.dtype, sizeOf(type.shape));
      const end = name === "inputs" && spec.inputs.kind === "symbol"
        ? spec.inputs.vocabulary
        : name === "targets" && spec.outputs.kind === "class"
        ? spec.outputs.classes
        : undefined;
      const place = { action: "train on the batch", name, type, end };
      return { name, place, buffer: backend.upload(type, zero), held: undefined };
    });
    const entry: CacheEntry = {
      length,
      size,
      program,
      inputs: [...this.#state, ...data.map(({ buffer }) => buffer)],
      data,
    };
    this.#entries.set(`${length}x${size}`, entry);
    this.compiling += performance.now() - started;
    return entry;
  }
}
