/**
 * The command line of Unroll, to be composed with other models and tasks.
 *
 * @module
 */

import { createContext } from "./create_context.ts";
import { main } from "./main.ts";

export * from "./errors.ts";
export * from "./commands/find_run.ts";
export * from "./reporting/heat_map.ts";
export * from "./reporting/hidden_states.ts";
export * from "./reporting/hidden_states.ts";
export * from "./reporting/hidden_states.ts";
export * from "./create_context.ts";
export type { MachineReport, VulkanFiles } from "./machine.ts";
export * from "./main.ts";
export * from "./reporting/html.ts";
export * from "./charts/bars.ts";
export * from "./charts/curves.ts";
export * from "./charts/heat_map_chart.ts";
export * from "./charts/png.ts";
export * from "./charts/run_curves.ts";
export type { ChartSize } from "./charts/svg.ts";
export * from "./format.ts";
export * from "./recipes/mod.ts";
export * from "./reporting/report_data.ts";
export * from "./reporting/report_html.ts";
export * from "./reporting/write_report.ts";
export * from "./reporting/report_lines.ts";
export * from "./reporting/reporter.ts";
export * from "./reporting/reproduce.ts";
export * from "./reporting/run_table.ts";
export * from "./sweep/grid.ts";
export * from "./sweep/trial.ts";
export * from "./sweep/run_trials.ts";
export * from "./sweep/slurm.ts";
export * from "./sweep/table.ts";
export * from "./commands/train_action.ts";
export * from "./commands/train_options.ts";
export type { KnownPlugins } from "./plugins.ts";
export * from "./tuning_file.ts";
export * from "./reporting/dashboard.ts";
export * from "./context.ts";

// What `deno run jsr:@unroll/cli` and `deno install` start; in a clone it is main.ts, which starts faster.
if (import.meta.main) Deno.exit(await main(Deno.args, createContext()));
