import type { Clip } from "./dataset.ts";
import { fillBatch } from "./fill-batch.ts";

/** One step's worth of clips. */
export interface Batch {
  readonly clips: readonly Clip[];
  /** [clips, samples] */
  readonly waveform: Float32Array<ArrayBuffer>;
  readonly samples: number;
  /** [clips, classes], 1 for every class heard in the clip and 0 elsewhere */
  readonly targets: Float32Array<ArrayBuffer>;
}

export interface BatchesOptions {
  readonly clips: readonly Clip[];
  /** Which clips, in which order. */
  readonly order: readonly number[];
  readonly batch: number;
  /** How many classes the graph has. */
  readonly classes: number;
  readonly load: (clip: Clip) => Promise<Float32Array>;
  /** How many batches are loaded while one is in use: their clips are all that is held. */
  readonly ahead?: number;
}

/**
 * Batches in order, loaded ahead of their use; the last one has what is left.
 * @throws whatever `load` throws, when the clip's batch is due.
 */
export async function* batches({ ahead = 2, ...options }: BatchesOptions): AsyncGenerator<Batch, void, undefined> {
  const loading: Promise<Batch>[] = [];
  for (let first = 0; first < options.order.length; first += options.batch) {
    const batch = loadBatch(options, first);
    batch.catch(() => undefined); // thrown when it is due, below
    loading.push(batch);
    const due = loading.length > ahead ? loading.shift() : undefined;
    if (due !== undefined) yield await due;
  }
  for (const batch of loading) yield await batch;
}

const loadBatch = async (
  { clips, order, batch, classes, load }: Omit<BatchesOptions, "ahead">,
  first: number,
): Promise<Batch> => {
  const chosen = order.slice(first, first + batch).flatMap((index) => clips[index] ?? []);
  const targets = new Float32Array(chosen.length * classes);
  chosen.forEach(({ classIndices }, row) => {
    for (const index of classIndices) targets[row * classes + index] = 1;
  });
  return { clips: chosen, ...fillBatch(await Promise.all(chosen.map(load))), targets };
};
