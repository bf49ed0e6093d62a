/** Dyck-1: at each bracket, whether all that were opened so far are closed. */
import {
  type Batch,
  defineTask,
  evaluateOutputs,
  type OptionsSchema,
  randomFor,
  type RandomSource,
  type TaskPlugin,
  type TaskSpec,
} from "@unroll/core/plugin";
import * as z from "@unroll/core/plugin/zod";

export interface DyckOptions {
  readonly length: number;
  readonly depth: number;
}

const OPTIONS: OptionsSchema<DyckOptions> = z.object({
  length: z.int().min(2).default(20).describe("Brackets of a text"),
  depth: z.int().min(1).default(4).describe("Brackets that are open at once, at most"),
});

function makeBatch({ length, depth }: DyckOptions, size: number, random: RandomSource): Batch {
  const inputs = new Int32Array(length * size);
  const targets = new Int32Array(length * size);
  for (let text = 0; text < size; text++) {
    for (let t = 0, open = 0; t < length; t++) {
      const closes = open > 0 && (open === depth || random() < 0.5);
      open += closes ? -1 : 1;
      inputs[t * size + text] = Number(closes);
      targets[t * size + text] = Number(open === 0);
    }
  }
  return { length, size, inputs, targets };
}

export const dyck: TaskPlugin<DyckOptions> = defineTask({
  name: "dyck",
  summary: "Say whether all brackets are closed",
  options: OPTIONS,
  create(options) {
    const spec: TaskSpec = {
      inputs: { kind: "symbol", vocabulary: 2 },
      outputs: { kind: "class", classes: 2, at: "every" },
      length: options.length,
      loss: { kind: "cross-entropy", reduction: "mean" },
      weighted: false,
      stateful: false,
    };
    const test = makeBatch(options, 64, randomFor(1));
    return {
      spec,
      batch: ({ random }) => makeBatch(options, 32, random),
      async validate(predict) {
        const { length, size, inputs, targets } = test;
        const { outputs } = await predict({ length, size, inputs });
        const { loss, errors, count } = evaluateOutputs(spec, outputs, targets);
        return { loss, error: errors / count };
      },
      defaults: () => ({ steps: 3000, learningRate: 0.02, validateEvery: 50, stopAtError: 0 }),
    };
  },
});
