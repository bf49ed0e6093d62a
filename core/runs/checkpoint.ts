/**
 * A checkpoint: the state of a training run in one safetensors file that can be loaded alone.
 *
 * The tensors are the parameters, the optimizer's state and whatever else a run goes on from; the whole configuration
 * and the progress (step, position in the data, best so far) are JSON in the file's metadata. Bytes only, no files.
 *
 * @module
 */

import {
  type DType,
  formatType,
  sizeOf,
  type TensorType,
  type TypedArray,
  typedArray,
} from "../ir/tensor_type.ts";
import type { Json, JsonRecord } from "../util/json.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsContents,
  type SafetensorsDType,
  type StoredTensor,
} from "./safetensors.ts";

/** A plugin and its options, as a run used them. */
export interface PluginConfig {
  /** What finds the plugin: a built-in name, the path of a module, or a package. */
  readonly name: string;
  /** Where its module was, as an absolute path, if it came from a file; the name is as it was typed. */
  readonly path?: string;
  /** All its options, defaults included. */
  readonly options: JsonRecord;
}

/** What decided a run up to a step, from which on it went otherwise. */
export interface EarlierConfig {
  /** The step. */
  readonly step: number;
  /** As in {@linkcode RunConfig}. */
  readonly training: JsonRecord;
  /** As in {@linkcode RunConfig}. */
  readonly device: string;
}

/** The weights that a run began with. */
export interface WeightsOrigin {
  /** The file, as it was found. */
  readonly path: string;
  /** The name of the run that it is of, if it is of one. */
  readonly run?: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
}

/** Everything that decides a run. */
export interface RunConfig {
  /** The version of Unroll that made it. */
  readonly version: string;
  /** What a person calls the run; absent where it has no name of its own. */
  readonly title?: string;
  /** The name of the recipe that its settings are of, where they were asked for by one. */
  readonly recipe?: string;
  /** The model and its options. */
  readonly model: PluginConfig;
  /** The task and its options. */
  readonly task: PluginConfig;
  /** Optimizer, learning rate, number of steps and the rest. */
  readonly training: JsonRecord;
  /** The seed of everything random. */
  readonly seed: number;
  /** The device that ran it, such as `cpu`. */
  readonly device: string;
  /**
   * What that device was, in a line: its instructions, threads, a BLAS. With others the same steps are
   * rounded otherwise. Absent in runs of before it was kept.
   */
  readonly deviceDescription?: string;
  /** The weights that it began with; absent where the seed made them. */
  readonly from?: WeightsOrigin;
  /** What decided it before, oldest first; absent in runs that never were gone on with otherwise. */
  readonly before?: readonly EarlierConfig[];
}

