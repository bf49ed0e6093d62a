import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type Checkpoint,
  configFromJson,
  configToJson,
  decodeCheckpoint,
  encodeCheckpoint,
  fromStored,
  type RunConfig,
  toStored,
} from "./checkpoint.ts";
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from "./safetensors.ts";

const CHECKPOINT: Checkpoint = {
  config: {
    version: "0.1.0",
    model: {
      name: "rnn",
      options: { hidden: 5, layers: [1, 2], note: 'ü "x"', clip: null },
    },
    task: { name: "./my_task.ts", options: {} },
    training: { steps: 1000, learningRate: 1e-3 },
    seed: 7,
    device: "cpu",
  },
  step: 123,
  progress: { position: 4096, best: { error: 0.25, step: 100 } },
  tensors: new Map<string, StoredTensor>([
    ["parameters.wh", {
      dtype: "F32",
      shape: [2, 2],
      data: new Float32Array([1, 2, 3, 1 / 3]),
    }],
    ["key", {
      dtype: "U32",
      shape: [2],
      data: new Uint32Array([1, 2 ** 32 - 1]),
    }],
  ]),
};

Deno.test("encodeCheckpoint() and decodeCheckpoint() go round", () => {
  assertEquals(decodeCheckpoint(encodeCheckpoint(CHECKPOINT)), CHECKPOINT);
});

const DECISIVE: RunConfig = {
  ...CHECKPOINT.config,
  model: { name: "rnn", options: { weightNorm: 1, own_way: true } },
  training: {
    learningRate: 0.5,
    optimizerSettings: { weightDecay: 0.1 },
    phases: [{ steps: 3, learningRate: 0.5 }],
  },
  deviceDescription: "an abacus",
  before: [{ step: 3, training: { clipNorm: 1 }, device: "cpu" }],
};

Deno.test("configToJson() writes snake case, but for the options of plugins", () => {
  const { version, task, seed, device } = DECISIVE;
  const wanted = {
    version,
    model: { ...DECISIVE.model },
    task: { ...task },
    training: {
      learning_rate: 0.5,
      optimizer_settings: { weight_decay: 0.1 },
      phases: [{ steps: 3, learning_rate: 0.5 }],
    },
    seed,
    device,
    device_description: "an abacus",
    before: [{ step: 3, training: { clip_norm: 1 }, device: "cpu" }],
  };
  assertEquals(configToJson(DECISIVE), wanted);
  const bytes = encodeCheckpoint({ ...CHECKPOINT, config: DECISIVE });
  assertEquals(JSON.parse(decodeSafetensors(bytes).metadata.config), wanted);
});

Deno.test("configFromJson() reads snake case, and camel case as old runs have it", () => {
  assertEquals(configFromJson(configToJson(DECISIVE)), DECISIVE);
  assertEquals(configFromJson(JSON.parse(JSON.stringify(DECISIVE))), DECISIVE);
});

Deno.test("decodeCheckpoint() reads a checkpoint of the first format version", () => {
  const bytes = encodeSafetensors(CHECKPOINT.tensors, {
    format: "unroll-checkpoint",
    format_version: "1",
    step: "123",
    config: JSON.stringify(DECISIVE),
    progress: JSON.stringify(CHECKPOINT.progress),
  });
  assertEquals(decodeCheckpoint(bytes), { ...CHECKPOINT, config: DECISIVE });
});

Deno.test("encodeCheckpoint() refuses numbers that JSON cannot say", () => {
  assertThrows(
    () => encodeCheckpoint({ ...CHECKPOINT, progress: { best: Infinity } }),
    RangeError,
    "Cannot store progress as JSON: best is Infinity, a finite number is needed",
  );
});

Deno.test("decodeCheckpoint() says what is wrong in one sentence", () => {
  const bytes = encodeCheckpoint(CHECKPOINT);
  const good: Record<string, string> = {
    format: "unroll-checkpoint",
    format_version: "1",
    step: "3",
    progress: "{}",
    config: JSON.stringify(CHECKPOINT.config),
  };
  const made = (change: Record<string, string | undefined>) => {
    const fields = Object.entries({ ...good, ...change }).filter(([, value]) =>
      value !== undefined
    );
    return encodeSafetensors(
      new Map(),
      Object.fromEntries(fields) as Record<string, string>,
    );
  };
  const config = (change: Record<string, unknown>) =>
    made({ config: JSON.stringify({ ...CHECKPOINT.config, ...change }) });
  assertStrictEquals(decodeCheckpoint(made({})).step, 3);
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [bytes.slice(0, 4), "at least 8 bytes are needed, found 4"],
    [bytes.slice(0, -1), "the file is cut short"],
    [encodeSafetensors(CHECKPOINT.tensors), "it holds tensors and no run"],
    [made({ format: "pt" }), "it holds tensors and no run"],
    [
      made({ format_version: "3" }),
      "its format version is 3, this Unroll reads up to 2",
    ],
    [made({ format_version: "one" }), 'format version "one" is not one'],
    [
      made({ format_version: undefined }),
      "format version undefined is not one",
    ],
    [made({ step: "-1" }), 'its step is "-1", a whole number is needed'],
    [made({ step: undefined }), "its step is null, a whole number is needed"],
    [made({ config: undefined }), "it has no config"],
    [made({ config: "{" }), "its config is not JSON"],
    [made({ config: "[]" }), "its config is not a JSON object"],
    [made({ progress: "3" }), "its progress is not a JSON object"],
    [config({ seed: undefined }), "its config has no seed"],
    [config({ model: { name: "rnn" } }), "its config has no right model"],
    [config({ training: [] }), "its config has no right training"],
  ];
  for (const [damaged, problem] of cases) {
    const error = assertThrows(
      () => decodeCheckpoint(damaged),
      RangeError,
      problem,
    );
    assertStrictEquals(
      error.message.startsWith("Cannot read checkpoint: "),
      true,
      error.message,
    );
  }
});

Deno.test("toStored() and fromStored() go round, every dtype", () => {
  const cases = [
    [{ dtype: "f32", shape: [2] }, new Float32Array([1.5, -0])],
    [{ dtype: "i32", shape: [1, 1] }, new Int32Array([-5])],
    [{ dtype: "u32", shape: [] }, new Uint32Array([2 ** 32 - 1])],
    [{ dtype: "bool", shape: [3] }, new Uint32Array([1, 0, 1])],
  ] as const;
  for (const [type, data] of cases) {
    const tensors = new Map([["x", toStored(type, data)]]);
    assertEquals(fromStored(tensors, "x", type), data);
  }
});

Deno.test("fromStored() refuses another name, shape or dtype", () => {
  const { tensors } = CHECKPOINT;
  assertThrows(
    () => fromStored(tensors, "parameters.b", { dtype: "f32", shape: [2] }),
    RangeError,
    'Cannot load "parameters.b": f32[2] is needed, found no tensor of that name',
  );
  assertThrows(
    () => fromStored(tensors, "parameters.wh", { dtype: "f32", shape: [4] }),
    TypeError,
    'Cannot load "parameters.wh": f32[4] is needed, found f32[2,2]',
  );
  assertThrows(
    () => fromStored(tensors, "key", { dtype: "i32", shape: [2] }),
    TypeError,
    'Cannot load "key": i32[2] is needed, found u32[2]',
  );
});
