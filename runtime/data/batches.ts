import { absentSample } from "../../compiler/artifact/names.ts";
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import { isBackground } from "./background.ts";
import type { Clip } from "./dataset.ts";
import { loadAhead } from "./load-ahead.ts";

/** Clips that the graph computes together. */
export interface Batch {
  /** Those that are not left out. */
  readonly clips: readonly Clip[];
  /** [clips, samples] */
  readonly waveform: Float32Array<ArrayBuffer>;
  readonly samples: number;
  /** [clips, classes], 1 for every class heard in the clip and 0 elsewhere; of background clips, what was asked for */
  readonly targets: Float32Array<ArrayBuffer>;
}

export type LoadClip = (clip: Clip) => Promise<Float32Array>;

/** The same; undefined for a clip that is left out. */
export type LoadClipIfAny = (clip: Clip) => Promise<Float32Array | undefined>;

export interface BatchesOptions {
  readonly clips: readonly Clip[];
  readonly batch: number;
  /** How many classes the graph has. */
  readonly classes: number;
  readonly load: LoadClipIfAny;
  /** How many batches are loaded while one is in use: their clips are all that is held. */
  readonly ahead?: number;
}

/** Neighbours, `size` at a time; the last group has what is left. */
export function* groupsOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[], void, undefined> {
  for (let first = 0; first < items.length; first += size) yield items.slice(first, first + size);
}

/**
 * @param classes how many classes the graph has
 * @param background the targets of background clips
 */
export const loadBatch = async (
  clips: readonly Clip[],
  classes: number,
  load: LoadClipIfAny,
  background = 0,
): Promise<Batch> => {
  const loaded = await Promise.all(clips.map(async (clip) => ({ clip, waveform: await load(clip) })));
  const present = loaded.flatMap(({ clip, waveform }) => (waveform ? [{ clip, waveform }] : []));
  const targets = targetsOf(
    present.map(({ clip }) => clip),
    classes,
    background,
  );
  return { clips: present.map(({ clip }) => clip), ...fillBatch(present.map(({ waveform }) => waveform)), targets };
};

/**
 * The clips in their order, batch by batch.
 * @throws whatever `load` throws, when the clip's batch is due.
 */
export const batches = ({
  clips,
  batch,
  classes,
  load,
  ahead,
}: BatchesOptions): AsyncGenerator<Batch, void, undefined> =>
  loadAhead(groupsOf(clips, batch), (group) => loadBatch(group, classes, load), ahead);

/** Clips in a part of a step. */
export const partSize = ({ batch, accumulate }: Pick<Recipe, "batch" | "accumulate">): number =>
  Math.ceil(batch / accumulate);

/**
 * Clips as the graph's `waveform`: [clips, samples], row by row, shorter clips filled up with `absentSample`.
 * @param samples at least those of the longest, as many as which is the default
 * @param memory what may be written over, where it is as large
 */
export const fillBatch = (
  clips: readonly Float32Array[],
  samples = Math.max(...clips.map(({ length }) => length)),
  memory = new Float32Array(),
): { readonly waveform: Float32Array<ArrayBuffer>; readonly samples: number } => {
  const length = clips.length * samples;
  const waveform = memory.length === length ? memory : new Float32Array(length);
  clips.forEach((clip, row) => {
    waveform.set(clip, row * samples);
    waveform.fill(absentSample, row * samples + clip.length, (row + 1) * samples);
  });
  return { waveform, samples };
};

/**
 * The targets of clips, row by row: [clips, classes], 1 for every class heard in the clip and 0 elsewhere.
 * @param clips undefined: there is none, and its targets are 0
 * @param classes how many classes the graph has
 * @param background the targets of background clips
 */
export const targetsOf = (
  clips: readonly (Pick<Clip, "classIndices"> | undefined)[],
  classes: number,
  background = 0,
): Float32Array<ArrayBuffer> => {
  const targets = new Float32Array(clips.length * classes);
  clips.forEach((clip, row) => {
    if (clip && isBackground(clip)) targets.fill(background, row * classes, (row + 1) * classes);
    for (const index of clip?.classIndices ?? []) targets[row * classes + index] = 1;
  });
  return targets;
};
