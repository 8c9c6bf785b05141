/** Windows over a recording of any length, of which no more is held than a window and a block. */
import { clipTooShort } from "./clip-too-short.ts";
import type { MonoBlock } from "./mono-blocks.ts";
import { createResampler, type Resampler } from "./resample.ts";

/** A stretch of a recording. */
export interface Window {
  /** One channel at the model's rate. They are lent: until the next window is asked for. */
  readonly samples: Float32Array;
  /** Where the first sample lies in the recording, and where the one after the last would. */
  readonly startSeconds: number;
  readonly endSeconds: number;
}

export interface WindowOptions {
  /** The model's. */
  readonly sampleRateHz: number;
  /** A shorter rest has no frame. */
  readonly minSamples: number;
  readonly windowSeconds: number;
  /** From the start of a window to that of the next: no longer than the window. */
  readonly hopSeconds: number;
}

/** How many samples a window takes; a product that is whole but for its rounding counts as whole. */
export const windowSamples = ({
  windowSeconds,
  sampleRateHz,
}: Pick<WindowOptions, "windowSeconds" | "sampleRateHz">): number => Math.ceil(windowSeconds * sampleRateHz - 1e-6);

/**
 * Resamples a recording and cuts it into windows. Window k begins at the sample nearest to k hops, so that hops which are no whole
 * number of samples do not add up to a drift. The last window ends with the recording and may be shorter; it is left out where it
 * would hold nothing new, or less than `minSamples`.
 * @throws UserError where the whole recording is shorter than that; or whatever `blocks` throws, after what was heard before it
 */
export async function* windows(
  blocks: AsyncIterable<MonoBlock>,
  { sampleRateHz: toHz, minSamples, windowSeconds, hopSeconds }: WindowOptions,
): AsyncGenerator<Window, void, undefined> {
  const held = new Float32Array(windowSamples({ windowSeconds, sampleRateHz: toHz }));
  let [start, filled, hops, heardTo] = [0, 0, 0, 0];

  const cut = (): Window => {
    heardTo = start + filled;
    return { samples: held.subarray(0, filled), startSeconds: start / toHz, endSeconds: heardTo / toHz };
  };
  function* add(samples: Float32Array): Generator<Window, void, undefined> {
    for (let offset = 0; offset < samples.length;) {
      const piece = samples.subarray(offset, offset + held.length - filled);
      held.set(piece, filled);
      offset += piece.length;
      filled += piece.length;
      if (filled < held.length) return;
      yield cut();
      hops += 1;
      const next = Math.min(Math.round(hops * hopSeconds * toHz), start + filled);
      held.copyWithin(0, next - start, filled);
      filled -= next - start;
      start = next;
    }
  }

  let resampler: Resampler | undefined;
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const { samples, sampleRateHz: fromHz } of blocks) {
      resampler ??= createResampler({ fromHz, toHz });
      yield* add(resampler.push(samples));
    }
  } catch (error) {
    failure = { error };
  }
  if (resampler !== undefined) yield* add(resampler.end());
  if (start + filled > heardTo && filled >= minSamples) yield cut();
  if (failure !== undefined) throw failure.error;
  if (heardTo > 0) return;
  throw clipTooShort({ samples: filled }, { sampleRateHz: toHz, minSamples });
}
