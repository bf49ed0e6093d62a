/**
 * A compiled program on WebGPU: pipelines, arenas and the list of dispatches are made once; a run
 * encodes one pass and submits once.
 *
 * @module
 */
import type { Graph } from "../../ir/graph.ts";
import type { Axis, Buffer } from "../../ir/expression.ts";
import { kernelsOf, type LoopProgram } from "../../loops/program.ts";
import { accessesOf } from "../../loops/accesses.ts";
import {
  localsOfDispatch,
  printDispatch,
  type Shader,
  type ShaderBinding,
} from "../../codegen/wgsl/print_wgsl.ts";
import type { GroupLocals } from "../../codegen/wgsl/group.ts";
import type { Arena } from "../../loops/plan_memory.ts";
import { dispatchesOf, planDeviceMemory } from "../../codegen/wgsl/memory.ts";
import {
  type Dispatch,
  type Part,
  schedule,
  type ScheduleItem,
  type ScheduleOptions,
  stepsOf,
} from "../../codegen/wgsl/schedule.ts";
import { formatType, sameType, type TensorType } from "../../ir/tensor_type.ts";
import type { DeviceBuffer, Executable, KernelInfo } from "../../ir/backend.ts";
import type { WebGpuDevice } from "./device.ts";
import { type Block, type BlockPool, bytesOf, WebGpuBuffer } from "./memory.ts";

/** A program as shaders, before any of it is on a device. */
export interface PlannedProgram {
  /** One a dispatch of the schedule. */
  readonly shaders: readonly Shader[];
  /** The dispatches. */
  readonly dispatches: readonly Dispatch[];
  /** Temporaries that are in workgroup memory alone. */
  readonly local: ReadonlySet<Buffer>;
  /** What one run does: which shader, and the numbers of the iterations around it. */
  readonly runs: readonly { readonly shader: number; readonly times: readonly number[] }[];
  /** Memory of the temporaries. */
  readonly arenas: readonly Arena[];
}

/** What a device grants, as planning needs it. */
export interface PlanLimits extends Omit<ScheduleOptions, "isExternal" | "maxBindings"> {
  /** Storage buffers a shader may bind. */
  readonly maxStorageBuffersPerShaderStage: number;
  /** Bytes of workgroup memory. */
  readonly maxComputeWorkgroupStorageSize: number;
  /** Bytes that a binding may span. */
  readonly maxStorageBufferBindingSize: number;
  /** Invocations of a subgroup at least, if shaders may use them. */
  readonly subgroupSize?: number;
}

/** Bytes of an arena: larger ones gain nothing, and some drivers refuse them. */
const MAX_ARENA_BYTES = 2 ** 28;

/** Plans a program: schedule, memory, text. Needs no device. */
export function planProgram(program: LoopProgram, limits: PlanLimits): PlannedProgram {
  const external = new Set([...program.inputs, ...program.outputs]);
  const isExternal = (buffer: Buffer) => external.has(buffer);
  const items = schedule(program.steps, {
    ...limits,
    isExternal,
    maxBindings: limits.maxStorageBuffersPerShaderStage,
  });
  const dispatches = dispatchesOf(items);
  const users = usersOf(dispatches.flatMap(({ parts }) => parts));
  const isPrivate = (buffer: Buffer, part: Part) =>
    !external.has(buffer) && users.get(buffer)?.size === 1 && users.get(buffer)?.has(part) === true;
  const locals = new Map<Part, GroupLocals>();
  for (const dispatch of dispatches) {
    const elements = Math.floor(limits.maxComputeWorkgroupStorageSize / 4);
    for (const [part, own] of localsOfDispatch(dispatch, isPrivate, elements)) {
      locals.set(part, own);
    }
  }
  const inWorkgroups = new Set([...locals.values()].flatMap((own) => [...own.buffers.keys()]));
  const { arenas, places } = planDeviceMemory(
    items,
    (buffer) => !external.has(buffer) && !inWorkgroups.has(buffer),
    Math.min(limits.maxStorageBufferBindingSize, MAX_ARENA_BYTES) / 4,
  );
  const shaders: Shader[] = [];
  const runs: { shader: number; times: number[] }[] = [];
  const print = (list: readonly ScheduleItem[], times: readonly Axis[]): Numbered[] =>
    list.map((item) => {
      if (item.kind === "loop") {
        const extent = item.time.extent;
        return { kind: "loop", extent, items: print(item.items, [...times, item.time]) };
      }
      shaders.push(printDispatch(item, {
        times,
        placeOf: (buffer) => places.get(buffer),
        localsOf: (part) => locals.get(part) ?? NO_LOCALS,
        workgroupElements: Math.floor(limits.maxComputeWorkgroupStorageSize / 4),
        subgroupSize: limits.subgroupSize,
      }));
      return { kind: "dispatch", shader: shaders.length - 1 };
    });
  unroll(print(items, []), [], runs);
  for (const { name, bindings } of shaders) {
    if (bindings.length <= limits.maxStorageBuffersPerShaderStage) continue;
    throw new RangeError(
      `Cannot run ${name} on this device: ${bindings.length} storage buffers are needed and ` +
        `${limits.maxStorageBuffersPerShaderStage} allowed`,
    );
  }
  return { shaders, dispatches, local: inWorkgroups, runs, arenas };
}

