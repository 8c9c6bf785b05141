/**
 * Layer scale (timm's `init_values`, DeiT III): what a layer gives is multiplied by a factor per unit. A layer whose weights and biases
 * are multiplied by them gives the same.
 */
import type { MatchedTensor } from "./sort-tensors.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";

const scaleOf = /\.scale$/;
const leafOf = /\.(?:weight|bias)$/;

const multiplyRows = (values: Float32Array, factors: Float32Array): Float32Array => {
  const width = values.length / factors.length;
  return values.map((value, index) => value * (factors[Math.floor(index / width)] ?? 0));
};

/**
 * @param tensors by the reference's name; a layer's factors [units] are called `scale`
 * @returns the same without factors
 * @throws CheckpointError where factors do not fit their layer
 */
export const foldLayerScale = (
  tensors: ReadonlyMap<string, MatchedTensor>,
  path: string,
): ReadonlyMap<string, MatchedTensor> => {
  const folded = new Map<string, MatchedTensor>();
  for (const [name, tensor] of tensors) {
    if (scaleOf.test(name)) {
      if (tensors.has(name.replace(scaleOf, ".weight"))) continue;
      throw new CheckpointError(path, `has ${tensor.from.join(" + ")}, but not the layer that it scales`);
    }
    const scale = leafOf.test(name) ? tensors.get(name.replace(leafOf, ".scale")) : undefined;
    if (!scale) {
      folded.set(name, tensor);
      continue;
    }
    if (String(scale.shape) !== String(tensor.shape.slice(0, 1))) {
      const [factors, layer] = [scale, tensor].map(({ from, shape }) => `${from.join(" + ")} [${shape.join(", ")}]`);
      throw new CheckpointError(path, `has ${factors} to scale the rows of ${layer}`);
    }
    folded.set(name, {
      shape: tensor.shape,
      // Named once, with the weights.
      from: name.endsWith(".weight") ? [...tensor.from, ...scale.from] : tensor.from,
      note: "layer scale multiplied in",
      read: () => multiplyRows(tensor.read(), scale.read()),
    });
  }
  return folded;
};
