/**
 * What is known of why a job is not as fast as was wanted. The page shows these words where a job misses its target, is
 * behind JAX, or is a small model and not as far ahead of JAX as was wanted in the run at hand; of other jobs they are
 * left out.
 *
 * @module
 */

/** Explanations by the name of the job. */
export const OBSTACLES: Readonly<Record<string, string>> = {
  "counting-rnn":
    "Six matrix products take 71 % of a step (`deno task bench:profile counting-rnn`), at 25 to 50 GFLOP/s: rows of ten " +
    "columns are two and a half vectors, and a product with the state waits for a tanh of ten cycles. V8 tests the " +
    "address of every load, of which small products have as many as multiply-adds: without the tests " +
    "(`--v8-flags=--no-wasm-bounds-checks`, for measurement only) a step takes 15 % less.",
  "fizzbuzz-mlp":
    "A step takes less than five microseconds, so that each instruction is run a few times only and fetching code counts. " +
    "V8 tests the address of every load: without the tests (`--v8-flags=--no-wasm-bounds-checks`, for measurement only) " +
    "a step takes 18 % less.",
};
