import { framesIn, framesSeen, samplesOf } from "../../compiler/artifact/frames.ts";
import { hzOf, melOf, slaneyHzOf, slaneyMelOf } from "../../compiler/artifact/mel-scale.ts";
import { patchesToken, readTokenLayout, type TokenLayout } from "../../compiler/artifact/token-layout.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { UserError } from "../user-error.ts";
import type { PatchBand, PatchTime, Spectrogram } from "./explanation.ts";

/** How a model's input lies in time and frequency, and which of its tokens are patches. */
export interface InputPlaces extends Pick<
  Spectrogram,
  "frames" | "framesHeard" | "bins" | "frameShiftSeconds" | "binsHz"
> {
  readonly times: readonly PatchTime[];
  readonly bands: readonly PatchBand[];
  /** The place of the first patch along the tokens; the others follow it by frequency, then time. */
  readonly firstPatch: number;
}

/** The patches along an axis. */
const stretches = (length: number, patch: number, stride: number): readonly (readonly [first: number, end: number])[] =>
  Array.from({ length: Math.floor((length - patch) / stride) + 1 }, (_, index) => [
    index * stride,
    index * stride + patch,
  ]);

/** @throws UserError where the graph does not tell */
const requireLayout = ({ path, model }: Artifact): TokenLayout => {
  const layout = readTokenLayout(model);
  if (layout) return layout;
  throw new UserError("no-such-output", { path }, "does not tell where its patches lie in the spectrogram");
};

/** Bin b's filter begins at place b, is highest at b + 1 and ends at b + 2; a place may lie between two. */
const hzAt = (place: number, { filters: { lowHz, highHz, stft } }: TokenLayout, bins: number): number => {
  const [melAt, back] = stft?.melScale === "slaney" ? [slaneyMelOf, slaneyHzOf] : [melOf, hzOf];
  const [low, high] = [melAt(lowHz), melAt(highHz)];
  return back(low + ((high - low) * place) / (bins + 1));
};

/** The axes of what a model sees, whatever the clip. @throws UserError where the graph does not tell */
export const inputAxes = (artifact: Artifact): Pick<InputPlaces, "bins" | "frameShiftSeconds" | "binsHz"> => {
  const layout = requireLayout(artifact);
  const { bins, sampleRateHz, frameShiftSamples } = artifact.metadata;
  return {
    bins,
    frameShiftSeconds: frameShiftSamples / sampleRateHz,
    binsHz: Array.from({ length: bins }, (_, bin) => hzAt(bin + 1, layout, bins)),
  };
};

/** @param samples of the clip. @throws UserError where the graph does not tell */
export const inputPlaces = (artifact: Artifact, samples: number): InputPlaces => {
  const layout = requireLayout(artifact);
  const { metadata } = artifact;
  const { bins, sampleRateHz } = metadata;
  const frames = framesSeen(samples, metadata);
  const { patch, stride } = layout.patching;
  return {
    ...inputAxes(artifact),
    frames,
    framesHeard: Math.min(frames, framesIn(samples, metadata)),
    times: stretches(frames, patch.frames, stride.frames).map(([first, end]) => {
      const span = samplesOf(first, end, metadata);
      return { startSeconds: span.first / sampleRateHz, endSeconds: span.end / sampleRateHz, frames: [first, end] };
    }),
    bands: stretches(bins, patch.bins, stride.bins).map(([first, end]) => ({
      lowHz: hzAt(first + 0.5, layout, bins),
      highHz: hzAt(end + 0.5, layout, bins),
      bins: [first, end],
    })),
    firstPatch: layout.positions.indexOf(patchesToken),
  };
};
