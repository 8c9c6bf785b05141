import type { Extent } from "../artifact/cost.ts";
import { samplesIn } from "../artifact/frames.ts";
import type { GraphInput } from "../artifact/metadata.ts";
import { CompileError } from "../diagnostics/diagnostic.ts";
import { framingOf, type NormalizedSpec } from "../ir/normalized-spec.ts";

export interface CostOptions {
  /** Clips at once. */
  readonly batch: number;
  /** Of each clip; default: as many as fill the frames. */
  readonly seconds?: number;
}

/** The clips that a cost is asked for. @throws CompileError where the graph takes none of that length */
export const extentOf = (
  { features, sampleRateHz }: Pick<NormalizedSpec, "features" | "sampleRateHz">,
  input: GraphInput,
  { batch, seconds }: CostOptions,
): Extent => {
  const framing = framingOf(features);
  const { minSamples } = framing;
  if (seconds === undefined) return { batch, samples: samplesIn(features.frames, framing) };
  const samples = Math.round(seconds * sampleRateHz);
  const refuse = (message: string): never => {
    throw new CompileError([{ code: "cost", message }]);
  };
  if (input === "features") refuse("--seconds is the length of waveforms, and the graph starts at features");
  if (samples < minSamples) {
    refuse(
      `--seconds ${seconds} gives ${samples} samples at ${sampleRateHz} Hz; the graph takes ${minSamples} or more`,
    );
  }
  return { batch, samples };
};
