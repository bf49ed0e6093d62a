/**
 * From runs to the file of their report.
 *
 * @module
 */

import type { LoadSettings, RunFolder } from "@unroll/core/runs";
import { gatherReport, type RunReport } from "./report_data.ts";
import { reportHtml } from "./report_html.ts";
import { writeOut } from "./write_out.ts";

/** Settings of {@linkcode writeReport}. */
export interface ReportSettings extends LoadSettings {
  /** The file to write. */
  readonly out: string;
}

/**
 * Writes the report of one run, or of several together.
 *
 * @param runs The runs.
 * @param settings The models and tasks there are, and where to write.
 * @returns The file.
 * @throws {RangeError} When there is no run, or the file cannot be written.
 */
export async function writeReport(
  runs: readonly RunFolder[],
  settings: ReportSettings,
): Promise<string> {
  const reports: RunReport[] = [];
  for (const run of runs) reports.push(await gatherReport(run, settings));
  const html = reportHtml(reports);
  await writeOut(settings.out, html);
  return settings.out;
}
