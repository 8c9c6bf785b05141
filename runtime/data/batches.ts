import type { Clip } from "./dataset.ts";
import { fillBatch } from "./fill-batch.ts";
import { loadAhead } from "./load-ahead.ts";
import { targetsOf } from "./targets-of.ts";

/** Clips that the graph computes together. */
export interface Batch {
  /** Those that are not left out. */
  readonly clips: readonly Clip[];
  /** [clips, samples] */
  readonly waveform: Float32Array<ArrayBuffer>;
  readonly samples: number;
  /** [clips, classes], 1 for every class heard in the clip and 0 elsewhere */
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

/** @param classes how many classes the graph has */
export const loadBatch = async (clips: readonly Clip[], classes: number, load: LoadClipIfAny): Promise<Batch> => {
  const loaded = await Promise.all(clips.map(async (clip) => ({ clip, waveform: await load(clip) })));
  const present = loaded.flatMap(({ clip, waveform }) => (waveform ? [{ clip, waveform }] : []));
  const targets = targetsOf(
    present.map(({ clip }) => clip),
    classes,
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
