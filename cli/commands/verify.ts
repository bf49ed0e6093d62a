/**
 * `verify`: verifies a certificate.
 *
 * @module
 */

import { loadRun } from "@unroll/core/runs";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { jsonLine } from "../json_line.ts";
import { knownPlugins } from "../plugins.ts";
import { hashOf, readCertificate } from "../proof/certificate.ts";
import { verifyRepeat } from "../proof/repeat.ts";
import { Refuted, type Verified, verify } from "../proof/verify.ts";
import { claimOf } from "../reporting/proof_report.ts";
import { findModel } from "./find_run.ts";
import { WEIGHTS_SHAPE } from "./model_command.ts";

/** Larger files are no certificates. */
const LARGEST = 64 * 2 ** 20;

/** The command `verify`. */
export const VERIFY = defineCommand({
  schema: z.object({
    run: z.string().default("last").describe("The run that it is about")
      .meta({ placeholder: "run" }),
    ...WEIGHTS_SHAPE,
    json: z.boolean().default(false).describe("Print JSON"),
  }),
  examples: [
    [
      "A certificate of the newest run:",
      "unroll verify runs/2026-01-31-fizzbuzz-rnn-0/certificate.json",
    ],
  ],
  async run(context, { options, positional: [file] }) {
    const { run, checkpoint, runs, trust, json } = options;
    const { write } = context.terminal;
    const certificate = readCertificate(await readText(file));
    using loaded = await loadRun(await findModel(run, runs), {
      ...await knownPlugins(context, trust),
      device: certificate.kind === "repeat" ? "cpu" : "reference",
      ...(checkpoint === undefined ? {} : { checkpoint }),
    });
    const bytes = await Deno.readFile(loaded.path);
    try {
      let verified: Verified | undefined;
      if (certificate.kind === "repeat") {
        if (hashOf(bytes) !== certificate.weights) {
          throw new Refuted("it is about other weights");
        }
        const { name } = loaded.config.task;
        if (name !== certificate.task) {
          throw new Refuted(`it is about ${certificate.task}, and this is ${name}`);
        }
        await verifyRepeat(certificate, loaded);
      } else {
        verified = verify(certificate, bytes);
      }
      if (json) {
        return write(
          jsonLine({ event: "verified", run: loaded.path, kind: certificate.kind, ...verified }),
        );
      }
      const margin = verified
        ? `, margin ${verified.margin.toFixed(2)}`
        : `, as this program runs it on ${loaded.device}, not with other roundings`;
      write(`Verified: this network ${claimOf(loaded.config.task)}${margin}\n`);
    } catch (error) {
      if (!(error instanceof Refuted)) throw error;
      throw new RangeError(`Cannot verify ${file}: ${error.message}`, { cause: error });
    }
  },
});

async function readText(path: string): Promise<string> {
  if (path === "") {
    throw new UsageError('Cannot read the certificate "": a file is needed, found nothing');
  }
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile || size > LARGEST) throw new RangeError("it is no file of a certificate's size");
    return await Deno.readTextFile(path);
  } catch (error) {
    const reason = (error as Error).message.replace(/ \(os error.*$/, "");
    throw new UsageError(`Cannot read the certificate ${path}: ${reason}`);
  }
}
