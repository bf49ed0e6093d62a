/**
 * `limits`: where trained models fail, on ever harder examples.
 *
 * @module
 */

import { type Probe, unknownName } from "@unroll/core/plugin";
import { loadRun } from "@unroll/core/runs";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { lineColumns } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { knownPlugins } from "../plugins.ts";
import { axesOf, formatLimits, limitOf, type ProbedRun } from "../reporting/limits.ts";
import { wilsonInterval } from "../reporting/wilson.ts";
import { checkDevice } from "./check_device.ts";
import { findModel } from "./find_run.ts";
import { MODEL_SHAPE, required } from "./model_command.ts";

/** The command `limits`. */
export const LIMITS = defineCommand({
  schema: z.object({
    ...MODEL_SHAPE,
    axis: z.string().optional().describe("Only along this axis, such as digits")
      .meta({ placeholder: "name" }),
    count: z.int().min(1).max(10_000).default(40).describe("Examples for each number"),
    json: z.boolean().default(false).describe("Print one JSON object for each number, then limits"),
  }),
  examples: [
    ["The newest run:", "unroll limits"],
    ["Two networks side by side:", "unroll limits runs/*-counting-rnn-0 runs/*-counting-gru-0"],
  ],
  async run(context, { options: { axis, count, json, ...model }, positional }) {
    const { write } = context.terminal;
    const { device, checkpoint, runs, trust } = model;
    await checkDevice(device, context.terminal);
    const plugins = await knownPlugins(context, trust);
    const probed: ProbedRun[] = [];
    for (const typed of positional.length === 0 ? ["last"] : positional) {
      const path = await findModel(typed, runs);
      using loaded = await loadRun(path, {
        ...plugins,
        device,
        ...(checkpoint === undefined ? {} : { checkpoint }),
      });
      const task = loaded.taskInstance;
      const probe = required(task.probes?.bind(task), loaded, "find limits");
      const probes: Probe[] = [];
      for await (const found of probe(loaded.predict, { count })) probes.push(found);
      const axes = axesOf(probes);
      if (axis !== undefined && !axes.includes(axis)) {
        throw new UsageError(unknownName("axis", axis, axes));
      }
      probed.push({
        name: path.replace(/[/\\]+$/, "").split(/[/\\]/).at(-1) ?? path,
        probes: probes.filter((found) => axis === undefined || found.axis === axis),
      });
    }
    if (!json) return write(formatLimits(probed, { columns: lineColumns(context.terminal) }));
    for (const { name, probes } of probed) {
      for (const found of probes) {
        const interval = wilsonInterval(found.right, found.count);
        write(jsonLine({ event: "probe", run: name, ...found, interval }));
      }
      for (const axis of axesOf(probes)) {
        const limit = limitOf(probes.filter((found) => found.axis === axis));
        write(jsonLine({ event: "limit", run: name, ...limit }));
      }
    }
  },
});
