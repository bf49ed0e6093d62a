/**
 * `compile`: a function of tensors becomes a program of a device, once for each kind of arguments.
 *
 * @module
 */
import type { Backend, DeviceBuffer } from "../ir/backend.ts";
import { defaultBackend } from "../backends/open.ts";
import { evaluateDeferred } from "../language/eager.ts";
import { refuseOtherArray, tensor } from "../language/ops/creation.ts";
import { computeIfLarge } from "./compute.ts";
import { Program, type ProgramSettings } from "./program.ts";
import { collectIfGrown, collectResults, forgetResult, keepResult } from "../language/results.ts";
import { currentTrace, Tensor } from "../language/tensor.ts";
import { isTensor, refuseForeignTensor, setSource, sourceOf } from "../language/tensor_source.ts";
import { formatType, type TensorType } from "../ir/tensor_type.ts";
import { trace, type Traced } from "../language/trace.ts";
import {
  describe,
  flattenTree,
  isPlainObject,
  rebuildTree,
  type Tree,
  treeEntries,
} from "../language/tree.ts";

/** What may be given where a compiled function takes a tree of tensors. */
export type Arguments<T> = [Tree] extends [T] ? T
  : T extends Tensor ? Tensor | number | Float32Array | Int32Array | Uint32Array
  : { readonly [K in keyof T]: Arguments<T[K]> };

/** What {@linkcode Compiled.prepare} takes: arguments, or only the types of their tensors. */
export type ArgumentTypes<T> = [Tree] extends [T] ? T
  : T extends Tensor ? Tensor | number | TensorType
  : { readonly [K in keyof T]: ArgumentTypes<T[K]> };

/** Settings of {@linkcode compile}. */
export interface CompileSettings {
  /** The device; by default the one that {@linkcode openBackend} gives for `auto`. */
  readonly backend?: Backend;
  /** What the program is called in reports. */
  readonly name?: string;
  /**
   * Positions of arguments that are used up: their memory becomes that of results of the same types,
   * in order. A tensor given there must not be given twice, and not be used again.
   */
  readonly donate?: readonly number[];
}

/** A compiled function. */
export interface Compiled<Args extends readonly unknown[], Result> extends Disposable {
  /** Runs it; compiles first if it never saw such arguments. Results stay on the device. */
  (...args: Arguments<Args>): Promise<Result>;
  /**
   * Compiles for arguments of the types of these, for a loop that then runs the program on the
   * loop's own buffers, without promises.
   */
  prepare(...examples: ArgumentTypes<Args>): Promise<Program>;
  /** Number of programs compiled so far. */
  readonly programs: number;
  /** Frees the programs. */
  dispose(): void;
}

/** One compiled program and what is needed to call it with trees. */
interface CacheEntry {
  readonly program: Program;
  /** The form of the result. */
  readonly result: unknown;
}

/**
 * Makes a fast function of one that is written in tensors. It is traced once for each structure and
 * types of arguments; the program is kept.
 *
 * Tensors that the function reads from outside, such as constants, become part of the program.
 *
 * Results that nobody disposes of are freed when the engine has collected their tensors; a call whose
 * results have grown by 128 MiB since that was last done waits for it.
 *
 * @param fn A function from trees of tensors to a tree of tensors. It must do nothing else: it runs
 * only when a program is made.
 * @param settings Device, name, and arguments that are used up.
 * @returns A function of the same arguments whose results are promised and lie on the device.
 * @throws {TypeError} When called, if an operation refuses its inputs, or a donated tensor is given twice.
 *
 * @example Usage
 * ```ts
 * import { compile, type Tensor } from "@unroll/core";
 * import { referenceBackend } from "@unroll/core/backends";
 * import { deepStrictEqual, strictEqual } from "node:assert/strict";
 *
 * using backend = referenceBackend();
 * using scaled = compile((x: Tensor, by: Tensor) => x.mul(by), { backend });
 * using y = await scaled(Float32Array.of(1, 2, 3), 10);
 * deepStrictEqual([...await y.data()], [10, 20, 30]);
 * await scaled(Float32Array.of(4, 5, 6), 10);
 * strictEqual(scaled.programs, 1);
 * ```
 */
