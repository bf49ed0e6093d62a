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
import { DivergenceError, resolveSettings, train, Trainer } from "@unroll/core/training";
import { rnn } from "@unroll/models";
import { fizzbuzz, xor } from "@unroll/tasks";

const ignore = await findAdapter() === undefined;

/** Losses of the first steps of `train --model rnn --task fizzbuzz`, one by one. */
async function curve(backend: Backend, steps: number): Promise<number[]> {
  const model = rnn();
  const task = await fizzbuzz().create();
  const instance = model.create(task.spec);
  const settings = resolveSettings({ steps: 1000 }, task.defaults(model));
  using trainer = await Trainer.create({ ...settings, backend, task, instance, seed: 0 });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    await trainer.advance(1);
    losses.push((await trainer.read()).loss);
  }
  return losses;
}

Deno.test({
  name: "an RNN learns FizzBuzz on WebGPU along the same curve as on the CPU",
  ignore,
  async fn() {
    const steps = 20;
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
  const model = rnn({ hidden: 4 });
  const task = await xor().create();
  const instance = model.create(task.spec);
  const settings = resolveSettings({ steps }, task.defaults(model));
  using backend = await webgpuBackend();
  using trainer = await Trainer.create({ ...settings, backend, task, instance, seed: 0 });
  const chunk = steps / 10;
  for (let i = 1; i <= 10; i++) {
    // Read every 100 steps, while the next ones run, as `train` does.
    for (let done = 0; done < chunk; done += 100) {
      await trainer.advance(100);
      await trainer.read();
    }
    told(i * chunk, backend);
  }
}

/** Set for 100,000 steps, which take minutes on a software adapter. */
const LONG = Deno.env.get("UNROLL_LONG_TESTS") === "1";
const STEPS = LONG ? 100_000 : 2000;

Deno.test({
  name: `${STEPS.toLocaleString("en")} training steps on WebGPU leave memory as it was`,
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
    assertEquals({ ...last, rss: 0 }, { ...first, rss: 0 });
    // What the collector has not taken yet comes and goes.
    const growth = (last.rss - first.rss) / 2 ** 20;
    assert(growth < 64, `the process grew by ${growth.toFixed(0)} MiB`);
  },
});
