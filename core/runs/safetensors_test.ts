import { assert, assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { fc } from "../test_support/fast_check.ts";
import { Buffer } from "node:buffer";
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from "./safetensors.ts";

const TENSORS: ReadonlyMap<string, StoredTensor> = new Map<
  string,
  StoredTensor
>([
  ["flag", { dtype: "BOOL", shape: [3], data: new Uint8Array([1, 0, 1]) }],
  ["byte", { dtype: "U8", shape: [1, 2], data: new Uint8Array([7, 255]) }],
  ["signed", { dtype: "I8", shape: [2], data: new Int8Array([-7, 7]) }],
  ["half", { dtype: "F16", shape: [1], data: new Uint16Array([0x3c00]) }],
  ["brain", { dtype: "BF16", shape: [1], data: new Uint16Array([0x3f80]) }],
  ["short", { dtype: "I16", shape: [1], data: new Int16Array([-300]) }],
  ["word", { dtype: "U16", shape: [1], data: new Uint16Array([65535]) }],
  ["key", {
    dtype: "U32",
    shape: [2],
    data: new Uint32Array([1, 2 ** 32 - 1]),
  }],
  ["step", { dtype: "I32", shape: [], data: new Int32Array([-5]) }],
  ["w", {
    dtype: "F32",
    shape: [2, 3],
    data: new Float32Array([1, -0, NaN, Infinity, 1e-45, 6]),
  }],
  ["empty", { dtype: "F32", shape: [0, 4], data: new Float32Array() }],
  ["long", {
    dtype: "I64",
    shape: [1],
    data: new BigInt64Array([-(2n ** 63n)]),
  }],
  ["count", {
    dtype: "U64",
    shape: [1],
    data: new BigUint64Array([2n ** 64n - 1n]),
  }],
  ["double", { dtype: "F64", shape: [1], data: new Float64Array([Math.PI]) }],
  ["0", { dtype: "F32", shape: [1], data: new Float32Array([3]) }],
  ["__proto__", { dtype: "F32", shape: [1], data: new Float32Array([4]) }],
  ['é"\n', { dtype: "F32", shape: [1], data: new Float32Array([5]) }],
]);

/** How the elements of each dtype are held. */
const CLASSES = {
  ...{ BOOL: Uint8Array, U8: Uint8Array, I8: Int8Array, U16: Uint16Array, I16: Int16Array },
  ...{ F16: Uint16Array, BF16: Uint16Array, U32: Uint32Array, I32: Int32Array },
  ...{ F32: Float32Array, U64: BigUint64Array, I64: BigInt64Array, F64: Float64Array },
} as const;

/** A file from a header, as it would be written by hand. */
function file(header: unknown, dataLength: number): Uint8Array {
  const text = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const f32 = (shape: number[], data_offsets: number[]) => ({
  dtype: "F32",
  shape,
  data_offsets,
});

Deno.test("encodeSafetensors() and decodeSafetensors() go round, every dtype", () => {
  const metadata = { format: "test", text: 'line\n"ü"' };
  const contents = decodeSafetensors(encodeSafetensors(TENSORS, metadata));
  assertEquals(contents.metadata, metadata);
  assertStrictEquals(contents.tensors.size, TENSORS.size);
  for (const [name, tensor] of TENSORS) {
    assertEquals(contents.tensors.get(name), tensor);
  }
});

Deno.test("encodeSafetensors() aligns every array to its elements and the data to 8", () => {
  const bytes = encodeSafetensors(TENSORS);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assertStrictEquals(length % 8, 0);
  const header = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, 8 + length)),
  );
  for (const [name, { data }] of TENSORS) {
    assertStrictEquals(
      header[name].data_offsets[0] % data.BYTES_PER_ELEMENT,
      0,
      name,
    );
  }
});

Deno.test("encodeSafetensors() writes the bytes of the format", () => {
  const bytes = encodeSafetensors(
    new Map([["a", { dtype: "F32", shape: [1], data: new Float32Array([1]) }]]),
    { k: "v" },
  );
  const header = '{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  assertEquals(
    bytes,
    new Uint8Array([
      ...[80, 0, 0, 0, 0, 0, 0, 0],
      ...new TextEncoder().encode(header.padEnd(80)),
      ...[0, 0, 0x80, 0x3f],
    ]),
  );
});

Deno.test("encodeSafetensors() writes views, and nothing at all", () => {
  const data = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
  const bytes = encodeSafetensors(
    new Map([["v", { dtype: "F32", shape: [2], data }]]),
  );
  assertEquals(
    decodeSafetensors(bytes).tensors.get("v")?.data,
    new Float32Array([1, 2]),
  );
  assertEquals(decodeSafetensors(encodeSafetensors(new Map())), {
    tensors: new Map(),
    metadata: {},
  });
});

