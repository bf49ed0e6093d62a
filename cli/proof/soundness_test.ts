import { compile, rebuildTree, type Tensor, tensor, type Tree, treeEntries } from "@unroll/core";
import { openBackend } from "@unroll/core/backends";
import { argmaxAt, randomFor } from "@unroll/core/plugin";
import { type LoadedRun, loadRun, trainAndSave } from "@unroll/core/runs";
import { gru, lstm, MODELS, rnn } from "@unroll/models";
import { counting, fizzbuzz, TASKS } from "@unroll/tasks";
import { assert, assertEquals } from "@std/assert";
import { inFolder } from "../test_support/small_runs.ts";
import { type Proof, prove } from "./prove.ts";
import { specification } from "./specification.ts";

/** Trains, proves and hands over. */
async function provenRun(
  settings: Pick<Parameters<typeof trainAndSave>[0], "model" | "task" | "steps">,
  use: (run: LoadedRun, proof: Proof & { outcome: "certified" }) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    using trained = await trainAndSave({
      ...settings,
      device: "cpu",
      seed: 0,
      version: "0",
      out: folder,
    });
    using run = await loadRun(trained.run.path, { models: MODELS, tasks: TASKS, device: "cpu" });
    const proof = prove(await Deno.readFile(run.path));
    assert(proof.outcome === "certified");
    await use(run, proof);
  });
}

/** The weights of a run as the program takes them. */
function parametersOf({ instance, checkpoint }: LoadedRun): Tree {
  const template = instance.parameters(tensor([0, 0], { dtype: "u32" })) as Tree;
  return rebuildTree(
    template,
    treeEntries(template).map(([name]) => {
      const { data, shape } = checkpoint.tensors.get(`parameters.${name}`)!;
      return tensor(data as Float32Array, { shape });
    }),
  ) as Tree;
}

Deno.test("[long] 10⁷ steps of the float32 program from random starts in a cycle's set are right, and rounds end in it", async () => {
  const settings = { model: rnn(), task: fizzbuzz() };
  await provenRun(settings, async (run, { certificate }) => {
    assert(certificate.kind === "cycle");
    const { centre, root, prefix, period } = certificate;
    const [n, batch, rounds] = [centre.length, 512, 10];
    const { next, number } = numberAfter(prefix);
    using backend = await openBackend("cpu");
    using round = compile((parameters: Tree, h: Tensor) => {
      const { outputs, state } = run.instance.apply(parameters, undefined, {
        length: period,
        batch,
        state: [{ h }],
        training: false,
        key: tensor([0, 0], { dtype: "u32" }),
      });
      return [outputs, (state as { h: Tensor }[])[0].h];
    }, { backend });
    const parameters = parametersOf(run);
    const random = randomFor(1, 0);
    let steps = 0;
    let farthest = 0;
    while (steps < 1e7) {
      const start = new Float32Array(batch * n);
      for (let b = 0; b < batch; b++) {
        const u = centre.map(() => random() + random() + random() - 1.5);
        const length = Math.hypot(...u);
        // At the rim, as float32 lets it, or somewhere within.
        const scale = (random() < 0.5 ? 0.9999 : random()) / length;
        root.forEach((row, j) =>
          start[b * n + j] = centre[j] + scale * row.reduce((sum, v, k) => sum + v * u[k], 0)
        );
      }
      let h = tensor(start, { shape: [batch, n] });
      for (let i = 0; i < rounds; i++) {
        const [outputs, end] = await round(parameters as never, h as never) as Tensor[];
        const logits = await outputs.data() as Float32Array;
        let at = number;
        for (let t = 0; t < period; t++) {
          const said = next(at);
          at = said.state;
          for (let b = 0; b < batch; b++) {
            if (argmaxAt(logits, (t * batch + b) * 4, 4) !== said.answer) {
              throw new Error(`wrong in step ${t}`);
            }
          }
        }
        const states = await end.data() as Float32Array;
        for (let b = 0; b < batch; b++) farthest = Math.max(farthest, placeOf(states, b * n));
        h = end;
        steps += batch * period;
      }
    }
    assert(farthest < 1, `${farthest} of the way to the rim`);

    /** How far a state is from the centre, where 1 is at the rim. */
    function placeOf(states: Float32Array, first: number): number {
      const solved: number[] = [];
      root.forEach((row, j) => {
        const known = solved.reduce((sum, v, k) => sum + v * row[k], 0);
        solved.push((states[first + j] - centre[j] - known) / row[j]);
      });
      return Math.hypot(...solved);
    }
  });
});

/** Where the task is after so many steps, and how it goes on. */
function numberAfter(steps: number) {
  const right = specification("fizzbuzz", { encoding: "none" })!;
  const next = (n: number) => right.next(n, 0)!;
  let number = -1;
  for (let t = 0; t < steps; t++) number = next(number).state;
  return { next, number };
}

for (
  const model of [
    rnn({ snap: true, stateNoise: 0.25 }),
    gru({ hidden: 16, snap: true, stateNoise: 0.25 }),
    lstm({ hidden: 16, snap: true, stateNoise: 0.25 }),
  ]
) {
  Deno.test(`[long] 3 · 10⁶ random steps of a float32 ${model.plugin.name} that rounds its states lead to those alone that were counted`, async () => {
    await provenRun(
      { model, task: counting(), steps: 5000 },
      async ({ predict }, { certificate }) => {
        assert(certificate.kind === "codes");
        const right = specification("counting", { base: 10 })!;
        const random = randomFor(2, 0);
        const [length, size] = [100, 1000];
        const found = new Set<string>();
        for (let call = 0; call < 3e6 / (length * size); call++) {
          // Long carries too: nines as often as all others.
          const inputs = Int32Array.from(
            { length: length * size },
            () => random() < 0.5 ? 9 : Math.floor(10 * random()),
          );
          const request = { length, size, inputs, capture: true };
          const { outputs, hidden, hiddenSize = 0, parts } = await predict(request);
          for (let b = 0; b < size; b++) {
            let carry = -1;
            for (let t = 0; t < length; t++) {
              const place = t * size + b;
              const { state, answer } = right.next(carry, inputs[place])!;
              assertEquals(argmaxAt(outputs, place * 10, 10), answer);
              carry = state;
              const all = [hidden!, ...parts?.cell ? [parts.cell] : []].map((values) =>
                values.subarray(place * hiddenSize, (place + 1) * hiddenSize).join("")
              );
              found.add(`${carry} ${all}`);
            }
          }
        }
        const { size: count } = found;
        assert(count > 10 && count <= certificate.states, `${count} of ${certificate.states}`);
      },
    );
  });
}
