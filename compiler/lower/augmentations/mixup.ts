import { onnxTypeNumbers } from "../../artifact/element-types.ts";
import { absentSample } from "../../artifact/names.ts";
import { checkNumbers } from "../../diagnostics/report.ts";
import type { Value } from "../../ir/graph.ts";
import type { NormalizedFeatures } from "../../ir/normalized-spec.ts";
import type { Builder } from "../../ops/builder.ts";
import type { Mixup } from "../../../spec/dsl/augmentation.ts";
import { fitLength } from "../features/fit-length.ts";
import { samplesInReach } from "../features/cut-frames.ts";
import type { AugmentationRow, Batch } from "./augmentation.ts";

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
 * Each clip [batch, samples] with its partner [batch, other samples], which is cut or filled with zeros to the clip's length:
 * share * clip + (1 - share) * partner, both without their mean where the features remove it (the reference's dataloader.py).
 * The mixture's mean, which it removes again, is the features' business: of the samples in reach of the frames, as only they
 * are mixed. A constant changes no frame, so that this mean is as good as that of all.
 * @param shares [batch, 1]
 * @returns [batch, samples in reach], absent where the clip is
 */
const mixWaveforms = (
  b: Builder,
  waveform: Value,
  partner: Value,
  shares: Mixture,
  features: NormalizedFeatures,
): Value => {
  const prepare = (clips: Value): Value => {
    const centred = features.removeMean ? centre(b, clips) : clips;
    return fitLength(b, centred, samplesInReach(features), b.scalar(absentSample));
  };
  const own = prepare(waveform);
  const other = prepare(partner);
  const heard = b.where(isPresent(b, other), other, b.scalar(0));
  return b.where(isPresent(b, own), mix(b, own, heard, shares), b.scalar(absentSample));
};

/** The clip's own share and its partner's, [batch, 1]. */
interface Mixture {
  readonly own: Value;
  readonly other: Value;
}

const mix = (b: Builder, mine: Value, others: Value, { own, other }: Mixture): Value =>
  b.add(b.mul(own, mine), b.mul(other, others));

/** A clip that is not mixed has the share 1, whatever is drawn for it. */
const drawShares = (b: Builder, batch: Value["type"]["shape"][number], alpha: number, chance: number): Mixture => {
  const clips = { dtype: "float32", shape: [batch] } as const;
  const isMixed = b.less(b.scalar(0.5), b.draw("mixup", clips, { kind: "bernoulli", chance }));
  const share = b.where(isMixed, b.draw("mixup_share", clips, { kind: "beta", alpha }), b.scalar(1));
  const own = b.reshape(share, { shape: [batch, 1] });
  return { own, other: b.sub(b.scalar(1), own) };
};

export const mixup: AugmentationRow<Mixup> = {
  on: "waveform",
  settle: (written, _, report) => {
    const { alpha = 10 } = written;
    checkNumbers(report, written, { rate: "greater than 0 and at most 1", alpha: "greater than 0" });
    return { ...written, alpha };
  },
  words: ({ rate }) => `mixup of ${rate}`,
  lower: (b, { signal, targets, ownFrames }, { rate, alpha }, features): Batch => {
    const [batch = "batch"] = signal.type.shape;
    const shares = drawShares(b, batch, alpha, rate);
    const partner = b.draw(
      "mixup_waveform",
      { dtype: "float32", shape: [batch, "drawn_samples"] },
      { kind: "clip", where: "mixup" },
    );
    const partnerTargets = b.draw(
      "mixup_targets",
      { dtype: "float32", shape: targets.type.shape },
      { kind: "targets", of: "mixup_waveform" },
    );
    return {
      signal: mixWaveforms(b, signal, partner, shares, features),
      targets: mix(b, targets, partnerTargets, shares),
      ownFrames,
    };
  },
};
