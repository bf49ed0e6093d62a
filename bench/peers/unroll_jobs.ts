/**
 * The jobs in Unroll, on a device of choice (`--device`, by default the CPU): the whole training step is one program
 * whose state is donated; variants make one step a call, or as many as there are batches.
 *
 * @module
 */
import { compile, type DeviceBuffer, flattenTree, openBackend, tensor } from "@unroll/core";
import { BATCHES } from "./job_data.ts";
import { batchOf, type JobNumbers, servePeer, type TrainingRun } from "./protocol.ts";
import { initialState, type Named, trainingStep, trainingSteps } from "./unroll_programs.ts";

async function start(job: JobNumbers, device: string, together: number): Promise<TrainingRun> {
  const backend = await openBackend(device === "webgpu" ? "webgpu" : "cpu");
  const parameters: Named = Object.fromEntries(
    [...job.parameters].map(([name, { data, shape }]) => [
      name,
      tensor(data as Float32Array, { shape: [...shape] }),
    ]),
  );
  const state = initialState(job, parameters);
  const names = [...job.batches.keys()].sort();
  const types = names.map((name) => {
    const { dtype, shape } = job.batches.get(name)!;
    const own = together === 1 ? shape.slice(1) : [together, ...shape.slice(1)];
    return { dtype: dtype === "I32" ? "i32" as const : "f32" as const, shape: own };
  });
  const step = compile(together === 1 ? trainingStepOf(job) : trainingStepsOf(job), {
    backend,
    name: job.name,
    donate: [0],
  });
  const example = Object.fromEntries(names.map((name, i) => [name, types[i]]));
  const program = await step.prepare(state, example as never);
  const leaves = flattenTree(state);
  let buffers: DeviceBuffer[] = await Promise.all(
    leaves.map(async (leaf) => backend.upload(leaf.type, await leaf.data())),
  );
  const inputs = types.map((type) =>
    backend.upload(
      type,
      type.dtype === "i32"
        ? new Int32Array(type.shape.reduce((a, b) => a * b, 1))
        : new Float32Array(type.shape.reduce((a, b) => a * b, 1)),
    )
  );
  const calls = BATCHES / together;
  const data = Array.from(
    { length: calls },
    (_, k) =>
      names.map((name) => {
        const all = job.batches.get(name)!;
        return together === 1 ? batchOf(all, k).data : all.data as Float32Array | Int32Array;
      }),
  );
  return async (first, count) => {
    let loss: DeviceBuffer | undefined;
    for (let i = first / together; i < (first + count) / together; i++) {
      const batch = data[Math.floor(i) % calls];
      for (let j = 0; j < inputs.length; j++) backend.write(inputs[j], batch[j]);
      loss?.dispose();
      const outputs = program.run([...buffers, ...inputs]);
      loss = outputs.pop();
      buffers = outputs;
    }
    const losses = await backend.download(loss!);
    loss!.dispose();
    return losses;
  };
}

function trainingStepOf(job: JobNumbers) {
  return (state: ReturnType<typeof initialState>, batch: Named) => trainingStep(job, state, batch);
}

function trainingStepsOf(job: JobNumbers) {
  return (state: ReturnType<typeof initialState>, batch: Named) => trainingSteps(job, state, batch);
}

if (import.meta.main) {
  const at = Deno.args.indexOf("--device");
  const device = at < 0 ? "cpu" : Deno.args[at + 1];
  await servePeer({
    name: "unroll",
    load: () =>
      Promise.resolve({
        version: `unroll on Deno ${Deno.version.deno}`,
        variants: (job) =>
          [1, BATCHES].filter((together) => together === 1 || job.hidden < 512).map((together) => ({
            name: `${together} a call`,
            threads: 1,
            quantum: together,
            make: () => start(job, device, together),
          })),
      }),
  }, Deno.args);
}