/** The state of a run after a step. */
export interface Checkpoint {
  /** What decides the run. */
  readonly config: RunConfig;
  /** How many steps were done. */
  readonly step: number;
  /** The rest of the state that is not tensors: position in the data, best result so far. */
  readonly progress: JsonRecord;
  /** Name → tensor, such as `parameters.wh`, `optimizer.m.wh`, `key`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

const FORMAT = "unroll-checkpoint";
/** Goes up when a reader of the old form would misread the new one. */
const FORMAT_VERSION = 2;

/**
 * Writes a checkpoint as the bytes of a safetensors file.
 *
 * @param checkpoint The state to keep.
 * @returns The bytes.
 * @throws {TypeError} When a tensor contradicts its shape.
 * @throws {RangeError} When a number in the configuration is not finite, which JSON cannot say.
 *
 * @example Usage
 * ```ts
 * import { decodeCheckpoint, encodeCheckpoint } from "@unroll/core/runs";
 * import { strictEqual } from "node:assert/strict";
 *
 * const config = {
 *   version: "0.1.0",
 *   model: { name: "rnn", options: { hidden: 4 } },
 *   task: { name: "xor", options: {} },
 *   training: { steps: 100 },
 *   seed: 0,
 *   device: "cpu",
 * };
 * const w = { dtype: "F32", shape: [1], data: Float32Array.of(1) } as const;
 * const tensors = new Map([["w", w]]);
 * const bytes = encodeCheckpoint({ config, step: 7, progress: {}, tensors });
 * strictEqual(decodeCheckpoint(bytes).step, 7);
 * ```
 */
export function encodeCheckpoint(
  checkpoint: Checkpoint,
): Uint8Array<ArrayBuffer> {
  return encodeSafetensors(checkpoint.tensors, {
    format: FORMAT,
    format_version: String(FORMAT_VERSION),
    step: String(checkpoint.step),
    config: toJson("config", configToJson(checkpoint.config)),
    progress: toJson("progress", checkpoint.progress),
  });
}

/**
 * Reads the bytes of a checkpoint.
 *
 * @param bytes The whole file.
 * @returns The checkpoint.
 * @throws {RangeError} When the bytes are cut short or damaged, are no checkpoint, or are one of a newer version.
 *
 * @example Usage
 * ```ts
 * import { decodeCheckpoint, encodeCheckpoint } from "@unroll/core/runs";
 * import { strictEqual } from "node:assert/strict";
 *
 * const bytes = encodeCheckpoint({
 *   config: {
 *     version: "0.1.0",
 *     model: { name: "rnn", options: { hidden: 5 } },
 *     task: { name: "fizzbuzz", options: {} },
 *     training: { steps: 1000 },
 *     seed: 0,
 *     device: "cpu",
 *   },
 *   step: 10,
 *   progress: {},
 *   tensors: new Map([["parameters.b", { dtype: "F32", shape: [1], data: new Float32Array([1]) }]]),
 * });
 *
 * strictEqual(decodeCheckpoint(bytes).step, 10);
 * ```
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  let contents: SafetensorsContents;
  try {
    contents = decodeSafetensors(bytes);
  } catch (error) {
    throw unreadable(
      (error as Error).message.replace(/^Cannot read safetensors: /, ""),
      error,
    );
  }
  return checkpointOf(contents);
}

/**
 * Reads a checkpoint out of what its file holds.
 *
 * @param contents What was read of the file.
 * @returns The checkpoint, whose tensors are those of the contents.
 * @throws {RangeError} When it is none, or one of a newer version.
 */
export function checkpointOf({ tensors, metadata }: SafetensorsContents): Checkpoint {
  if (metadata.format !== FORMAT) {
    throw unreadable(
      "it holds tensors and no run, weights of elsewhere are loaded as weights",
    );
  }
  const version = Number(metadata.format_version);
  if (!Number.isSafeInteger(version) || version < 1) {
    throw unreadable(
      `format version ${JSON.stringify(metadata.format_version)} is not one`,
    );
  }
  if (version > FORMAT_VERSION) {
    throw unreadable(
      `its format version is ${version}, this Unroll reads up to ${FORMAT_VERSION}`,
    );
  }
  const step = Number(metadata.step ?? NaN);
  if (!Number.isSafeInteger(step) || step < 0) {
    throw unreadable(
      `its step is ${JSON.stringify(metadata.step ?? null)}, a whole number is needed`,
    );
  }
  return {
    config: configFromJson(fromJson("config", metadata.config)),
    step,
    progress: fromJson("progress", metadata.progress),
    tensors,
  };
}

/**
 * Converts the configuration of a run to JSON, in snake case but for the options of the model and the task,
 * whose names are the plugin's own.
 *
 * @param config The configuration.
 * @returns What {@linkcode configFromJson} reads.
 *
 * @example Usage
 * ```ts
 * import { configToJson } from "@unroll/core/runs";
 * import { strictEqual } from "node:assert/strict";
 *
 * const config = {
 *   version: "0.1.0",
 *   model: { name: "rnn", options: { hidden: 4 } },
 *   task: { name: "xor", options: {} },
 *   training: { steps: 100 },
 *   seed: 0,
 *   device: "cpu",
 * };
 * const json = configToJson({ ...config, deviceDescription: "2 threads" });
 * strictEqual(json.device_description, "2 threads");
 * ```
 */
export function configToJson(config: RunConfig): JsonRecord {
  const snakeCase = (name: string) =>
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return renameConfig({ ...config }, snakeCase);
}

/**
 * Reads the configuration of a run out of JSON.
 *
 * @param json What {@linkcode configToJson} gave, or the same in camel case, as Unroll wrote it at first.
 * @returns The configuration.
 * @throws {RangeError} When a part is missing or of another type.
 */
export function configFromJson(json: JsonRecord): RunConfig {
  const camelCase = (name: string) =>
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (isDeep(json, DEEPEST)) {
    throw unreadable(`its config has more than ${DEEPEST} levels, one in another`);
  }
  return checkConfig(renameConfig(json, camelCase));
}

/** Levels of a configuration at most: what goes down into it calls itself. */
const DEEPEST = 64;

function isDeep(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeep(part, levels - 1));
}

