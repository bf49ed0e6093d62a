/** Fits y = a · exp(−b · x) + c to points by gradient descent, the whole of it one compiled loop. */
import { compile, exp, scan, type Tensor, tensor, valueAndGrad, zeros } from "@unroll/core";

interface Curve {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly c: Tensor;
}

const xs = Array.from({ length: 50 }, (_, i) => i / 10);
const ys = xs.map((x) => 2 * Math.exp(-1.5 * x) + 0.5);

const fit = compile((start: Curve, x: Tensor, y: Tensor) => {
  const lossAndGradient = valueAndGrad(({ a, b, c }: Curve) =>
    a.mul(exp(b.mul(x).neg())).add(c).sub(y).square().mean()
  );
  return scan(
    (curve: Curve) => {
      const [loss, gradient] = lossAndGradient(curve);
      const step = (name: keyof Curve) => curve[name].sub(gradient[name].mul(0.5));
      return [{ a: step("a"), b: step("b"), c: step("c") }, loss];
    },
    start,
    undefined,
    { length: 5000 },
  );
});

const start: Curve = { a: tensor(1), b: tensor(1), c: zeros([]) };
const [{ a, b, c }, losses] = await fit(start, tensor(xs), tensor(ys));
const last = (await losses.data()).at(-1);
const found = await Promise.all([a, b, c].map((x) => x.item()));
console.log(JSON.stringify({ found: found.map((x) => Number(x.toFixed(3))), loss: last }));
