/**
 * Choosing how large matrix products are cut by measuring: every tiling is run on random numbers, its
 * result checked in some places against sums in double precision, and the fastest that is right is
 * remembered for the product's shape and strides, and kept for the adapter where there is a cache.
 *
 * @module
 */
import {
  addIndex,
  affineIndex,
  axesIn,
  type Axis,
  axisExpression,
  type Buffer,
  type Expression,
  flattenIndex,
  index,
  load,
  rewriteExpression,
} from "../../ir/expression.ts";
import { accumulator } from "../../ir/expression.ts";
import { kernelsOf, type LoopProgram, type MatmulKernel } from "../../loops/program.ts";
import { loopCost } from "../../loops/cost.ts";
import { chooseTiling, type Tiling, TILINGS } from "../../codegen/wgsl/matmul.ts";
import { randomSource } from "../../util/random_source.ts";
import { DeviceLostError, type WebGpuDevice } from "./device.ts";
import { planProgram } from "./executable.ts";

/**
 * Where what was measured is kept from one process to the next: a file, the storage of a page, or a
 * `Map` for nothing longer than that. What it gives back is not trusted: a text that names no tiling
 * counts as nothing. It must not throw; who cannot keep a text forgets it.
 */
export interface TuningCache {
  /** What was kept under a key; `undefined` if nothing was. */
  get(key: string): string | undefined;
  /** Keeps a text under a key. */
  set(key: string, text: string): void;
}

/** Products below this many multiplications are not worth measuring. */
const WORTH_MEASURING = 2 ** 24;
/** How often a candidate runs in one measurement. */
const REPEATS = 5;
/** How many elements of a result are checked. */
const CHECKS = 32;

/** What running a candidate gave. */
interface Measured {
  readonly time: number;
  readonly result: Float32Array;
}

/** Remembers the best tiling of each product. */
export class Tuner {
  readonly #device: WebGpuDevice;
  readonly #cache: TuningCache | undefined;
  readonly #chosen = new Map<string, Tiling>();
  #measured = 0;

  /** Starts with nothing measured but what the cache knows. */
  constructor(device: WebGpuDevice, cache?: TuningCache) {
    this.#device = device;
    this.#cache = cache;
  }

  /** Whether the device can tell how long work took. */
  get canMeasure(): boolean {
    return this.#device.device.features.has("timestamp-query");
  }

  /** How many products have been measured here. */
  get measured(): number {
    return this.#measured;
  }

  /** The tiling of a product: the one measured best, or the one chosen by size. */
  tilingOf(kernel: MatmulKernel): Tiling {
    return this.#chosen.get(keyOf(kernel) ?? "") ?? chooseTiling(kernel);
  }

  /** Measures the large products of a program that have not been measured, here or as the cache says. */
  async tune(program: LoopProgram): Promise<void> {
    if (!this.canMeasure) return;
    for (const kernel of kernelsOf(program.steps)) {
      if (kernel.kind !== "matmul" || loopCost([kernel]) < WORTH_MEASURING) continue;
      const key = keyOf(kernel);
      if (key === undefined || this.#chosen.has(key)) continue;
      const kept = `${this.#device.identity};${key}`;
      let tiling = tilingNamed(this.#cache?.get(kept));
      if (!tiling) {
        tiling = await this.#measure(kernel);
        this.#measured++;
        this.#cache?.set(kept, nameOf(tiling));
      }
      this.#chosen.set(key, tiling);
    }
  }

  async #measure(kernel: MatmulKernel): Promise<Tiling> {
    const alone = standalone(kernel);
    const [x, y] = alone.program.inputs.map((buffer, i) => randomNumbers(buffer.size, i + 1));
    let best = chooseTiling(kernel);
    let minTime = Infinity;
    for (const tiling of TILINGS) {
      const tried = await this.#try(alone.program, tiling, [x, y]);
      if (tried && tried.time < minTime && isRight(alone.kernel, x, y, tried.result)) {
        [best, minTime] = [tiling, tried.time];
      }
    }
    return best;
  }

  /** Runs a candidate; nothing comes of one that the driver refuses, for nobody asked for it. */
  async #try(
    program: LoopProgram,
    tiling: Tiling,
    inputs: readonly Float32Array<ArrayBuffer>[],
  ): Promise<Measured | undefined> {
    try {
      return await this.#run(program, tiling, inputs);
    } catch (error) {
      if (error instanceof DeviceLostError) throw error;
      return undefined;
    }
  }

