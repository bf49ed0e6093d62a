/**
 * fast-check, the library of property tests: it draws, and shrinks what fails. Named here with its
 * version, and not in `deno.json`, whose packages Deno installs for every program of the workspace:
 * only tests need it.
 *
 * @module
 */
export { default as fc } from "npm:fast-check@4.11.0";
export type { Arbitrary } from "npm:fast-check@4.11.0";
