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

/** A certificate that the verifier checks by itself. */
export type Certificate = CycleCertificate | CodesCertificate;

/**
 * The float32 program of a network without input, on one device, has the same bits again: from step
 * `prefix` on every `period` steps. It says nothing of other devices.
 */
export interface RepeatCertificate extends Common {
  readonly kind: "repeat";
  readonly device: string;
  readonly prefix: number;
  readonly period: number;
  /** SHA-256 of all numbers of the state in the first period, in hexadecimal digits. */
  readonly states: string;
}

/** All certificates. */
export type AnyCertificate = Certificate | RepeatCertificate;

/**
 * Reads a certificate.
 *
 * @param text The file.
 * @returns The certificate; the numbers in it are checked by who uses them.
 * @throws {RangeError} If it is none.
 */
export function readCertificate(text: string): AnyCertificate {
  const refuse = (why: string) => new RangeError(`Cannot read the certificate: ${why}`);
  let found: Record<string, unknown>;
  try {
    found = JSON.parse(text);
  } catch {
    throw refuse("it is not JSON");
  }
  const isList = (value: unknown): value is unknown[] => Array.isArray(value);
  const isNumbers = (value: unknown) => isList(value) && value.every((v) => typeof v === "number");
  const has = (type: string, ...names: readonly string[]) =>
    names.every((name) => typeof found[name] === type);
  if (found?.format !== "unroll-certificate") throw refuse("it does not say that it is one");
  if (found.version !== 1) throw refuse("it is of another version");
  const isWhole = has("string", "weights", "task") && (
    found.kind === "cycle"
      ? has("number", "prefix", "period") && isNumbers(found.centre) && isList(found.root) &&
        found.root.every(isNumbers)
      : found.kind === "codes"
      ? has("number", "states")
      : found.kind === "repeat" && has("number", "prefix", "period") &&
        has("string", "device", "states")
  );
  if (!isWhole) throw refuse("it lacks what its kind must have");
  return found as unknown as AnyCertificate;
}
