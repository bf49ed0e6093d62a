import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { Graph, Value } from "../ir/graph.ts";
import { TILINGS } from "../codegen/wgsl/matmul.ts";
import { mul, scan, zeros } from "../language/ops/mod.ts";
import { dense, sampleArray } from "../ir/dense.ts";
import { ELEMENTWISE } from "../language/primitives/elementwise.ts";
import type { ElementwiseName } from "../ir/operation_names.ts";
import type { DenseArray, Sample } from "../ir/primitive.ts";
import type { DifferentiablePrimitive } from "../language/rules.ts";
import { MATMUL } from "../language/primitives/matmul.ts";
import { PRIMITIVES, samplesOf } from "../language/primitives/table.ts";
import { gradientGraph } from "../testing/check_gradients.ts";
import { randomSource } from "../util/random_source.ts";
import { TARGET_PROGRAMS } from "../test_support/target_programs.ts";
import { typedArray } from "../ir/tensor_type.ts";
import { apply } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import { openDevice } from "./webgpu/device.ts";
import { DeviceLostError, type WebGpuBackend, webgpuBackend } from "./webgpu.ts";

/** The device all tests share; without an adapter they are shown as ignored. */
const shared = await webgpuBackend().catch(() => undefined);
const ignore = shared === undefined;
const backend = shared as WebGpuBackend;

/** How far a result may be from the exact one. */
type Tolerance = (exact: number, scale: number) => number;

async function checkGraph(
  graph: Graph,
  inputs: readonly DenseArray[],
  tolerance: Tolerance,
  device: WebGpuBackend = backend,
): Promise<void> {
  const expected = evaluateGraph(graph, inputs);
  using executable = await device.compile(graph);
  const buffers = inputs.map(({ type, data }) => device.upload(type, typedArray(type.dtype, data)));
  const outputs = executable.run(buffers);
  for (const [i, output] of outputs.entries()) {
    const actual = await device.download(output);
    const { data } = expected[i];
    const scale = data.reduce(
      (most, x) => Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most,
      0,
    );
    data.forEach((x, j) => {
      const close = Object.is(x, actual[j]) || Math.abs(x - actual[j]) <= tolerance(x, scale);
      assert(close, `output ${i}[${j}]: expected ${x}, found ${actual[j]}`);
    });
    output.dispose();
  }
  for (const buffer of buffers) buffer.dispose();
}

/** Sums of some ten products: the square root of that many roundings, with room for their order. */
const sums: Tolerance = (_, scale) => 16 * 2 ** -24 * Math.max(scale, 1);

function toleranceOf(name: string): Tolerance {
  const rule = ELEMENTWISE[name as ElementwiseName];
  if (!rule) return sums;
  const { ulp = 1 } = rule;
  return (exact) => ulp * 2 ** -23 * Math.abs(exact);
}

/** Several graphs as one: compiling costs much more than running. */
function together(graphs: readonly Graph[]): Graph {
  return {
    inputs: graphs.flatMap(({ inputs }): readonly Value[] => inputs),
    equations: graphs.flatMap(({ equations }) => equations),
    outputs: graphs.flatMap(({ outputs }): readonly Value[] => outputs),
  };
}

function graphOf(primitive: DifferentiablePrimitive, { inputs, params }: Sample): Graph {
  return trace(inputs.map(({ type }) => type), (...args) => apply(primitive, args, params)).graph;
}

for (const primitive of PRIMITIVES) {
  Deno.test({
    name: `webgpu: ${primitive.name} agrees with the interpreter`,
    ignore,
    async fn() {
      const samples = samplesOf(primitive, randomSource(11));
      const graph = together(samples.map((sample) => graphOf(primitive, sample)));
      const inputs = samples.flatMap((sample) => sample.inputs);
      await checkGraph(graph, inputs, toleranceOf(primitive.name));
    },
  });
}

