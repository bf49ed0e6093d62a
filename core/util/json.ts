/**
 * JSON as types.
 *
 * @module
 */

/** What JSON can say. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | JsonRecord;

/** A JSON object. */
export interface JsonRecord {
  /** Any field. */
  readonly [key: string]: Json;
}

/**
 * Converts a value to plain JSON.
 *
 * @param value Plain objects, lists, texts and numbers.
 * @returns A copy in which what is undefined is left out, and numbers that are not finite are `null`.
 */
export function plainJson(value: object): JsonRecord {
  return JSON.parse(JSON.stringify(value)) as JsonRecord;
}
