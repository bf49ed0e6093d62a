/**
 * A page that learns XOR in the browser, on WebGPU or on the CPU: what `?device=` says.
 *
 * The core, the models and the tasks are the same modules as in Deno; `deno bundle` makes one file of them.
 *
 * @module
 */
import type { BackendName } from "@unroll/core/backends";
import { train } from "@unroll/core/training";
import { rnn } from "@unroll/models";
import { xor } from "@unroll/tasks";

/** What the page has to show, or why not. */
export interface Shown {
  readonly device?: BackendName;
  readonly description?: string;
  readonly losses?: readonly number[];
  readonly error?: number;
  readonly answers?: readonly string[];
  readonly failure?: string;
}

async function learn(device: BackendName | "auto"): Promise<Shown> {
  const losses: number[] = [];
  let description = "";
  using trained = await train({
    model: rnn({ hidden: 8 }),
    task: xor(),
    device,
    seed: 1,
    validateEvery: 20,
    callbacks: [{
      onStart(start) {
        description = start.deviceDescription;
      },
      onEvent(event) {
        if (event.event === "validation") losses.push(event.validation.loss);
      },
    }],
  });
  return {
    device: trained.device,
    description,
    losses,
    error: trained.error,
    answers: await trained.task.show?.(trained.predict) ?? [],
  };
}

/** What was shown, as the page and its test take it. */
export const shown: Promise<Shown> = learn(
  (new URL(location.href).searchParams.get("device") ?? "auto") as BackendName | "auto",
).catch((error) => ({ failure: error instanceof Error ? error.message : String(error) }));
