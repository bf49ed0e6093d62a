/**
 * Saved runs: folders with a configuration, metrics and checkpoints, and the safetensors format. The only
 * part of the core that reads and writes files.
 *
 * @example Write and read safetensors
 * ```ts
 * import { decodeSafetensors, encodeSafetensors } from "@unroll/core/runs";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const w = { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } as const;
 * const { tensors } = decodeSafetensors(encodeSafetensors(new Map([["w", w]])));
 * deepStrictEqual(tensors.get("w"), w);
 * ```
 *
 * @module
 */
export {
  type Checkpoint,
  checkpointOf,
  configToJson,
  decodeCheckpoint,
  type EarlierConfig,
  encodeCheckpoint,
  type PluginConfig,
  type RunConfig,
  type WeightsOrigin,
} from "./checkpoint.ts";
export type { Json, JsonRecord } from "../util/json.ts";
export { endLine, eventLine } from "./event_line.ts";
export { type LoadedRun, loadRun, type LoadSettings } from "./load.ts";
export { listRuns, type RunSummary } from "./list_runs.ts";
export { readSafetensors } from "./read_file.ts";
export {
  type CheckpointName,
  createRun,
  type MetricsLine,
  openRun,
  readCheckpoint,
  RunFolder,
  type RunPlace,
} from "./run_folder.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsArrays,
  type SafetensorsContents,
  type SafetensorsDType,
  type StoredTensor,
} from "./safetensors.ts";
export {
  planRun,
  type RunCallbacks,
  RunWriter,
  type SavedTrainResult,
  type SavedTrainSettings,
  snapshotOf,
  trainAndSave,
} from "./saved_run.ts";
