/** Options of any values, written as a command, read by a shell and parsed: the same options. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { describeOptions } from "@unroll/core/plugin/host";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { StoppedError } from "../cli/errors.ts";
import type { TrainRequest } from "../cli/context.ts";
import { reproduceCommand } from "../cli/reporting/reproduce.ts";
import { runCommand } from "../cli/test_support/run_command.ts";
import { arbitraryOptions, wordsOf } from "../cli/test_support/arbitrary_options.ts";
import { fc, isLong, RUNS } from "../core/test_support/fast_check.ts";

Deno.test(`${isLong ? "[long] " : ""}reproduceCommand() writes any options so that a shell and the parser give them back`, async () => {
  let read = 0;
  const commands = fc.tuple(
    fc.constantFrom(...Object.values(MODELS)),
    fc.constantFrom(...Object.values(TASKS)),
  ).chain(([model, task]) =>
    fc.record({
      model: fc.constant(model),
      task: fc.constant(task),
      modelOptions: arbitraryOptions(describeOptions(model.options)),
      taskOptions: arbitraryOptions(describeOptions(task.options)),
      seed: fc.nat(),
    })
  );
  const property = fc.asyncProperty(commands, async (run) => {
    const own = run.model.options.safeParse(run.modelOptions);
    const other = run.task.options.safeParse(run.taskOptions);
    // Rules that concern several options may refuse them.
    if (!own.success || !other.success) return;
    const config = {
      version: "0.0.1",
      model: { name: run.model.name, options: own.data as never },
      task: { name: run.task.name, options: other.data as never },
      training: { steps: 6, optimizer: "sgd", optimizerSettings: {} } as never,
      seed: run.seed,
      device: "cpu",
    };
    const command = reproduceCommand(config, { model: run.model, task: run.task });
    let request: TrainRequest | undefined;
    const { errors } = await runCommand(await wordsOf(command), {
      train(asked) {
        request = asked;
        return Promise.reject(new StoppedError("Enough"));
      },
    });
    // Pairs that do not go together, and files that are not there, are refused in another way.
    if (request === undefined && /^(Cannot (train|use|read|make|pair|build))/m.test(errors)) return;
    assert(request !== undefined, `${command}: ${errors}`);
    read++;
    assertEquals(request.model.options, own.data, command);
    assertEquals(request.task.options, other.data, command);
    assertEquals(request.training.seed, run.seed, command);
  });
  // Starting the parser takes longer than all else.
  const runs = Math.ceil(RUNS / 8);
  await fc.assert(property, { seed: 1, numRuns: runs });
  assertGreater(read, runs / 3);
});