  /** Runs a candidate; the time is the least of some runs, in nanoseconds. */
  async #run(
    program: LoopProgram,
    tiling: Tiling,
    inputs: readonly Float32Array<ArrayBuffer>[],
  ): Promise<Measured> {
    const { device, limits } = this.#device;
    const { shaders: [shader] } = planProgram(program, {
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      tilingOf: () => tiling,
      tiledProduct: 0,
    });
    const layout = this.#device.storageLayout(shader.bindings.map(({ writes }) => writes));
    const pipeline = await this.#device.pipeline(shader.name, shader.code, [layout]);
    const { STORAGE, COPY_SRC, COPY_DST, MAP_READ, QUERY_RESOLVE } = GPUBufferUsage;
    const made: GPUBuffer[] = [];
    const make = (label: string, size: number, usage: number): GPUBuffer => {
      const buffer = this.#device.createBuffer(label, size, usage);
      made.push(buffer);
      return buffer;
    };
    const queries = device.createQuerySet({ type: "timestamp", count: 2 * REPEATS });
    try {
      const memory = new Map<unknown, GPUBuffer>();
      for (const buffer of [...program.inputs, ...program.outputs]) {
        memory.set(buffer, make("tuner", buffer.size * 4, STORAGE | COPY_DST | COPY_SRC));
      }
      program.inputs.forEach((buffer, i) =>
        device.queue.writeBuffer(memory.get(buffer) as GPUBuffer, 0, inputs[i])
      );
      const group = device.createBindGroup({
        layout,
        entries: shader.bindings.map(({ resource }, binding) => ({
          binding,
          resource: { buffer: memory.get(resource) as GPUBuffer },
        })),
      });
      const encoder = device.createCommandEncoder();
      for (let i = 0; i < REPEATS; i++) {
        const pass = encoder.beginComputePass({
          timestampWrites: {
            querySet: queries,
            beginningOfPassWriteIndex: 2 * i,
            endOfPassWriteIndex: 2 * i + 1,
          },
        });
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...shader.workgroups);
        pass.end();
      }
      const [output] = program.outputs;
      const times = make("tuner times", 16 * REPEATS, QUERY_RESOLVE | COPY_SRC);
      const back = make("tuner result", 16 * REPEATS + output.size * 4, MAP_READ | COPY_DST);
      encoder.resolveQuerySet(queries, 0, 2 * REPEATS, times, 0);
      encoder.copyBufferToBuffer(times, 0, back, 0, 16 * REPEATS);
      const result = memory.get(output) as GPUBuffer;
      encoder.copyBufferToBuffer(result, 0, back, 16 * REPEATS, output.size * 4);
      device.queue.submit([encoder.finish()]);
      await back.mapAsync(GPUMapMode.READ);
      const bytes = back.getMappedRange().slice(0);
      const stamps = new BigInt64Array(bytes, 0, 2 * REPEATS);
      let time = Infinity;
      for (let i = 0; i < REPEATS; i++) {
        const own = Number(stamps[2 * i + 1] - stamps[2 * i]);
        if (own > 0) time = Math.min(time, own);
      }
      return { time, result: new Float32Array(bytes, 16 * REPEATS) };
    } finally {
      for (const buffer of made) buffer.destroy();
      queries.destroy();
      this.#device.releasePipeline(shader.code);
    }
  }
}

/** A tiling in the words of a cache. */
function nameOf(tiling: Tiling): string {
  const { rowThreads, columnThreads, rowBlocks, columnBlocks, depth } = tiling;
  return `${rowThreads}x${columnThreads} of ${4 * rowBlocks}x${4 * columnBlocks}, ${depth} deep`;
}

