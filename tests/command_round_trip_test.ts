/** Options of any values, written as a command, read by a shell and parsed: the same options. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { describeOptions, type Option, type OptionKind } from "@unroll/core/plugin/host";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { StoppedError } from "../cli/errors.ts";
import type { TrainRequest } from "../cli/context.ts";
import { reproduceCommand } from "../cli/reporting/reproduce.ts";
import { runCommand } from "../cli/test_support/run_command.ts";
import { type Arbitrary, fc, isLong, RUNS } from "../core/test_support/fast_check.ts";

/** Text that shells and parsers get wrong, now and then. */
const text = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }),
  fc.array(fc.constantFrom(..."-='\"\\$`!*?~#;&|<>() \n\té,".split(""), "--", "a"), {
    minLength: 1,
    maxLength: 6,
  }).map((parts) => parts.join("")),
).filter((text) => !text.includes("\0") && text.trim() !== "");

/** Values of a kind. */
function valuesOf(kind: OptionKind): Arbitrary<unknown> {
  switch (kind.type) {
    case "integer":
      return fc.integer({ min: kind.minimum ?? 0, max: Math.min(kind.maximum ?? 999, 999) });
    case "number":
      return fc.double({
        min: kind.minimum ?? kind.above ?? -1e3,
        max: kind.maximum ?? kind.below ?? 1e3,
        minExcluded: kind.above !== undefined,
        maxExcluded: kind.below !== undefined,
        noNaN: true,
      });
    case "boolean":
      return fc.boolean();
    case "choice":
      return fc.constantFrom(...kind.values);
    case "list":
      return fc.array(valuesOf(kind.item), {
        minLength: kind.minimumLength ?? 0,
        maxLength: Math.min(kind.maximumLength ?? 4, 4),
      });
    case "text":
      return text;
  }
}

/** Options of models that most tasks refuse, and one that is a hash. */
const REFUSED = /^(embedding|input.*|sha256)$/;

/** Some of the options of a plugin; what files there are is no matter of spelling. */
function optionsOf(options: readonly Option[]): Arbitrary<Record<string, unknown>> {
  const free = options.filter(({ name, kind, required, placeholder }) =>
    !required && !REFUSED.test(name) && (kind.type !== "text" || placeholder === undefined)
  );
  const arbitraries = free.map(({ name, kind }) => [name, valuesOf(kind)] as const);
  return fc.record(Object.fromEntries(arbitraries), { requiredKeys: [], noNullPrototype: true });
}

/** The words that a shell makes of a command, without those that start it. */
async function wordsOf(command: string): Promise<string[]> {
  const script = `printf '%s\\0' ${command.replace(/^deno task /, "")}`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

Deno.test(`${isLong ? "[long] " : ""}reproduceCommand() writes any options so that a shell and the parser give them back`, async () => {
  let read = 0;
  const commands = fc.tuple(
    fc.constantFrom(...Object.values(MODELS)),
    fc.constantFrom(...Object.values(TASKS)),
  ).chain(([model, task]) =>
    fc.record({
      model: fc.constant(model),
      task: fc.constant(task),
      modelOptions: optionsOf(describeOptions(model.options)),
      taskOptions: optionsOf(describeOptions(task.options)),
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
