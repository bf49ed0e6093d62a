import { assert, assertEquals, assertMatch } from "@std/assert";
import { randomKey, tensor } from "@unroll/core";
import type { TaskPlugin } from "@unroll/core/plugin";
import { encodeSafetensors, loadRun, openRun, readCheckpoint } from "@unroll/core/runs";
import { loadWeights, MODELS, toPyTorch } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, onlyRun, trainSmall, weightsIn } from "../test_support/small_runs.ts";
import { resumeTraining, runTraining } from "./train_action.ts";

const TASK = "--task xor";
const PLUGINS = { models: MODELS, tasks: TASKS, version: "0.0.1" };

/** Trains not one step, so that the run keeps the weights that it began with. */
const stopped = {
  train: (
    request: Parameters<typeof runTraining>[0],
    callbacks: Parameters<typeof runTraining>[1],
  ) => runTraining(request, callbacks, { ...PLUGINS, signal: AbortSignal.abort() }),
};

Deno.test("train --from a file of PyTorch begins with exactly these weights", () =>
  inFolder(async (folder) => {
    const { spec } = await (TASKS.xor as TaskPlugin)().create();
    const model = MODELS.lstm({ hidden: 3, bias: "both" } as object).create(spec);
    const tensors = await toPyTorch(model.parameters(randomKey(5)), { recurrent: "lstm" });
    const file = `${folder}/theirs.safetensors`;
    await Deno.writeFile(file, encodeSafetensors(tensors, { format: "pt" }));
    const line = `train --model lstm --hidden 3 --bias both ${TASK} --from ${file}`;
    const { errors } = await runCommand(`${line} --out ${folder}/runs --device cpu`, stopped);
    const run = await onlyRun(`${folder}/runs`);
    assert(!errors.includes("Cannot"), errors);

    // What it answers at step 0 is what these weights answer.
    using loaded = await loadRun(run.path, { ...PLUGINS, device: "reference" });
    assertEquals(loaded.checkpoint.step, 0);
    const length = Number(spec.length);
    const inputs = Float32Array.from({ length }, (_, i) => i);
    const { outputs } = await loaded.predict({ length, size: 1, inputs });
    const parameters = loadWeights(model.parameters(randomKey(0)), { tensors, metadata: {} });
    const expected = model.apply(parameters, tensor(inputs, { shape: [length, 1, 1] }), {
      length,
      batch: 1,
      state: model.initialState(parameters, 1),
      training: false,
      key: randomKey(0),
    });
    assertEquals(Array.from(outputs), Array.from(await expected.outputs.data()));

    // And the run remembers where they are from.
    const { from } = run.config;
    assertEquals(from?.path, file);
    assertEquals(from?.run, undefined);
    assertMatch(from?.sha256 ?? "", /^[0-9a-f]{64}$/);
    const { output } = await runCommand(`runs --runs ${folder}/runs`);
    assertMatch(output, /from .*theirs\.safetensors/);
  }));

Deno.test("train --from a run begins with its best weights, and with its model's options", () =>
  inFolder(async (folder) => {
    const old = await trainSmall(`${folder}/old`);
    const task = "--task counting --digits 2 --test-digits 0 --training 60 --validation 20";
    const line = `train --model rnn ${task} --device cpu --from ${old.path}`;
    await runCommand(`${line} --out ${folder}/new --dropout 0.5`, stopped);
    const run = await onlyRun(`${folder}/new`);
    assertEquals(
      await weightsIn(run.checkpointPath("best")),
      await weightsIn(old.checkpointPath("best")),
    );
    // The optimizer and the steps start anew.
    const last = await readCheckpoint(run.checkpointPath("last"));
    assertEquals(last.step, 0);
    for (const [name, { data }] of last.tensors) {
      if (name.startsWith("optimizer.")) assert((data as Float32Array).every((x) => x === 0), name);
    }
    assertEquals(run.config.model.options.hidden, 4);
    assertEquals(run.config.model.options.dropout, 0.5);
    assertEquals(run.config.from?.run, old.name);
    assertEquals(run.config.from?.path, old.checkpointPath("best"));

    // The last checkpoint has the optimizer's state too, which is left where it is.
    await runCommand(
      `${line.replace(old.path, old.checkpointPath("last"))} --out ${folder}/last`,
      stopped,
    );
    assertEquals(
      await weightsIn((await onlyRun(`${folder}/last`)).checkpointPath("best")),
      await weightsIn(old.checkpointPath("last")),
    );
  }));

Deno.test("train --from says what does not fit, before there is a run", () =>
  inFolder(async (folder) => {
    const old = await trainSmall(`${folder}/old`);
    const path = old.checkpointPath("best");
    const refused = async (line: string, sentence: string) => {
      const { code, errors } = await runCommand(`train ${line} --out ${folder}/runs --device cpu`);
      assertEquals([code, errors.trim().split("\n").at(-1)], [2, sentence]);
    };
    const pair = "--model rnn --task xor";
    await refused(
      `${pair} --from ${path}`,
      `Cannot load ${path} into the model: "layers.0.weight_ih" F32[1,4] is needed, ` +
        'found F32[10,4], "output.bias" F32[2] is needed, found F32[10], ' +
        '"output.weight" F32[4,2] is needed, found F32[4,10]',
    );
    await refused(
      `${pair} --from ${folder}/none.safetensors`,
      `Cannot read ${folder}/none.safetensors: there is no such file or folder`,
    );
    await Deno.writeTextFile(`${folder}/text.safetensors`, "no weights");
    const { code, errors } = await runCommand(`train ${pair} --from ${folder}/text.safetensors`);
    assertEquals(code, 2);
    assertMatch(errors, /^Cannot read .*text\.safetensors: /);
    await refused(
      `--from ${path} --resume ${old.path}`,
      "Cannot use --from with --resume: a run keeps its own",
    );
    assertEquals(
      await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).then((names) =>
        names.includes("runs")
      ),
      false,
    );
  }));

Deno.test("train --resume of a run without a checkpoint begins with the same weights again", () =>
  inFolder(async (folder) => {
    const old = await trainSmall(`${folder}/old`);
    const path = `${folder}/copy.safetensors`;
    await Deno.copyFile(old.checkpointPath("best"), path);
    const task = "--task counting --digits 2 --test-digits 0 --training 60 --validation 20";
    const line = `train --model rnn ${task} --device cpu --steps 20 --out ${folder}/new`;
    await runCommand(`${line} --from ${path}`, stopped);
    const run = await onlyRun(`${folder}/new`);
    for (const name of ["best", "last"] as const) await Deno.remove(run.checkpointPath(name));
    await resumeTraining({ run: run.path, changes: {} }, [], {
      ...PLUGINS,
      signal: AbortSignal.abort(),
    }).catch(() => {});
    assertEquals(await weightsIn(run.checkpointPath("best")), await weightsIn(path));

    for (const name of ["best", "last"] as const) await Deno.remove(run.checkpointPath(name));
    await Deno.copyFile(old.checkpointPath("last"), path);
    const { errors } = await runCommand(["train", "--resume", run.path]);
    assertMatch(errors, /^Cannot go on with .*: it began with .*copy\.safetensors of SHA-256 /m);
    assertEquals((await openRun(run.path)).config.from?.path, path);
  }));
