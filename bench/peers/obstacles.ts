/**
 * What is known of why a job is not as fast as was wanted. The page shows these words where a job misses its target or
 * is behind JAX in the run at hand, next to the run's own profile; of a job that does not, they are left out.
 *
 * @module
 */

/** Explanations by the name of the job. */
export const OBSTACLES: Readonly<Record<string, string>> = {
  "counting-rnn":
    "Timed alone, the softmax cross entropy of 352 rows of ten classes takes two fifths of a step with its slopes, " +
    "more than the two loops over time: ten columns are two and a half vectors.",
  "char-lstm":
    "Beside its products, which are the BLAS's, the gates of an LSTM wait for five functions such as tanh in a row.",
};
