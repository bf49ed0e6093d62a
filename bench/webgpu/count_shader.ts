/**
 * Counts what a shader does, from its text: a workgroup is run on all its invocations at once, without the
 * numbers. Loop variables, indices and conditions on them are computed; what is loaded is unknown, and a condition
 * on it is taken to hold. The body of a loop whose conditions do not depend on its variable is run once, and
 * counted as often as it runs.
 *
 * @module
 */
import { at, combine, type Lanes, VALUES, WORKGROUP } from "./lanes.ts";
import { parseShader, type ShaderFunction } from "./parse_shader.ts";
import type { Node, Statement } from "./statements.ts";

/** Invocations that go together. */
export const WARP = 32;
/** Bytes that a cache is asked for at once. */
const SECTOR = 32;
/** Bytes of a line of the first cache, of which it gives one at a time. */
const LINE = 128;
/** Workgroups of a part that are run; the others are taken to be like them. */
const SAMPLED = 12;

/** Cycles from when something begins until what needs it may. */
export interface Latencies {
  /** An operation on numbers. */
  readonly operation: number;
  /** A load from workgroup memory. */
  readonly near: number;
  /** A load from a buffer, which the cache of all cores holds. */
  readonly far: number;
  /** A barrier. */
  readonly barrier: number;
}

/** What the workgroups of a part of a dispatch do together, but for `barriers`, `iterations` and `cycles`. */
export interface Counts {
  /** Workgroups. */
  workgroups: number;
  /** Additions, multiplications and their like on real numbers, those of functions apart. */
  flops: number;
  /** Calls of functions such as tanh. */
  functions: number;
  /** Operations that the cores issue, functions written out and idle invocations of a warp included. */
  issued: number;
  /** Loads and stores of warps: one where they are in the same 128 bytes, else as many as are needed. */
  accesses: number;
  /** Bytes that workgroups ask the cache of all cores for, after what an iteration reads twice. */
  loaded: number;
  /** The same of what they write. */
  stored: number;
  /** Barriers that a workgroup waits at, the most. */
  barriers: number;
  /** Cycles of the slowest workgroup if it has a core for itself. */
  cycles: number;
}

const SUMMED = ["flops", "functions", "issued", "accesses", "loaded", "stored"] as const;

/** A shader's parts, and what is needed for each. */
export interface ShaderCounts {
  /** What each part does. */
  readonly parts: readonly Counts[];
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
}

/** Counts what a shader does. */
export function countShader(code: string, workgroups: number, latencies: Latencies): ShaderCounts {
  const { functions, calls, workgroupBytes } = parseShader(code);
  const ends = calls.map(({ end }) => end ?? workgroups);
  const parts = calls.map(({ name }, i) => {
    const own = ends[i] - (i > 0 ? ends[i - 1] : 0);
    const sampled = Math.min(own, SAMPLED);
    const sum = emptyCounts(own);
    for (let s = 0; s < sampled; s++) {
      const group = sampled === 1 ? 0 : Math.round(s * (own - 1) / (sampled - 1));
      const { counts } = new Run(functions, latencies, name, group);
      for (const key of SUMMED) sum[key] += counts[key];
      sum.barriers = Math.max(sum.barriers, counts.barriers);
      sum.cycles = Math.max(sum.cycles, counts.cycles);
    }
    for (const key of SUMMED) sum[key] *= own / sampled;
    return sum;
  });
  return { parts, workgroupBytes };
}

function emptyCounts(workgroups: number): Counts {
  return {
    ...{ workgroups, flops: 0, functions: 0, issued: 0, accesses: 0, loaded: 0, stored: 0 },
    ...{ barriers: 0, cycles: 0 },
  };
}

