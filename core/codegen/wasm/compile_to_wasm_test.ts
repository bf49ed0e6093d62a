import { assertEquals } from "@std/assert";
import { optimize } from "../../passes/optimize.ts";
import { embeddingLstm } from "../../test_support/target_programs.ts";
import { compileToWasm } from "./compile_to_wasm.ts";

Deno.test("compileToWasm() exports a function for each kernel if they are separate", async () => {
  const graph = optimize(embeddingLstm({ time: 3, batch: 2, hidden: 4, symbols: 5 }));
  const { bytes, kernels } = compileToWasm(graph, { separate: true });
  const exported = WebAssembly.Module.exports(await WebAssembly.compile(bytes));
  assertEquals(exported.map(({ name }) => name), [...kernels.map((_, i) => `kernel${i}`), "run"]);
  // Products with the state: an iteration each, forward and back.
  const looped = kernels.filter(({ kind, loops }) => kind === "matmul" && loops.length > 0);
  assertEquals(looped.map(({ points, terms }) => [points, terms]), [[[2, 16], [4]], [[2, 4], [
    16,
  ]]]);
});
