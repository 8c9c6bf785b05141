import { describe, expect, test } from "vitest";
import { elementCount, fnv1a32, generateTensor, parameterValue } from "./deterministic-tensor.ts";
import { committedGoldens, readGoldenJson } from "./golden.ts";

interface Vector {
  readonly name: string;
  readonly kind?: "prng_input";
  readonly shape: readonly number[];
  readonly tag: string;
  readonly key: string;
  readonly seed: number;
  readonly scale: number;
  readonly offset: number;
  readonly first4: readonly number[];
  readonly last?: number;
  readonly fnv1a32_of_f32_le_bytes?: { readonly first_elements: number; readonly hash: number };
}

const vectors = readGoldenJson(committedGoldens, "weights", "test-vectors.json") as readonly Vector[];

describe("the generator of weights and inputs", () => {
  test.each(vectors)("gives $key bit for bit", (vector) => {
    const values =
      vector.kind === "prng_input"
        ? generateTensor(vector.key, elementCount(vector.shape), vector.scale, vector.offset)
        : parameterValue(vector.name, vector.shape, vector.tag);
    expect(fnv1a32(new TextEncoder().encode(vector.key))).toBe(vector.seed);
    expect([...values.subarray(0, 4)]).toStrictEqual(vector.first4);
    expect(vector.last ?? values.at(-1)).toBe(values.at(-1));
    const { first_elements: count = 4, hash } = vector.fnv1a32_of_f32_le_bytes ?? {};
    const actualHash = fnv1a32(new Uint8Array(values.buffer, 0, count * Float32Array.BYTES_PER_ELEMENT));
    expect(hash ?? actualHash).toBe(actualHash);
  });

  test("gives an element that depends on the key and its index alone", () => {
    const long = generateTensor("input0#somewhere", 1000, 1);
    expect(generateTensor("input0#somewhere", 10, 1)).toStrictEqual(long.slice(0, 10));
    expect(generateTensor("input1#somewhere", 10, 1)).not.toStrictEqual(long.slice(0, 10));
  });

  test("knows parameters without the model's prefix, as ViT checkpoints name them", () => {
    expect(parameterValue("norm.weight", [100], "t").every((value) => Math.abs(value - 1) <= 0.2)).toBe(true);
    expect(parameterValue("cls_token", [1, 1, 100], "t").some((value) => Math.abs(value) > 0.3)).toBe(true);
  });
});
