import { readTensor, type StoredTensor } from "./stored-tensor.ts";

/** A parameter's values, read from the file. */
export const readFloats = async (parameter: StoredTensor): Promise<Float32Array> => {
  const values = await readTensor(parameter);
  if (values instanceof Float32Array) return values;
  throw new Error(`the parameter ${parameter.name} is ${parameter.type}, not float32`);
};
