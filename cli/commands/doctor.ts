/**
 * `doctor`: what this machine can train on, how right and how fast it is, and what to install for more.
 *
 * @module
 */

import { canTrain } from "@unroll/core/backends";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import { lineColumns } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { adviceFor } from "./doctor_report.ts";
import { formatReport } from "./doctor_report.ts";

/** The command `doctor`. */
export const DOCTOR = defineCommand({
  schema: z.object({ json: z.boolean().default(false).describe("Print JSON") }),
  examples: [
    ["What this machine can run:", "unroll doctor"],
    ["For a program:", "unroll doctor --json"],
  ],
  async run(context, { options: { json } }) {
    const report = await context.inspectMachine();
    const advice = adviceFor(report);
    const ok = canTrain(report.diagnosis);
    context.terminal.write(
      json
        ? jsonLine({ ...report, advice, ok })
        : formatReport(report, advice, lineColumns(context.terminal)),
    );
    if (!ok) {
      throw new RangeError(
        "Cannot train on this machine: neither cpu nor webgpu works, doctor says why",
      );
    }
  },
});
