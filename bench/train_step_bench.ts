/**
 * How long is a training step? Each job on the CPU, one step a call, and three of them in plain JavaScript too.
 *
 * @module
 */
import { cpuBackend } from "@unroll/core";
import { type Job, JOBS } from "./jobs/job.ts";
import { withNumbers } from "./jobs/numbers.ts";
import { plainFizzbuzz, plainMinchar } from "./jobs/plain_javascript.ts";
import { startJob } from "./jobs/run.ts";