const NO_LOCALS: GroupLocals = { buffers: new Map(), copies: new Map() };

/** A schedule with shaders by number. */
type Numbered =
  | { readonly kind: "dispatch"; readonly shader: number }
  | { readonly kind: "loop"; readonly extent: number; readonly items: readonly Numbered[] };

/** Writes loops whose iterations are dispatches out. */
function unroll(
  items: readonly Numbered[],
  times: readonly number[],
  runs: { shader: number; times: readonly number[] }[],
): void {
  for (const item of items) {
    if (item.kind === "dispatch") runs.push({ shader: item.shader, times });
    else {
      for (let t = 0; t < item.extent; t++) unroll(item.items, [...times, t], runs);
    }
  }
}

/** Which parts touch each buffer. */
function usersOf(parts: readonly Part[]): Map<Buffer, Set<Part>> {
  const users = new Map<Buffer, Set<Part>>();
  for (const part of parts) {
    for (const kernel of kernelsOf(stepsOf(part))) {
      for (const { buffer } of accessesOf(kernel)) {
        const set = users.get(buffer) ?? new Set();
        users.set(buffer, set.add(part));
      }
    }
  }
  return users;
}

/** One dispatch, ready to be encoded. */
interface Command {
  readonly pipeline: GPUComputePipeline;
  /** Position among the stages that have bind groups. */
  readonly stage: number;
  readonly offset: readonly number[] | undefined;
  readonly x: number;
  readonly y: number;
}

/** A shader with its bind groups, one for each set of buffers it has met. */
interface Stage {
  readonly bindings: readonly ShaderBinding[];
  /** Position of each binding's buffer among the program's arguments and results; −1 for arenas. */
  readonly slots: readonly number[];
  readonly layout: GPUBindGroupLayout;
  readonly groups: Map<string, GPUBindGroup>;
}

/** Sets of buffers that a shader keeps bind groups for. */
const MAX_BIND_GROUPS = 64;

/** A program of the WebGPU backend. */
export class WebGpuExecutable implements Executable {
  /** One a dispatch: what it does and how often it runs. */
  readonly kernels: readonly KernelInfo[];
  /** WGSL of each dispatch, for reports. */
  readonly sources: readonly string[];
  readonly #device: WebGpuDevice;
  readonly #pool: BlockPool;
  readonly #program: LoopProgram;
  readonly #graph: Graph;
  readonly #donated: ReadonlySet<number>;
  #commands: readonly Command[];
  readonly #stages: readonly Stage[];
  readonly #arenas: ReadonlyMap<Arena, GPUBuffer>;
  readonly #times: GPUBuffer | undefined;
  readonly #timeGroup: GPUBindGroup | undefined;
  /** For each result, the argument it takes over, or −1. */
  readonly #takesOver: readonly number[];
  /** Buffers of the last run by number, and what was bound for them. */
  #lastIds: number[] = [];
  #lastGroups: readonly GPUBindGroup[] = [];
  #disposed = false;

