/**
 * What a row of the table of elementwise operations becomes: a primitive.
 *
 * @module
 */
import { dense, sampleArray } from "../../ir/dense.ts";
import { applyExpression, type Expression } from "../../ir/expression.ts";
import type { ElementwiseName } from "../../ir/operation_names.ts";
import type { Samples } from "../../ir/primitive.ts";
import {
  type DType,
  DTYPES,
  formatType,
  sameShape,
  type TensorType,
} from "../../ir/tensor_type.ts";
import { moveToFront } from "../ops/batching.ts";
import type { DifferentiablePrimitive } from "../rules.ts";
import type { ElementwiseRule } from "./elementwise_rule.ts";

/**
 * The arithmetic that graphs are full of, on real numbers: what the rows say, without a call for each
 * element, which takes longer than all else that the interpreter does.
 */
const REAL_LOOPS: Readonly<
  Partial<Record<ElementwiseName, (z: Float64Array, x: Float64Array, y: Float64Array) => void>>
> = {
  add: (z, x, y) => {
    for (let i = 0; i < z.length; i++) z[i] = x[i] + y[i];
  },
  sub: (z, x, y) => {
    for (let i = 0; i < z.length; i++) z[i] = x[i] - y[i];
  },
  mul: (z, x, y) => {
    for (let i = 0; i < z.length; i++) z[i] = x[i] * y[i];
  },
};

/** Parameters of the elementwise operations. */
export interface ElementwiseParams extends Record<string, unknown> {
  /** Element type of the result, of operations that ask for one. */
  readonly to?: DType;
}

/** The primitive of an elementwise operation. */
export type ElementwisePrimitive = DifferentiablePrimitive<ElementwiseParams>;

/** Makes the primitive of a row. */
export function makeElementwise(
  name: ElementwiseName,
  rule: ElementwiseRule,
): ElementwisePrimitive {
  const { evaluate, types } = rule;
  /** The first of the inputs that are values. */
  const first = rule.operands ? 1 : 0;
  const to = (params: ElementwiseParams, { dtype }: TensorType): DType =>
    types.output === "same" ? dtype : types.output === "bool" ? "bool" : params.to ?? dtype;
  const primitive: ElementwisePrimitive = {
    name,
    isElementwise: true,
    isLinear: () => rule.isLinear === true,
    cost: rule.cost,
    inferTypes(inputs, params) {
      checkInputs(name, rule, inputs);
      const value = inputs[first];
      return [{ dtype: to(params, value), shape: value.shape }];
    },
    evaluate(inputs, params) {
      const value = inputs[first];
      const { dtype, shape } = value.type;
      const output = to(params, value.type);
      const result = dense({ dtype: output, shape });
      const loop = dtype === "f32" ? REAL_LOOPS[name] : undefined;
      if (loop) {
        loop(result.data, inputs[0].data, inputs[1].data);
        return [result];
      }
      // Operations of fewer inputs do not look at the others.
      const [x, y = x, z = x] = inputs.map(({ data }) => data);
      const { data } = result;
      for (let i = 0; i < data.length; i++) data[i] = evaluate(x[i], y[i], z[i], dtype, output);
      return [result];
    },
    vjp(context) {
      const [cotangent] = context.cotangents;
      if (!cotangent) return [];
      return rule.vjp?.({ ...context, cotangent }) ?? [];
    },
    batchRule(inputs, mapped, params, size) {
      return inputs[0].apply(primitive, moveToFront(inputs, mapped, size), params);
    },
    lowering: {
      kind: "element",
      element: ({ index, read, params, inputTypes }) => {
        const inputs: Expression[] = [];
        for (let i = 0; i < inputTypes.length; i++) inputs.push(read(i, index));
        const value = inputTypes[first];
        const output = to(params, value);
        return rule.isCopy?.(value.dtype, output)
          ? inputs[0]
          : applyExpression(name, output, inputs);
      },
    },
  };
  return primitive;
}

function checkInputs(name: string, rule: ElementwiseRule, inputs: readonly TensorType[]): void {
  const list = () => inputs.map(formatType).join(" and ");
  if (inputs.length !== rule.arity) {
    throw new TypeError(
      `Cannot ${name} ${list()}: ${rule.arity} inputs are needed, found ${inputs.length}`,
    );
  }
  const values = rule.operands ? inputs.slice(1) : inputs;
  if (rule.operands && inputs[0].dtype !== "bool") {
    throw new TypeError(`Cannot ${name} by ${formatType(inputs[0])}: the condition must be bool`);
  }
  for (const type of inputs) {
    if (!sameShape(type.shape, inputs[0].shape)) {
      throw new TypeError(`Cannot ${name} ${list()}: shapes must be equal`);
    }
  }
  for (const type of values) {
    if (!rule.types.inputs.includes(type.dtype)) {
      throw new TypeError(
        `Cannot ${name} ${list()}: elements must be ${
          rule.types.inputs.join(" or ")
        }, found ${type.dtype}`,
      );
    }
    if (type.dtype !== values[0].dtype) {
      throw new TypeError(`Cannot ${name} ${list}: element types must be equal`);
    }
  }
}

/** What the tests feed the primitive of a row. */
export function elementwiseSamples(rule: ElementwiseRule): Samples<ElementwiseParams> {
  const shapes = [[], [5], [2, 3]];
  return (random) =>
    rule.types.inputs.flatMap((dtype) =>
      shapes.flatMap((shape) => {
        const inputs = Array.from({ length: rule.arity }, (_, i) => {
          if (i === rule.operands?.condition) return sampleArray(random, shape, { dtype: "bool" });
          const [low, max] = dtype === "bool"
            ? [0, 2]
            : rule.domain?.[i] ?? (dtype === "f32" ? [-1, 1] : [0, 5]);
          // What a u32 cannot hold is no sample of it.
          const min = dtype === "u32" ? Math.max(0, low) : low;
          return sampleArray(random, shape, { dtype, min, max });
        });
        const targets = rule.types.output === "to" ? DTYPES : [undefined];
        return targets.map((to) => ({ inputs, params: to ? { to } : {}, smooth: rule.smooth }));
      })
    );
}
