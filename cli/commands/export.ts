/**
 * `export`: writes a trained model for PyTorch, as ONNX, or its weights alone.
 *
 * @module
 */

import { dirname } from "@std/path/dirname";
import { randomKey, rebuildTree, tensor, treeEntries } from "@unroll/core";
import { encodeSafetensors, type LoadedRun, loadRun, type StoredTensor } from "@unroll/core/runs";
import { exportPyTorch } from "@unroll/models";
import type * as Onnx from "@unroll/models/onnx";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import { VERSION } from "../program.ts";
import { UsageError } from "../errors.ts";
import { quoted } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { knownPlugins } from "../plugins.ts";
import { commandLine } from "../program.ts";
import { writeOut } from "../reporting/write_out.ts";
import { findModel } from "./find_run.ts";
import { weightsMetadata } from "./from_weights.ts";
import { WEIGHTS_SHAPE } from "./model_command.ts";

const FORMATS = ["pytorch", "onnx", "safetensors"] as const;

/** What is written where nothing else is asked for, beside the checkpoint. */
const FILES: Readonly<Record<typeof FORMATS[number], string>> = {
  pytorch: "pytorch.safetensors",
  onnx: "model.onnx",
  safetensors: "weights.safetensors",
};

/** The command `export`. */
export const EXPORT = defineCommand({
  schema: z.object({
    format: z.enum(FORMATS).optional()
      .describe(
        "What to write: a safetensors file for PyTorch, the whole model as ONNX, or the parameters alone",
      ),
    out: z.string().optional()
      .describe("The file to write; beside the checkpoint if left out")
      .meta({ placeholder: "file" }),
    state: z.boolean().default(false)
      .describe(
        "Give an ONNX model inputs and outputs for its state, so that a sequence can be continued",
      ),
    ...WEIGHTS_SHAPE,
    json: z.boolean().default(false).describe("Print JSON: the file, and what loads it"),
  }),
  examples: [
    ["For PyTorch, with the lines of Python that load it:", "unroll export --format pytorch"],
    [
      "For ONNX Runtime:",
      "unroll export runs/2026-01-31-fizzbuzz-rnn-0 --format onnx --out fizzbuzz.onnx",
    ],
    ["The parameters alone, for train --from:", "unroll export last --format safetensors"],
  ],
  async run(context, { options, positional: [run = "last"] }) {
    const { format, out, state, checkpoint, runs, trust, json } = options;
    if (format === undefined) {
      throw new UsageError(`Cannot export without --format: known are ${FORMATS.join(", ")}`);
    }
    if (state && format !== "onnx") {
      throw new UsageError("Cannot use --state without --format onnx: others have no inputs");
    }
    using loaded = await loadRun(await findModel(run, runs), {
      ...await knownPlugins(context, trust),
      // Nothing is computed.
      device: "reference",
      ...(checkpoint === undefined ? {} : { checkpoint }),
    });
    const path = out ?? `${dirname(loaded.path)}/${FILES[format]}`;
    if (await isSameFile(path, loaded.path)) {
      throw new UsageError(`Cannot export to ${path}: it is the checkpoint that is read`);
    }
    const { bytes, text } = await encode(loaded, format, { path, state });
    await writeOut(path, bytes, { follow: out !== undefined });
    const line = { event: "export", run: loaded.path, format, path, loading: text.trim() || null };
    context.terminal.write(json ? jsonLine(line) : `${path}\n${text}`);
  },
});

/** What is written, and what is said of it. */
interface Exported {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly text: string;
}

async function encode(
  loaded: LoadedRun,
  format: typeof FORMATS[number],
  { path, state }: { readonly path: string; readonly state: boolean },
): Promise<Exported> {
  const { model, instance, taskInstance: { spec }, checkpoint, config } = loaded;
  const form = instance.parameters(randomKey(0));
  const stored = treeEntries(form).map(([name]) =>
    [name, checkpoint.tensors.get(`parameters.${name}`) as StoredTensor] as const
  );
  const parameters = rebuildTree(
    form,
    stored.map(([, { data, shape }]) => tensor(data as Float32Array, { shape })),
  );
  switch (format) {
    case "safetensors":
      return {
        bytes: encodeSafetensors(new Map(stored), weightsMetadata(config.model)),
        text: `Begin with it: ${
          commandLine(
            `train --model ${quoted(config.model.name)} --task ${quoted(config.task.name)} ` +
              `--from ${quoted(path)}`,
          )
        }\n`,
      };
    case "pytorch": {
      const { tensors, python } = await exportPyTorch(model, parameters, spec);
      return {
        bytes: encodeSafetensors(tensors, { format: "pt" }),
        text: loadingText(python, path),
      };
    }
    case "onnx": {
      // What writes ONNX is loaded when it is needed. Of a literal name Deno would download the package with any command.
      const specifier = `jsr:@unroll/models@${VERSION}/onnx`;
      const { exportOnnx }: typeof Onnx = await import(specifier);
      return { bytes: await exportOnnx(model, parameters, spec, { state }), text: "" };
    }
  }
}

/** The lines of Python that load a file. */
function loadingText(python: string, path: string): string {
  return `
${python}

from safetensors.torch import load_file  # pip install torch safetensors

model = Model()
model.load_state_dict(load_file(${JSON.stringify(path)}))
model.eval()
`;
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  try {
    return await Deno.realPath(one) === await Deno.realPath(other);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
