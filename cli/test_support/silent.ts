/**
 * A reporter for tests.
 *
 * @module
 */

import type { Reporter } from "../reporting/reporter.ts";

/** Tells nobody. */
export function silentReporter(): Reporter {
  return {
    config() {},
    progress() {},
    validation() {},
    stopped() {},
    done() {},
    close() {},
  };
}
