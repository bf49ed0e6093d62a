/**
 * What only some programs need, in one file, for each that is loaded by itself cuts all that it shares
 * with others into smaller files: threads, a BLAS, the interpreter, programs as text, and watched ones.
 *
 * @module
 */
export { openBlas } from "./cpu_blas.ts";
export { CpuThreads } from "./cpu_threads.ts";
export { formatProgram } from "../loops/format_program.ts";
export { lowerForBlas } from "../loops/lower_for_blas.ts";
export { referenceBackend } from "./reference.ts";
export { watched } from "./watched.ts";
export { debugLine, showProgram } from "../util/debug_output.ts";
