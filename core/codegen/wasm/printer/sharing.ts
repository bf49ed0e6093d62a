/**
 * What shares a program among threads: a part of the printer, see `parts.ts`.
 *
 * @module
 */
export { addTeam } from "../team.ts";
export { scheduleThreads } from "../thread_schedule.ts";
