/**
 * How many of some networks can be certified, how right they are and how long they take, by the options
 * they are trained with: `CERTIFICATES.md` has the tables.
 *
 * ```sh
 * deno task certify --runs runs/certify --write
 * ```
 *
 * - `--runs FOLDER`: where runs are kept; those that are there already are not made again;
 * - `--seeds N`: how many of each, 10 if left out;
 * - `--only TEXT`: rows alone whose name has this in it;
 * - `--kept`: make the tables of the runs that are there, without making any;
 * - `--write`: put the tables into their page, in place of printing them.
 *
 * @module
 */
import { parseOptionTexts } from "@unroll/core/plugin/host";
import type { ModelPlugin, TaskPlugin } from "@unroll/core/plugin";
import { type JsonRecord, trainAndSave } from "@unroll/core/runs";
import type { TrainSettings } from "@unroll/core/training";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import * as z from "zod";
import { prove } from "../cli/proof/prove.ts";
import { describeRun, formatTable, formatTime, writePage } from "./format.ts";

const PAGE = "CERTIFICATES.md";

const OPTIONS = z.object({
  runs: z.string().default("runs/certify").describe("Where runs are kept"),
  seeds: z.int().min(1).default(10).describe("How many of each"),
  only: z.string().default("").describe("Part of the names of rows"),
});

/** What is trained, many times. */
interface Row {
  readonly table: "main" | "options";
  readonly name: string;
  readonly task: "counting" | "fizzbuzz";
  readonly taskOptions: JsonRecord;
  readonly model: "rnn" | "gru" | "lstm";
  readonly modelOptions: JsonRecord;
  readonly training?: Pick<TrainSettings, "steps" | "schedule">;
  /** Seeds that are run of it, at most. */
  readonly most: number;
}

const CELLS = ["rnn", "gru", "lstm"] as const;
const DIGITS = { encoding: "digits", digits: 15 };
/** What makes states of a cell few on digits: found by trying, on seeds 0 to 2. */
const ON_DIGITS = {
  rnn: { hidden: 32, stateNoise: 0.3 },
  gru: { hidden: 16, stateNoise: 0.35 },
  lstm: { hidden: 24, stateNoise: 0.3 },
} as const;

/** Names what differs from the defaults. */
function nameOf(model: string, { taskOptions, modelOptions, training }: Partial<Row>): string {
  const { hidden, snap, stateNoise } = modelOptions ?? {};
  return [
    model,
    ...(hidden === undefined ? [] : [`--hidden ${hidden}`]),
    ...(snap ? ["--snap"] : []),
    ...(stateNoise === undefined ? [] : [`--state-noise ${stateNoise}`]),
    ...(taskOptions?.digits === undefined ? [] : [`--digits ${taskOptions.digits}`]),
    ...(training?.steps === undefined ? [] : [`--steps ${training.steps}`]),
    ...(training?.schedule === undefined ? [] : [`--schedule ${training.schedule}`]),
  ].join(" ");
}

function row(
  table: Row["table"],
  title: string,
  settings: Omit<Row, "table" | "name" | "most" | "modelOptions" | "taskOptions"> & Partial<Row>,
): Row {
  const whole = { taskOptions: {}, modelOptions: {}, ...settings };
  const { encoding } = whole.taskOptions;
  // Of networks that nothing makes certifiable, a few tell enough.
  const isClaimed = encoding === "none" || table === "main" && whole.modelOptions.snap === true;
  const most = isClaimed ? Infinity : 5;
  return { ...whole, table, most, name: `${title}: ${nameOf(settings.model, whole)}` };
}

function counting(
  table: Row["table"],
  model: Row["model"],
  modelOptions: JsonRecord,
  training?: Row["training"],
): Row {
  return row(table, "counting", { task: "counting", model, modelOptions, training });
}

function digits(
  table: Row["table"],
  model: Row["model"],
  modelOptions: JsonRecord,
  training: Row["training"],
): Row {
  return row(table, "fizzbuzz on digits", {
    task: "fizzbuzz",
    taskOptions: DIGITS,
    model,
    modelOptions: { snap: true, ...modelOptions },
    training,
  });
}

const ROWS: readonly Row[] = [
  ...CELLS.map((model) =>
    row("main", "fizzbuzz", { task: "fizzbuzz", taskOptions: { encoding: "none" }, model })
  ),
  ...CELLS.flatMap((model) => [
    counting("main", model, { hidden: 16 }),
    counting("main", model, { hidden: 16, snap: true, stateNoise: 0.25 }, { steps: 5000 }),
  ]),
  ...CELLS.flatMap((model) => [
    row("main", "fizzbuzz on digits", {
      task: "fizzbuzz",
      taskOptions: { encoding: "digits" },
      model,
    }),
    digits("main", model, ON_DIGITS[model], { steps: model === "gru" ? 100_000 : 60_000 }),
  ]),
  ...[0, 0.1, 0.25, 0.4].map((stateNoise) =>
    counting("options", "rnn", { hidden: 16, snap: true, stateNoise })
  ),
  counting("options", "rnn", { hidden: 16, stateNoise: 0.25 }),
  ...[8, 32].map((hidden) => counting("options", "rnn", { hidden, snap: true, stateNoise: 0.25 })),
  ...[0, 0.1, 0.25].map((stateNoise) =>
    digits("options", "rnn", { hidden: 24, stateNoise }, { steps: 30_000 })
  ),
  digits("options", "rnn", { hidden: 24, stateNoise: 0.25 }, { steps: 100_000 }),
];

