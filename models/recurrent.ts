/**
 * From a cell, which is one step, to a model: reading, a loop over time for each layer, answering.
 *
 * @module
 */
import {
  add,
  broadcastTo,
  type LayerRow,
  matmul,
  type ModelInstance,
  outputSize,
  randomBernoulli,
  randomKey,
  scan,
  splitKey,
  type TaskSpec,
  type Tensor,
  where,
  zeros,
} from "@unroll/core";
import type { Initializer } from "./initializers.ts";
import {
  type InputLayer,
  inputLayer,
  type InputOptions,
  layerRow,
  type Reading,
} from "./inputs.ts";

/** A recurrent cell: one step, as in the paper. */
export interface Cell<Parameters, State> {
  /** Its name in summaries. */
  readonly name: string;
  /** Number of hidden units. */
  readonly hidden: number;
  /** Parameters for inputs of so many numbers; 0 where it has no input. */
  parameters(key: Tensor, features: number): Parameters;
  /** State before the first step, each tensor [batch, hidden]. */
  initialState(parameters: Parameters, batch: number): State;
  /** One step: the state after reading `x`, which is left out where there is no input. */
  step(parameters: Parameters, state: State, x: Reading | undefined): State;
  /** What layers above and people see of a state: f32[batch, hidden]. */
  output(state: State): Tensor;
}

/** How a recurrent model is made of cells. */
export interface RecurrentOptions extends InputOptions {
  /** Start of the output layer's weights. */
  readonly outputWeights: Initializer;
  /** Whether the output layer has a bias. */
  readonly bias: boolean;
  /** Share of the numbers between layers, and before the last, that training leaves out. */
  readonly dropout?: number;
}

/** Parameters of a recurrent model. */
export interface RecurrentParameters<Parameters> {
  /** The table of vectors of symbols. */
  readonly embedding?: Tensor;
  /** Those of each cell, lowest first. */
  readonly cells: readonly Parameters[];
  /** The layer from the last cell to the answers. */
  readonly output: { readonly w: Tensor; readonly b?: Tensor };
}

/**
 * A model of cells, one above the other, that reads step by step and answers at every step or after
 * the last.
 *
 * @param cells The cells, lowest first; at least one.
 * @param spec What the task asks.
 * @param options How it reads and answers.
 * @returns The model, built.
 */
export function recurrentModel<Parameters, State>(
  cells: readonly Cell<Parameters, State>[],
  spec: TaskSpec,
  options: RecurrentOptions,
): ModelInstance<RecurrentParameters<Parameters>, readonly State[]> {
  const input = inputLayer(spec, options);
  const top = cells[cells.length - 1];
  const answers = outputSize(spec);
  const dropout = options.dropout ?? 0;

  function parameters(key: Tensor): RecurrentParameters<Parameters> {
    const [inputKey, outputKey, ...keys] = splitKey(key, 2 + cells.length);
    return {
      ...input.parameters(inputKey),
      cells: cells.map((cell, i) =>
        cell.parameters(keys[i], i === 0 ? input.features : cells[i - 1].hidden)
      ),
      output: {
        w: options.outputWeights(outputKey, [top.hidden, answers]),
        ...(options.bias ? { b: zeros([answers]) } : {}),
      },
    };
  }

  return {
    parameters,
    initialState: ({ cells: own }, batch) =>
      cells.map((cell, i) => cell.initialState(own[i], batch)),
    apply(parameters, inputs, { length, state, training, key }) {
      const keys = training && dropout > 0 ? splitKey(key, cells.length) : [];
      const drop = (x: Tensor, i: number) => keys[i] ? dropped(keys[i], x, dropout) : x;
      const last: State[] = [];
      let sequence = inputs;
      let read = (x: Tensor): Reading => input.read(parameters, x);
      cells.forEach((cell, i) => {
        const [end, outputs] = scan(
          (state: State, x: Tensor | undefined) => {
            const next = cell.step(parameters.cells[i], state, x && read(x));
            return [next, cell.output(next)] as const;
          },
          state[i],
          sequence,
          { length },
        ) as unknown as [State, Tensor];
        last.push(end);
        sequence = i < cells.length - 1 ? drop(outputs, i) : outputs;
        read = (x) => x;
      });
      const hidden = sequence as Tensor;
      const seen = drop(
        spec.outputs.at === "last" ? top.output(last[cells.length - 1]) : hidden,
        cells.length - 1,
      );
      return { outputs: affine(seen, parameters.output), state: last, hidden };
    },
    layers: rows(parameters(randomKey(0)), cells, spec, input),
  };
}

/** `x · w + b`, where there is a `b`. */
export function affine(
  x: Tensor,
  { w, b }: { readonly w: Tensor; readonly b?: Tensor },
): Tensor {
  const product = matmul(x, w);
  return b ? add(product, b) : product;
}

/** The sum of those there are of `x · wx`, `h · wh` and `b`. */
export function sumOf(first: Tensor, ...rest: readonly (Tensor | undefined)[]): Tensor {
  return rest.reduce<Tensor>((sum, term) => term ? sum.add(term) : sum, first);
}

/** One learned row as the state of every sequence, or zeros. */
export function startState(row: Tensor | undefined, batch: number, hidden: number): Tensor {
  return row ? broadcastTo(row, [batch, hidden]) : zeros([batch, hidden]);
}

/** Leaves out a share of the numbers and makes the rest greater by as much (Srivastava et al., 2014). */
export function dropped(key: Tensor, x: Tensor, share: number): Tensor {
  return where(randomBernoulli(key, x.shape, 1 - share), x.div(1 - share), 0);
}

function rows<Parameters, State>(
  parameters: RecurrentParameters<Parameters>,
  cells: readonly Cell<Parameters, State>[],
  spec: TaskSpec,
  input: InputLayer,
): LayerRow[] {
  const place = spec.outputs.at === "every" ? "time, batch" : "batch";
  return [
    ...(parameters.embedding
      ? [layerRow("embedding", `[time, batch, ${input.features}]`, parameters.embedding)]
      : []),
    ...cells.map((cell, i) =>
      layerRow(cell.name, `[time, batch, ${cell.hidden}]`, parameters.cells[i])
    ),
    layerRow("output", `[${place}, ${outputSize(spec)}]`, parameters.output),
  ];
}