/** Functions that are counted apart, by their names in generated text. */
const FUNCTIONS = new Set(["exponential", "logistic", "stable_tanh", "logarithm", "power", "sine"]);
/** Operations that take this many times as long as an addition: of the special units, or written out. */
const SLOW: Readonly<Record<string, number>> = { sqrt: 8, inverseSqrt: 8, "/": 8 };
/** Those of pairs that cores do as one. */
const FUSED = new Set(["+", "-", "*"]);

/** What it is to compute an expression once. */
interface Cost {
  flops: number;
  functions: number;
  issued: number;
}

/** Runs a workgroup. */
class Run {
  readonly counts = emptyCounts(1);
  readonly #functions: ReadonlyMap<string, ShaderFunction>;
  readonly #latencies: Latencies;
  readonly #values = new Map<string, Lanes>();
  /** When each variable is known, in cycles of the stretch since the last loop or barrier. */
  #ready = new Map<string, number>();
  /** What has been loaded since then, and the sectors that it was in. */
  #loads = new Set<string>();
  #sectors = new Set<string>();
  #costs = new Map<Node, Cost>();

  constructor(
    functions: ReadonlyMap<string, ShaderFunction>,
    latencies: Latencies,
    name: string,
    group: number,
  ) {
    this.#functions = functions;
    this.#latencies = latencies;
    this.#values.set("group", group);
    this.#values.set("local", Float64Array.from({ length: WORKGROUP }, (_, i) => i));
    const times = new Float64Array(WORKGROUP).fill(1);
    this.counts.cycles = this.#run((functions.get(name) as ShaderFunction).body, times);
  }

