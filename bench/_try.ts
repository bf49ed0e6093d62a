import { countShader } from "./wgsl_counts.ts";
for (const f of Deno.args) {
  const code = Deno.readTextFileSync(f);
  const m = [...code.matchAll(/group < (\d+)\)/g)].map((x) => +x[1]);
  const n = (m.at(-1) ?? 0) + 1;
  const t = performance.now();
  const c = countShader(code, n, { operation: 4, near: 29, far: 263, barrier: 30 });
  console.log(f, (performance.now() - t).toFixed(0) + "ms", c.workgroupBytes);
  console.table(c.parts);
}
