/** Makes a part of a step what the training program takes. */
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { names } from "../../compiler/artifact/names.ts";
import { backgroundTarget } from "../data/background.ts";
import { loadBatch } from "../data/batches.ts";
import type { HostTensors } from "../engine/engine.ts";
import { drawInputs, type DrawingOptions } from "./draw-inputs.ts";
import type { PartPlan } from "./plan-epoch.ts";

export interface LoadPartOptions extends Omit<DrawingOptions, "draws" | "background"> {
  readonly metadata: Pick<ArtifactMetadata, "classes" | "draws" | "objective">;
  readonly learningRate: number;
}

/** A part's program inputs. */
export interface LoadedPart {
  readonly plan: PartPlan;
  readonly learningRate: number;
  readonly feeds: HostTensors;
}

/** @throws whatever `load` throws */
export const loadPart = async (
  plan: PartPlan,
  { metadata, learningRate, ...options }: LoadPartOptions,
): Promise<LoadedPart> => {
  const classes = metadata.classes.length;
  const clips = plan.rows.map(({ clip }) => clip);
  const places = plan.rows.map(({ place }) => place);
  const background = backgroundTarget(metadata);
  const { waveform, samples, targets } = await loadBatch(clips, classes, options.load, background);
  const drawn = await drawInputs({ places, samples }, { draws: metadata.draws, background, ...options });
  const feeds: HostTensors = {
    [names.waveform]: { type: "float32", data: waveform, dims: [clips.length, samples] },
    [names.targets]: { type: "float32", data: targets, dims: [clips.length, classes] },
    [names.learningRate]: { type: "float32", data: Float32Array.of(learningRate), dims: [] },
    ...drawn,
  };
  return { plan, learningRate, feeds };
};
