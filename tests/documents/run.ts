/**
 * Runs commands one after the other, in this process, each in a folder. Standard input has
 * them as JSON, standard output what became of each.
 *
 * @module
 */
import { runCommand } from "../../cli/test_support/run_command.ts";

/** A command to run. */
export interface AskedCommand {
  readonly folder: string;
  readonly words: readonly string[];
  readonly input: string;
}

/** What became of a command. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

if (import.meta.main) {
  const asked: readonly AskedCommand[] = JSON.parse(
    await new Response(Deno.stdin.readable).text(),
  );
  const outcomes: Outcome[] = [];
  for (const { folder, words, input } of asked) {
    Deno.chdir(folder);
    outcomes.push(await runCommand(words, {}, input));
  }
  await new Response(JSON.stringify(outcomes)).body?.pipeTo(Deno.stdout.writable);
}
