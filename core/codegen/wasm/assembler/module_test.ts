import { assert, assertEquals, assertThrows } from "@std/assert";
import { detectFeatures } from "./features.ts";
import {
  f32,
  f32x4,
  i32,
  lane,
  load,
  loadLane,
  ModuleBuilder,
  store,
  storeLane,
} from "./module.ts";

/** Compiles a module and gives its exports as functions of numbers. */
function instantiate(
  module: ModuleBuilder,
  memory: WebAssembly.Memory = module.createMemory(),
): Record<string, (...values: number[]) => number> {
  const instance = new WebAssembly.Instance(
    new WebAssembly.Module(module.finish()),
    { env: { memory } },
  );
  return instance.exports as Record<string, (...values: number[]) => number>;
}

Deno.test("detectFeatures() finds SIMD here, and gives the same object twice", () => {
  assert(detectFeatures().simd);
  assert(detectFeatures() === detectFeatures());
});

Deno.test("ModuleBuilder encodes integers of every LEB128 length", () => {
  const values = [
    0,
    1,
    -1,
    63,
    64,
    -64,
    -65,
    8191,
    8192,
    -8193,
    1 << 20,
    2147483647,
    -2147483648,
  ];
  const module = new ModuleBuilder();
  values.forEach((value, i) =>
    module.addFunction(
      { parameters: [], results: ["i32"], exportAs: `f${i}` },
      (code) => code.i32Const(value),
    )
  );
  const exports = instantiate(module);
  assertEquals(values.map((_, i) => exports[`f${i}`]()), values);
});

Deno.test("ModuleBuilder encodes i64, f32 and f64 constants", () => {
  const module = new ModuleBuilder();
  const big = [
    0n,
    -1n,
    63n,
    64n,
    -65n,
    1n << 40n,
    -(1n << 63n),
    (1n << 63n) - 1n,
  ];
  big.forEach((value, i) =>
    module.addFunction(
      { parameters: [], results: ["i64"], exportAs: `i${i}` },
      (code) => code.i64Const(value),
    )
  );
  module.addFunction(
    { parameters: [], results: ["f32"], exportAs: "f" },
    (code) => code.f32Const(-0.375),
  );
  module.addFunction(
    { parameters: [], results: ["f64"], exportAs: "d" },
    (code) => code.f64Const(Math.PI),
  );
  const exports = instantiate(module) as unknown as Record<
    string,
    () => bigint | number
  >;
  assertEquals(big.map((_, i) => exports[`i${i}`]()), big);
  assertEquals(exports.f(), -0.375);
  assertEquals(exports.d(), Math.PI);
});

Deno.test("FunctionBuilder.repeat() counts with constant and with runtime bounds", () => {
  const module = new ModuleBuilder();
  for (
    const bounds of [{ from: 0, to: 10 }, { from: 3, to: 10, step: 4 }, {
      from: 5,
      to: 5,
    }]
  ) {
    module.addFunction({
      parameters: [],
      results: ["i32"],
      exportAs: JSON.stringify(bounds),
    }, (code) => {
      const sum = code.local("i32");
      code.repeat(bounds, (counter) => {
        code.get(sum, counter);
        code.op(i32.add);
        code.set(sum);
      });
      code.get(sum);
    });
  }
  module.addFunction({
    parameters: ["i32", "i32"],
    results: ["i32"],
    exportAs: "sum",
  }, (code) => {
    const sum = code.local("i32");
    code.repeat({ from: { local: 0 }, to: { local: 1 } }, (counter) => {
      code.get(sum, counter);
      code.op(i32.add);
      code.set(sum);
    });
    code.get(sum);
  });
  const exports = instantiate(module);
  assertEquals(exports['{"from":0,"to":10}'](), 45);
  assertEquals(exports['{"from":3,"to":10,"step":4}'](), 10);
  assertEquals(exports['{"from":5,"to":5}'](), 0);
  assertEquals(exports.sum(2, 5), 9);
  assertEquals(exports.sum(5, 2), 0);
});

Deno.test("FunctionBuilder.branch() reaches the block its label names", () => {
  const module = new ModuleBuilder();
  // Collatz: steps from n to 1.
  module.addFunction({
    parameters: ["i32"],
    results: ["i32"],
    exportAs: "collatz",
  }, (code) => {
    const steps = code.local("i32");
    code.block((done) =>
      code.loop((again) => {
        code.get(0);
        code.i32Const(1);
        code.op(i32.eq);
        code.branchIf(done);
        code.increment(steps, 1);
        code.get(0);
        code.i32Const(1);
        code.op(i32.and);
        code.if(() => {
          code.get(0);
          code.i32Const(3);
          code.op(i32.mul);
          code.i32Const(1);
          code.op(i32.add);
          code.set(0);
          code.branch(again);
        }, () => {
          code.get(0);
          code.i32Const(1);
          code.op(i32.shr_u);
          code.set(0);
        });
        code.branch(again);
      })
    );
    code.get(steps);
  });
  assertEquals(instantiate(module).collatz(27), 111);
});

