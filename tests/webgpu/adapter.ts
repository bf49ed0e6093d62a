/** Prints the adapter that WebGPU is opened on here, as a line of JSON. */
import { describeAdapter, findAdapter } from "@unroll/core/backends";

const adapter = await findAdapter();
console.log(JSON.stringify(adapter ? describeAdapter(adapter) : null));
// Dawn would keep the process alive.
Deno.exit();
