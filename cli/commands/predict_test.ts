import { assertEquals } from "@std/assert";
import { decodeSafetensors, encodeSafetensors } from "@unroll/core/runs";
import { runCommand } from "../test_support/run_command.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";

Deno.test("predict: refuses a model whose answers are not finite numbers", async () => {
  await inFolder(async (folder) => {
    const run = await trainSmall(folder, { training: { steps: 5 } });
    const path = run.checkpointPath("best");
    const { tensors, metadata } = decodeSafetensors(await Deno.readFile(path));
    for (const { dtype, data } of tensors.values()) if (dtype === "F32") data.fill(NaN);
    await Deno.writeFile(path, encodeSafetensors(tensors, metadata));
    const { code, output, errors } = await runCommand(`predict ${run.path} --input 12`);
    assertEquals([code, output, errors], [
      1,
      "",
      `Cannot predict with ${path}: the model's answers are not finite numbers\n`,
    ]);
  });
});
