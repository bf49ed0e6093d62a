/**
 * What shares a program among threads: a part of the printer, see `parts.ts`.
 *
 * @module
 */
export { printTeam } from "./print_team.ts";
export { findRows } from "../../../loops/rows.ts";
export { scheduleThreads } from "../../cpu/thread_schedule.ts";
export { shardRows } from "../../../loops/shard_rows.ts";
