/** Clips and recordings that were looked at, read. What is in memory stays the caller's. */
import type { ClipSamples } from "../audio/clip-source.ts";
import type { ClipThreads } from "../audio/create-clip-loader.ts";
import type { ClipRequirements, LoadedClip } from "../audio/load-clip.ts";
import { readWindows } from "../audio/read-windows.ts";
import type { Recording, StreamedRecording } from "../audio/recording-source.ts";
import type { Threads } from "../threads/threads.ts";
import type { Checked } from "./check-arguments.ts";
import { copyBytes } from "./copy-bytes.ts";
import { interleave, openSampleStream, ownFloats } from "./open-stream.ts";

/** What a clip is by the model's rate. */
export type ReadClip = Pick<LoadedClip, "samples" | "clipSamples" | "notes">;

export interface ReadClipOptions {
  readonly threads: Threads;
  readonly clipThreads: ClipThreads;
  readonly requirements: Required<ClipRequirements>;
  readonly stop: AbortSignal;
}

/** A clip, as far as the model hears it. @throws UserError naming the clip */
export const readClip = async (clip: Checked, options: ReadClipOptions): Promise<ReadClip> => {
  const { clipThreads, requirements } = options;
  if ("path" in clip) return clipThreads.read(clip.path, requirements);
  if ("stream" in clip) return readBeginning(clip.stream, options);
  if ("sound" in clip) {
    const { channels, ...rest } = beginning(clip.sound, requirements);
    const copies = await Promise.all(channels.map(copyBytes));
    const own = { ...rest, channels: copies.map((copy) => new Float32Array(copy)) };
    return clipThreads.read(own, requirements, copies);
  }
  const copy = await ("blob" in clip ? clip.blob.arrayBuffer() : copyBytes(clip.bytes));
  return clipThreads.read({ name: clip.name, bytes: new Uint8Array(copy) }, requirements, [copy]);
};

/** The beginning of samples that the model may hear, with a second for what resampling reaches beyond it. */
const beginning = (
  { channels, ...rest }: ClipSamples,
  { maxSamples, sampleRateHz }: Required<ClipRequirements>,
): ClipSamples => {
  const needed = Math.ceil((maxSamples / sampleRateHz + 1) * rest.sampleRateHz);
  return { ...rest, channels: channels.map((channel) => channel.subarray(0, needed)) };
};

/** What a stream begins with; it is closed then. */
const readBeginning = async (
  stream: StreamedRecording,
  { threads, requirements: { sampleRateHz, minSamples, maxSamples }, stop }: ReadClipOptions,
): Promise<ReadClip> => {
  const notes: string[] = [];
  const seconds = maxSamples / sampleRateHz;
  const windowing = { windowSeconds: seconds, hopSeconds: seconds };
  const note = (clause: string): void => void notes.push(clause);
  const options = { sampleRateHz, minSamples, ...windowing, batch: 1, note, stop };
  for await (const [first] of readWindows(threads, stream, options)) {
    if (first === undefined) break;
    const samples = new Float32Array(first.samples);
    return { samples, clipSamples: samples.length < maxSamples ? samples.length : undefined, notes };
  }
  throw new Error(`${stream.name} has neither a window nor an error`);
};

export const recordingOf = (recording: Checked): Recording => {
  if ("path" in recording) return { name: recording.path, path: recording.path };
  if ("stream" in recording) return recording.stream;
  if ("sound" in recording) {
    const { name, channels, sampleRateHz } = recording.sound;
    const raw = { sampleFormat: ownFloats, sampleRateHz, channels: channels.length };
    return { name, raw, open: () => openSampleStream(name, interleave(channels)) };
  }
  if ("blob" in recording) {
    const { name, blob } = recording;
    const read = async (offset: number, length: number) =>
      new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    return { name, size: blob.size, read };
  }
  const { name, bytes } = recording;
  const read = (offset: number, length: number) =>
    Promise.resolve(new Uint8Array(bytes.subarray(offset, offset + length)));
  return { name, size: bytes.length, read };
};