/** One product of each shape that the tilings treat differently. */
Deno.test({
  name: "webgpu: tiled matrix products agree with the interpreter",
  ignore,
  async fn() {
    const sizes = [[1, 40, 7], [33, 17, 65], [70, 64, 130]];
    for (const tiling of TILINGS) {
      using device = await webgpuBackend({ plan: { tiledProduct: 1, tiling } });
      const random = randomSource(14);
      const [m, k, n] = sizes[TILINGS.indexOf(tiling) % sizes.length];
      const [transposeX, transposeY] = [random() < 0.5, random() < 0.5];
      const x = sampleArray(random, transposeX ? [2, k, m] : [2, m, k]);
      const y = sampleArray(random, transposeY ? [2, n, k] : [2, k, n]);
      const sample = { inputs: [x, y], params: { transposeX, transposeY } };
      await checkGraph(graphOf(MATMUL, sample), sample.inputs, sums, device);
    }
  },
});

Deno.test({
  name:
    "[long] webgpu: the tuner measures a large product once, keeps that, and the result stays right",
  ignore: ignore || !backend.canTune,
  async fn() {
    const kept: [key: string, text: string][] = [];
    // What a cache says that is no tiling counts as nothing.
    const tuning = {
      get: () => "something else",
      set: (key: string, text: string) => kept.push([key, text]),
    };
    const random = randomSource(15);
    const x = sampleArray(random, [256, 256]);
    const sample = { inputs: [x, x], params: { transposeX: false, transposeY: true } };
    const graph = graphOf(MATMUL, sample);
    const tolerance: Tolerance = (_, scale) => 16 * 2 ** -23 * scale;
    {
      using device = await webgpuBackend({ tune: true, tuning });
      await checkGraph(graph, sample.inputs, tolerance, device);
      assertEquals(device.tuned, 1);
      const { pipelines } = device.statistics;
      await checkGraph(graph, sample.inputs, tolerance, device);
      assertEquals(device.statistics.pipelines, pipelines);
    }
    assertEquals(kept.length, 1);
    using device = await webgpuBackend({ tune: true, tuning: new Map(kept) });
    await checkGraph(graph, sample.inputs, tolerance, device);
    assertEquals(device.tuned, 0);
  },
});

Deno.test({
  name: "webgpu: the tuner leaves software adapters alone unless it is asked",
  ignore: ignore || !backend.isSoftware,
  async fn() {
    const x = sampleArray(randomSource(15), [256, 256]);
    const tuning = new Map<string, string>();
    using device = await webgpuBackend({ tuning });
    using _ = await device.compile(graphOf(MATMUL, { inputs: [x, x], params: {} }));
    assertEquals([device.tuned, tuning.size], [0, 0]);
  },
});

Deno.test({
  name: "webgpu: gradients of all primitives agree with the interpreter",
  ignore,
  async fn() {
    for (const primitive of PRIMITIVES) {
      const random = randomSource(12);
      const sample = samplesOf(primitive, random).findLast(({ smooth }) => smooth !== false);
      const graph = sample && graphOf(primitive, sample);
      if (!sample || !graph?.inputs.some(({ type }) => type.dtype === "f32")) continue;
      const cotangents = graph.outputs.map(({ type }) => sampleArray(random, type.shape));
      // Some go through a division and a logarithm: a few times what those are off by.
      const tolerance: Tolerance = (_, scale) => 64 * 2 ** -23 * Math.max(scale, 1);
      await checkGraph(gradientGraph(graph), [...sample.inputs, ...cotangents], tolerance);
    }
  },
});

Deno.test({
  name: "webgpu: a sum of a million equal numbers keeps its digits",
  ignore,
  async fn() {
    const x = dense({ dtype: "f32", shape: [1e6] }, new Float32Array(1e6).fill(0.1));
    const { graph } = trace([x.type], (x) => [x.sum()]);
    // Blocks of 32 additions each, and 31 of them: 2⁻²⁶ each, and the members of a team.
    await checkGraph(graph, [x], (exact) => 80 * 2 ** -26 * exact);
  },
});

const SMALL = { time: 5, batch: 4, hidden: 8, symbols: 5 };

function targetInputs(graph: Graph, symbols: number): DenseArray[] {
  const random = randomSource(13);
  return graph.inputs.map(({ type }) =>
    sampleArray(random, type.shape, {
      dtype: type.dtype,
      min: type.dtype === "f32" ? 0.05 : 0,
      max: type.dtype === "i32" ? symbols : 1,
    })
  );
}

