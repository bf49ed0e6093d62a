/**
 * The file of a certificate.
 *
 * @module
 */

/** What all certificates say. */
interface Common {
  readonly format: "unroll-certificate";
  readonly version: 1;
  /** SHA-256 of the file of weights, in hexadecimal digits. */
  readonly weights: string;
  readonly task: string;
}

/**
 * A network without input falls into a cycle: after `prefix` steps its state lies in an ellipsoid, and
 * `period` steps lead all of that into itself.
 */
export interface CycleCertificate extends Common {
  readonly kind: "cycle";
  readonly prefix: number;
  readonly period: number;
  readonly centre: readonly number[];
  /** The rows of a lower triangle: the ellipsoid is `centre + root · u` with |u| ≤ 1. */
  readonly root: readonly (readonly number[])[];
}

/** A network whose states are rounded has so many that can be reached. */
export interface CodesCertificate extends Common {
  readonly kind: "codes";
  readonly states: number;
}

/** A certificate. */
export type Certificate = CycleCertificate | CodesCertificate;
