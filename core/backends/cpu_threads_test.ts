import { assertAlmostEquals } from "@std/assert";
import { sampleArray } from "../ir/dense.ts";
import { randomSource } from "../util/random_source.ts";
import { CPU_DEVICES } from "../test_support/cpu_devices.ts";
import { gatedRnn } from "../test_support/target_programs.ts";
import { typedArray } from "../ir/tensor_type.ts";

/** Units of a network whose weights are large enough to be packed before its loops, and not to be shared by three. */
const HIDDEN = 98;

for (
  const { name, batch, ignore, open } of CPU_DEVICES.flatMap((device) =>
    [1, 7, 64].map((batch) => ({ ...device, batch }))
  )
) {
  Deno.test(`${name} trains ${batch} rows alike on one thread and on three, again and again`, {
    ignore,
  }, async () => {
    const graph = gatedRnn({ time: 9, batch, hidden: HIDDEN, symbols: 11 });
    const random = randomSource(batch);
    const inputs = graph.inputs.map(({ type }) => {
      const max = type.dtype === "i32" ? 11 : 0.2;
      return typedArray(
        type.dtype,
        sampleArray(random, type.shape, { ...type, min: 0, max }).data,
      );
    });
    let wanted: ArrayLike<number>[] | undefined;
    for (const threads of [1, 3]) {
      using backend = await open({ threads, eager: threads > 1 });
      using program = await backend.compile(graph);
      const buffers = inputs.map((data, i) => backend.upload(graph.inputs[i].type, data));
      // Helpers come late to the first runs, and at other moments to each of the rest.
      for (let run = 0; run < (threads === 1 ? 1 : 20); run++) {
        const outputs = program.run(buffers);
        const found = await Promise.all(outputs.map((buffer) => backend.download(buffer)));
        wanted ??= found.map((data) => Array.from(data));
        found.forEach((data, i) => {
          const scale = Math.max(1, ...Array.from(wanted![i], Math.abs));
          // Other tiles round otherwise: sums of up to 96 terms, nine steps of time.
          data.forEach((x, j) => assertAlmostEquals(x, wanted![i][j], scale * 1e-5, `run ${run}`));
        });
        for (const buffer of outputs) buffer.dispose();
      }
      for (const buffer of buffers) buffer.dispose();
    }
  });
}
