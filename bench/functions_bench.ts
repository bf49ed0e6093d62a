/**
 * How long are transcendental functions, for an element of a large array, next to those of JavaScript?
 *
 * @module
 */
import { cos, div, exp, log, pow, sigmoid, sin, sqrt, tanh, type Tensor } from "@unroll/core";
import { cpuBackend } from "@unroll/core/backends";
import { benchCall, type Call, prepareCall, printAtEnd, someNumbers } from "./calls.ts";
import { formatTime } from "./format.ts";

const ELEMENTS = 16384;

/** Writes a function of all of `x` to `y`: a loop of its own for each, so that the engine can inline. */
type Loop = (x: Float32Array, y: Float32Array) => void;

const FUNCTIONS: Readonly<Record<string, readonly [(x: Tensor) => Tensor, Loop]>> = {
  exp: [exp, (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.exp(x[i]);
  }],
  log: [log, (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.log(x[i]);
  }],
  tanh: [tanh, (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.tanh(x[i]);
  }],
  sigmoid: [sigmoid, (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]));
  }],
  sin: [sin, (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.sin(x[i]);
  }],
  cos: [cos, (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.cos(x[i]);
  }],
  "pow 1.7": [(x) => pow(x, 1.7), (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.pow(x[i], 1.7);
  }],
  sqrt: [sqrt, (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.sqrt(x[i]);
  }],
  reciprocal: [(x) => div(1, x), (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = 1 / x[i];
  }],
};

const backend = cpuBackend();
// All of them are finite here.
const inputs = someNumbers(ELEMENTS).mul(0.45).add(0.5);
const data = await inputs.data() as Float32Array;
const results = new Float32Array(ELEMENTS);
const columns = (seconds: number): readonly string[] => [formatTime(seconds / ELEMENTS)];
const calls: Call[] = [];
for (const [name, [ours, theirs]] of Object.entries(FUNCTIONS)) {
  const vector: Call = {
    name: `${name}: Unroll`,
    run: await prepareCall(backend, ours, [inputs]),
    columns,
  };
  const plain: Call = {
    name: `${name}: plain JavaScript`,
    run: () => theirs(data, results),
    columns,
  };
  calls.push(vector, plain);
  benchCall(vector, { group: name, baseline: true });
  benchCall(plain, { group: name });
}
// What reading and writing alone takes.
const floor: Call = {
  name: "x + 1: Unroll",
  run: await prepareCall(backend, (x) => x.add(1), [inputs]),
  columns,
};
calls.push(floor);
benchCall(floor, { group: "x + 1" });
printAtEnd(`Functions of ${ELEMENTS} numbers`, ["an element"], calls);
