/**
 * Runs ONNX files in ONNX Runtime: a program of its own, for tests.
 *
 * Started as `deno run --no-lock --no-config run_onnx_test.ts npm:onnxruntime-web@…/wasm`, so that the
 * runtime, which is large, gets into no lock file and is loaded by nothing else. A line of standard
 * input is a {@linkcode OnnxRequest}, a line of standard output the answer.
 *
 * @module
 */

/** An array as JSON. */
export interface OnnxArray {
  readonly type: "float32" | "int64";
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** A file and its inputs. */
export interface OnnxRequest {
  /** The file, in base 64. */
  readonly model: string;
  readonly inputs: Readonly<Record<string, OnnxArray>>;
}

/** Its outputs by name. */
export type OnnxAnswer = Readonly<Record<string, OnnxArray>>;

/** The part of ONNX Runtime that is used. */
interface Runtime {
  readonly env: { readonly wasm: { numThreads: number } };
  readonly Tensor: new (
    type: string,
    data: Float32Array | BigInt64Array,
    shape: readonly number[],
  ) => RuntimeTensor;
  readonly InferenceSession: {
    create(bytes: Uint8Array): Promise<{
      run(inputs: Record<string, RuntimeTensor>): Promise<Record<string, RuntimeTensor>>;
      release(): Promise<void>;
    }>;
  };
}

interface RuntimeTensor {
  readonly type: OnnxArray["type"];
  readonly data: ArrayLike<number | bigint>;
  readonly dims: readonly number[];
}

const RUNTIME = "npm:onnxruntime-web@1.30.0/wasm";

/**
 * Runs files, in another process.
 *
 * @param requests The files and their inputs.
 * @returns What they say; `undefined` where ONNX Runtime cannot be had.
 */
export async function runOnnx(
  requests: readonly OnnxRequest[],
): Promise<readonly OnnxAnswer[] | undefined> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ..."run --quiet --no-lock --no-config --no-prompt --no-check".split(" "),
      ..."--allow-read --allow-env --allow-sys".split(" "),
      import.meta.url,
      RUNTIME,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const text = requests.map((request) => `${JSON.stringify(request)}\n`).join("");
  const write = new Response(text).body?.pipeTo(process.stdin).catch(() => {});
  const { code, stdout, stderr } = await process.output();
  await write;
  if (code === UNAVAILABLE) return undefined;
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`ONNX Runtime failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout).split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

/** The exit code where the runtime cannot be loaded. */
const UNAVAILABLE = 3;

async function main(runtimeName: string): Promise<void> {
  let runtime: Runtime;
  try {
    runtime = await import(runtimeName);
  } catch {
    Deno.exit(UNAVAILABLE);
  }
  runtime.env.wasm.numThreads = 1;
  const lines = (await new Response(Deno.stdin.readable).text()).split("\n").filter(Boolean);
  for (const line of lines) {
    const { model, inputs }: OnnxRequest = JSON.parse(line);
    const session = await runtime.InferenceSession.create(Uint8Array.fromBase64(model));
    const given = Object.entries(inputs).map(([name, { type, data, shape }]) => {
      const array = type === "int64" ? BigInt64Array.from(data, BigInt) : Float32Array.from(data);
      return [name, new runtime.Tensor(type, array, shape)] as const;
    });
    const answer = Object.entries(await session.run(Object.fromEntries(given)))
      .map(([name, { type, data, dims }]): [string, OnnxArray] => [
        name,
        { type, shape: dims, data: Array.from(data, Number) },
      ]);
    await session.release();
    const bytes = new TextEncoder().encode(`${JSON.stringify(Object.fromEntries(answer))}\n`);
    for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
  }
}

if (import.meta.main && Deno.args.length > 0) await main(Deno.args[0]);
