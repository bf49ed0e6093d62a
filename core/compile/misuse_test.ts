/** What programs are given that they must not be given: an error, and never another tensor's numbers. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { compile, type Tensor, tensor } from "../mod.ts";
import { cpuBackend } from "../backends/cpu.ts";
import { nativeBackend } from "../backends/native.ts";
import { referenceBackend } from "../backends/reference.ts";
import { webgpuBackend } from "../backends/webgpu.ts";
import { formatType, type TensorType, type TypedArray } from "../ir/tensor_type.ts";
import { CpuMemory } from "../backends/cpu_memory.ts";

const native = await nativeBackend().catch(() => undefined);
const webgpu = await webgpuBackend().catch(() => undefined);
const DEVICES = { reference: referenceBackend(), cpu: cpuBackend(), native, webgpu } as const;
const GONE = "it was disposed of";

for (const [device, backend] of Object.entries(DEVICES)) {
  const doubling = () => compile((x: Tensor) => x.mul(2), { backend });
  const decupling = () => compile((x: Tensor) => x.mul(10), { backend, donate: [0] });
  const one = Float32Array.of(1);

  Deno.test(`compile() gives a donated tensor to one of two calls on ${device}`, {
    ignore: !backend,
  }, async () => {
    using double = doubling();
    using tenfold = decupling();
    for (const other of [tenfold, double]) {
      const x = await double(one);
      // Compiled before, so that both calls have the tensor before either is done.
      await Promise.all([tenfold(one), other(one)]);
      const [first, second] = await Promise.allSettled([tenfold(x), other(x)]);
      assertEquals(first.status === "fulfilled" && await first.value.item(), 20);
      assertEquals(second.status === "rejected" && String(second.reason).includes(GONE), true);
    }
  });

  Deno.test(`compile() does not read a captured tensor that was donated on ${device}`, {
    ignore: !backend,
  }, async () => {
    using double = doubling();
    using tenfold = decupling();
    const x = await double(one);
    using sum = compile((y: Tensor) => y.add(x), { backend });
    assertEquals(await (await sum(one)).item(), 3);
    assertEquals(await (await tenfold(x)).item(), 20);
    await assertRejects(() => sum(one), TypeError, GONE);
  });
}

Deno.test("compile() frees a donated tensor of another device", async () => {
  using own = cpuBackend({ threads: 1 });
  using other = referenceBackend();
  using make = compile((x: Tensor) => x.add(1), { backend: own });
  using use = compile((x: Tensor) => x.sum(), { backend: other, donate: [0] });
  const numbers = new Float32Array(2 ** 20);
  const addresses: unknown[] = [];
  const { release } = CpuMemory.prototype;
  CpuMemory.prototype.release = function (address, bytes) {
    if (bytes === numbers.byteLength) addresses.push(address);
    release.call(this, address, bytes);
  };
  try {
    const x = await make(numbers);
    addresses.length = 0;
    assertEquals(await (await use(x)).item(), 2 ** 20);
    assertEquals(addresses.length, 1);
  } finally {
    CpuMemory.prototype.release = release;
  }
});

Deno.test("compile() refuses to be called in a function that is traced", async () => {
  using inner = compile(function inner(x: Tensor) {
    return x.add(1);
  });
  using outer = compile((x: Tensor) => {
    assertThrows(
      () => inner(x),
      TypeError,
      "Cannot call the compiled function inner while another is traced: " +
        "the function that it was made of is needed there",
    );
    return x;
  }, { backend: DEVICES.reference });
  assertEquals(await (await outer(3)).item(), 3);
});

Deno.test("compile() refuses arguments that are no trees", async () => {
  using program = compile((x: Tensor) => x, { backend: DEVICES.reference });
  const give = (x: unknown) => program(x as Float32Array);
  await assertRejects(
    () => give(Float64Array.of(1)),
    TypeError,
    "Cannot use an argument of numbers: a Float32Array, Int32Array or Uint32Array is needed, found Float64Array",
  );
  await assertRejects(
    () => give(new Map([["x", tensor([1])]])),
    TypeError,
    "Cannot use Map in a compiled function: tensors, numbers and typed arrays are needed",
  );
});

for (const [device, backend] of Object.entries(DEVICES)) {
  Deno.test(`prepare() gives a program that refuses buffers of other types on ${device}`, {
    ignore: !backend,
  }, async () => {
    if (!backend) return;
    using double = compile((x: Tensor) => x.mul(2), { backend });
    const program = await double.prepare({ dtype: "f32", shape: [2, 3] });
    const give = (type: TensorType, numbers: TypedArray) => {
      using buffer = backend.upload(type, numbers);
      return program.run([buffer]);
    };
    const wanted = "input 0 must be f32[2,3], found ";
    for (
      const [type, numbers] of [
        [{ dtype: "f32", shape: [1] }, new Float32Array(1)],
        [{ dtype: "f32", shape: [3, 2] }, new Float32Array(6)],
        [{ dtype: "f32", shape: [6] }, new Float32Array(6)],
        [{ dtype: "i32", shape: [2, 3] }, new Int32Array(6)],
      ] as const
    ) assertThrows(() => give(type, numbers), TypeError, wanted + formatType(type));
    assertEquals(give({ dtype: "f32", shape: [2, 3] }, new Float32Array(6)).length, 1);
  });

  Deno.test(`upload() and write() refuse more and fewer numbers on ${device}`, {
    ignore: !backend,
  }, () => {
    if (!backend) return;
    const type = { dtype: "f32", shape: [2] } as const;
    using buffer = backend.upload(type, new Float32Array(2));
    for (const size of [0, 1, 3]) {
      const wanted = `Cannot write f32[2]: 2 elements are needed, found ${size}`;
      assertThrows(() => backend.upload(type, new Float32Array(size)), Error, wanted);
      assertThrows(() => backend.write(buffer, new Float32Array(size)), Error, wanted);
    }
  });
}