/** What one run came to. */
interface Outcome {
  readonly outcome: "certified" | "refuted" | "open";
  /** Of a certified network. */
  readonly states?: number;
  /** Symbols of the first word that it is wrong after. */
  readonly wrongAt?: number;
  /** The share of the test that is wrong. */
  readonly error: number;
  readonly seconds: number;
  readonly proofSeconds: number;
}

/** What was found before. */
async function keptOutcome(folder: string): Promise<Outcome | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(`${folder}/outcome.json`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Trains and proves. */
async function newOutcome(
  { task, taskOptions, model, modelOptions, training }: Row,
  seed: number,
  folder: string,
): Promise<Outcome> {
  await Deno.remove(`${folder}/run`, { recursive: true }).catch(() => {});
  using trained = await trainAndSave({
    model: (MODELS[model] as ModelPlugin)(modelOptions),
    task: (TASKS[task] as TaskPlugin)(taskOptions),
    seed,
    device: "cpu",
    out: folder,
    name: "run",
    version: "bench",
    ...training,
  });
  const checkpoint = await Deno.readFile(`${folder}/run/best.safetensors`);
  const started = performance.now();
  const proof = prove(checkpoint);
  const outcome: Outcome = {
    outcome: proof.outcome,
    ...(proof.outcome === "certified" && proof.certificate.kind === "codes"
      ? { states: proof.certificate.states }
      : {}),
    ...(proof.outcome === "refuted" ? { wrongAt: proof.word.length } : {}),
    error: trained.error ?? NaN,
    seconds: trained.seconds,
    proofSeconds: (performance.now() - started) / 1000,
  };
  await Deno.writeTextFile(`${folder}/outcome.json`, JSON.stringify(outcome));
  return outcome;
}

/** The middle one, or the lower of two. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1];
}

function cellsOf(name: string, outcomes: readonly Outcome[]): string[] {
  const count = (wanted: Outcome["outcome"]) =>
    outcomes.filter(({ outcome }) => outcome === wanted).length;
  const states = outcomes.flatMap(({ states }) => states === undefined ? [] : [states]);
  const wrong = outcomes.flatMap(({ wrongAt }) => wrongAt === undefined ? [] : [wrongAt]);
  const range = (values: readonly number[]) =>
    values.length === 0 ? "" : [...new Set([Math.min(...values), Math.max(...values)])]
      .map((value) => value.toLocaleString("en-US")).join(" to ");
  const whole = outcomes.filter(({ error }) => error === 0).length;
  return [
    name,
    `${count("certified")} of ${outcomes.length}`,
    range(states),
    String(count("refuted")),
    range(wrong),
    String(count("open")),
    `${whole} of ${outcomes.length}`,
    formatTime(median(outcomes.map(({ seconds }) => seconds))),
    formatTime(median(outcomes.map(({ proofSeconds }) => proofSeconds))),
  ];
}

const HEAD = [
  "trained with",
  "certified",
  "states",
  "refuted",
  "wrong at length",
  "open",
  "test right",
  "training",
  "proof",
];

if (import.meta.main) {
  const [write, keptOnly] = ["--write", "--kept"].map((flag) => Deno.args.includes(flag));
  const args = Deno.args.filter((arg) => arg !== "--write" && arg !== "--kept");
  const texts = Object.fromEntries(
    args.flatMap((arg, i) => i % 2 === 0 ? [[arg.replace(/^--/, ""), args[i + 1] ?? ""]] : []),
  );
  const { runs, seeds, only } = parseOptionTexts(OPTIONS, texts, { owner: "certify" }) as z.infer<
    typeof OPTIONS
  >;
  const lines: Record<Row["table"], string[][]> = { main: [], options: [] };
  for (const row of ROWS.filter(({ name }) => name.includes(only))) {
    const outcomes: Outcome[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const folder = `${runs}/${row.name.replaceAll(/[^a-z0-9.]+/g, "-")}/${seed}`;
      const kept = await keptOutcome(folder);
      if (kept === undefined && (keptOnly || seed >= row.most)) continue;
      const outcome = kept ?? await newOutcome(row, seed, folder);
      console.error(row.name, seed, JSON.stringify(outcome));
      outcomes.push(outcome);
    }
    if (outcomes.length > 0) lines[row.table].push(cellsOf(row.name, outcomes));
  }
  const tables = Object.fromEntries(
    Object.entries(lines).map(([name, rows]) => [name, formatTable(HEAD, rows)]),
  );
  if (write) await writePage(PAGE, { ...tables, machine: describeRun() });
  else console.log(Object.values(tables).join("\n\n"));
}
