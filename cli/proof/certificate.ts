/**
 * The file of a certificate.
 *
 * @module
 */

import { createHash } from "node:crypto";
import * as z from "zod";

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
 * Makes what all certificates say.
 *
 * @param task The task's name.
 * @param checkpoint The file of weights.
 * @returns That.
 */
export function certificateHead(task: string, checkpoint: Uint8Array): Common {
  return { format: "unroll-certificate", version: 1, weights: hashOf(checkpoint), task };
}

/** SHA-256, in hexadecimal digits. */
export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const COMMON = {
  format: z.literal("unroll-certificate"),
  version: z.literal(1),
  weights: z.string(),
  task: z.string(),
};

const SCHEMA: z.ZodType<AnyCertificate> = z.discriminatedUnion("kind", [
  z.strictObject({
    ...COMMON,
    kind: z.literal("cycle"),
    prefix: z.int(),
    period: z.int(),
    centre: z.array(z.number()),
    root: z.array(z.array(z.number())),
  }),
  z.strictObject({ ...COMMON, kind: z.literal("codes"), states: z.int() }),
  z.strictObject({
    ...COMMON,
    kind: z.literal("repeat"),
    device: z.string(),
    prefix: z.int(),
    period: z.int(),
    states: z.string(),
  }),
]);

/**
 * Reads a certificate.
 *
 * @param text The file's text.
 * @param file Its name, for what is said.
 * @returns The certificate, whose numbers are for the verifier to judge.
 * @throws {RangeError} If it is none.
 */
export function readCertificate(text: string, file: string): AnyCertificate {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new RangeError(`Cannot read the certificate ${file}: it is not JSON`, { cause: error });
  }
  const { success, data, error } = SCHEMA.safeParse(json);
  if (success) return data;
  // The schema's own words are for programmers.
  const [issue] = error.issues;
  const what = issue.code === "unrecognized_keys"
    ? `it has "${issue.keys[0]}", which none has`
    : issue.path.length === 0
    ? "it is none"
    : `"${issue.path.join(".")}" is missing or wrong`;
  throw new RangeError(`Cannot read the certificate ${file}: ${what}`, { cause: error });
}
