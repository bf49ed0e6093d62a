/**
 * Puts Dawn, the WebGPU of Chromium, in the place of Deno's own; to be given to `deno test --preload`.
 *
 * @module
 */

/** The package of Node's bindings of Dawn. Named by a variable, so that only running this loads it. */
const PACKAGE = "npm:webgpu@0.6.2";

const { create, globals } = await import(PACKAGE) as {
  create(flags: readonly string[]): GPU;
  readonly globals: Readonly<Record<string, unknown>>;
};

// Dawn asks at each turn of the event loop whether its work is done, by a function that it makes anew;
// Deno lets go of 300,000 of them, those of ten seconds, so slowly that it stands still. A timer in the
// place of the pause would count as one that the test has left running.
const { setImmediate } = globalThis as unknown as { setImmediate(callback: () => void): unknown };
const cell = new Int32Array(new SharedArrayBuffer(4));
Object.defineProperty(globalThis, "setImmediate", {
  value: (ask: () => void) =>
    setImmediate(() => {
      Atomics.wait(cell, 0, 0, 1);
      ask();
    }),
  configurable: true,
});

// Classes such as GPUDevice, and flags such as GPUBufferUsage.
for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
Object.defineProperty(navigator, "gpu", { value: create([]), configurable: true });
