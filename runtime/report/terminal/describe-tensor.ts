import { readTensor, type StoredTensor } from "../../artifact/stored-tensor.ts";

/** A tensor's shape and what its values are like. */
export interface TensorDescription {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly count: number;
  readonly mean: number;
  /** Of all values, not of a sample. */
  readonly std: number;
}

/** Reads a tensor to describe it. */
export const describeTensor = async (tensor: StoredTensor): Promise<TensorDescription> => {
  const values = Float64Array.from(await readTensor(tensor), Number);
  const count = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / count;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / count;
  return { name: tensor.name, shape: tensor.dims, dtype: tensor.type, count, mean, std: Math.sqrt(variance) };
};