Deno.test("encodeSafetensors() refuses arrays that contradict their type", () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    [
      "w",
      { dtype: "F32", shape: [2], data: new Float32Array(3) },
      'Cannot store "w" as F32[2]: 2 elements are needed, found 3',
    ],
    [
      "w",
      { dtype: "F32", shape: [1], data: new Int32Array(1) },
      'Cannot store "w" as F32[1]: a Float32Array is needed, found a Int32Array',
    ],
    [
      "w",
      { dtype: "F32", shape: [-1, -1], data: new Float32Array(1) },
      'Cannot store "w" as F32[-1,-1]',
    ],
    [
      "__metadata__",
      { dtype: "F32", shape: [], data: new Float32Array(1) },
      "Cannot store a tensor as",
    ],
  ];
  for (const [name, tensor, message] of cases) {
    assertThrows(
      () => encodeSafetensors(new Map([[name, tensor as StoredTensor]])),
      TypeError,
      message,
    );
  }
});

Deno.test("decodeSafetensors() copies out of a Buffer too, as Node reads files", () => {
  const bytes = encodeSafetensors(
    new Map([["x", { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) }]]),
  );
  const { tensors } = decodeSafetensors(Buffer.concat([Buffer.from([0]), bytes]).subarray(1));
  assertEquals(tensors.get("x")?.data, Float32Array.of(1, 2));
});

Deno.test("decodeSafetensors() reads a file at any offset in a buffer", () => {
  const bytes = encodeSafetensors(TENSORS);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assertEquals(
    decodeSafetensors(shifted.subarray(3)),
    decodeSafetensors(bytes),
  );
});

Deno.test("decodeSafetensors() refuses contradictions in one sentence", () => {
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [new Uint8Array(), "at least 8 bytes are needed, found 0"],
    [file("{", 0), "the header is not JSON"],
    [file("[]", 0), "the header is not a JSON object"],
    [file("null", 0), "the header is not a JSON object"],
    [
      new TextEncoder().encode("PK\x03\x04 a zip file, no tensors"),
      "this is another kind of file",
    ],
    [
      file("{}", 0).subarray(0, 9),
      "a header of 2 bytes is announced, found 1: the file is cut short",
    ],
    [file({ a: 3 }, 0), 'the header\'s entry for "a" is not an object'],
    [
      file({ a: { ...f32([1], [0, 4]), dtype: "F8" } }, 4),
      '"a" has dtype "F8", known dtypes are BOOL, U8',
    ],
    [
      file({ a: { ...f32([1], [0, 4]), dtype: "toString" } }, 4),
      '"a" has dtype "toString"',
    ],
    [
      file({ a: f32([-1], [0, 4]) }, 4),
      '"a" has shape [-1], a list of sizes is needed',
    ],
    [file({ a: f32([1.5], [0, 4]) }, 4), '"a" has shape [1.5]'],
    [
      file({ a: f32([2 ** 40, 2 ** 40], [0, 4]) }, 4),
      '"a" is F32[1099511627776,1099511627776]',
    ],
    [
      file({ a: f32([1], [4, 0]) }, 4),
      '"a" has data_offsets [4,0], [begin, end] is needed',
    ],
    [file({ a: f32([1], [0]) }, 4), '"a" has data_offsets [0]'],
    [
      file({ a: f32([2], [0, 4]) }, 4),
      '"a" is F32[2], 8 bytes are needed, found 4',
    ],
    [
      file({ a: f32([2], [0, 8]) }, 7),
      '"a" ends at byte 8 of the data, found 7 bytes: the file is cut short',
    ],
    [file({ a: f32([1], [0, 4]) }, 5), "the tensors take 4 bytes, found 5"],
    [
      file({ a: f32([1], [4, 8]) }, 8),
      '"a" begins at byte 4 of the data, 0 is needed',
    ],
    [
      file({ a: f32([2], [0, 8]), b: f32([1], [4, 8]) }, 8),
      '"b" begins at byte 4 of the data, 8 is needed',
    ],
    [
      file({ a: { dtype: "BOOL", shape: [1], data_offsets: [0, 1] } }, 1).fill(
        2,
        -1,
      ),
      "neither 0 nor 1",
    ],
    [file({ __metadata__: { a: 1 } }, 0), "__metadata__ must hold strings"],
  ];
  for (const [bytes, problem] of cases) {
    const error = assertThrows(
      () => decodeSafetensors(bytes),
      RangeError,
      problem,
    );
    assertStrictEquals(
      error.message.startsWith("Cannot read safetensors: "),
      true,
    );
  }
});

