import type { ClipSource } from "./clip-source.ts";
import type { AudioStream } from "./formats/audio-stream.ts";
import { isLoud, monoBlocks, scaleNote } from "./mono-blocks.ts";
import type { OpenClip } from "./open-held-clip.ts";

/** A clip as one channel, at the file's own rate. */
export interface DecodedClip {
  readonly samples: Float32Array<ArrayBuffer>;
  readonly sampleRateHz: number;
  /** How many samples the whole clip has; undefined where it was not decoded to its end and its header does not say. */
  readonly clipSamples: number | undefined;
  /** What is odd about the file, in clauses that fit every file of the kind. */
  readonly notes: readonly string[];
}

export interface DecodeOptions {
  /** How many samples are needed, by the file's rate: no more are decoded. Default: all. */
  readonly samplesNeeded?: (sampleRateHz: number) => number;
}

/**
 * Decodes a clip, a file recognised by its content, and mixes it down to the mean of its channels.
 * Samples lie in [-1, 1) for integer formats: PCM of b bits is value / 2^(b - 1).
 * @throws UserError naming the clip where it is missing, not audio, corrupt, cut off, empty, or holds samples that are not finite
 */
export const decodeClip = async (
  open: OpenClip,
  source: ClipSource,
  { samplesNeeded }: DecodeOptions = {},
): Promise<DecodedClip> => {
  const notes = new Set<string>();
  const note = (clause: string): void => void notes.add(clause);
  return open(source, note, async (stream) => {
    const decoded = await decodeStream(stream, samplesNeeded);
    if (isLoud(decoded.samples)) note(scaleNote);
    return { ...decoded, notes: [...notes] };
  });
};

const decodeStream = async (
  stream: AudioStream,
  samplesNeeded: DecodeOptions["samplesNeeded"],
): Promise<Omit<DecodedClip, "notes">> => {
  const blocks: Float32Array[] = [];
  let length = 0;
  let sampleRateHz = 0;
  for await (const block of monoBlocks(stream, samplesNeeded)) {
    ({ sampleRateHz } = block);
    const needed = samplesNeeded?.(sampleRateHz) ?? Number.POSITIVE_INFINITY;
    if (length >= needed) return { samples: joined(blocks, length), sampleRateHz, clipSamples: undefined };
    blocks.push(block.samples.slice());
    length += block.samples.length;
    if (length < needed) continue;
    const clipSamples = await stream.countFrames();
    // Where the clip ends here, its end is still looked at; where its length is not known, whether more follows.
    if (clipSamples !== undefined && clipSamples > length) {
      return { samples: joined(blocks, length), sampleRateHz, clipSamples };
    }
  }
  return { samples: joined(blocks, length), sampleRateHz, clipSamples: length };
};

const joined = (blocks: readonly Float32Array[], length: number): Float32Array<ArrayBuffer> => {
  const samples = new Float32Array(length);
  let offset = 0;
  for (const block of blocks) {
    samples.set(block, offset);
    offset += block.length;
  }
  return samples;
};
