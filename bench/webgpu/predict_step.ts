/**
 * Predicts how long dispatches take on three GPUs, from what {@linkcode countShader} counts. An analytic model: the
 * largest of what the units of a machine need, each by itself, and the cost of a launch. Nothing here was measured.
 *
 * @module
 */
import { type Counts, countShader, type Latencies, WARP } from "./count_shader.ts";
import { WORKGROUP } from "./lanes.ts";

/** A GPU. "Core" is what NVIDIA calls a streaming multiprocessor and Intel a dual subslice. */
export interface Machine {
  readonly name: string;
  readonly cores: number;
  /** Cycles in a second. */
  readonly clock: number;
  /** Multiply-adds that a core does in a cycle. */
  readonly lanes: number;
  /** Invocations that a core holds at once. */
  readonly resident: number;
  /** Invocations of a subgroup at least, where WebGPU offers them. */
  readonly subgroup: number;
  /** Bytes of workgroup memory of a core. */
  readonly workgroupBytes: number;
  /** Bytes in a cycle between a core and its own memory: workgroup memory and the first cache. */
  readonly nearBytes: number;
  /** Bytes in a cycle between a core and the cache of all. */
  readonly cacheBytes: number;
  /** Bytes of that cache. */
  readonly cacheSize: number;
  /** Bytes in a second from and to memory. */
  readonly bandwidth: number;
  /** Cycles. */
  readonly latencies: Latencies;
  /** Seconds that a dispatch costs by itself. */
  readonly launch: number;
}

/**
 * Cycles until an arithmetic operation, workgroup memory and the second cache answer: table 3 of
 * https://pmc.ncbi.nlm.nih.gov/articles/PMC10448217 for V100, A100 and H100. A barrier's are assumed.
 */
const LATENCIES: Latencies = { operation: 4, near: 20, far: 200, barrier: 30 };
/** The least of https://arxiv.org/abs/2604.02344 for a dispatch of WebGPU on Vulkan. */
const LAUNCH = 24e-6;
/**
 * Bytes in a cycle of each core from NVIDIA's second cache: 5120 for the 108 of an A100, says the white paper of its
 * architecture. Later ones have no less.
 */
const NVIDIA_CACHE = 5120 / 108;

/** The machines. */
export const MACHINES: readonly Machine[] = [
  {
    // 96 execution units of 8 lanes and 7 threads (of 16 invocations), 16 a core, 128 KB and a port of 128 bytes each:
    // Intel's oneAPI GPU Optimization Guide, "Xe GPU Architecture". The clock is that of a Core i7-1165G7, the third
    // cache (3.8 MB) and LPDDR4X-4266 of 128 bits from AnandTech 15973; 64 bytes a cycle of the third cache are
    // those that Intel gives for Gen11. Its latencies are not published: those of NVIDIA stand in.
    name: "Iris Xe, 96 EU",
    ...{
      cores: 6,
      clock: 1.3e9,
      lanes: 128,
      resident: 16 * 7 * 16,
      subgroup: 8,
      workgroupBytes: 128 * 1024,
    },
    ...{ nearBytes: 128, cacheBytes: 64, cacheSize: 3.8e6, bandwidth: 68.3e9 },
    ...{ latencies: LATENCIES, launch: LAUNCH },
  },
  {
    // 24 cores, 32 MB of second cache, 256 GB/s, up to 2370 MHz: NVIDIA's page of the GeForce RTX 40 laptops. 1536
    // invocations and 100 KB a core: CUDA C++ Programming Guide, compute capability 8.9.
    name: "RTX 4060 Laptop",
    ...{
      cores: 24,
      clock: 2.37e9,
      lanes: 128,
      resident: 1536,
      subgroup: 32,
      workgroupBytes: 100 * 1024,
    },
    ...{ nearBytes: 128, cacheBytes: NVIDIA_CACHE, cacheSize: 32e6, bandwidth: 256e9 },
    ...{ latencies: LATENCIES, launch: LAUNCH },
  },
  {
    // 67 TFLOP/s in f32 and 4.8 TB/s: NVIDIA's data sheet. 132 cores of 128 lanes, so 1980 MHz; 50 MB of second cache:
    // white paper of Hopper. 2048 invocations and 228 KB a core: CUDA C++ Programming Guide, compute capability 9.0.
    name: "H200",
    ...{
      cores: 132,
      clock: 1.98e9,
      lanes: 128,
      resident: 2048,
      subgroup: 32,
      workgroupBytes: 228 * 1024,
    },
    ...{ nearBytes: 128, cacheBytes: NVIDIA_CACHE, cacheSize: 50e6, bandwidth: 4.8e12 },
    ...{ latencies: LATENCIES, launch: LAUNCH },
  },
];

/** A dispatch as the compiler describes it. */
export interface DispatchShape {
  /** WGSL. */
  readonly code: string;
  /** Workgroups. */
  readonly workgroups: number;
  /** How often it runs. */
  readonly runs: number;
  /** Bytes of buffers that it touches, each once. */
  readonly touchedBytes: number;
  /** Bytes that are touched before they are touched again. */
  readonly workingBytes: number;
}

/** What bounds a dispatch: a unit of the machine, waiting, or being launched. */
export type Bound = "launch" | "latency" | "arithmetic" | "near memory" | "cache" | "memory";

/** What is predicted of a dispatch. */
export interface Prediction {
  /** Seconds, the launch included. */
  readonly seconds: number;
  /** What takes longest. */
  readonly bound: Bound;
  /** Seconds that each takes by itself. */
  readonly parts: Readonly<Record<Bound, number>>;
  /** Share of the invocations that the machine could hold. */
  readonly occupancy: number;
}

