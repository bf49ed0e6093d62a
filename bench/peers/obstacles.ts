/**
 * What is known of why a job is not as fast as was wanted. The page shows these words where a job misses its target or
 * is behind JAX in the run at hand, next to the run's own profile; of a job that does not, they are left out.
 *
 * @module
 */

/** Explanations by the name of the job. */
export const OBSTACLES: Readonly<Record<string, string>> = {
  "counting-rnn":
    "32 rows of 20 units are vectors of five: the products of a step are too small to fill the pipelines, and the " +
    "hyperbolic tangents and the sums of the weights' gradients over 11 steps of time wait for them.",
  "char-lstm":
    "Beside its products, which are the BLAS's, the gates of an LSTM wait for five functions such as tanh in a row.",
};
