/**
 * A device against the interpreter, on one random program.
 *
 * @module
 */
import type { Backend } from "../ir/backend.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import { typedArray } from "../ir/tensor_type.ts";
import { graphCost } from "../passes/cost.ts";
import { boundsOf, outside } from "./bounds.ts";
import { type Arbitrary, fc } from "./fast_check.ts";
import { type Arithmetic, SINGLE } from "./intervals.ts";
import { printProgram } from "./print_program.ts";
import { runGraph } from "./run_graph.ts";
import { buildProgram, type BuiltProgram, type ProgramSpec } from "./program_spec.ts";

/** What WebAssembly and native code have in common. */
const CPU: Arithmetic = {
  ...SINGLE,
  // The sigmoid is 0 where it would be subnormal.
  allowed: { sigmoid: () => 2 ** -126 },
};

/** How the devices compute with real numbers. */
export const ARITHMETIC: Readonly<Record<"cpu" | "native" | "webgpu", Arithmetic>> = {
  cpu: CPU,
  native: CPU,
  // What WGSL allows: https://www.w3.org/TR/WGSL/#floating-point-accuracy
  webgpu: {
    ...SINGLE,
    least: 2 ** -126,
    flushes: true,
    // Mesa makes x of exp(log(x)), also of negative x (core/DESIGN.md says what is not seen through).
    losesNan: ["exp"],
    allowed: {
      exp: (x, result) => (3 + 2 * Math.min(104, Math.abs(x))) * 2 ** -23 * result,
      sigmoid: (x, result) => (3 + 2 * Math.min(104, Math.abs(x))) * 2 ** -23 * result,
      log: () => 2 ** -21,
      sin: () => 2 ** -11,
      cos: () => 2 ** -11,
    },
  },
};

/**
 * Runs a program on a device and on the interpreter.
 *
 * @param spec The program.
 * @param backend The device.
 * @returns What is wrong, each in a line, and the program.
 */
export async function checkOn(
  spec: ProgramSpec,
  backend: Backend,
): Promise<{ readonly faults: readonly string[]; readonly program: BuiltProgram }> {
  const program = buildProgram(spec);
  const { graph, inputs } = program;
  const exact = evaluateGraph(graph, inputs);
  const found = await runGraph(backend, graph, inputs, { donated: program.donated });
  // Bounds take longer than all else, and hold what is within four units in the last place.
  const isNear = exact.every(({ type: { dtype }, data }, i) => {
    const wanted = typedArray(dtype, data);
    return wanted.every((x, j) => {
      const y = found[i][j];
      return Object.is(x, y) || (dtype === "f32" && Math.abs(x - y) <= 2 ** -21 * Math.abs(x));
    });
  });
  if (isNear) return { faults: [], program };
  const bounds = boundsOf(
    graph,
    inputs,
    ARITHMETIC[backend.name === "reference" ? "cpu" : backend.name],
  );
  const own = outside(bounds, exact.map(({ data }) => data), exact);
  if (own.length > 0) return { faults: own.map((line) => `bounds: ${line}`), program };
  return { faults: outside(bounds, found, exact), program };
}

/** Programs of more additions, one in a hundred, are not counted: their bounds take seconds. */
const MOST_OPERATIONS = 1e6;

/** How many programs, and which. */
export interface CheckProgramsOptions {
  /** Seed. */
  readonly seed: number;
  /** How many programs. */
  readonly runs: number;
  /** The way to one of them, as a failure prints it. */
  readonly path?: string;
  /** Stops after so many milliseconds, whatever the number. */
  readonly time?: number;
}

/**
 * Checks random programs on a device.
 *
 * @param backend The device.
 * @param arbitrary The programs.
 * @param options How many.
 * @returns How many were run.
 * @throws {Error} With the smallest program that goes wrong, as TypeScript, and what brings it back.
 */
export async function checkPrograms(
  backend: Backend,
  arbitrary: Arbitrary<ProgramSpec>,
  { seed, runs, path, time }: CheckProgramsOptions,
): Promise<number> {
  const property = fc.asyncProperty(arbitrary, async (spec) => {
    fc.pre(graphCost(buildProgram(spec).graph).operations <= MOST_OPERATIONS);
    const { faults } = await checkOn(spec, backend);
    if (faults.length > 0) throw new Error(faults.slice(0, 4).join("\n"));
  });
  const result = await fc.check(property, {
    ...{ seed, path, numRuns: runs },
    ...time === undefined ? {} : { interruptAfterTimeLimit: time },
  });
  if (!result.failed || !result.counterexample) return result.numRuns;
  const [spec] = result.counterexample;
  const text = printProgram(buildProgram(spec), spec.inputs, backend.name);
  const error = result.errorInstance instanceof Error
    ? result.errorInstance.stack
    : String(result.errorInstance);
  throw new Error(
    `${backend.name} goes wrong, seed ${seed}, path ${result.counterexamplePath}, after ` +
      `${result.numRuns} programs and ${result.numShrinks} times shrunk:\n${error}\n\n${text}`,
  );
}