function renameConfig(
  config: Readonly<Record<string, unknown>>,
  rename: (name: string) => string,
): JsonRecord {
  const renamed = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(renamed);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [rename(name), renamed(part)]),
    );
  };
  return Object.fromEntries(
    Object.entries(config).filter(([, part]) => part !== undefined).map(([name, part]) => [
      rename(name),
      name === "model" || name === "task" ? part as Json : renamed(part as Json),
    ]),
  );
}

function checkConfig(value: JsonRecord): RunConfig {
  const isRecord = (part: Json | undefined): part is JsonRecord =>
    typeof part === "object" && part !== null && !Array.isArray(part);
  const isPlugin = (part: Json | undefined) =>
    isRecord(part) && typeof part.name === "string" && isRecord(part.options) &&
    ["string", "undefined"].includes(typeof part.path);
  const parts: Readonly<Record<keyof RunConfig, boolean>> = {
    version: typeof value.version === "string",
    title: ["string", "undefined"].includes(typeof value.title),
    recipe: ["string", "undefined"].includes(typeof value.recipe),
    model: isPlugin(value.model),
    task: isPlugin(value.task),
    training: isRecord(value.training),
    seed: typeof value.seed === "number",
    device: typeof value.device === "string",
    deviceDescription: ["string", "undefined"].includes(typeof value.deviceDescription),
    from: value.from === undefined ||
      (isRecord(value.from) && typeof value.from.path === "string" &&
        ["string", "undefined"].includes(typeof value.from.run) &&
        typeof value.from.sha256 === "string"),
    before: value.before === undefined ||
      (Array.isArray(value.before) &&
        value.before.every((earlier) =>
          isRecord(earlier) && typeof earlier.step === "number" && isRecord(earlier.training) &&
          typeof earlier.device === "string"
        )),
  };
  for (const [name, good] of Object.entries(parts)) {
    if (!good) {
      throw unreadable(
        `its config has no ${name === "seed" || !(name in value) ? name : `right ${name}`}`,
      );
    }
  }
  return value as unknown as RunConfig;
}

function toJson(name: string, value: unknown): string {
  return JSON.stringify(value, (key, part) => {
    if (typeof part === "number" && !Number.isFinite(part)) {
      throw new RangeError(
        `Cannot store ${name} as JSON: ${key} is ${part}, a finite number is needed`,
      );
    }
    return part;
  });
}

function fromJson(name: string, text: string | undefined): JsonRecord {
  if (text === undefined) throw unreadable(`it has no ${name}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable(`its ${name} is not JSON`, error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw unreadable(`its ${name} is not a JSON object`);
  }
  return value as JsonRecord;
}

function unreadable(problem: string, cause?: unknown): RangeError {
  return new RangeError(`Cannot read checkpoint: ${problem}`, { cause });
}

const STORED: Readonly<Record<DType, SafetensorsDType>> = {
  f32: "F32",
  i32: "I32",
  u32: "U32",
  bool: "BOOL",
};

/**
 * Makes a tensor ready to be stored.
 *
 * @param type Its type.
 * @param data Its elements, as they are held on the host.
 * @returns What {@linkcode encodeSafetensors} takes; booleans become bytes.
 */
export function toStored(type: TensorType, data: TypedArray): StoredTensor {
  const array = type.dtype === "bool"
    ? Uint8Array.from(data, (element) => element === 0 ? 0 : 1)
    : data;
  return {
    dtype: STORED[type.dtype],
    shape: type.shape,
    data: array,
  } as StoredTensor;
}

/**
 * Takes a tensor out of those that were stored.
 *
 * @param tensors The tensors of a file.
 * @param name The name it should have.
 * @param type The type it should have.
 * @returns Its elements, as they are held on the host.
 * @throws {RangeError} When there is none of that name.
 * @throws {TypeError} When it is of another type.
 */
export function fromStored(
  tensors: ReadonlyMap<string, StoredTensor>,
  name: string,
  type: TensorType,
): TypedArray {
  const stored = tensors.get(name);
  if (stored === undefined) {
    throw new RangeError(
      `Cannot load "${name}": ${formatType(type)} is needed, found no tensor of that name`,
    );
  }
  const same = stored.dtype === STORED[type.dtype] &&
    stored.shape.join() === type.shape.join();
  if (!same || stored.data.length !== sizeOf(type.shape)) {
    const found = `${stored.dtype.toLowerCase()}[${stored.shape.join(",")}]`;
    throw new TypeError(
      `Cannot load "${name}": ${formatType(type)} is needed, found ${found}`,
    );
  }
  if (stored.dtype === "BOOL") return typedArray("bool", stored.data);
  return stored.data as TypedArray;
}
