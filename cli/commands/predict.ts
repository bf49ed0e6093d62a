/**
 * `predict` and `sample`: what a trained model answers, and how it goes on by itself.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { UsageError } from "../errors.ts";
import type { TypedFlags } from "../flags.ts";
import { addModelOptions, loadChosen, required, wholeNumber } from "./model_command.ts";
import type { CliContext } from "../context.ts";

/**
 * Defines `predict`.
 *
 * @param context What there is.
 * @returns The command.
 */
export function definePredict(context: CliContext): Command {
  const command = new Command();
  command.description(
    "Ask a trained model: one input from the command line, or many from standard input, a line each.",
  );
  addModelOptions(command);
  command.option("--input <text>", "What to ask; without it, each line of standard input");
  command.option("--json", "Print one JSON object an answer");
  command.example(
    "The number after this one:",
    "deno task predict runs/2026-01-31-counting-rnn-0 --input 1476233999",
  );
  command.example(
    "What comes next in a text:",
    "deno task predict runs/2026-01-31-char-gru-0 --input 'part of '",
  );
  command.example("Many at once:", "seq 1 100 | deno task predict runs/2026-01-31-fizzbuzz-rnn-0");
  command.action(async (options: unknown, ...[run]: unknown[]) => {
    const typed = options as TypedFlags;
    using loaded = await loadChosen(context, run, typed);
    const task = loaded.taskInstance;
    const answer = required(task.answer?.bind(task), loaded, "predict");
    const one = async (input: string, alone: boolean) => {
      const lines = await answer(loaded.predict, input);
      // One of many is a line, which is the answer; one alone says how sure it is, too.
      const shown = alone ? lines : lines.slice(0, 1);
      context.terminal.write(
        typed.json === true
          ? `${JSON.stringify({ input, answer: lines })}\n`
          : shown.map((line) => `${line}\n`).join(""),
      );
    };
    if (typeof typed.input === "string") return await one(typed.input, true);
    for await (const line of context.terminal.lines()) if (line !== "") await one(line, false);
  });
  return command;
}

/**
 * Defines `sample`.
 *
 * @param context What there is.
 * @returns The command.
 */
export function defineSample(context: CliContext): Command {
  const command = new Command();
  command.description("Let a trained model go on by itself: text, or numbers, a line each.");
  addModelOptions(command);
  command.option("--prompt <text>", "What to go on from");
  command.option("--length <n>", "How many characters or numbers");
  command.option("--temperature <x>", "Below 1 is surer, 0 takes the likeliest (default 1)");
  command.option("--top-k <n>", "Draw only from so many of the likeliest");
  command.option("--seed <n>", "Seed of chance (default 0)");
  command.option("--json", "Print one JSON object");
  command.example(
    "A text:",
    "deno task sample runs/2026-01-31-char-gru-0 --prompt 'ROMEO:' --length 500 --temperature 0.8",
  );
  command.example(
    "FizzBuzz from 100:",
    "deno task sample runs/2026-01-31-fizzbuzz-rnn-0 --prompt 100 --length 15",
  );
  command.action(async (options: unknown, ...[run]: unknown[]) => {
    const typed = options as TypedFlags;
    const length = wholeNumber(typed, "length", 1);
    const seed = wholeNumber(typed, "seed", 0) ?? 0;
    const topK = wholeNumber(typed, "top-k", 1);
    const temperature = temperatureOf(typed);
    using loaded = await loadChosen(context, run, typed);
    const task = loaded.taskInstance;
    const sample = required(task.sample?.bind(task), loaded, "sample");
    const prompt = typeof typed.prompt === "string" ? typed.prompt : undefined;
    const { write } = context.terminal;
    let text = "";
    for await (const piece of sample(loaded.predict, { prompt, length, temperature, topK, seed })) {
      text += piece;
      // Whoever reads sees it grow.
      if (typed.json !== true) write(piece);
    }
    if (typed.json === true) write(`${JSON.stringify({ prompt, text })}\n`);
    else if (!text.endsWith("\n")) write("\n");
  });
  return command;
}

function temperatureOf({ temperature }: TypedFlags): number | undefined {
  if (typeof temperature !== "string") return undefined;
  const value = Number(temperature);
  if (temperature.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
  throw new UsageError(
    `Cannot use --temperature ${temperature}: a number of at least 0 is needed`,
  );
}
