/** Makes a part of a step what the training program takes. */
import { Tensor } from "../engine/onnxruntime.ts";
import type { ArtifactMetadata, Recipe } from "../../compiler/artifact/metadata.ts";
import { names } from "../../compiler/artifact/names.ts";
import { loadBatch, type LoadClip } from "../data/batches.ts";
import { fillBatch } from "../data/fill-batch.ts";
import type { Tensors } from "../engine/state-store.ts";
import { augmentationFeeds } from "./augmentation-feeds.ts";
import type { PartPlan } from "./plan-epoch.ts";

export interface LoadPartOptions {
  readonly metadata: ArtifactMetadata;
  readonly recipe: Recipe;
  readonly load: LoadClip;
  readonly learningRate: number;
}

/** A part's program inputs. */
export interface LoadedPart {
  readonly plan: PartPlan;
  readonly learningRate: number;
  readonly feeds: Tensors;
}

/** What a clip that is not mixed gets for a partner. */
const silence = new Float32Array(1);

/** Each class by its clip's share in the mixture; one that both clips have stays whole. */
const mixTargets = (targets: Float32Array, { rows }: PartPlan, classes: number): void => {
  rows.forEach(({ draws, partner }, row) => {
    if (!draws.mixup || !partner) return;
    const own = targets.subarray(row * classes, (row + 1) * classes);
    const { share } = draws.mixup;
    const has = Array.from(own);
    own.forEach((target, index) => (own[index] = target * share));
    for (const index of partner.classIndices) own[index] = (has[index] ?? 0) * share + (1 - share);
  });
};

const partnersOf = async ({ rows }: PartPlan, load: LoadClip): Promise<Tensor> => {
  const waveforms = await Promise.all(rows.map(async ({ partner }) => (partner ? load(partner) : silence)));
  const { waveform, samples } = fillBatch(waveforms);
  return new Tensor("float32", waveform, [rows.length, samples]);
};

/** @throws whatever `load` throws */
export const loadPart = async (
  plan: PartPlan,
  { metadata, recipe, load, learningRate }: LoadPartOptions,
): Promise<LoadedPart> => {
  const classes = metadata.classes.length;
  const clips = plan.rows.map(({ clip }) => clip);
  const { mixup } = recipe.augmentation;
  const [{ waveform, samples, targets }, partners] = await Promise.all([
    loadBatch(clips, classes, load),
    mixup ? partnersOf(plan, load) : undefined,
  ]);
  mixTargets(targets, plan, classes);
  const draws = plan.rows.map((row) => row.draws);
  const feeds: Tensors = {
    [names.waveform]: new Tensor("float32", waveform, [clips.length, samples]),
    [names.targets]: new Tensor("float32", targets, [clips.length, classes]),
    [names.learningRate]: new Tensor("float32", Float32Array.of(learningRate), []),
    ...(partners && { [names.mixupWaveform]: partners }),
    ...augmentationFeeds(draws, recipe.augmentation, metadata),
  };
  return { plan, learningRate, feeds };
};