export function compile<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  settings: CompileSettings = {},
): Compiled<Args, Result> {
  const entries = new Map<string, Promise<CacheEntry>>();
  const title = settings.name ?? (fn.name || "program");

  async function build(args: readonly unknown[]): Promise<CacheEntry> {
    const backend = settings.backend ?? await defaultBackend();
    const leaves = flattenTree(args);
    let result: unknown;
    const traced = trace(leaves.map(({ type }) => type), (...inputs) => {
      result = fn(...rebuildTree(args, inputs) as unknown as Args);
      return flattenTree(result);
    });
    const program = await compileTraced(backend, traced, {
      name: title,
      donated: donatedLeaves(args, settings.donate ?? []),
    });
    return { program, result };
  }

  function find(args: readonly unknown[]): Promise<CacheEntry> {
    const key = keyOf(args);
    let entry = entries.get(key);
    if (!entry) {
      entry = build(args);
      entries.set(key, entry);
      // What failed is tried again, so that the caller meets the same sentence.
      entry.catch(() => entries.delete(key));
    }
    return entry;
  }

  function call(...given: Arguments<Args>): Promise<Result> {
    // At once: in a function that is traced nobody would wait for a promise.
    if (currentTrace()) {
      throw new TypeError(
        `Cannot call the compiled function ${title} while another is traced: ` +
          "the function that it was made of is needed there",
      );
    }
    return start(given);
  }

  async function start(given: Arguments<Args>): Promise<Result> {
    const args = given.map((tree) => toTensors(tree));
    const { program, result } = await find(args);
    const { backend } = program;
    const leaves = flattenTree(args);
    checkDonated(title, args, leaves, program.donated);
    await evaluateDeferred(leaves, computeIfLarge);
    let outputs: DeviceBuffer[];
    try {
      outputs = await runOnce(program, leaves);
    } catch (error) {
      // Memory may be full of results that nobody holds any more.
      if (!(error instanceof RangeError && await collectResults())) throw error;
      outputs = await runOnce(program, leaves);
    }
    // What was donated is a result's now: neither the tensor given nor its end may touch it.
    for (const i of program.donated) {
      const leaf = leaves[i];
      const source = sourceOf(leaf);
      if (source.kind !== "device") continue;
      forgetResult(leaf, source.buffer);
      // Of another device's a copy was used up.
      if (source.backend !== backend) source.buffer.dispose();
      setSource(leaf, { kind: "device", backend, buffer: donatedBuffer(leaf.type) });
    }
    const tensors = outputs.map((buffer) => {
      const output = new Tensor(buffer.type, { kind: "device", backend, buffer });
      keepResult(output, buffer);
      return output;
    });
    const collected = collectIfGrown();
    if (collected) await collected;
    return rebuildTree(result, tensors) as Result;
  }

  const compiled = Object.assign(call, {
    async prepare(...examples: ArgumentTypes<Args>): Promise<Program> {
      return (await find(examples.map((tree) => toTensors(tree)))).program;
    },
    dispose() {
      // A program that never came to be has nothing to free.
      for (const entry of entries.values()) {
        entry.then(({ program }) => program.dispose(), () => {});
      }
      entries.clear();
    },
    [Symbol.dispose]() {
      compiled.dispose();
    },
  });
  Object.defineProperty(compiled, "programs", { get: () => entries.size });
  return compiled as typeof compiled & { readonly programs: number };
}

/**
 * Compiles a traced function, with what it captured.
 *
 * @param backend The device.
 * @param traced The graph and the tensors that it captured.
 * @param settings Name, and positions of inputs that are used up.
 * @returns The program.
 */
export async function compileTraced(
  backend: Backend,
  { graph, captures }: Traced,
  settings: Omit<ProgramSettings, "captures">,
): Promise<Program> {
  await evaluateDeferred(captures, computeIfLarge);
  return await Program.compile(backend, graph, {
    ...settings,
    captures: await Promise.all(captures.map((capture) => toDevice(backend, capture))),
  });
}