Deno.test("decodeSafetensors() refuses every truncation", () => {
  const bytes = encodeSafetensors(TENSORS, { a: "b" });
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(
      () => decodeSafetensors(bytes.slice(0, length)),
      RangeError,
      "Cannot read safetensors: ",
    );
  }
});

/** Files of any tensors, names and strings. */
const files = fc.tuple(
  fc.uniqueArray(
    fc.tuple(
      fc.string({ unit: "grapheme", maxLength: 8 }).filter((name) => name !== "__metadata__"),
      fc.constantFrom(...Object.keys(CLASSES) as (keyof typeof CLASSES)[]),
      fc.array(fc.nat(4), { maxLength: 4 }),
      fc.uint8Array({ minLength: 2048, maxLength: 2048, size: "max" }),
    ),
    { selector: ([name]) => name, maxLength: 6 },
  ),
  fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
).map(([list, metadata]) => {
  const tensors = list.map(([name, dtype, shape, bytes]) => {
    const Class = CLASSES[dtype];
    const size = shape.reduce((product, size) => product * size, 1);
    const own = bytes.slice(0, size * Class.BYTES_PER_ELEMENT)
      .map((byte) => dtype === "BOOL" ? byte & 1 : byte);
    return [name, { dtype, shape, data: new Class(own.buffer) } as StoredTensor] as const;
  });
  return { tensors: new Map(tensors), metadata };
});

Deno.test("encodeSafetensors() and decodeSafetensors() go round, whatever the names and the bits", () => {
  const property = fc.property(files, ({ tensors, metadata }) => {
    const found = decodeSafetensors(encodeSafetensors(tensors, metadata));
    assertEquals(found.metadata, metadata);
    assertEquals([...found.tensors.keys()].sort(), [...tensors.keys()].sort());
    for (const [name, { dtype, shape, data }] of tensors) {
      const other = found.tensors.get(name) as StoredTensor;
      assertEquals([other.dtype, other.shape], [dtype, shape]);
      // Bits, which NaN has many of.
      assertEquals(new Uint8Array(other.data.buffer), new Uint8Array(data.buffer));
    }
  });
  fc.assert(property, { seed: 1, numRuns: 200 });
});

