/**
 * What only some programs need of the CPU device, in one file, for each that is loaded by itself cuts all
 * that it shares with others into smaller files: threads, a BLAS, and programs as text.
 *
 * @module
 */
export { openBlas } from "./cpu_blas.ts";
export { CpuThreads } from "./cpu_threads.ts";
export { formatProgram } from "../loops/format_program.ts";
export { lowerForBlas } from "../loops/lower_for_blas.ts";