const ALL = Object.keys(TARGET_PROGRAMS);

/** What the scan ladder and the device's limits make of a program. */
const ROUTES = {
  "one as planned": { programs: ["oneHotRnn"], label: "" },
  "all as planned": { programs: ALL, label: "[long] " },
  "with 8 buffers and 16 KiB": {
    limits: { maxStorageBuffersPerShaderStage: 8, maxComputeWorkgroupStorageSize: 16384 },
    programs: ["gatedRnn"],
    label: "[long] ",
  },
  "a dispatch for each step": {
    plan: { stepWork: 1, smallWork: 1 },
    programs: ["embeddingLstm"],
    label: "[long] ",
  },
} as const;

for (const [route, { programs, label, ...options }] of Object.entries(ROUTES)) {
  Deno.test({
    name: `${label}webgpu: training steps agree with the interpreter, ${route}`,
    ignore,
    async fn() {
      using device = await webgpuBackend(options);
      for (const name of programs) {
        const graph = TARGET_PROGRAMS[name](SMALL);
        const tolerance: Tolerance = (_, scale) => 256 * 2 ** -24 * Math.max(scale, 1e-2);
        await checkGraph(graph, targetInputs(graph, SMALL.symbols), tolerance, device);
      }
    },
  });
}

Deno.test({
  name: "[long] webgpu: a loop of more steps than some adapters allow keeps its meaning",
  ignore,
  async fn() {
    const time = 70_000;
    const { graph } = trace([{ dtype: "f32", shape: [time, 2] }], (x) => {
      const [last] = scan((sum, x) => [sum.mul(0.5).add(x), undefined], zeros([2]), x);
      return [last];
    });
    await checkGraph(graph, [sampleArray(randomSource(16), [time, 2])], sums);
  },
});

/** A small network with its state donated, ready to be run again and again. */
async function trainer(device: WebGpuBackend) {
  const graph = TARGET_PROGRAMS.oneHotRnn({ time: 3, batch: 2, hidden: 4, symbols: 3 });
  const count = graph.outputs.length - 1;
  const donated = Array.from({ length: count }, (_, i) => [i + 1, i] as const);
  const executable = await device.compile(graph, { donated });
  const inputs = targetInputs(graph, 3);
  let state = inputs.slice(0, count).map(({ type, data }) =>
    device.upload(type, typedArray(type.dtype, data))
  );
  const data = inputs.slice(count);
  const step = () => {
    const batch = data.map(({ type, data }) => device.upload(type, typedArray(type.dtype, data)));
    const [loss, ...next] = executable.run([...state, ...batch]);
    for (const buffer of batch) buffer.dispose();
    state = next;
    return loss;
  };
  const reference = (steps: number): number => {
    let own = inputs;
    let loss = 0;
    for (let i = 0; i < steps; i++) {
      const [first, ...next] = evaluateGraph(graph, own);
      loss = first.data[0];
      own = [...next, ...data];
    }
    return loss;
  };
  return { executable, step, reference, [Symbol.dispose]: () => executable.dispose() };
}

Deno.test({
  name: "webgpu: 100 steps of training follow the interpreter",
  ignore,
  async fn() {
    using training = await trainer(backend);
    for (let i = 0; i < 99; i++) training.step().dispose();
    using loss = training.step();
    const [found] = await backend.download(loss);
    const wanted = training.reference(100);
    assert(Math.abs(found - wanted) <= 1e-4 * wanted, `expected ${wanted}, found ${found}`);
  },
});

Deno.test({
  name: "webgpu: a run is one pass and one submit, and makes nothing",
  ignore,
  async fn() {
    using device = await webgpuBackend();
    using training = await trainer(device);
    for (let i = 0; i < 3; i++) training.step().dispose();
    const before = { ...device.statistics };
    for (let i = 0; i < 50; i++) training.step().dispose();
    const after = device.statistics;
    assertEquals(after.buffers, before.buffers);
    assertEquals(after.bindGroups, before.bindGroups);
    assertEquals(after.pipelines, before.pipelines);
    assertEquals(after.passes - before.passes, 50);
    assertEquals(after.submits - before.submits, 50);
    const dispatches = training.executable.kernels.reduce((sum, { runs }) => sum + runs, 0);
    assertEquals(after.dispatches - before.dispatches, 50 * dispatches);
  },
});