/** The tiling that a cache means; `undefined` where there is none of that name. */
function tilingNamed(name: string | undefined): Tiling | undefined {
  return TILINGS.find((tiling) => nameOf(tiling) === name);
}

/**
 * What the speed of a product depends on: sizes, and how each operand is walked; `undefined` where that
 * is not by strides.
 */
function keyOf({ batch, row, column, inner, x, y }: MatmulKernel): string | undefined {
  const axes = [...batch, row, column, inner];
  const strides: string[] = [];
  for (const operand of [x, y]) {
    const affine = affineIndex(operand.index, axes);
    if (!affine) return undefined;
    strides.push(axes.map((axis) => affine.strides.get(axis) ?? 0).join());
  }
  return `${axes.map(({ extent }) => extent).join()};${strides.join(";")}`;
}

/** A product by itself, its result stored row by row; loops around it stand still. */
function standalone(kernel: MatmulKernel): {
  readonly program: LoopProgram;
  readonly kernel: MatmulKernel;
} {
  const axes: readonly Axis[] = [...kernel.batch, kernel.row, kernel.column];
  const own = new Set([...axes, kernel.inner]);
  const operand = (from: MatmulKernel["x"], name: string): MatmulKernel["x"] => {
    const buffer: Buffer = { name, dtype: "f32", size: from.buffer.size };
    const still = rewriteExpression(
      from.index,
      (part) => part.kind === "axis" && !own.has(part.axis) ? index(0) : undefined,
    );
    return load(buffer, addIndex(still, index(0))) as MatmulKernel["x"];
  };
  const [x, y] = [operand(kernel.x, "x"), operand(kernel.y, "y")];
  const extents = axes.map(({ extent }) => extent);
  const size = extents.reduce((product, extent) => product * extent, 1);
  const output: Buffer = { name: "product", dtype: "f32", size };
  const at = flattenIndex(axes.map(axisExpression), extents);
  const alone: MatmulKernel = {
    ...kernel,
    x,
    y,
    stores: [{ buffer: output, index: at, value: accumulator("f32", 0), mode: "set" }],
  };
  const program: LoopProgram = {
    name: "tuner",
    inputs: [x.buffer, y.buffer],
    outputs: [output],
    temporaries: [],
    steps: [alone],
  };
  return { program, kernel: alone };
}

function randomNumbers(size: number, seed: number): Float32Array<ArrayBuffer> {
  const random = randomSource(seed);
  const numbers = new Float32Array(size);
  for (let i = 0; i < size; i++) numbers[i] = 2 * random() - 1;
  return numbers;
}

/** Compares some elements of a result with sums in double precision. */
function isRight(
  kernel: MatmulKernel,
  x: Float32Array,
  y: Float32Array,
  result: Float32Array,
): boolean {
  const random = randomSource(3);
  const axes = [...kernel.batch, kernel.row, kernel.column];
  const steps = kernel.inner.extent;
  for (let check = 0; check < CHECKS; check++) {
    const at = new Map(axes.map((axis) => [axis, Math.floor(random() * axis.extent)]));
    let sum = 0;
    for (let k = 0; k < steps; k++) {
      at.set(kernel.inner, k);
      sum += x[numberOf(kernel.x.index, at)] * y[numberOf(kernel.y.index, at)];
    }
    let flat = 0;
    for (const axis of axes) flat = flat * axis.extent + (at.get(axis) as number);
    // Rounding of a sum of so many products of numbers below 1 in any order.
    if (!(Math.abs(result[flat] - sum) <= 8 * Math.sqrt(steps) * 2 ** -23 * 4)) return false;
  }
  return true;
}

/** Value of an index that is affine in the given axes. */
function numberOf(expression: Expression, at: ReadonlyMap<Axis, number>): number {
  const affine = affineIndex(expression, [...at.keys()]);
  if (!affine || affine.base.kind !== "constant" || axesIn(affine.base).size > 0) {
    throw new TypeError("Cannot tune a product whose operands are not affine");
  }
  let value = affine.base.value;
  for (const [axis, stride] of affine.strides) value += stride * (at.get(axis) as number);
  return value;
}
