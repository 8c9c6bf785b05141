import type { Augmentation } from "../artifact/metadata.ts";
import { names } from "../artifact/names.ts";
import type { NormalizedFeatures } from "../ir/normalized-spec.ts";
import type { Builder } from "../ops/builder.ts";
import { product } from "../artifact/dim.ts";
import type { Value } from "../ir/graph.ts";

/** Fills from each clip's first masked place along an axis to the one before its end. mask [batch, 2]. */
const fillMask = (
  b: Builder,
  features: Value,
  { input, axis, fill }: { readonly input: string; readonly axis: 1 | 2; readonly fill: Value },
): Value => {
  const [batch = "batch"] = features.type.shape;
  const length = Number(features.type.shape[axis]);
  const mask = b.input(input, { dtype: "float32", shape: [batch, 2] });
  const bound = (index: number): Value =>
    b.reshape(b.slice(mask, { starts: [index], ends: [index + 1], axes: [1] }), { shape: [batch, 1, 1] });
  const places = b.constant(
    `augmentation/places.${axis}`,
    axis === 1 ? [length, 1] : [length],
    Float32Array.from({ length }, (_, place) => place),
  );
  const masked = b.where(b.less(places, bound(1)), fill, features);
  return b.where(b.lessOrEqual(bound(0), places), masked, features);
};

const addNoise = (b: Builder, features: Value): Value => {
  const [batch = "batch"] = features.type.shape;
  const noise = b.input(names.noise, features.type);
  const level = b.input(names.noiseLevel, { dtype: "float32", shape: [batch] });
  return b.add(features, b.mul(noise, b.reshape(level, { shape: [batch, 1, 1] })));
};

const rollFrames = (b: Builder, features: Value): Value => {
  const [batch = "batch", frames = 1, bins = 1] = features.type.shape;
  const rows = b.reshape(features, { shape: [product([batch, frames]), bins] });
  const order = b.input(names.frameOrder, { dtype: "int64", shape: [product([batch, frames])] });
  return b.reshape(b.gather(rows, order, { axis: 0 }), { shape: features.type.shape });
};

/**
 * Masks, noise and roll of normalised features [batch, frames, bins], in the reference's order (dataloader.py). Its masks are
 * zeros before normalisation, so here they are what zero is normalised to.
 */
export const augmentFeatures = (
  b: Builder,
  features: Value,
  { frequencyMask, timeMask, noise, roll }: Augmentation,
  { mean, scale }: NormalizedFeatures,
): Value => {
  const fill = b.scalar(-mean * scale);
  let augmented = features;
  if (frequencyMask !== null) augmented = fillMask(b, augmented, { input: names.frequencyMask, axis: 2, fill });
  if (timeMask !== null) augmented = fillMask(b, augmented, { input: names.timeMask, axis: 1, fill });
  if (noise) augmented = addNoise(b, augmented);
  return roll ? rollFrames(b, augmented) : augmented;
};
