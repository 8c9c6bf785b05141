/** How far two trainings from the same parameters have come apart. */
import { expect } from "vitest";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { readTensor } from "../../../runtime/artifact/stored-tensor.ts";

/**
 * Without the biases of keys, whose true gradient is zero, as softmax takes no notice of what all scores have in common: Adam makes
 * whole steps of their rounding.
 */
const withoutKeyBiases = (name: string, values: readonly number[]): readonly number[] => {
  const third = values.length / 3;
  return /\bqkv\.bias$/.test(name) ? [...values.slice(0, third), ...values.slice(2 * third)] : values;
};

const parametersIn = async (path: string): Promise<readonly number[]> => {
  const values = readArtifact(path).parameters.map(async (each) =>
    withoutKeyBiases(each.name, Array.from((await readTensor(each)) as Float32Array)),
  );
  return (await Promise.all(values)).flat();
};

export const differences = (found: readonly number[], expected: readonly number[]): readonly number[] => {
  expect(found).toHaveLength(expected.length);
  return expected.map((value, index) => value - (found[index] ?? Number.NaN));
};

/** @param graphs paths of the one before, and of those after @returns by how much the latter differ, of what they have moved by */
export const movementApart = async (graphs: {
  readonly begun: string;
  readonly found: string;
  readonly expected: string;
}): Promise<number> => {
  const [begun, found, expected] = [
    await parametersIn(graphs.begun),
    await parametersIn(graphs.found),
    await parametersIn(graphs.expected),
  ];
  return Math.hypot(...differences(found, expected)) / Math.hypot(...differences(begun, expected));
};