Deno.test("decodeSafetensors() survives damaged bytes: arrays that fit, or one sentence", () => {
  const places = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  let refused = 0;
  const check = (damaged: Uint8Array) => {
    try {
      for (const { shape, data } of decodeSafetensors(damaged).tensors.values()) {
        assertStrictEquals(shape.reduce((product, size) => product * size, 1), data.length);
      }
    } catch (error) {
      refused++;
      assert(error instanceof RangeError, String(error));
      assertMatch(error.message, /^Cannot read safetensors: [^\n]+$/);
    }
  };
  const whole = encodeSafetensors(TENSORS, { a: "b" });
  const changed = fc.property(files, places, fc.boolean(), (file, places, own) => {
    const damaged = own ? encodeSafetensors(file.tensors, file.metadata) : whole.slice();
    const header = 8 + Number(new DataView(damaged.buffer).getBigUint64(0, true));
    for (const [place, byte] of places) damaged[place % header] = byte;
    check(damaged);
  });
  fc.assert(changed, { seed: 1, numRuns: 2000 });
  const cut = fc.property(files, fc.nat(), fc.uint8Array(), (file, place, rest) => {
    const bytes = encodeSafetensors(file.tensors, file.metadata);
    check(Uint8Array.of(...bytes.slice(0, place % bytes.length), ...rest));
  });
  fc.assert(cut, { seed: 2, numRuns: 500 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { seed: 3, numRuns: 500 });
  assert(refused > 1500 && refused < 3000, `${refused} refused`);
});

Deno.test("decodeSafetensors() reads what the reference implementation wrote", () => {
  // safetensors.numpy.save (Python, version 0.8.0) of
  // {"w": arange(6, float32).reshape(2, 3) / 3, "k": uint32 [1, 2**32 - 1], "m": [True, False], "s": int64 -5}
  // with metadata {"format": "np"}.
  const text =
    "AAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJucCJ9LCJzIjp7ImR0eXBlIjoiSTY0Iiwic2hhcGUi" +
    "OltdLCJkYXRhX29mZnNldHMiOlswLDhdfSwidyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMiwzXSwiZGF0YV9v" +
    "ZmZzZXRzIjpbOCwzMl19LCJrIjp7ImR0eXBlIjoiVTMyIiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMzIs" +
    "NDBdfSwibSI6eyJkdHlwZSI6IkJPT0wiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOls0MCw0Ml19fSAgICAg" +
    "+/////////8AAAAAq6qqPquqKj8AAIA/q6qqP1VV1T8BAAAA/////wEA";
  const contents = decodeSafetensors(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  assertEquals(contents.metadata, { format: "np" });
  assertEquals([...contents.tensors], [
    ["s", { dtype: "I64", shape: [], data: new BigInt64Array([-5n]) }],
    [
      "w",
      {
        dtype: "F32",
        shape: [2, 3],
        data: new Float32Array([0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3]),
      },
    ],
    ["k", { dtype: "U32", shape: [2], data: new Uint32Array([1, 2 ** 32 - 1]) }],
    ["m", { dtype: "BOOL", shape: [2], data: new Uint8Array([1, 0]) }],
  ]);
});

Deno.test("decodeSafetensors() keeps the order of the file, names of digits too", () => {
  const u8 = (begin: number, end: number) =>
    `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
  const header = `{"b":${u8(0, 1)},"10":${u8(1, 2)},"9":${u8(2, 4)},"{\\"x\\":1}":${u8(4, 5)},"a":${
    u8(5, 5)
  }}`;
  const { tensors } = decodeSafetensors(file(header, 5));
  assertEquals([...tensors.keys()], ["b", "10", "9", '{"x":1}', "a"]);
  assertStrictEquals(tensors.get("9")?.data.length, 2);
});

Deno.test("decodeSafetensors() refuses names that are there twice, and what comes before the header's brace", () => {
  const a = JSON.stringify(f32([1], [0, 4]));
  const cases: readonly (readonly [string, string])[] = [
    [`{"a":${a},"a":${a}}`, 'the header has "a" twice in one object'],
    // The same name, written otherwise.
    [`{"a":${a},"\\u0061" :${a}}`, 'the header has "a" twice in one object'],
    [
      '{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}',
      'the header has "dtype" twice in one object',
    ],
    [`{"__metadata__":{"x":"1","x":"2"},"a":${a}}`, 'the header has "x" twice in one object'],
    [`\ufeff{"a":${a}}`, "the header is not JSON"],
    [` {"a":${a}}`, "the header must begin with {"],
  ];
  for (const [header, problem] of cases) {
    const error = assertThrows(() => decodeSafetensors(file(header, 4)), RangeError);
    assertStrictEquals(error.message, `Cannot read safetensors: ${problem}`);
  }
  // One name in several objects is not one name twice.
  const { metadata, tensors } = decodeSafetensors(
    file(`{"__metadata__":{"dtype":"x","a":"y"},"a":${a}}`, 4),
  );
  assertEquals([metadata, tensors.size], [{ dtype: "x", a: "y" }, 1]);
});

Deno.test("decodeSafetensors() takes null for no metadata", () => {
  assertEquals(decodeSafetensors(file('{"__metadata__":null}', 0)).metadata, {});
});

Deno.test("encodeSafetensors() refuses booleans that are neither 0 nor 1", () => {
  const w: StoredTensor = { dtype: "BOOL", shape: [2], data: Uint8Array.of(1, 7) };
  assertThrows(
    () => encodeSafetensors(new Map([["w", w]])),
    RangeError,
    'Cannot store "w" as BOOL[2]: bytes 0 and 1 are needed, found 7',
  );
});

Deno.test("decodeSafetensors() reads strings of any length, with or without escapes", () => {
  for (const text of ["x".repeat(2e7), '"\\'.repeat(2e6), "\\".repeat(4e6 + 1)]) {
    const bytes = encodeSafetensors(new Map(), { text, [text.slice(0, 1000)]: "" });
    assert(decodeSafetensors(bytes).metadata.text === text);
  }
});

Deno.test("decodeSafetensors() says in a short sentence what is wrong, however long that is", () => {
  const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const long = JSON.stringify("\u001b".repeat(1e5));
  const entries = [
    ...[deep(1e5), `[${"1,".repeat(1e5)}-1]`, `[${"9,".repeat(1e4)}9]`].map((shape) =>
      `"a":{"dtype":"F32","shape":${shape},"data_offsets":[0,4]}`
    ),
    `"a":{"dtype":${deep(1e5)}}`,
    `"a":{"dtype":${long}}`,
    `"a":{"dtype":"F32","shape":[],"data_offsets":${deep(1e5)}}`,
    `${long}:{}`,
    `${long}:1`,
    `${long}:1,${long}:1`,
    `${long}:{"dtype":"F32","shape":[],"data_offsets":[0,8]}`,
    `${long}:{"dtype":"F32","shape":[],"data_offsets":[4,8]}`,
  ];
  for (const entry of entries) {
    const error = assertThrows(() => decodeSafetensors(file(`{${entry}}`, 4)), RangeError);
    // deno-lint-ignore no-control-regex -- what must not be there
    assertMatch(error.message, /^Cannot read safetensors: [^\x00-\x1f]{10,400}$/);
  }
});