/** Predicts a run of a dispatch whose parts have been counted with the latencies of the machine. */
export function predict(
  parts: readonly Counts[],
  { workgroupBytes, touchedBytes: touched, workingBytes }:
    & Pick<DispatchShape, "touchedBytes" | "workingBytes">
    & { readonly workgroupBytes: number },
  machine: Machine,
): Prediction {
  const { cores, clock } = machine;
  const held = Math.max(
    1,
    Math.min(
      Math.floor(machine.resident / WORKGROUP),
      workgroupBytes === 0 ? Infinity : Math.floor(machine.workgroupBytes / workgroupBytes),
    ),
  );
  const sum = (key: "workgroups" | "issued" | "accesses" | "loaded" | "stored") =>
    parts.reduce((total, part) => total + part[key], 0);
  const workgroups = sum("workgroups");
  /** What the busiest core has of work: of all, or of one part alone. */
  const busiest = (work: (part: Counts) => number): number => {
    const share = (amount: number, groups: number) => amount * Math.ceil(groups / cores) / groups;
    return Math.max(
      share(parts.reduce((total, part) => total + work(part), 0), workgroups),
      ...parts.map((part) => share(work(part), part.workgroups)),
    );
  };
  const asked = sum("loaded") + sum("stored");
  // What does not fit the cache comes from memory again.
  const missed = Math.max(0, asked - touched) * Math.max(0, 1 - machine.cacheSize / workingBytes);
  const seconds: Record<Bound, number> = {
    launch: machine.launch,
    latency: Math.max(
      ...parts.map((part) => part.cycles * Math.ceil(part.workgroups / (cores * held))),
    ) / clock,
    arithmetic: busiest(({ issued }) => issued) / machine.lanes / clock,
    "near memory": busiest(({ accesses }) => accesses) * 4 * WARP / machine.nearBytes / clock,
    cache: busiest(({ loaded, stored }) => loaded + stored) / machine.cacheBytes / clock,
    memory: (Math.min(touched, asked) + missed) / machine.bandwidth,
  };
  const { launch, ...units } = seconds;
  const longest = Math.max(...Object.values(units));
  const bound = (Object.keys(seconds) as Bound[]).reduce((a, b) => seconds[b] > seconds[a] ? b : a);
  const occupancy = Math.min(workgroups, cores * held) * WORKGROUP / (cores * machine.resident);
  return { seconds: launch + longest, bound, parts: seconds, occupancy };
}

/** What is counted and predicted of a program. */
export interface StepPrediction {
  /** Dispatches of a run. */
  readonly dispatches: number;
  readonly flops: number;
  readonly functions: number;
  /** Bytes that workgroups ask for, from and to buffers. */
  readonly asked: number;
  /** Bytes touched, once a dispatch. */
  readonly touched: number;
  /** Barriers that a workgroup waits at, the most of each dispatch, added up. */
  readonly barriers: number;
  readonly machines: readonly {
    readonly name: string;
    readonly seconds: number;
    /** Seconds of that for launches. */
    readonly launches: number;
    /** What takes longest where most of the time goes, and its share of the time. */
    readonly bound: Bound;
    readonly share: number;
    readonly narrowest: number;
    readonly widest: number;
    /** One a dispatch, in order. */
    readonly dispatches: readonly Prediction[];
  }[];
}

/** Predicts a run of a program. */
export function predictStep(
  shapes: readonly DispatchShape[],
  machines: readonly Machine[] = MACHINES,
): StepPrediction {
  const counted = new Map<Latencies, ReturnType<typeof countShader>[]>();
  const countsFor = (latencies: Latencies) => {
    const known = counted.get(latencies) ??
      shapes.map(({ code, workgroups }) => countShader(code, workgroups, latencies));
    counted.set(latencies, known);
    return known;
  };
  const counts = countsFor(machines[0].latencies);
  const total = (key: "flops" | "functions" | "loaded" | "stored") =>
    shapes.reduce(
      (sum, { runs }, i) => sum + runs * counts[i].parts.reduce((own, part) => own + part[key], 0),
      0,
    );
  return {
    dispatches: shapes.reduce((sum, { runs }) => sum + runs, 0),
    flops: total("flops"),
    functions: total("functions"),
    asked: total("loaded") + total("stored"),
    touched: shapes.reduce((sum, { runs, touchedBytes }) => sum + runs * touchedBytes, 0),
    barriers: shapes.reduce(
      (sum, { runs }, i) => sum + runs * Math.max(...counts[i].parts.map((part) => part.barriers)),
      0,
    ),
    machines: machines.map((machine) => {
      const own = countsFor(machine.latencies);
      const dispatches = shapes.map((shape, i) =>
        predict(own[i].parts, { ...shape, workgroupBytes: own[i].workgroupBytes }, machine)
      );
      const seconds = dispatches.reduce((sum, one, i) => sum + shapes[i].runs * one.seconds, 0);
      const times = new Map<Bound, number>();
      dispatches.forEach(({ parts: { launch }, bound, seconds }, i) => {
        const { runs } = shapes[i];
        times.set("launch", (times.get("launch") ?? 0) + runs * launch);
        if (bound !== "launch") {
          times.set(bound, (times.get(bound) ?? 0) + runs * (seconds - launch));
        }
      });
      const [bound, most] = [...times].reduce((a, b) => b[1] > a[1] ? b : a);
      const occupancies = dispatches.map(({ occupancy }) => occupancy);
      return {
        ...{ name: machine.name, seconds, launches: times.get("launch") ?? 0 },
        ...{ bound, share: most / seconds, dispatches },
        ...{ narrowest: Math.min(...occupancies), widest: Math.max(...occupancies) },
      };
    }),
  };
}
