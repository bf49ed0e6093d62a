/**
 * Whether a run in a sweep's folder is the one that a trial asks for.
 *
 * @module
 */

import { planRun } from "@unroll/core/runs";
import { changedSettings } from "@unroll/core/training";
import { formatOptionValue } from "@unroll/core/plugin/host";
import type { RunConfig } from "@unroll/core/runs";
import { requested } from "../commands/train_action.ts";
import type { TrainRequest } from "../context.ts";

/**
 * Finds what sets a run apart from the one that is asked for.
 *
 * @param config What decided the run.
 * @param request What is asked for.
 * @returns For example `hidden 4 where 8 is asked for`; nothing where the run is the same.
 * @throws {RangeError} When what is asked for cannot be made ready.
 */
export async function otherSettings(config: RunConfig, request: TrainRequest): Promise<string[]> {
  const wanted = await planRun(requested(request, config.version));
  const { device } = request.training;
  const differences: string[] = [];
  const compare = (name: string, found: unknown, asked: unknown) => {
    if (JSON.stringify(found) === JSON.stringify(asked)) return;
    const [one, other] = [found, asked].map((value) => formatOptionValue(value ?? null));
    differences.push(`${name} ${one} where ${other} is asked for`);
  };
  for (const part of ["model", "task"] as const) {
    const [found, asked] = [config[part], wanted[part]];
    compare(part, found.name, asked.name);
    // Options of one say nothing to another.
    if (found.name !== asked.name) continue;
    for (const name of Object.keys({ ...asked.options, ...found.options })) {
      compare(name, found.options[name], asked.options[name]);
    }
  }
  compare("seed", config.seed, wanted.seed);
  compare("device", config.device, device === "auto" ? config.device : device);
  for (const name of changedSettings(config.training, wanted.training)) {
    compare(name, config.training[name], wanted.training[name]);
  }
  return differences;
}
