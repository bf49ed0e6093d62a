import { assertEquals } from "@std/assert";
import { oneHot, randomKey, type Tensor, tensor, zeros } from "@unroll/core";
import { mlp, type MlpOptions, type MlpParameters } from "./mod.ts";
import { assertClose, classSpec } from "./helpers_test.ts";

const SYMBOLS = [[0, 1], [4, 2], [3, 3], [1, 0]];

Deno.test("mlp() draws biases where it is told to, the weights as they were", async () => {
  const made = async (options: Partial<MlpOptions>) => {
    const model = mlp({ layers: [3], init: "normal", std: 1, ...options })
      .create(classSpec({ kind: "symbol", vocabulary: 5 }, 2));
    const { output } = model.parameters(randomKey(1)) as unknown as MlpParameters;
    return [[...await output.bias!.data()], [...await output.weight.data()]];
  };
  const [zero, weights] = await made({});
  const [drawn, same] = await made({ biasInit: "normal" });
  assertEquals(zero.filter((x) => x !== 0), []);
  assertEquals(drawn.filter((x) => x === 0), []);
  assertEquals(same, weights);
  assertEquals(drawn.some((x) => weights.includes(x)), false);
});

Deno.test("mlp() reads a window that ends at each step, blank before the start", async () => {
  for (const embedding of [0, 3]) {
    const model = mlp({ layers: [6], context: 3, embedding })
      .create(classSpec({ kind: "symbol", vocabulary: 5 }, 2));
    const parameters = model.parameters(randomKey(0));
    const { layers: [first], output, embedding: table } = parameters as unknown as MlpParameters;
    const { outputs } = model.apply(parameters, tensor(SYMBOLS, { dtype: "i32" }), {
      length: 4,
      batch: 2,
      state: model.initialState(parameters, 2),
      training: false,
      key: randomKey(0),
    });
    const read = (symbols: readonly number[]): Tensor => {
      const vectors = oneHot(tensor([...symbols], { dtype: "i32" }), 5);
      return table ? vectors.matmul(table.weight) : vectors;
    };
    for (let t = 0; t < 4; t++) {
      for (let row = 0; row < 2; row++) {
        const window = [t - 2, t - 1, t].map((at) =>
          at < 0 ? zeros([embedding || 5]) : read([SYMBOLS[at][row]]).reshape([-1])
        );
        const x = [0, 1, 2].map((place) =>
          window[place].matmul(
            first.weight.slice(0, place * (embedding || 5), (place + 1) * (embedding || 5)),
          )
        ).reduce((sum, part) => sum.add(part));
        const wanted = x.add(first.bias as Tensor).tanh().matmul(output.weight).add(
          output.bias as Tensor,
        );
        assertClose(
          await outputs.slice(0, t, t + 1).slice(1, row, row + 1).data(),
          await wanted.data(),
        );
      }
    }
  }
});

Deno.test("mlp() chooses a window where none is given", () => {
  const first = (
    length: number | "variable",
    at: "every" | "last",
    options: Partial<MlpOptions> = {},
  ) => {
    const model = mlp({ layers: [1], bias: false, ...options })
      .create(classSpec({ kind: "vector", size: 1 }, 2, { at, length }));
    return model.layers[0].parameters;
  };
  assertEquals(first(11, "every"), 11);
  assertEquals(first(64, "every"), 8);
  assertEquals(first("variable", "every"), 8);
  assertEquals(first(64, "last"), 64);
  assertEquals(first("variable", "last", { context: 5 }), 5);
  assertEquals(first(64, "last", { context: 5 }), 5);
});

Deno.test("mlp() without hidden layers is linear", async () => {
  const model = mlp({ layers: [] })
    .create(classSpec({ kind: "vector", size: 2 }, 2, { at: "last", length: 2 }));
  assertEquals(model.layers.map(({ name, parameters }) => [name, parameters]), [["output", 10]]);
  const parameters = model.parameters(randomKey(0));
  const { output: { weight } } = parameters as unknown as MlpParameters;
  const x = tensor([[[1, 2]], [[3, 4]]]);
  const { outputs } = model.apply(parameters, x, {
    length: 2,
    batch: 1,
    state: model.initialState(parameters, 1),
    training: false,
    key: randomKey(0),
  });
  assertClose(await outputs.data(), await tensor([[1, 2, 3, 4]]).matmul(weight).data());
});
