import { absentSample, names } from "../artifact.ts";
import type { Builder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";
import { onnxTypeNumber } from "../ops/elementwise.ts";

/** A batch's samples without their clip's mean, where there is a sample, and zero elsewhere. */
const centre = (b: Builder, waveform: Value, present: Value): Value => {
  const lengths = b.reduceSum(b.cast(present, { to: onnxTypeNumber.float32 }), { axes: [1], keepdims: 1 });
  const silent = b.where(present, waveform, b.scalar(0));
  const mean = b.div(b.reduceSum(silent, { axes: [1], keepdims: 1 }), lengths);
  return b.where(present, b.sub(silent, mean), b.scalar(0));
};

/**
 * Mixes each clip [batch, samples] with its partner, cut or filled with zeros to the clip's length: share * clip +
 * (1 - share) * partner, both without their mean where `removesMean` (the reference's dataloader.py; that the mixture's mean
 * is removed again is the features' business). Absent samples stay absent.
 */
export const lowerMixup = (b: Builder, waveform: Value, removesMean: boolean): Value => {
  const { shape } = waveform.type;
  const [batch = "batch"] = shape;
  const partner = b.input(names.mixupWaveform, { dtype: "float32", shape });
  const share = b.reshape(b.input(names.mixupShare, { dtype: "float32", shape: [batch] }), { shape: [batch, 1] });
  const prepare = (clip: Value, present: Value): Value =>
    removesMean ? centre(b, clip, present) : b.where(present, clip, b.scalar(0));
  const isPresent = (clip: Value): Value => b.less(clip, b.scalar(absentSample / 2));

  const present = isPresent(waveform);
  const own = b.mul(share, prepare(waveform, present));
  const others = b.mul(b.sub(b.scalar(1), share), prepare(partner, isPresent(partner)));
  return b.where(present, b.add(own, others), b.scalar(absentSample));
};
