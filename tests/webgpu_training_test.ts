/** Training on WebGPU: the same curve as on the CPU, and memory that stays as it was. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  type Backend,
  cpuBackend,
  findAdapter,
  type WebGpuBackend,
  webgpuBackend,
} from "@unroll/core/backends";
import type { BatchRequest } from "@unroll/core/plugin";
import { DivergenceError, train } from "@unroll/core/training";
import { lstm, rnn } from "@unroll/models";
import { charOf, fizzbuzz, xor } from "@unroll/tasks";

const ignore = await findAdapter() === undefined;

/** Losses of the first steps of `train --model rnn --task fizzbuzz`, one by one. */
async function curve(backend: Backend, steps: number): Promise<number[]> {
  const losses: number[] = [];
  const enough = new AbortController();
  using _ = await train({
    model: rnn(),
    task: fizzbuzz(),
    device: backend,
    steps: 1000,
    signal: enough.signal,
    callbacks: [{
      onStep(_, loss) {
        losses.push(loss);
        if (losses.length === steps) enough.abort();
      },
    }],
  });
  // A step or two may follow the signal.
  losses.length = steps;
  return losses;
}

Deno.test({
  name: "[long] an RNN learns FizzBuzz on WebGPU along the same curve as on the CPU",
  ignore,
  async fn() {
    const steps = 30;
    using cpu = cpuBackend();
    using webgpu = await webgpuBackend();
    const wanted = await curve(cpu, steps);
    const found = await curve(webgpu, steps);
    // Losses of about 1, whose roundings of 2⁻²⁴ add up from step to step.
    wanted.forEach((loss, i) => assertAlmostEquals(found[i], loss, steps * 2 ** -24));
    const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x) / values.length;
    assert(mean(found.slice(-5)) < 0.7 * mean(found.slice(0, 5)), found.join());
  },
});

Deno.test({
  name: "[long] training on WebGPU with 8 or 4 storage buffers goes along the same curve",
  ignore,
  async fn() {
    const text = "hello world ".repeat(100);
    for (const model of [rnn({ hidden: 8 }), lstm({ hidden: 8, layers: 2 })]) {
      const loss = async (device: Backend) => {
        using run = await train({
          model,
          task: charOf(text, { length: 8, batch: 4 }),
          steps: 3,
          device,
        });
        return run.loss;
      };
      using free = await webgpuBackend();
      const wanted = await loss(free);
      for (const maxStorageBuffersPerShaderStage of [8, 4]) {
        using device = await webgpuBackend({ limits: { maxStorageBuffersPerShaderStage } });
        // Losses of about 2, whose roundings of 2⁻²³ add up over three steps of 32 characters.
        assertAlmostEquals(await loss(device), wanted, 3 * 32 * 2 ** -23);
      }
    }
  },
});

Deno.test({
  name: "training on WebGPU with a NaN among the inputs diverges, as on the CPU",
  ignore,
  async fn() {
    const bits = xor();
    const task = {
      ...bits,
      async create() {
        const { batch, ...rest } = await bits.create();
        const broken = (request: BatchRequest) => {
          const { inputs, ...others } = batch(request);
          return {
            ...others,
            inputs: Float32Array.from(inputs ?? [], (x, i) => i === 0 ? NaN : x),
          };
        };
        return { ...rest, batch: broken };
      },
    };
    for (const activation of ["tanh", "relu"] as const) {
      const model = rnn({ hidden: 4, activation });
      for (const device of ["cpu", "webgpu"] as const) {
        await assertRejects(
          () => train({ model, task, device, steps: 20, clip: 0.1 }),
          DivergenceError,
          "the loss of step 1 is not finite",
        );
      }
    }
  },
});

/** What stays the same while a trainer goes on: the device's things by their number, the process by its size. */
async function trainLong(
  steps: number,
  told: (step: number, backend: WebGpuBackend) => void,
): Promise<void> {
  using backend = await webgpuBackend();
  using _ = await train({
    model: rnn({ hidden: 4 }),
    task: xor(),
    device: backend,
    steps,
    validateEvery: steps / 10,
    // Never.
    stopAtError: -1,
    callbacks: [{
      onEvent: ({ event, step }) => event === "validation" ? told(step, backend) : undefined,
    }],
  });
}

/** Set for 100,000 steps, which take minutes on a software adapter. */
const LONG = Deno.env.get("UNROLL_LONG_TESTS") === "1";
const STEPS = LONG ? 100_000 : 2000;

Deno.test({
  name: `[long] ${STEPS.toLocaleString("en")} training steps on WebGPU leave memory as it was`,
  ignore,
  async fn() {
    const seen: { buffers: number; bindGroups: number; pipelines: number; rss: number }[] = [];
    await trainLong(STEPS, (step, { statistics }) => {
      const { buffers, bindGroups, pipelines } = statistics;
      const { rss } = Deno.memoryUsage();
      seen.push({ buffers, bindGroups, pipelines, rss });
      if (LONG) {
        console.log(step, buffers, bindGroups, pipelines, `${(rss / 2 ** 20).toFixed(0)} MiB`);
      }
    });
    const [first, last] = [seen[1], seen[9]];
    assertEquals([last.bindGroups, last.pipelines], [first.bindGroups, first.pipelines]);
    // As many losses wait to be read as the machine's speed asks for, each with its buffers.
    const made = last.buffers - first.buffers;
    assert(made < STEPS / 40, `${made} buffers were made`);
    // What the collector has not taken yet comes and goes.
    const growth = (last.rss - first.rss) / 2 ** 20;
    assert(growth < 64, `the process grew by ${growth.toFixed(0)} MiB`);
  },
});
