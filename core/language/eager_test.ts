import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Graph } from "../ir/graph.ts";
import { formatType, sizeOf } from "../ir/tensor_type.ts";
import { evaluateDeferred } from "./eager.ts";
import { broadcastTo, concatenate, gather, iota, max, tensor } from "./ops/mod.ts";

Deno.test("deferred operations keep their inputs, whatever becomes of the array", async () => {
  const parts = [tensor([1]), tensor([2])];
  const before = concatenate(parts);
  parts.push(before);
  assertEquals([...await concatenate(parts).data()], [1, 2, 1, 2]);
});

Deno.test("evaluateDeferred() computes on the device it is given, and interprets what that leaves", async () => {
  const given: (readonly [equations: number, input: number])[] = [];
  const sum = tensor([1, 2]).add(3).sum();
  await evaluateDeferred([sum], (graph, inputs) => {
    given.push([graph.equations.length, inputs[0][1]]);
    return Promise.resolve([Float32Array.of(-1)]);
  });
  const twice = sum.mul(2);
  await evaluateDeferred([twice], () => undefined);
  // A number to add, the addition, the sum; the made-up result is what the second graph reads.
  assertEquals(given, [[3, 2]]);
  assertEquals([await sum.item(), await twice.item()], [-1, -2]);
});

/** Counts the equations of each graph that is evaluated, and leaves it to the interpreter. */
function counted() {
  const equations: number[] = [];
  const device = (graph: Graph) => {
    equations.push(graph.equations.length);
    return undefined;
  };
  return { equations, device };
}

Deno.test("evaluateDeferred() computes nothing twice of what several results need", async () => {
  const { equations, device } = counted();
  const shared = tensor([1, 2]).exp().tanh();
  const [sum, greatest] = [shared.sum(), max(shared)];
  for (const result of [sum, greatest, shared]) await evaluateDeferred([result], device);
  // exp, tanh and sum; then only the maximum, and nothing.
  assertEquals(equations, [3, 1]);
  const later = shared.neg();
  await evaluateDeferred([later], device);
  assertEquals(equations, [3, 1, 1]);
  assertEquals(await greatest.item(), Math.fround(Math.tanh(Math.exp(2))));
});

Deno.test("evaluateDeferred() computes nothing twice of what is asked for at once", async () => {
  const { equations, device } = counted();
  const shared = tensor([1, 2]).exp();
  const results = [shared.sum(), shared.neg(), shared];
  await Promise.all(results.map((result) => evaluateDeferred([result], device)));
  assertEquals(equations, [2, 1]);
  assertEquals(await results[0].item(), Math.fround(Math.exp(1) + Math.exp(2)));
});

Deno.test("evaluateDeferred() goes on after an evaluation that failed", async () => {
  const x = tensor([1, 2]).exp();
  const failed = evaluateDeferred([x], () => Promise.reject(new RangeError("out of memory")));
  const next = evaluateDeferred([x], () => undefined);
  await assertRejects(() => failed, RangeError, "out of memory");
  await next;
  assertEquals(await x.item().catch(() => "two elements"), "two elements");
  assertEquals((await x.data())[0], Math.fround(Math.E));
});

Deno.test("evaluateDeferred() keeps what a device must write to memory anyway", async () => {
  const outputs: string[][] = [];
  const x = tensor([[1, 2], [3, 4]]);
  const product = x.matmul(x);
  const total = product.mul(2).tanh().sum();
  await evaluateDeferred([total], (graph) => {
    outputs.push(graph.outputs.map(({ type }) => formatType(type)));
    return Promise.resolve([Float32Array.of(7), Float32Array.of(7, 10, 15, 22)]);
  });
  assertEquals(outputs, [["f32[]", "f32[2,2]"]]);
  await evaluateDeferred([product], () => {
    throw new TypeError("Cannot compute again");
  });
  assertEquals([...await product.data()], [7, 10, 15, 22]);
});

Deno.test("evaluateDeferred() keeps a limited amount of what nobody asked for", async () => {
  let kept = 0;
  const rows = iota([2 ** 13]);
  const wide = gather(broadcastTo(tensor([[1]]), [1, 2 ** 12]), rows);
  await evaluateDeferred([gather(wide, rows).sum()], (graph) => {
    kept = graph.outputs.reduce((sum, { type }) => sum + 4 * sizeOf(type.shape), 0);
    return Promise.resolve(graph.outputs.map(() => new Float32Array(0)));
  });
  // One table of 2 ** 27 bytes, and not the other.
  assert(kept >= 2 ** 27 && kept < 2 ** 28, `${kept} bytes kept`);
});
