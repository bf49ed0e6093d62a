/**
 * Runs every recipe and writes what is known beside what a run got to `bench/RECIPES.md`.
 *
 * ```sh
 * deno task recipes:run --alice alice.txt --nietzsche nietzsche.txt --shakespeare tinyshakespeare.txt
 * ```
 *
 * - `--alice`, `--nietzsche`, `--shakespeare FILE`: the texts that are not built in; recipes whose text is
 *   not given are left out, and said to be;
 * - `--in-place-of-nietzsche FILE`: another text for the recipes of lesson 6, whose figures are then for
 *   that text and marked so;
 * - `--lesson6-epochs N`: fewer epochs for lesson 6 than it had, which the table says;
 * - `--only NAME,NAME`: these recipes alone, keeping the lines of the others;
 * - `--seed N`, in place of the one that each recipe has.
 *
 * @module
 */

import { cpus } from "node:os";
import { parseOptionTexts } from "@unroll/core/plugin/host";
import { DivergenceError } from "@unroll/core/training";
import {
  divergesOf,
  formatDifference,
  formatExpected,
  formatNumber,
  type Recipe,
  RECIPES,
  runRecipe,
} from "@unroll/cli/recipes";
import * as z from "zod";

/** All on one device, so that times compare. */
const CPU = { device: "cpu" } as const;

const OUT = new URL("RECIPES.md", import.meta.url);

const OPTIONS = z.object({
  alice: z.string().optional().describe("Alice in Wonderland"),
  nietzsche: z.string().optional().describe("Nietzsche"),
  inPlaceOfNietzsche: z.string().optional().describe("Another text for lesson 6"),
  shakespeare: z.string().optional().describe("Tiny Shakespeare"),
  lesson6Epochs: z.number().positive().optional().describe("Epochs of lesson 6"),
  only: z.string().optional().describe("Names, with commas between them"),
  seed: z.int().min(0).optional().describe(
    "Seed of everything random; each recipe's own if left out",
  ),
});

type Options = z.infer<typeof OPTIONS>;

function readOptions(args: readonly string[]): Options {
  const texts: Record<string, string> = {};
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i].replace(/^--/, "").replace(
      /-([a-z0-9])/g,
      (_, letter: string) => letter.toUpperCase(),
    );
    texts[name] = args[i + 1] ?? "";
  }
  return parseOptionTexts(OPTIONS, texts, { owner: "recipes:run" }) as Options;
}

/** How a recipe is run here. */
interface Plan {
  readonly corpus?: string;
  readonly epochs?: number;
  /** What a reader must know to compare. */
  readonly remarks: readonly string[];
  /** Why it is not run. */
  readonly missing?: string;
}

function planOf(name: string, recipe: Recipe, options: Options): Plan {
  if (recipe.corpus === undefined) return { remarks: [] };
  if (!name.startsWith("lesson6-")) {
    const corpus = name === "alice" ? options.alice : options.shakespeare;
    if (corpus === undefined) return { remarks: [], missing: "its text was not given" };
    return { corpus, remarks: name === "alice" ? editionOf(corpus) : [] };
  }
  const other = options.nietzsche === undefined;
  const corpus = options.nietzsche ?? options.inPlaceOfNietzsche;
  if (corpus === undefined) return { remarks: [], missing: "its text was not given" };
  const { training } = recipe;
  const full = training.phases?.reduce((sum, { epochs }) => sum + epochs, 0) ?? training.epochs;
  const fewer = full !== undefined && options.lesson6Epochs !== undefined &&
    options.lesson6Epochs < full;
  return {
    corpus,
    ...(fewer ? { epochs: options.lesson6Epochs } : {}),
    remarks: [
      ...(other ? ["**another text**, not comparable"] : []),
      ...(fewer ? [`**${options.lesson6Epochs} of ${full} epochs**`] : []),
    ],
  };
}

/** Characters of the notebook's Alice. */
const ALICE = 74_700;

/** Says if Alice is not quite the notebook's. */
function editionOf(path: string): string[] {
  const { length } = [...Deno.readTextFileSync(path)];
  return length === ALICE ? [] : [
    `a text of ${length.toLocaleString("en-US")} characters, theirs had ${
      ALICE.toLocaleString("en-US")
    }`,
  ];
}

/** Recipes that are tried from several random starts, and the share that is known to get there. */
const STARTS: Readonly<Record<string, { readonly count: number; readonly known?: number }>> = {
  "theano-fizzbuzz": { count: 64, known: 46 / 64 },
  "count-rnn": { count: 10 },
  "count-lstm": { count: 10 },
  "counting-1000": { count: 10, known: 0.9 },
};

/** How many starts come out as known. */
async function runStarts(name: string, recipe: Recipe, seed: number): Promise<string[]> {
  if (!Object.hasOwn(STARTS, name)) return [];
  const { count, known } = STARTS[name];
  let good = 0;
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    using run = await runRecipe(recipe, { seed: seed + i, training: CPU });
    if (run.comparisons.every(({ passes }) => passes !== false)) good++;
  }
  const seconds = (performance.now() - started) / 1000;
  const cells = [
    "",
    `share of ${count} starts as known`,
    known === undefined ? "" : formatNumber(known),
    formatNumber(good / count),
    known === undefined ? "" : formatDifference(good / count - known),
    "",
    "",
    "",
    `${seconds.toFixed(1)} s`,
    `${good} of ${count}`,
  ];
  return [`| ${cells.join(" | ")} |`.replaceAll(/ +\|/g, " |")];
}

/** The lines of a recipe in the table, under its name. */
type Lines = Map<string, string[]>;

const HEADER =
  "| recipe | measure | known | got | difference | as known | held out | steps | time | remarks |\n" +
  "| --- | --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | --- |\n";