/** Runs a program on tensors; if it fails, they are as they were. */
async function runOnce(program: Program, leaves: readonly Tensor[]): Promise<DeviceBuffer[]> {
  const buffers: DeviceBuffer[] = [];
  const borrowed: DeviceBuffer[] = [];
  const donated: DeviceBuffer[] = [];
  try {
    for (const [i, leaf] of leaves.entries()) {
      const { buffer, own } = await toDevice(program.backend, leaf);
      buffers.push(buffer);
      if (own) (program.donated.has(i) ? donated : borrowed).push(buffer);
    }
    const outputs = program.run(buffers);
    // Whoever still holds a buffer that was used up must not read the result for it.
    return outputs.map((output) =>
      buffers.includes(output) ? output.handOver?.() ?? output : output
    );
  } catch (error) {
    for (const buffer of donated) buffer.dispose();
    throw error;
  } finally {
    for (const buffer of borrowed) buffer.dispose();
  }
}

/** Puts a tensor on a device; `own` says whether that made a buffer of ours. */
async function toDevice(
  backend: Backend,
  leaf: Tensor,
): Promise<{ readonly buffer: DeviceBuffer; readonly own: boolean }> {
  const source = sourceOf(leaf);
  if (source.kind === "device" && source.backend === backend) {
    return { buffer: source.buffer, own: false };
  }
  return { buffer: backend.upload(leaf.type, await leaf.data()), own: true };
}

/** Stands for the buffer of a tensor that was used up; no device knows it. */
function donatedBuffer(type: TensorType): DeviceBuffer {
  return { type, dispose() {}, [Symbol.dispose]() {} };
}

/** Positions among all leaves of those of the donated arguments. */
function donatedLeaves(args: readonly unknown[], donate: readonly number[]): Set<number> {
  const donated = new Set<number>();
  let next = 0;
  args.forEach((tree, position) => {
    for (const _ of flattenTree(tree)) {
      if (donate.includes(position)) donated.add(next);
      next++;
    }
  });
  return donated;
}

/** Throws where a tensor that is used up is given a second time: it would be read after its end. */
function checkDonated(
  name: string,
  args: unknown,
  leaves: readonly Tensor[],
  donated: ReadonlySet<number>,
): void {
  if (donated.size === 0) return;
  const places = new Map<unknown, number>();
  for (const [i, leaf] of leaves.entries()) {
    const source = sourceOf(leaf);
    const what = source.kind === "device" ? source.buffer : leaf;
    const before = places.get(what);
    places.set(what, i);
    if (before === undefined || (!donated.has(before) && !donated.has(i))) continue;
    const [[first], [second]] = [before, i].map((place) => treeEntries(args)[place]);
    throw new TypeError(
      `Cannot run ${name}: one ${formatType(leaf.type)} is given as arguments ${first} and ` +
        `${second}, and what is donated must be given once`,
    );
  }
}

/** Structure and types of arguments as a text. */
function keyOf(node: unknown): string {
  if (isTensor(node)) return formatType(node.type);
  if (Array.isArray(node)) return `[${node.map(keyOf).join()}]`;
  if (typeof node === "object" && node !== null) {
    const fields = Object.entries(node).sort(([a], [b]) => a < b ? -1 : 1);
    return `{${fields.map(([name, child]) => `${JSON.stringify(name)}:${keyOf(child)}`).join()}}`;
  }
  return String(node);
}

/** A tree whose leaves may be numbers, typed arrays or types, as a tree of tensors. */
function toTensors(node: unknown): unknown {
  if (isTensor(node) || node === undefined || node === null) return node;
  if (typeof node === "number") return tensor(node);
  if (
    node instanceof Float32Array || node instanceof Int32Array || node instanceof Uint32Array
  ) {
    return tensor(node);
  }
  if (Array.isArray(node)) return node.map(toTensors);
  if (isTensorType(node)) {
    // Only its type is looked at.
    return new Tensor(node, { kind: "host", data: new Float32Array(0) });
  }
  refuseForeignTensor("use an argument of a compiled function", node);
  if (ArrayBuffer.isView(node)) refuseOtherArray("use an argument", node);
  if (isPlainObject(node)) {
    return Object.fromEntries(
      Object.entries(node).map(([name, child]) => [name, toTensors(child)]),
    );
  }
  throw new TypeError(
    `Cannot use ${
      describe(node)
    } in a compiled function: tensors, numbers and typed arrays are needed`,
  );
}

function isTensorType(node: unknown): node is TensorType {
  return typeof node === "object" && node !== null && "dtype" in node &&
    typeof node.dtype === "string" && "shape" in node && Array.isArray(node.shape);
}
