/**
 * How long is a training step? Each job on the CPU, one step a call, and three of them in plain JavaScript too.
 *
 * @module
 */
import { cpuBackend } from "@unroll/core/backends";
import { benchCall, type Call, formatRate, printAtEnd } from "./calls.ts";
import { formatNumber } from "./format.ts";
import { flopsPerStep, JOBS } from "./jobs/job.ts";
import { type JobNumbers, withNumbers } from "./jobs/numbers.ts";
import { plainFizzbuzz, plainMinchar, type PlainStep } from "./jobs/plain_javascript.ts";
import { startJob } from "./jobs/programs.ts";
import { preparePeak, warmUp } from "./peak.ts";

const PLAIN: Readonly<Record<string, (job: JobNumbers) => PlainStep>> = {
  "fizzbuzz-rnn": plainFizzbuzz,
  "minchar-sevenths": plainMinchar,
  "minchar-alice": plainMinchar,
};

/** Steps of more than 0.2 GFLOP are made only a few times; of less, as often as half a second allows. */
const HEAVY = 2e8;

const backend = cpuBackend();
const measurePeak = await preparePeak();
const calls: Call[] = [];
for (const job of JOBS) {
  const numbers = withNumbers(job);
  const running = await startJob(backend, numbers);
  let at = 0;
  const step = (): void => running.step(at++);
  await warmUp(step, 0.3);
  const operations = flopsPerStep(job);
  const call: Call = {
    name: `${job.name}: Unroll`,
    run: step,
    columns: (seconds, peak) => [
      formatNumber(1 / seconds),
      ...formatRate(operations, seconds, peak),
    ],
  };
  calls.push(call);
  const budget = operations > HEAVY ? { n: 3, warmup: 1 } : {};
  benchCall(call, { group: job.name, baseline: true, ...budget });
  const plain = PLAIN[job.name]?.(numbers);
  if (plain) {
    Deno.bench(`${job.name}: plain JavaScript`, { group: job.name, ...budget }, () => void plain());
  }
}
printAtEnd(
  "Training steps",
  ["steps/s", "GFLOP/s", "of peak"],
  calls,
  measurePeak,
);