/** Where a recipe blows up that is to do so. */
async function diverged(recipe: Recipe): Promise<string> {
  try {
    using run = await runRecipe(recipe, { training: CPU });
    return `not as known: it did not diverge, its loss is ${formatNumber(run.trained.loss)}`;
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    return `as known: its loss is not finite at step ${error.step}`;
  }
}

async function runOne(name: string, recipe: Recipe, options: Options): Promise<string[]> {
  const { corpus, epochs, remarks, missing } = planOf(name, recipe, options);
  if (missing !== undefined) return [`| \`${name}\` | | | | | | | | | not run: ${missing} |`];
  const started = performance.now();
  if (divergesOf(recipe)) return [`| \`${name}\` | | | | | | | | | ${await diverged(recipe)} |`];
  using run = await runRecipe(recipe, { seed: options.seed, corpus, epochs, training: CPU });
  const seconds = (performance.now() - started) / 1000;
  const { steps, loss, task } = run.trained;
  const character = task.spec.outputs.kind === "class" && recipe.task === "char";
  const comparable = !remarks.some((remark) => remark.startsWith("**another text"));
  return run.comparisons.map((comparison, i) => {
    const first = i === 0;
    const cells = [
      first ? `\`${name}\`` : "",
      comparison.name,
      formatExpected(comparison.expected),
      formatNumber(comparison.actual),
      formatDifference(comparison.difference),
      !comparable || comparison.passes === undefined ? "" : comparison.passes ? "yes" : "no",
      first && character && Number(recipe.taskOptions.validation) > 0 ? loss.toFixed(3) : "",
      first ? steps.toLocaleString("en-US") : "",
      first ? `${seconds.toFixed(1)} s` : "",
      first ? remarks.join("; ") : "",
    ];
    return `| ${cells.join(" | ")} |`.replaceAll(/ +\|/g, " |");
  });
}

/** The lines that were written before, of recipes that are not run now. */
async function readLines(): Promise<Lines> {
  const lines: Lines = new Map();
  const text = await Deno.readTextFile(OUT).catch(() => "");
  let name: string | undefined;
  for (const line of text.split("\n")) {
    if (!line.startsWith("| ") || line.startsWith("| recipe") || line.startsWith("| ---")) continue;
    name = /^\| `([^`]+)`/.exec(line)?.[1] ?? name;
    if (name !== undefined) lines.set(name, [...lines.get(name) ?? [], line]);
  }
  return lines;
}

/** Says what is run, but not where on this machine the texts are, nor that only a part was run again. */
function commandOf(args: readonly string[]): string {
  const kept = args.filter((arg, i) => arg !== "--only" && args[i - 1] !== "--only");
  return ["deno task recipes:run", ...kept.map((arg) => arg.split("/").at(-1))].join(" ");
}

/** Minutes that all lines took together, of this run and earlier ones. */
function minutesOf(lines: Lines): number {
  const seconds = [...lines.values()].flat().map((line) =>
    Number(/\| ([0-9.]+) s +\|/.exec(line)?.[1] ?? 0)
  );
  return seconds.reduce((sum, own) => sum + own, 0) / 60;
}

/** Programs that want a core, on average over a minute, from which on a machine is busy. */
const BUSY = 0.5;

/** What else the machine did when it began. */
function companyOf(load: number): string {
  return load < BUSY
    ? "The machine did nothing else when it began."
    : `The machine did other work when it began (load ${load.toFixed(1)}): times are upper bounds.`;
}

/** What the page says of the run that wrote it. */
interface PageContext {
  readonly args: readonly string[];
  /** Load of the machine before anything was run here. */
  readonly load: number;
}

function pageOf(lines: Lines, { args, load }: PageContext): string {
  const [cpu] = cpus();
  const ffi = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  const blas = ffi ? " (with `--allow-ffi`, so that large products may be OpenBLAS's)" : "";
  const sources = Object.entries(RECIPES).flatMap(([name, { expected, note }]) => [
    `- \`${name}\`: ${[...new Set(expected.map(({ source }) => source))].join("; ")}.${
      note === undefined ? "" : ` ${note}.`
    }`,
  ]);
  return `# The recipes: known and got

Written by \`${commandOf(args)}\` on ${
    new Date().toISOString().slice(0, 10)
  } with Deno ${Deno.version.deno}
on ${cpus().length} × ${cpu.model.trim()}, on the CPU device${blas}, in ${
    Math.round(minutesOf(lines))
  } minutes. ${companyOf(load)}

Losses are in nats; "training loss" is the mean over the last epoch, and of the networks by hand over
the last windows, up to 1,000. "Held out" is the loss in nats per character on text that was not trained
on, which the write-ups do not tell. Known numbers are those of one
random start each unless it is said otherwise below, so a difference is not yet a fault.

${HEADER}${Object.keys(RECIPES).flatMap((name) => lines.get(name) ?? []).join("\n")}

## Where the known numbers are from, and why some are not repeated

${sources.join("\n")}
`;
}

if (import.meta.main) {
  const options = readOptions(Deno.args);
  const only = options.only?.split(",");
  const lines = await readLines();
  const started = performance.now();
  const [load] = Deno.loadavg();
  for (const [name, recipe] of Object.entries(RECIPES)) {
    if (only && !only.includes(name)) continue;
    console.error(`${((performance.now() - started) / 1000).toFixed(0)} s: ${name}`);
    const own = [
      ...await runOne(name, recipe, options),
      ...await runStarts(name, recipe, options.seed ?? 0),
    ];
    console.error(own.join("\n"));
    lines.set(name, own);
    // After each recipe, so that a run that is stopped leaves what it has.
    await Deno.writeTextFile(OUT, pageOf(lines, { args: Deno.args, load }));
  }
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", OUT.pathname] }).output();
}
