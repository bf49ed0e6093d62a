/** A program of the language, as small as one is: a linear recurrence, fitted. */
import { compile, grad, scan, type Tensor, zeros } from "@unroll/core";
import { adam } from "@unroll/core/training";

const optimizer = adam();
const loss = (w: Tensor, xs: Tensor): Tensor =>
  scan((h: Tensor, x: Tensor) => [h.mul(w).add(x), undefined], zeros([]), xs)[0].mul(1);
const step = compile((w: Tensor, xs: Tensor) => grad((w: Tensor) => loss(w, xs))(w));
console.log(optimizer.name, await (await step(2, Float32Array.of(1, 2, 3))).item());
