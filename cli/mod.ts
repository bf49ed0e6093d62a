/**
 * The command line of Unroll, to be composed with other models and tasks.
 *
 * @module
 */

import { localWorld } from "./local_world.ts";
import { main } from "./main.ts";

export * from "./errors.ts";
export * from "./find_run.ts";
export * from "./heat_map.ts";
export * from "./hidden_analysis.ts";
export * from "./hidden_states.ts";
export * from "./hidden_values.ts";
export * from "./local_world.ts";
export type { MachineReport, VulkanFiles } from "./machine.ts";
export * from "./main.ts";
export * from "./markup.ts";
export * from "./plots/bars.ts";
export * from "./plots/curves.ts";
export * from "./plots/heat_map_chart.ts";
export * from "./plots/png.ts";
export * from "./plots/run_curves.ts";
export type { ChartSize } from "./plots/svg.ts";
export * from "./quoted.ts";
export * from "./recipes/mod.ts";
export * from "./report/report_data.ts";
export * from "./report/report_html.ts";
export * from "./report/write_report.ts";
export * from "./report_lines.ts";
export * from "./reporter.ts";
export * from "./reproduce.ts";
export * from "./run_result.ts";
export * from "./sweep/grid.ts";
export * from "./sweep/outcome.ts";
export * from "./sweep/run_cells.ts";
export * from "./sweep/slurm.ts";
export * from "./sweep/table.ts";
export * from "./train_action.ts";
export * from "./train_options.ts";
export type { KnownPlugins } from "./trust.ts";
export * from "./tuning_file.ts";
export * from "./watch_page.ts";
export * from "./world.ts";

// What `deno run jsr:@unroll/cli` and `deno install` start; in a clone it is main.ts, which starts faster.
if (import.meta.main) Deno.exit(await main(Deno.args, localWorld()));
