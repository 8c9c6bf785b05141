/** Makes a part of a step what the training program takes. */
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { names } from "../../compiler/artifact/names.ts";
import { backgroundTarget } from "../data/background.ts";
import { loadBatch } from "../data/batches.ts";
import type { HostTensor, HostTensors } from "../engine/engine.ts";
import { drawInputs, type DrawingOptions } from "./draw-inputs.ts";
import type { PartPlan } from "./plan-epoch.ts";

/** Which of a part's clips are computed here. */
type ChooseRows = (rows: PartPlan["rows"]) => PartPlan["rows"];

export interface LoadPartOptions extends Omit<DrawingOptions, "draws" | "background"> {
  readonly metadata: Pick<ArtifactMetadata, "classes" | "draws" | "objective">;
  readonly learningRate: number;
  /** Default: all. */
  readonly own?: ChooseRows | undefined;
}

/** A part's program inputs. */
export interface LoadedPart {
  readonly plan: PartPlan;
  readonly learningRate: number;
  readonly feeds: HostTensors;
}

/** Of a part of whose clips none is computed here, only what the update takes. @throws whatever `load` throws */
export const loadPart = async (
  plan: PartPlan,
  { metadata, learningRate: rate, own = (rows) => rows, ...options }: LoadPartOptions,
): Promise<LoadedPart> => {
  const classes = metadata.classes.length;
  const rows = own(plan.rows);
  const learningRate: HostTensor = { type: "float32", data: Float32Array.of(rate), dims: [] };
  if (rows.length === 0) return { plan, learningRate: rate, feeds: { [names.learningRate]: learningRate } };
  const clips = rows.map(({ clip }) => clip);
  const places = rows.map(({ place }) => place);
  const background = backgroundTarget(metadata);
  const { waveform, samples, targets } = await loadBatch(clips, classes, options.load, background);
  const drawn = await drawInputs({ places, samples }, { draws: metadata.draws, background, ...options });
  const feeds: HostTensors = {
    [names.waveform]: { type: "float32", data: waveform, dims: [clips.length, samples] },
    [names.targets]: { type: "float32", data: targets, dims: [clips.length, classes] },
    [names.learningRate]: learningRate,
    ...drawn,
  };
  return { plan, learningRate: rate, feeds };
};
