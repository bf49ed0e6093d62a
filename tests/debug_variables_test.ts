/** The environment variables DEBUG, UNROLL_DUMP and UNROLL_VALIDATE in a process of their own, on each device. */
import { assert, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { findAdapter } from "@unroll/core/backends";

const hasAdapter = await findAdapter() !== undefined;

/** Runs a program that computes something small on a device. */
async function run(body: string, env: Readonly<Record<string, string>>) {
  const script = `
    import { compile } from "@unroll/core";
    import { cpuBackend, openBackend } from "@unroll/core/backends";
    ${body}
  `;
  // In the workspace, for its imports.
  const path = await Deno.makeTempFile({ dir: import.meta.dirname, suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, script);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--no-prompt", "-R", "-W", "-E", path],
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, output: text(stdout), errors: text(stderr) };
  } finally {
    await Deno.remove(path);
  }
}

const SQUARES = (device: string) => `
  using backend = await openBackend("${device}");
  const squares = compile((x) => x.mul(x), { backend, name: "squares" });
  console.log(...await (await squares(Float32Array.of(1, 2, 3))).data());
  await new Promise((resolve) => setTimeout(resolve, 50));
`;

/** What the generated code is recognised by, and where it is written. */
const CODE = {
  cpu: { text: "bytes of WebAssembly", file: "squares.loops.txt" },
  webgpu: { text: "@compute @workgroup_size", file: "squares.wgsl" },
} as const;

for (const [device, { text, file }] of Object.entries(CODE)) {
  Deno.test({
    name: `DEBUG=4, UNROLL_DUMP and UNROLL_VALIDATE show and check what runs on ${device}`,
    ignore: device === "webgpu" && !hasAdapter,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        const env = { DEBUG: "4", UNROLL_DUMP: folder, UNROLL_VALIDATE: "1" };
        const { code, output, errors } = await run(SQUARES(device), env);
        assertStrictEquals(code, 0, errors);
        assertStrictEquals(output, "1 4 9\n");
        assertStringIncludes(errors, `compiled squares for ${device}`);
        assertStringIncludes(errors, text);
        assertStringIncludes(await Deno.readTextFile(`${folder}/${file}`), text);
        const graphs = [...Deno.readDirSync(folder)].map(({ name }) => name);
        assert(graphs.some((name) => name.endsWith("_squares.graph.txt")), graphs.join());
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

Deno.test("UNROLL_VALIDATE ends a process whose device computes something else", async () => {
  const { code, errors } = await run(
    `
    const right = cpuBackend();
    const backend = {
      ...right,
      async download(buffer) {
        return (await right.download(buffer)).map((x) => x === 9 ? 9.5 : x);
      },
    };
    const squares = compile((x) => x.mul(x), { backend, name: "squares" });
    await squares(Float32Array.of(1, 2, 3));
    await new Promise((resolve) => setTimeout(resolve, 50));
  `,
    { UNROLL_VALIDATE: "1" },
  );
  assertStrictEquals(code, 1);
  assertStringIncludes(
    errors,
    "Program squares is wrong on cpu: element 2 of output 0 f32[3] must be 9, found 9.5",
  );
});
