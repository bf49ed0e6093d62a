/**
 * Trains three tasks on the CPU and says the bits: the same program for every runtime, as one file without imports.
 *
 * @module
 */
import { cpuBackend } from "@unroll/core/backends";
import { train } from "@unroll/core/training";
import { gru, rnn } from "@unroll/models";
import { char, fizzbuzz, xor } from "@unroll/tasks";

/** How the CPU is used. */
export interface Way {
  /** How many threads. */
  readonly threads: number;
  /** Whether multiplications and additions may be fused, where the engine can. */
  readonly fused: boolean;
}

/** What came out. */
export interface Outcome {
  /** How many threads there were: pages get one, unless they are isolated from other origins. */
  readonly threads: number;
  /** Whether the device says that it fuses multiplications and additions. */
  readonly saysFused: boolean;
  /** Task → the beginning of SHA-256 of the trained parameters and what the optimizer keeps. */
  readonly bits: Readonly<Record<string, string>>;
}

const JOBS = {
  xor: { model: rnn({ hidden: 8 }), task: xor(), steps: 100 },
  fizzbuzz: { model: rnn({ hidden: 16 }), task: fizzbuzz(), steps: 100 },
  char: { model: gru({ hidden: 32 }), task: char({ corpus: "fizzbuzz-text" }), steps: 20 },
};

/**
 * Trains all of them.
 *
 * @param way How.
 * @returns Their bits.
 */
export async function trainAll({ threads, fused }: Way): Promise<Outcome> {
  // Small as they are, they use all threads.
  const device = cpuBackend({ threads, eager: true, ...(fused ? {} : { relaxed: false }) });
  try {
    const bits: Record<string, string> = {};
    for (const [name, { model, task, steps }] of Object.entries(JOBS)) {
      const trained = await train({ model, task, steps, device, seed: 1 });
      const { tensors } = await trained.snapshot();
      bits[name] = await hashOf([...tensors].map(([, { data }]) => data));
      trained.dispose();
    }
    const { description } = device;
    return {
      threads: Number(/(\d+) thread/.exec(description)?.[1]),
      saysFused: description.includes("fused"),
      bits,
    };
  } finally {
    device.dispose();
  }
}

async function hashOf(arrays: readonly ArrayBufferView[]): Promise<string> {
  const bytes = await new Blob(arrays as BlobPart[]).arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** How each runtime is tried. */
export const WAYS: readonly Way[] = [
  { threads: 1, fused: false },
  { threads: 2, fused: false },
  { threads: 1, fused: true },
  { threads: 2, fused: true },
];

async function trainEachWay(): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const way of WAYS) outcomes.push(await trainAll(way));
  return outcomes;
}

/** All outcomes, as a page and its test take them. */
export const outcomes: Promise<readonly Outcome[]> = trainEachWay();

// A page is asked, a process prints.
if (!("document" in globalThis)) console.log(JSON.stringify(await outcomes));
