import { expect, test } from "vitest";
import { builderName, isLayer } from "../../../compiler/layers/table.ts";
import * as dsl from "../../../spec/dsl/index.ts";

/** What each function of the vocabulary gives, whatever it is given. */
const made = Object.entries(dsl).flatMap(([name, build]): readonly (readonly [string, unknown])[] => {
  try {
    return [[name, (build as (options: object) => unknown)({})]];
  } catch {
    return [];
  }
});

test("messages call a layer by the function that made it", () => {
  const layers = made.flatMap(([name, value]) => (isLayer(value) ? [[name, builderName(value)]] : []));
  expect(layers.map(([name]) => name)).toEqual(
    expect.arrayContaining(["prependTokens", "registerTokens", "gelu", "repeat"]),
  );
  expect(layers.filter(([name, told]) => name !== told)).toStrictEqual([]);
});
