/**
 * What processes need to know that have another home, or keep libraries of native code in a folder of their own.
 *
 * @module
 */
import { dirname } from "@std/path/dirname";

/** Returns the folder that Deno keeps what it loads in. */
export async function denoFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

/**
 * Makes the variables with which libraries are kept in a temporary folder: it lies in what counts as the home, for
 * folders above that are not asked whose they are, and those of temporary files may be anybody's.
 *
 * @param cache The folder, without links on the way to it.
 * @returns The variables.
 */
export async function nativeEnvironment(cache: string): Promise<Readonly<Record<string, string>>> {
  return { UNROLL_CACHE: cache, HOME: dirname(cache), DENO_DIR: await denoFolder() };
}