  private constructor(
    device: WebGpuDevice,
    pool: BlockPool,
    graph: Graph,
    program: LoopProgram,
    donated: ReadonlySet<number>,
    plan: PlannedProgram,
    pipelines: readonly GPUComputePipeline[],
  ) {
    this.#device = device;
    this.#pool = pool;
    this.#graph = graph;
    this.#program = program;
    this.#donated = donated;
    this.sources = plan.shaders.map(({ code }) => code);
    this.kernels = plan.shaders.map(({ name }, i) => ({
      name,
      runs: plan.runs.filter(({ shader }) => shader === i).length,
    }));
    this.#takesOver = program.outputs.map((output) => program.inputs.indexOf(output));
    this.#arenas = new Map(plan.arenas.map((arena) => {
      const label = `${program.name} ${arena.name}`;
      return [arena, device.createBuffer(label, arena.size * 4, GPUBufferUsage.STORAGE)];
    }));
    const slots = new Map<unknown, number>();
    program.inputs.forEach((buffer, i) => slots.set(buffer, i));
    program.outputs.forEach((buffer, i) => {
      if (!slots.has(buffer)) slots.set(buffer, program.inputs.length + i);
    });
    this.#stages = plan.shaders.map(({ bindings }) => ({
      bindings,
      slots: bindings.map(({ resource }) => slots.get(resource) ?? -1),
      layout: device.storageLayout(bindings.map(({ writes }) => writes)),
      groups: new Map(),
    }));
    const { offsets, buffer } = this.#makeTimes(plan);
    this.#times = buffer;
    if (buffer) {
      device.statistics.bindGroups++;
      this.#timeGroup = device.device.createBindGroup({
        layout: device.timeLayout(),
        entries: [{ binding: 0, resource: { buffer, size: 16 } }],
      });
    }
    this.#commands = plan.runs.map(({ shader, times }) => {
      const { workgroups: [x, y], timed } = plan.shaders[shader];
      const offset = timed ? [offsets.get(times.join()) ?? 0] : undefined;
      return { pipeline: pipelines[shader], stage: shader, offset, x, y };
    });
  }

  /** Compiles a program. */
  static async compile(
    device: WebGpuDevice,
    pool: BlockPool,
    graph: Graph,
    program: LoopProgram,
    donated: ReadonlySet<number>,
    options: Partial<PlanLimits> = {},
  ): Promise<WebGpuExecutable> {
    const { maxStorageBuffersPerShaderStage, maxStorageBufferBindingSize } = device.limits;
    const plan = planProgram(program, {
      maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize: device.workgroupMemory,
      maxStorageBufferBindingSize,
      maxIterations: device.maxIterations,
      subgroupSize: device.subgroupSize,
      ...options,
    });
    try {
      const pipelines = await Promise.all(plan.shaders.map(({ name, code, bindings, timed }) => {
        const layouts = [device.storageLayout(bindings.map(({ writes }) => writes))];
        if (timed) layouts.push(device.timeLayout());
        return device.pipeline(name, code, layouts);
      }));
      return new WebGpuExecutable(device, pool, graph, program, donated, plan, pipelines);
    } catch (error) {
      for (const { code } of plan.shaders) device.releasePipeline(code);
      throw error;
    }
  }

  /** The numbers of iterations, each at an offset that a dispatch may bind. */
  #makeTimes({ runs, shaders }: PlannedProgram): {
    readonly offsets: Map<string, number>;
    readonly buffer: GPUBuffer | undefined;
  } {
    const offsets = new Map<string, number>();
    const step = Math.max(16, this.#device.limits.minUniformBufferOffsetAlignment);
    const entries: (readonly number[])[] = [];
    for (const { shader, times } of runs) {
      if (!shaders[shader].timed || offsets.has(times.join())) continue;
      offsets.set(times.join(), entries.length * step);
      entries.push(times);
    }
    if (entries.length === 0) return { offsets, buffer: undefined };
    const data = new Int32Array(entries.length * step / 4);
    entries.forEach((times, i) => data.set(times, i * step / 4));
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const buffer = this.#device.createBuffer("iterations", data.byteLength, usage);
    this.#device.device.queue.writeBuffer(buffer, 0, data);
    return { offsets, buffer };
  }

  /** Runs the program. */
  run(inputs: readonly DeviceBuffer[]): DeviceBuffer[] {
    if (this.#disposed) {
      throw new TypeError(`Cannot run ${this.#program.name}: it was disposed of`);
    }
    this.#device.check();
    const blocks = this.#blocksOf(inputs);
    try {
      this.#graph.outputs.forEach(({ type }, i) => {
        if (this.#takesOver[i] >= 0) return;
        blocks[inputs.length + i] = this.#pool.take(bytesOf(type), `${this.#program.name} result`);
      });
      this.#submit(this.#groupsFor(blocks));
    } catch (error) {
      blocks.slice(inputs.length).forEach((block) => this.#pool.give(block));
      throw this.#device.reasonOf(error);
    }
    const outputs = this.#takesOver.map((input, i) =>
      blocks[input >= 0 ? input : inputs.length + i]
    );
    for (const i of this.#donated) {
      const input = inputs[i] as WebGpuBuffer;
      if (this.#takesOver.includes(i)) input.release();
      else input.dispose();
    }
    return outputs.map((block, i) =>
      new WebGpuBuffer(this.#graph.outputs[i].type, block, this.#pool)
    );
  }

  #blocksOf(inputs: readonly DeviceBuffer[]): Block[] {
    const types: readonly TensorType[] = this.#graph.inputs.map(({ type }) => type);
    if (inputs.length !== types.length) {
      throw new TypeError(
        `Cannot run ${this.#program.name}: ${types.length} inputs are needed, found ${inputs.length}`,
      );
    }
    const blocks = inputs.map((input, i) => {
      if (!(input instanceof WebGpuBuffer)) {
        throw new TypeError(`Cannot run ${this.#program.name}: input ${i} is another device's`);
      }
      if (input.type !== types[i] && !sameType(input.type, types[i])) {
        throw new TypeError(
          `Cannot run ${this.#program.name}: input ${i} must be ${formatType(types[i])}, found ${
            formatType(input.type)
          }`,
        );
      }
      return input.blockOf(this.#pool);
    });
    for (const i of this.#donated) {
      if (blocks.indexOf(blocks[i]) !== i || blocks.lastIndexOf(blocks[i]) !== i) {
        throw new TypeError(
          `Cannot run ${this.#program.name}: input ${i} is donated, and given as another input too`,
        );
      }
    }
    return blocks;
  }

  /** A bind group for each stage; those of sets of buffers met before are found again. */
  #groupsFor(blocks: readonly Block[]): readonly GPUBindGroup[] {
    const ids: number[] = [];
    for (let i = 0; i < blocks.length; i++) ids.push(blocks[i]?.id ?? -1);
    const same = ids.length === this.#lastIds.length &&
      ids.every((id, i) => id === this.#lastIds[i]);
    if (!same) {
      this.#lastGroups = this.#stages.map((stage) => this.#groupFor(stage, blocks));
      this.#lastIds = ids;
    }
    return this.#lastGroups;
  }

  #groupFor(stage: Stage, blocks: readonly Block[]): GPUBindGroup {
    const key = stage.slots.map((slot) => slot < 0 ? "" : blocks[slot].id).join();
    const known = stage.groups.get(key);
    if (known) {
      // The one used last goes to the end of the line.
      stage.groups.delete(key);
      stage.groups.set(key, known);
      return known;
    }
    this.#device.statistics.bindGroups++;
    const group = this.#device.device.createBindGroup({
      layout: stage.layout,
      entries: stage.bindings.map(({ resource }, binding) => {
        const slot = stage.slots[binding];
        if (slot >= 0) {
          const size = Math.max(4, 4 * resource.size);
          return { binding, resource: { buffer: blocks[slot].buffer, size } };
        }
        return { binding, resource: { buffer: this.#arenas.get(resource as Arena) as GPUBuffer } };
      }),
    });
    if (stage.groups.size >= MAX_BIND_GROUPS) {
      for (const oldest of stage.groups.keys()) {
        stage.groups.delete(oldest);
        break;
      }
    }
    stage.groups.set(key, group);
    return group;
  }

  #submit(groups: readonly GPUBindGroup[]): void {
    if (this.#commands.length === 0) return;
    const { device, statistics } = this.#device;
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let pipeline: GPUComputePipeline | undefined;
    let stage = -1;
    for (const command of this.#commands) {
      if (command.pipeline !== pipeline) {
        pipeline = command.pipeline;
        pass.setPipeline(pipeline);
      }
      if (command.stage !== stage) {
        stage = command.stage;
        pass.setBindGroup(0, groups[stage]);
      }
      if (command.offset && this.#timeGroup) {
        pass.setBindGroup(1, this.#timeGroup, command.offset as number[]);
      }
      pass.dispatchWorkgroups(command.x, command.y);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    statistics.submits++;
    statistics.passes++;
    statistics.dispatches += this.#commands.length;
  }

  /** Frees arenas, pipelines and bind groups. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const buffer of this.#arenas.values()) buffer.destroy();
    this.#times?.destroy();
    for (const { groups } of this.#stages) groups.clear();
    this.#lastGroups = [];
    this.#lastIds = [];
    this.#commands = [];
    for (const code of this.sources) this.#device.releasePipeline(code);
  }

  /** Frees arenas, pipelines and bind groups. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
