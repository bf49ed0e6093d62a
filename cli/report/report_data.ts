/**
 * What a report shows of one run, gathered: curves from its metrics, and what its model says now.
 *
 * @module
 */

import {
  type LayerRow,
  loadRun,
  type LoadSettings,
  type MetricsLine,
  type Picture,
  type RunFolder,
} from "@unroll/core";
import { type HiddenLook, lookInside } from "../hidden_states.ts";
import { reproduceCommand } from "../reproduce.ts";

/** All of one run. */
export interface RunReport {
  readonly run: RunFolder;
  readonly lines: readonly MetricsLine[];
  /** What its model says and thinks, when it could be loaded. */
  readonly model?: ModelReport;
  /** Why it could not. */
  readonly problem?: string;
}

/** What a trained model says and thinks. */
export interface ModelReport {
  readonly layers: readonly LayerRow[];
  readonly command: string;
  readonly shown: readonly string[];
  readonly hidden?: HiddenLook;
  readonly pictures: readonly Picture[];
}

/**
 * Gathers what a report shows.
 *
 * A run whose model cannot be loaded still has curves; the report says why there is no more.
 *
 * @param run The run.
 * @param settings The models and tasks there are.
 * @returns All of it.
 */
export async function gatherReport(run: RunFolder, settings: LoadSettings): Promise<RunReport> {
  const lines = await run.readMetrics();
  try {
    using loaded = await loadRun(run.path, settings);
    const { taskInstance: task, predict, instance, config, model } = loaded;
    return {
      run,
      lines,
      model: {
        layers: instance.layers,
        command: reproduceCommand(config, { model: model.plugin, task: loaded.task.plugin }),
        shown: await task.show?.(predict) ?? [],
        hidden: await lookInside(task, predict),
        pictures: await task.pictures?.(predict) ?? [],
      },
    };
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    return { run, lines, problem: error.message };
  }
}
