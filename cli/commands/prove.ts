/**
 * `prove`: proves that a trained model is right for inputs of every length, or finds where it is wrong.
 *
 * @module
 */

import { dirname } from "@std/path/dirname";
import { argmaxAt, outputSize } from "@unroll/core/plugin";
import { type LoadedRun, loadRun } from "@unroll/core/runs";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import { AnswerError } from "../errors.ts";
import { formatCount, lineColumns, quoted, wrapLines } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { knownPlugins } from "../plugins.ts";
import { commandLine } from "../program.ts";
import { type AnyCertificate, certificateHead } from "../proof/certificate.ts";
import type { Nines } from "../proof/nines.ts";
import { type Proof, prove } from "../proof/prove.ts";
import { findRepeat, type Repeat, verifyRepeat } from "../proof/repeat.ts";
import { Refuted } from "../proof/verify.ts";
import { provenLines } from "../reporting/proof_report.ts";
import { writeOut } from "../reporting/write_out.ts";
import { findModel } from "./find_run.ts";
import { WEIGHTS_SHAPE } from "./model_command.ts";

/** The command `prove`. */
export const PROVE = defineCommand({
  schema: z.object({
    out: z.string().optional()
      .describe("The file of the certificate; beside the checkpoint if left out")
      .meta({ placeholder: "file" }),
    ...WEIGHTS_SHAPE,
    json: z.boolean().default(false).describe("Print JSON"),
  }),
  examples: [
    ["The newest run:", "unroll prove"],
    ["A run, and then its certificate by itself:", "unroll prove runs/2026-01-31-fizzbuzz-rnn-0"],
  ],
  async run(context, { options, positional: [typed = "last"] }) {
    const { out, checkpoint, runs, trust, json } = options;
    const { write } = context.terminal;
    // What must repeat bit by bit does so on one device.
    using loaded = await loadRun(await findModel(typed, runs), {
      ...await knownPlugins(context, trust),
      device: "cpu",
      ...(checkpoint === undefined ? {} : { checkpoint }),
    });
    const bytes = await Deno.readFile(loaded.path);
    const { spec } = loaded.taskInstance;
    const repeat = spec.inputs.kind === "none" ? await repeatOf(loaded) : undefined;
    const proof = await confirmed(proofOf(bytes, repeat), loaded);
    const certificate = certificateOf(proof, repeat, loaded.config.task.name, bytes);
    const path = out ?? `${dirname(loaded.path)}/certificate.json`;
    if (certificate !== undefined) {
      await writeOut(path, `${JSON.stringify(certificate)}\n`, { follow: out !== undefined });
    }
    if (json) {
      const { seen, nines, certificate: _, ...rest } = {
        seen: undefined,
        nines: undefined,
        certificate: undefined,
        ...proof,
      };
      write(jsonLine({
        event: "proof",
        run: loaded.path,
        ...rest,
        ...(seen === undefined ? {} : { states: seen.states, length: seen.length }),
        ...(nines === undefined ? {} : { nines: withLeast(nines) }),
        ...(repeat === undefined ? {} : { repeat }),
        ...(certificate === undefined ? {} : { certificate: path, kind: certificate.kind }),
      }));
    } else {
      const columns = lineColumns(context.terminal);
      for (const line of provenLines(loaded.config.task, proof, { repeat, certificate })) {
        for (const part of wrapLines(line, columns)) write(`${part}\n`);
      }
      if (certificate !== undefined) {
        const { size } = await Deno.stat(path);
        const about = `Certificate of ${formatCount(Math.ceil(size / 1024))} kB in ${path}`;
        for (const part of wrapLines(`${about}; verify it by itself:`, columns)) write(`${part}\n`);
        write(`  ${commandLine(`verify ${quoted(path)} --run ${quoted(typed)}`)}\n`);
      }
    }
    if (certificate === undefined) {
      throw new AnswerError(proof.outcome === "refuted" ? "refuted" : "open");
    }
  },
});

/** The least margin after ever more nines, and how many there are, in place of all. */
function withLeast({ margins, ...rest }: Nines): object {
  return { margin: Math.min(...margins), tried: margins.length, ...rest };
}

/** Proves; of a network that the prover cannot look into it is known only that its program repeats itself, if it does. */
function proofOf(bytes: Uint8Array, repeat: Repeat | undefined): Proof {
  try {
    return prove(bytes);
  } catch (error) {
    if (repeat === undefined || !(error instanceof RangeError)) throw error;
    return { outcome: "open", reason: error.message.replace(/^Cannot .*?: /, "") };
  }
}

/** A wrong answer was found with float64; the float32 program must give it too. */
async function confirmed(proof: Proof, { predict, taskInstance }: LoadedRun): Promise<Proof> {
  if (proof.outcome !== "refuted") return proof;
  const { word, answer, seen, nines } = proof;
  const { spec } = taskInstance;
  const length = word.length;
  const said = await predict({
    length,
    ...spec.inputs.kind === "none" ? {} : { inputs: Int32Array.from(word) },
  });
  const classes = outputSize(spec);
  const last = spec.outputs.at === "every" ? (length - 1) * classes : 0;
  if (argmaxAt(said.outputs, last, classes) !== answer) return proof;
  return {
    outcome: "open",
    reason: "a wrong answer hangs on how numbers are rounded",
    seen,
    nines,
  };
}

/** How the program repeats itself, if it does and is right. */
async function repeatOf(loaded: LoadedRun): Promise<Repeat | undefined> {
  try {
    const repeat = await findRepeat(loaded);
    if (repeat === undefined) return undefined;
    await verifyRepeat(repeat, loaded);
    return repeat;
  } catch (error) {
    if (error instanceof Refuted) return undefined;
    throw error;
  }
}

/** The certificate of a proof, or of a program that repeats itself where there is no better one. */
function certificateOf(
  proof: Proof,
  repeat: Repeat | undefined,
  task: string,
  bytes: Uint8Array<ArrayBuffer>,
): AnyCertificate | undefined {
  if (proof.outcome === "certified") return proof.certificate;
  if (proof.outcome === "refuted" || repeat === undefined) return undefined;
  return { ...certificateHead(task, bytes), kind: "repeat", ...repeat };
}