Deno.test({
  name: "[long] webgpu: 10,000 runs leave memory as it was",
  ignore,
  async fn() {
    const graph = trace([{ dtype: "f32", shape: [64] }], (x) => [mul(x, 0.5)]).graph;
    using executable = await backend.compile(graph, { donated: [[0, 0]] });
    let state = backend.upload(graph.inputs[0].type, new Float32Array(64).fill(1));
    const steps = async (count: number) => {
      for (let i = 1; i <= count; i++) {
        [state] = executable.run([state]);
        if (i % 500 === 0) await backend.download(state);
      }
    };
    await steps(2000);
    const { buffers, bindGroups } = backend.statistics;
    const before = Deno.memoryUsage().rss;
    await steps(8000);
    const growth = Deno.memoryUsage().rss - before;
    assertEquals(backend.statistics.buffers, buffers);
    assertEquals(backend.statistics.bindGroups, bindGroups);
    assert(growth < 64 * 2 ** 20, `the process grew by ${growth} bytes`);
    state.dispose();
  },
});

Deno.test({
  name: "webgpu: buffers are used again, and refused once they are disposed of",
  ignore,
  async fn() {
    const type = { dtype: "f32", shape: [3] } as const;
    const graph = trace([type, type], (x, y) => [mul(x, y)]).graph;
    using executable = await backend.compile(graph, { name: "product", donated: [[0, 0]] });
    const x = backend.upload(type, Float32Array.of(1, 2, 3));
    const y = backend.upload(type, Float32Array.of(4, 5, 6));
    assertThrows(() => executable.run([x]), TypeError, "2 inputs are needed, found 1");
    assertThrows(
      () =>
        executable.run([x, backend.upload({ dtype: "f32", shape: [2] }, Float32Array.of(1, 2))]),
      TypeError,
      "input 1 must be f32[3], found f32[2]",
    );
    assertThrows(() => executable.run([x, x]), TypeError, "input 0 is donated");
    const [z] = executable.run([x, y]);
    assertEquals([...await backend.download(z)], [4, 10, 18]);
    assertThrows(() => executable.run([x, y]), TypeError, "it was disposed of");
    y.dispose();
    y.dispose();
    await assertRejects(() => backend.download(y), TypeError, "it was disposed of");
    assertThrows(
      () => backend.upload(type, Float32Array.of(1)),
      TypeError,
      "3 elements are needed, found 1",
    );
    z.dispose();
  },
});

Deno.test({
  name: "webgpu: a shader that does not compile is shown with its lines numbered",
  ignore,
  async fn() {
    const device = await openDevice();
    const error = await assertRejects(
      () => device.pipeline("broken", "fn fine() {}\nfn main( {", [device.storageLayout([true])]),
      TypeError,
      "Cannot compile the shader of broken",
    );
    assertStringIncludes(error.message, "   2 fn main( {");
    device.dispose();
  },
});

Deno.test({
  name: "webgpu: a lost device says so, and goes on saying so",
  ignore,
  async fn() {
    const device = await openDevice();
    device.check();
    device.device.destroy();
    await device.device.lost;
    assertThrows(() => device.check(), DeviceLostError, "the device was lost");
    assertThrows(() => device.check(), DeviceLostError);
    device.dispose();
    assertThrows(() => device.check(), TypeError, "it was disposed of");
  },
});

Deno.test({
  name: "webgpu: a buffer larger than the device allows is refused",
  ignore,
  async fn() {
    const device = await openDevice();
    const most = device.limits.maxBufferSize;
    assertThrows(
      () => device.createBuffer("weights", most + 4, GPUBufferUsage.STORAGE),
      RangeError,
      `Cannot make the buffer weights of ${most + 4} bytes`,
    );
    device.dispose();
  },
});
