import { assert, assertEquals, assertMatch } from "@std/assert";
import { decodeSafetensors } from "@unroll/core/runs";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, onlyRun, weightsIn } from "../test_support/small_runs.ts";
import { runTraining } from "./train_action.ts";

const PLUGINS = { models: MODELS, tasks: TASKS, version: "0.0.1" };

const PAIRS = [
  "--model mlp --layers 5,5 --task counting --digits 2 --test-digits 0 --training 60 --validation 20",
  "--model rnn --hidden 5 --layers 2 --task fizzbuzz --best loss",
  "--model gru --hidden 5 --bias both --task xor",
  "--model lstm --hidden 5 --embedding 3 --task counting --digits 2 --test-digits 0 " +
  "--training 60 --validation 20",
];

for (const pair of PAIRS) {
  const [, name] = pair.split(" ");
  Deno.test(`export of ${name}, and train --from what was written, gives the same bits`, () =>
    inFolder(async (folder) => {
      const line = `train ${pair} --device cpu`;
      const trained = await runCommand(`${line} --steps 20 --out ${folder}/old`);
      assertEquals(trained.code, 0, trained.errors);
      const old = await onlyRun(`${folder}/old`);
      const wanted = await weightsIn(old.checkpointPath("best"));
      for (const format of ["pytorch", "safetensors"]) {
        const { code, output, errors } = await runCommand(`export ${old.path} --format ${format}`);
        assertEquals(code, 0, errors);
        const [path] = output.split("\n");
        // Parameters of Unroll say what model they are of.
        const bare = format === "safetensors" ? line.replace(/--(hidden|layers) \S+ /g, "") : line;
        const begun = await runCommand(`${bare} --from ${path} --out ${folder}/${format}`, {
          train: (request, callbacks) =>
            runTraining(request, callbacks, { ...PLUGINS, signal: AbortSignal.abort() }),
        });
        const run = await onlyRun(`${folder}/${format}`);
        assertEquals(await weightsIn(run.checkpointPath("best")), wanted, begun.errors);
      }
      const { code, output } = await runCommand(`export ${old.path} --format onnx`);
      assertEquals([code, output.split("\n")[0]], [0, `${old.path}/model.onnx`]);
      assert((await Deno.readFile(`${old.path}/model.onnx`)).length > 100);
    }));
}

Deno.test("export writes where it is told, and prints the Python that loads it", () =>
  inFolder(async (folder) => {
    await runCommand(`train --model gru --task xor --device cpu --steps 5 --out ${folder}/runs`);
    const run = await onlyRun(`${folder}/runs`);
    const path = `${folder}/mine.safetensors`;
    const { output } = await runCommand(`export ${run.path} --format pytorch --out ${path}`);
    const { tensors, metadata } = decodeSafetensors(await Deno.readFile(path));
    assertEquals(metadata.format, "pt");
    assertEquals(tensors.get("rnn.weight_hh_l0")?.shape, [192, 64]);
    assertMatch(output, /^\S*mine\.safetensors\n/);
    assertMatch(output, /self\.rnn = nn\.GRU\(1, 64\)/);
    assertMatch(output, /model\.load_state_dict\(load_file\("\S*mine\.safetensors"\)\)/);

    const refused = async (words: string, sentence: string, wanted = 2) => {
      const { code, errors } = await runCommand(`export ${run.path} ${words}`);
      assertEquals([code, errors.trim()], [wanted, sentence]);
    };
    await refused("", "Cannot export without --format: known are pytorch, onnx, safetensors");
    await refused(
      "--format pytorch --state",
      "Cannot use --state without --format onnx: others have no inputs",
    );
    const best = run.checkpointPath("best");
    await refused(
      `--format safetensors --out ${best}`,
      `Cannot export to ${best}: it is the checkpoint that is read`,
    );
  }));
