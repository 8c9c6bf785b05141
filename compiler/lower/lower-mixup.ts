import { onnxTypeNumbers } from "../artifact/element-types.ts";
import { absentSample, names } from "../artifact/names.ts";
import type { NormalizedFeatures } from "../ir/normalized-spec.ts";
import type { Builder } from "../ops/builder.ts";
import type { Value } from "../ir/graph.ts";
import { fitLength } from "./fit-length.ts";
import { samplesInReach } from "./lower-features.ts";

const isPresent = (b: Builder, waveform: Value): Value => b.less(waveform, b.scalar(absentSample / 2));

/** Each clip without the mean of all its samples; absent ones stay absent. */
const centre = (b: Builder, waveform: Value): Value => {
  const present = isPresent(b, waveform);
  const lengths = b.reduceSum(b.cast(present, { to: onnxTypeNumbers.float32 }), { axes: [1], keepdims: 1 });
  const silent = b.where(present, waveform, b.scalar(0));
  const mean = b.div(b.reduceSum(silent, { axes: [1], keepdims: 1 }), lengths);
  return b.where(present, b.sub(silent, mean), b.scalar(absentSample));
};

/**
 * Mixes each clip [batch, samples] with its partner [batch, mixup_samples], cut or filled with zeros to the clip's length:
 * share * clip + (1 - share) * partner, both without their mean where the features remove it (the reference's dataloader.py).
 * The mixture's mean, which it removes again, is the features' business: of the samples in reach of the frames, as only they
 * are mixed. A constant changes no frame, so that this mean is as good as that of all.
 * @returns [batch, samples in reach], absent where the clip is
 */
export const lowerMixup = (b: Builder, waveform: Value, features: NormalizedFeatures): Value => {
  const [batch = "batch"] = waveform.type.shape;
  const partner = b.input(names.mixupWaveform, { dtype: "float32", shape: [batch, "mixup_samples"] });
  const share = b.reshape(b.input(names.mixupShare, { dtype: "float32", shape: [batch] }), { shape: [batch, 1] });
  const prepare = (clips: Value): Value => {
    const centred = features.removeMean ? centre(b, clips) : clips;
    return fitLength(b, centred, samplesInReach(features), b.scalar(absentSample));
  };

  const own = prepare(waveform);
  const other = prepare(partner);
  const heard = b.where(isPresent(b, other), other, b.scalar(0));
  const mixture = b.add(b.mul(share, own), b.mul(b.sub(b.scalar(1), share), heard));
  return b.where(isPresent(b, own), mixture, b.scalar(absentSample));
};
