import { AudioFault } from "./formats/audio-fault.ts";
import type { AudioBlock, AudioStream } from "./formats/audio-stream.ts";
import { requireRate } from "./require-rate.ts";

/** A block of a file's samples, mixed down to one channel, at the file's own rate. They are lent: until the next block is asked for. */
export interface MonoBlock {
  readonly samples: Float32Array;
  readonly sampleRateHz: number;
}

/** Beyond this a sample is no sound by any scale, integers of 32 bits included. */
const absurd = 2 ** 32;
/** Full scale is 1; so much beyond it, numbers are scaled in another way. */
const loud = 64;
export const scaleNote =
  "its samples go far beyond full scale, as of integers stored as float; they were read as they are";

// Loops: the arrays' own methods make an object of each number that they hand on, hundreds of megabytes a second here.

/** Where the first sample is that is no sound; -1: nowhere. */
const firstAbsurd = (samples: Float32Array): number => {
  for (let index = 0; index < samples.length; index++) {
    if (!(Math.abs(samples[index] ?? 0) < absurd)) return index;
  }
  return -1;
};

export const isLoud = (samples: Float32Array): boolean => {
  for (let index = 0; index < samples.length; index++) {
    if (Math.abs(samples[index] ?? 0) > loud) return true;
  }
  return false;
};

/**
 * The samples of a file in their order, each the mean of its channels, as they are decoded.
 * @param samplesNeeded how many are needed, by the file's rate; those after them may be any numbers. Default: all
 * @throws AudioFault where the file is corrupt, cut off, empty, changes its rate, or holds samples that are not finite: after what comes
 * before that
 */
export async function* monoBlocks(
  stream: AudioStream,
  samplesNeeded: (sampleRateHz: number) => number = () => Number.POSITIVE_INFINITY,
): AsyncGenerator<MonoBlock, void, undefined> {
  let length = 0;
  let rate: number | undefined;
  let memory = new Float32Array();
  for await (const block of stream.decode()) {
    const { sampleRateHz } = block;
    rate ??= sampleRateHz;
    if (length === 0) requireRate(rate);
    if (sampleRateHz !== rate) throw new AudioFault(`its sample rate changes from ${rate} to ${sampleRateHz} Hz`);
    const frames = block.channels[0]?.length ?? 0;
    if (block.channels.length > 1 && memory.length < frames) memory = new Float32Array(frames);
    const samples = mixDown(block, memory.subarray(0, frames));
    const faulty = firstAbsurd(samples);
    if (faulty >= 0 && length + faulty < samplesNeeded(rate)) {
      yield { samples: samples.subarray(0, faulty), sampleRateHz };
      throw new AudioFault(`sample ${length + faulty} is ${samples[faulty]}; expected numbers in [-1, 1]`);
    }
    length += samples.length;
    yield { samples, sampleRateHz };
  }
  if (length === 0) throw new AudioFault("the clip has no samples");
}

/** @param mono where it may be put */
const mixDown = ({ channels }: AudioBlock, mono: Float32Array): Float32Array => {
  const [only] = channels;
  if (channels.length === 1 && only) return only;
  for (let index = 0; index < mono.length; index++) {
    let sum = 0;
    for (const channel of channels) sum += channel[index] ?? 0;
    mono[index] = sum / channels.length;
  }
  return mono;
};