Deno.test("FunctionBuilder.scope() recycles locals of the same type", () => {
  const module = new ModuleBuilder();
  module.addFunction({ parameters: ["i32"] }, (code) => {
    const outer = code.local("f32");
    const first = code.scope(() => code.locals("v128", 3));
    const second = code.scope(() => code.locals("v128", 3));
    assertEquals(first, second);
    assert(!first.includes(outer));
    assert(code.local("i32") > outer, "a local of another type is a new one");
  });
});

Deno.test("FunctionBuilder loads, stores, splats, shuffles and fills memory", () => {
  for (
    const relaxed of detectFeatures().relaxedSimd ? [false, true] : [false]
  ) {
    const module = new ModuleBuilder({ memory: { minimumPages: 1 }, relaxed });
    module.addFunction({
      parameters: ["i32"],
      results: ["f32"],
      exportAs: "run",
    }, (code) => {
      // out[0..3] = x * splat(x[1]) + 1, out[4] = lane 2 of the reverse, out[8..11] bytes 0x3f
      code.get(0);
      code.vector(0);
      code.loadFrom(load.v128_splat32, 0, 4);
      code.multiplyAdd(() => code.f32x4Const(1));
      code.store(store.v128, 16);
      code.get(0);
      code.vector(0);
      code.vector(0);
      code.shuffle([3, 2, 1, 0]);
      code.storeLane(storeLane.lane32, 2, 32);
      code.get(0);
      code.i32Const(48);
      code.op(i32.add);
      code.i32Const(0x3f);
      code.i32Const(16);
      code.memoryFill();
      code.get(0);
      code.vector(0, 16);
      code.loadLane(loadLane.lane32, 1, 12);
      code.laneOp(lane.f32x4_extract, 1);
      code.f32Const(0.5);
      code.op(f32.add);
    });
    const memory = module.createMemory();
    const floats = new Float32Array(memory.buffer);
    floats.set([1, 2, 3, 4]);
    assertEquals(instantiate(module, memory).run(0), 4.5);
    assertEquals([...floats.subarray(4, 8)], [3, 5, 7, 9]);
    assertEquals(floats[8], 2);
    assertEquals(new Uint32Array(memory.buffer)[12], 0x3f3f3f3f);
  }
});

Deno.test("ModuleBuilder calls imported and own functions", () => {
  const module = new ModuleBuilder();
  const report = module.importFunction("report", { parameters: ["f32"] });
  const square = module.addFunction(
    { parameters: ["f32"], results: ["f32"] },
    (code) => {
      code.get(0, 0);
      code.op(f32.mul);
    },
  );
  module.addFunction(
    { parameters: ["f32"], exportAs: "run" },
    (code) => {
      code.get(0);
      code.call(square);
      code.call(report);
    },
  );
  const reported: number[] = [];
  const instance = new WebAssembly.Instance(
    new WebAssembly.Module(module.finish()),
    {
      env: { report: (value: number) => reported.push(value) },
    },
  );
  (instance.exports.run as (x: number) => void)(3);
  assertEquals(reported, [9]);
  assertThrows(
    () => module.importFunction("late", { parameters: [] }),
    TypeError,
    "imports before functions",
  );
});

Deno.test("ModuleBuilder encodes atomics on shared memory", () => {
  if (!detectFeatures().threads) return;
  assertThrows(
    () => new ModuleBuilder({ memory: { minimumPages: 1, shared: true } }),
    TypeError,
    "maximum",
  );
  const module = new ModuleBuilder({
    memory: { minimumPages: 1, maximumPages: 2, shared: true },
  });
  module.addFunction({
    parameters: ["i32"],
    results: ["i32"],
    exportAs: "bump",
  }, (code) => {
    code.get(0);
    code.i32Const(5);
    code.atomic(0xfe001e, 4);
    code.drop();
    code.get(0);
    code.atomic(0xfe0010, 4);
  });
  const { bump } = instantiate(module);
  assertEquals(bump(8), 5);
  assertEquals(bump(8), 10);
});

Deno.test("every plain vector instruction has the arity its table implies", () => {
  // A wrong number in the table would be another instruction: most mistakes then fail to validate.
  const unary = [
    "ceil",
    "floor",
    "trunc",
    "nearest",
    "abs",
    "neg",
    "sqrt",
    "convert_i32x4_s",
    "convert_i32x4_u",
  ];
  for (const [name, code] of Object.entries(f32x4)) {
    if (
      name === "splat" || name === "demote_f64x2_zero" ||
      name.startsWith("relaxed")
    ) continue;
    const module = new ModuleBuilder();
    module.addFunction(
      { parameters: ["v128"], results: ["v128"] },
      (builder) => {
        builder.get(0);
        if (!unary.includes(name)) builder.get(0);
        builder.op(code);
      },
    );
    assert(WebAssembly.validate(module.finish()), name);
  }
});
