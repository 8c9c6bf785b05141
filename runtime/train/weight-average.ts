/** The mean of several epochs' parameters, of which only the sum is kept (the reference's `validate_wa`, in float32 as there). */
import type { HostTensor } from "../engine/engine.ts";
import { readTensor, type StoredTensor } from "../artifact/stored-tensor.ts";

type Read = (name: string) => Promise<HostTensor>;

/** The sum of a parameter's values over epochs. */
export interface ParameterSum {
  readonly name: string;
  readonly shape: readonly number[];
  readonly read: () => Float32Array<ArrayBuffer>;
}

export interface WeightAverage {
  /** Adds the parameters as they are now. */
  readonly add: (read: Read) => Promise<void>;
  /** By parameter, for a checkpoint; none before the first are added. */
  readonly sums: () => readonly ParameterSum[];
  /** A parameter's mean over so many epochs. */
  readonly mean: (name: string, epochs: number) => HostTensor;
}

const asFloats = (name: string, data: unknown): Float32Array<ArrayBuffer> => {
  if (data instanceof Float32Array) return data as Float32Array<ArrayBuffer>;
  throw new Error(`the parameter ${name} has no float32 values`);
};

/**
 * @param parameters those that are averaged
 * @param restored their sums as a checkpoint has them
 */
export const openWeightAverage = async (
  parameters: readonly StoredTensor[],
  restored: ReadonlyMap<string, StoredTensor>,
): Promise<WeightAverage> => {
  const sums = new Map<string, Float32Array<ArrayBuffer>>();
  for (const [name, stored] of restored) sums.set(name, asFloats(name, await readTensor(stored)));
  return {
    add: async (read) => {
      for (const { name } of parameters) {
        const values = asFloats(name, (await read(name)).data);
        const sum = sums.get(name);
        if (!sum) sums.set(name, values.slice());
        else for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] ?? 0) + (values[index] ?? 0);
      }
    },
    sums: () =>
      parameters.flatMap(({ name, dims }) => {
        const sum = sums.get(name);
        return sum ? [{ name, shape: dims, read: () => sum }] : [];
      }),
    mean: (name, epochs) => {
      const [sum, parameter] = [sums.get(name), parameters.find((parameter) => parameter.name === name)];
      if (!sum || !parameter) throw new Error(`${name} is not averaged`);
      return { type: "float32", data: sum.map((value) => value / epochs), dims: parameter.dims };
    },
  };
};
