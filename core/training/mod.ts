/** Training and what is kept of it. */
export * from "./checkpoint.ts";
export * from "./run_folder.ts";
export * from "./safetensors.ts";
export * from "./settings.ts";
