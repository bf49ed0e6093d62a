/**
 * Networks for tests of proofs, as checkpoints: made by hand, or at random.
 *
 * @module
 */
import { encodeSafetensors, type StoredTensor } from "@unroll/core/runs";

/** A model and a task, as configurations name them. */
export interface NetworkConfig {
  readonly model: "rnn" | "gru" | "lstm";
  readonly options: Readonly<Record<string, unknown>>;
  readonly task: string;
  readonly taskOptions: Readonly<Record<string, unknown>>;
}

/** Weights by name, row by row, with their shapes. */
export type NetworkWeights = Readonly<Record<string, readonly [readonly number[], number[]]>>;

/** Encodes a checkpoint. */
export function checkpointOf(
  { model, options, task, taskOptions }: NetworkConfig,
  weights: NetworkWeights,
): Uint8Array<ArrayBuffer> {
  const config = {
    version: "0.1.0",
    seed: 0,
    device: "cpu",
    device_description: "",
    training: { steps: 1, optimizer: "sgd", learning_rate: 1 },
    model: {
      name: model,
      options: {
        layers: 1,
        embedding: 0,
        inputNorm: "none",
        activation: "tanh",
        snap: false,
        ...options,
      },
    },
    task: { name: task, options: taskOptions },
  };
  const tensors = Object.entries(weights).map(([name, [data, shape]]): [string, StoredTensor] => [
    `parameters.${name}`,
    { dtype: "F32", shape, data: Float32Array.from(data) },
  ]);
  return encodeSafetensors(new Map(tensors), {
    format: "unroll-checkpoint",
    format_version: "2",
    step: "1",
    progress: "{}",
    config: JSON.stringify(config),
  });
}

/**
 * FizzBuzz by a ring: of 15 units one is near 1, the others near −1, and each step hands that on.
 *
 * @param change What is done to the weights before.
 */
export function ringCheckpoint(
  change: (weights: { recurrent: number[]; output: number[] }) => void = () => {},
): Uint8Array<ArrayBuffer> {
  const n = 15;
  const recurrent = Array.from(
    { length: n * n },
    (_, i): number => (Math.floor(i / n) + 1) % n === i % n ? 4 : 0,
  );
  const kind = (k: number) => k === 0 ? 3 : k % 5 === 0 ? 2 : k % 3 === 0 ? 1 : 0;
  const output = Array.from(
    { length: n * 4 },
    (_, i): number => kind(Math.floor(i / 4)) === i % 4 ? 3 : 0,
  );
  change({ recurrent, output });
  // Of each class the same when nothing is said.
  const bias = [0, 1, 2, 3].map((j) =>
    output.reduce((sum, v, i) => i % 4 === j ? sum + v : sum, 0)
  );
  return checkpointOf(
    {
      model: "rnn",
      options: { hidden: n },
      task: "fizzbuzz",
      taskOptions: { encoding: "none" },
    },
    {
      "layers.0.weight_hh": [recurrent, [n, n]],
      "layers.0.bias_ih": [Array.from({ length: n }, () => 0), [n]],
      "initial.0.h": [Array.from({ length: n }, (_, k) => k === n - 1 ? 2 : -2), [n]],
      "output.weight": [output, [n, 4]],
      "output.bias": [bias, [4]],
    },
  );
}

/** FizzBuzz by rectified units: one of 15 is 1, the others are 0, and each step hands that on, without any rounding. */
export function cornersCheckpoint(): Uint8Array<ArrayBuffer> {
  const n = 15;
  const units = Array.from({ length: n }, (_, k) => k);
  const kind = (k: number) => k === 0 ? 3 : k % 5 === 0 ? 2 : k % 3 === 0 ? 1 : 0;
  return checkpointOf(
    {
      model: "rnn",
      options: { hidden: n, activation: "relu" },
      task: "fizzbuzz",
      taskOptions: { encoding: "none" },
    },
    {
      "layers.0.weight_hh": [
        units.flatMap((k) => units.map((j) => Number(j === (k + 1) % n))),
        [n, n],
      ],
      "layers.0.bias_ih": [units.map(() => 0), [n]],
      "initial.0.h": [units.map((k) => Number(k === n - 1)), [n]],
      "output.weight": [units.flatMap((k) => [0, 1, 2, 3].map((j) => Number(kind(k) === j))), [
        n,
        4,
      ]],
      "output.bias": [[0, 0, 0, 0], [4]],
    },
  );
}

/**
 * Counting in base 2 by three rounded units: 0 is 1 where there is no carry, and the others where the digit that is said
 * is 0, because a 1 met the carry or a 0 met none. At the start all are 0, which is a carry.
 *
 * @param error Is added to a weight: −8 makes the network forget the carry of two 1s.
 * @param other Weights in place of these, or more.
 * @param taskOptions Options of the task.
 */
export function carryCheckpoint(
  error = 0,
  other: NetworkWeights = {},
  taskOptions: NetworkConfig["taskOptions"] = { base: 2 },
): Uint8Array<ArrayBuffer> {
  return checkpointOf(
    {
      model: "rnn",
      options: { hidden: 3, snap: true },
      task: "counting",
      taskOptions,
    },
    {
      "layers.0.weight_ih": [[12, -12, -4, -4 - error, 4, -12], [2, 3]],
      "layers.0.bias_ih": [[0, 0, 0], [3]],
      "layers.0.weight_hh": [[8, -8, 8, 0, 0, 0, 0, 0, 0], [3, 3]],
      "output.weight": [[0, 0, 4, -4, 4, -4], [3, 2]],
      "output.bias": [[4, -4], [2]],
      ...other,
    },
  );
}

/** A network of random weights. */
export function randomCheckpoint(
  model: "rnn" | "gru" | "lstm",
  options: Readonly<Record<string, unknown>>,
  { hidden, draw }: { readonly hidden: number; readonly draw: () => number },
): Uint8Array<ArrayBuffer> {
  const columns = { rnn: 1, gru: 3, lstm: 4 }[model] * hidden;
  const random = (rows: number, columns: number): readonly [number[], number[]] => [
    Array.from({ length: rows * columns }, draw),
    [rows, columns],
  ];
  const bias = (
    columns: number,
  ): readonly [number[], number[]] => [random(1, columns)[0], [columns]];
  return checkpointOf(
    {
      model,
      options: { hidden, bias: "both", ...options },
      task: "counting",
      taskOptions: { base: 3 },
    },
    {
      "layers.0.weight_ih": random(3, columns),
      "layers.0.weight_hh": random(hidden, columns),
      "layers.0.bias_ih": bias(columns),
      "layers.0.bias_hh": bias(columns),
      "output.weight": random(hidden, 3),
      "output.bias": bias(3),
    },
  );
}
