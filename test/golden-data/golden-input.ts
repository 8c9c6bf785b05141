/** The model inputs that the manifests of reference values describe. */
import { join } from "node:path";
import { elementCount, generateTensor } from "./deterministic-tensor.ts";
import { readNpy } from "./npy.ts";

/** One batch item [frames, bins], as a manifest states it. */
export type GoldenInput =
  | {
      readonly kind: "prng";
      readonly name: string;
      readonly tag: string;
      readonly scale: number;
      readonly offset: number;
    }
  | { readonly kind: "npy_f32"; readonly file: string }
  | { readonly kind: "npy_q8"; readonly file: string; readonly scale: number };

/** One batch item's values; `folder` is the manifest's. */
const readGoldenInput = (input: GoldenInput, shape: readonly number[], folder: string): Float32Array => {
  if (input.kind === "prng") {
    return generateTensor(`${input.name}#${input.tag}`, elementCount(shape), input.scale, input.offset);
  }
  const { data } = readNpy(join(folder, input.file));
  if (data instanceof BigInt64Array) throw new Error(`${input.file}: an input is never int64`);
  const scale = input.kind === "npy_q8" ? input.scale : 1;
  return Float32Array.from(data, (value) => value * scale);
};

/** A batch [items, frames, bins] of such inputs. */
export const readGoldenBatch = (
  inputs: readonly GoldenInput[],
  itemShape: readonly number[],
  folder: string,
): Float32Array => {
  const size = elementCount(itemShape);
  const batch = new Float32Array(inputs.length * size);
  for (const [item, input] of inputs.entries()) batch.set(readGoldenInput(input, itemShape, folder), item * size);
  return batch;
};
