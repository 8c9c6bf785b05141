import { AudioFault } from "./formats/audio-fault.ts";
import type { AudioBlock, AudioStream } from "./formats/audio-stream.ts";
import { openClip, requireRate } from "./open-clip.ts";

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

/** Beyond this a sample is no sound by any scale, integers of 32 bits included. */
const absurd = 2 ** 32;
/** Full scale is 1; so much beyond it, numbers are scaled in another way. */
const loud = 64;
const scaleNote = "its samples go far beyond full scale, as of integers stored as float; they were read as they are";

/**
 * Decodes an audio file, recognised by its content, and mixes it down to the mean of its channels.
 * Samples lie in [-1, 1) for integer formats: PCM of b bits is value / 2^(b - 1).
 * @throws UserError naming the file where it is missing, not audio, corrupt, cut off, empty, or holds samples that are not finite
 */
export const decodeClip = async (path: string, { samplesNeeded }: DecodeOptions = {}): Promise<DecodedClip> => {
  const notes = new Set<string>();
  const note = (clause: string): void => void notes.add(clause);
  return openClip(path, note, async (stream) => {
    const decoded = await decodeStream(stream, samplesNeeded);
    if (decoded.samples.some((sample) => Math.abs(sample) > loud)) note(scaleNote);
    return { ...decoded, notes: [...notes] };
  });
};

const decodeStream = async (
  stream: AudioStream,
  samplesNeeded: DecodeOptions["samplesNeeded"],
): Promise<Omit<DecodedClip, "notes">> => {
  const blocks: Float32Array[] = [];
  let length = 0;
  let sampleRateHz: number | undefined;
  for await (const block of stream.decode()) {
    sampleRateHz ??= block.sampleRateHz;
    if (length === 0) requireRate(sampleRateHz);
    if (block.sampleRateHz !== sampleRateHz) {
      throw new AudioFault(`its sample rate changes from ${sampleRateHz} to ${block.sampleRateHz} Hz`);
    }
    const needed = samplesNeeded?.(sampleRateHz) ?? Number.POSITIVE_INFINITY;
    if (length >= needed) return { samples: joined(blocks, length), sampleRateHz, clipSamples: undefined };
    const mono = mixDown(block);
    const faulty = mono.findIndex((sample) => !(Math.abs(sample) < absurd));
    if (faulty >= 0 && length + faulty < needed) {
      throw new AudioFault(`sample ${length + faulty} is ${mono[faulty]}; expected numbers in [-1, 1]`);
    }
    blocks.push(mono);
    length += mono.length;
    if (length < needed) continue;
    const clipSamples = await stream.countFrames();
    // Where the clip ends here, its end is still looked at; where its length is not known, whether more follows.
    if (clipSamples !== undefined && clipSamples > length) {
      return { samples: joined(blocks, length), sampleRateHz, clipSamples };
    }
  }
  if (sampleRateHz === undefined || length === 0) throw new AudioFault("the clip has no samples");
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

const mixDown = ({ channels }: AudioBlock): Float32Array => {
  const [only] = channels;
  if (channels.length === 1 && only) return only;
  const mono = new Float32Array(only?.length ?? 0);
  for (let index = 0; index < mono.length; index++) {
    let sum = 0;
    for (const channel of channels) sum += channel[index] ?? 0;
    mono[index] = sum / channels.length;
  }
  return mono;
};