  /** Runs statements; `times` is how often each invocation does. Returns how long it takes, in cycles. */
  #run(body: readonly Statement[], times: Float64Array): number {
    const outer = this.#ready;
    this.#fence();
    let [passed, stretch] = [0, 0];
    const fence = (cycles: number): void => {
      passed += stretch + cycles;
      stretch = 0;
      this.#fence();
    };
    for (const statement of body) {
      const most = Math.max(...times);
      if (most === 0) break;
      switch (statement.kind) {
        case "set": {
          const ready = this.#compute(statement.value, times);
          this.#ready.set(statement.name, ready);
          stretch = Math.max(stretch, ready);
          this.#values.set(statement.name, this.#value(statement.value));
          break;
        }
        case "store": {
          const ready = Math.max(
            this.#compute(statement.at, times),
            this.#compute(statement.value, times),
          );
          stretch = Math.max(stretch, ready);
          this.#access(statement.array, statement.far, statement.size, statement.at, times, true);
          if (statement.far) this.#loads.clear();
          break;
        }
        case "barrier":
          this.counts.barriers += most;
          fence(this.#latencies.barrier);
          break;
        case "call":
          fence(this.#call(statement, times));
          break;
        case "return":
          if (statement.value) stretch = Math.max(stretch, this.#compute(statement.value, times));
          times.fill(0);
          break;
        case "if": {
          const ready = this.#compute(statement.condition, times);
          const holds = this.#value(statement.condition);
          const inside = times.map((n, i) => n * (at(holds, i) === 0 ? 0 : 1));
          const other = times.map((n, i) => n - inside[i]);
          const isLeft = inside.some((n, i) =>
            n > 0 && endsWithReturn(statement.then) && times[i] > 0
          );
          if (inside.some((n) => n > 0)) fence(ready + this.#run(statement.then, inside.slice()));
          if (other.some((n) => n > 0)) fence(this.#run(statement.otherwise, other));
          if (isLeft) inside.forEach((n, i) => times[i] -= n);
          break;
        }
        case "for":
          fence(this.#loop(statement, times));
          break;
        default:
          statement satisfies never;
      }
    }
    this.#fence();
    this.#ready = outer;
    return passed + stretch;
  }

  #fence(): void {
    this.#ready = new Map();
    this.#loads = new Set();
    this.#sectors = new Set();
  }

  #loop(loop: Statement & { readonly kind: "for" }, times: Float64Array): number {
    const values = this.#values;
    const set = (value: Lanes) => values.set(loop.name, value);
    const { operation } = this.#latencies;
    const active = (): Float64Array => {
      const holds = this.#value(loop.condition);
      return times.map((n, i) => n * (at(holds, i) === 0 ? 0 : 1));
    };
    const advance = (): Lanes => this.#value(loop.next);
    set(this.#value(loop.from));
    if (loop.isCounted) {
      // Conditions inside change with the variable: each iteration by itself.
      let cycles = 0;
      for (let now = active(); now.some((n) => n > 0); set(advance()), now = active()) {
        cycles += this.#run(loop.body, now) + operation;
      }
      return cycles;
    }
    const first = values.get(loop.name) as Lanes;
    const trips = new Float64Array(WORKGROUP);
    for (let i = 0; i < 1e6; i++) {
      const now = active();
      if (!now.some((n) => n > 0)) break;
      now.forEach((n, lane) => trips[lane] += n > 0 ? 1 : 0);
      set(advance());
    }
    set(first);
    const most = Math.max(...trips);
    if (most === 0) return 0;
    return most * (this.#run(loop.body, times.map((n, i) => n * trips[i])) + operation);
  }

  /** Calls a function of the shader as a statement. */
  #call({ name, inputs }: Statement & { readonly kind: "call" }, times: Float64Array): number {
    const { parameters, body } = this.#functions.get(name) as ShaderFunction;
    const ready = Math.max(0, ...inputs.map((input) => this.#compute(input, times)));
    const values = inputs.map((input) => this.#value(input));
    parameters.forEach((parameter, i) => this.#values.set(parameter, values[i]));
    return ready + this.#run(body, times.slice());
  }

  /** Counts what it takes to compute an expression; returns when it is known, in cycles. */
  #compute(node: Node, times: Float64Array): number {
    const cost = this.#costOf(node);
    let [lanes, warps] = [0, 0];
    for (let warp = 0; warp < WORKGROUP; warp += WARP) {
      let most = 0;
      for (let i = warp; i < warp + WARP; i++) {
        lanes += times[i];
        most = Math.max(most, times[i]);
      }
      warps += most;
    }
    this.counts.flops += cost.flops * lanes;
    this.counts.functions += cost.functions * lanes;
    this.counts.issued += cost.issued * warps * WARP;
    return this.#time(node, times);
  }

  #time(node: Node, times: Float64Array): number {
    const { operation, near, far } = this.#latencies;
    switch (node.kind) {
      case "number":
        return 0;
      case "name":
        return this.#ready.get(node.name) ?? 0;
      case "load": {
        const ready = this.#time(node.at, times);
        if (!this.#loads.has(node.text)) {
          this.#loads.add(node.text);
          this.#access(node.array, node.far, node.size, node.at, times, false);
        }
        return ready + operation + (node.far ? far : near);
      }
      case "apply": {
        const ready = Math.max(0, ...node.inputs.map((input) => this.#time(input, times)));
        const called = this.#functions.get(node.name);
        if (called) return ready + this.#depth(called);
        // Neighbours are told by the way that workgroup memory is reached.
        if (node.name.startsWith("subgroup")) return ready + near;
        return ready + (isWork(node) ? operation * Math.max(1, (SLOW[node.name] ?? 1) / 2) : 0);
      }
      default:
        return node satisfies never;
    }
  }

  /** Cycles of a function that is called for its value. */
  #depth({ body, parameters }: ShaderFunction): number {
    const outer = this.#ready;
    this.#ready = new Map(parameters.map((name) => [name, 0]));
    const nothing = new Float64Array(WORKGROUP);
    let last = 0;
    const visit = (statements: readonly Statement[]): void => {
      for (const statement of statements) {
        if (statement.kind === "set") {
          this.#ready.set(statement.name, this.#time(statement.value, nothing));
        } else if (statement.kind === "return" && statement.value) {
          last = Math.max(last, this.#time(statement.value, nothing));
        } else if (statement.kind === "if") {
          visit(statement.then);
          visit(statement.otherwise);
        }
      }
    };
    visit(body);
    this.#ready = outer;
    return last;
  }

  #costOf(node: Node): Cost {
    const known = this.#costs.get(node);
    if (known) return known;
    const cost: Cost = { flops: 0, functions: 0, issued: 0 };
    this.#costs.set(node, cost);
    if (node.kind === "load") return Object.assign(cost, this.#costOf(node.at));
    if (node.kind !== "apply") return cost;
    const called = this.#functions.get(node.name);
    for (const part of node.inputs) addCost(cost, this.#costOf(part));
    if (called) {
      const own = this.#costOfBody(called.body);
      const isFunction = FUNCTIONS.has(node.name);
      addCost(cost, isFunction ? { ...own, flops: 0, functions: 1 } : own);
    } else if (isWork(node)) {
      cost.flops += node.size;
      cost.issued += node.size * (SLOW[node.name] ?? (FUSED.has(node.name) ? 0.5 : 1));
    }
    return cost;
  }

  #costOfBody(body: readonly Statement[]): Cost {
    const cost: Cost = { flops: 0, functions: 0, issued: 0 };
    for (const statement of body) {
      if ((statement.kind === "set" || statement.kind === "return") && statement.value) {
        addCost(cost, this.#costOf(statement.value));
      } else if (statement.kind === "if") {
        for (const part of [statement.then, statement.otherwise]) {
          addCost(cost, this.#costOfBody(part));
        }
      }
    }
    return cost;
  }

  /** Counts an access: what its warps read, and the sectors that the workgroup has not asked for just before. */
  #access(
    array: string,
    isFar: boolean,
    size: number,
    index: Node,
    times: Float64Array,
    writes: boolean,
  ): void {
    const place = this.#value(index);
    let bytes = 0;
    for (let warp = 0; warp < WORKGROUP; warp += WARP) {
      let most = 0;
      const elements = new Set<number>();
      const lines = new Set<number>();
      for (let i = warp; i < warp + WARP; i++) {
        if (times[i] === 0) continue;
        most = Math.max(most, times[i]);
        const element = at(place, i) || 0;
        elements.add(element);
        if (!isFar) continue;
        lines.add(Math.floor(element * 4 * size / LINE));
        const key = `${writes ? "w" : "r"}${array}:${Math.floor(element * 4 * size / SECTOR)}`;
        if (this.#sectors.has(key)) continue;
        this.#sectors.add(key);
        bytes += SECTOR * times[i];
      }
      const words = Math.ceil(elements.size * size / WARP);
      this.counts.accesses += most * Math.max(words, lines.size);
    }
    if (writes) this.counts.stored += bytes;
    else this.counts.loaded += bytes;
  }

  #value(node: Node): Lanes {
    switch (node.kind) {
      case "number":
        return node.value;
      case "name":
        return this.#values.get(node.name) ?? NaN;
      case "load":
        // Whatever index it is, neighbours may well have the same.
        return node.isReal ? NaN : 0;
      case "apply": {
        const operation = VALUES[node.name];
        if (!operation || node.isReal) return NaN;
        return combine(operation, node.inputs.map((input) => this.#value(input)));
      }
      default:
        return node satisfies never;
    }
  }
}

/** Whether an operation is one on real numbers, and does not only take them apart or name them otherwise. */
function isWork({ isReal, name }: Node & { readonly kind: "apply" }): boolean {
  return isReal && !name.startsWith(":");
}

function addCost(sum: Cost, { flops, functions, issued }: Cost): void {
  sum.flops += flops;
  sum.functions += functions;
  sum.issued += issued;
}

function endsWithReturn(body: readonly Statement[]): boolean {
  return body.at(-1)?.kind === "return";
}
