/** Whether a training fits the machine: a process that takes more is killed, without a word. */
import { predictMemory } from "../../compiler/artifact/cost.ts";
import { formatBytes } from "../../compiler/artifact/format-number.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import { partSize } from "../data/batches.ts";
import type { ClipLengths } from "../data/examine-clips.ts";
import { waveformBudgetBytes } from "../data/create-waveform-store.ts";
import { availableMemory } from "../devices/available-memory.ts";
import type { Device } from "../engine/device.ts";
import { largestFitting } from "../engine/require-fit.ts";
import { UserError } from "../user-error.ts";
import type { RunInputs } from "./prepared-run.ts";

/** A prediction may be too high by so much: what needs less is tried. */
const tolerance = 0.15;

/** The processes that train together. */
export interface MemorySharing {
  readonly ranks: number;
  /** Of them, those on this machine. */
  readonly ranksHere: number;
}

/** Of the machine's memory, in bytes. */
export interface MemoryNeed {
  /** About, at the most. */
  readonly neededBytes: number;
  /** That the process may take, with those that it has. */
  readonly availableBytes: number;
}

/**
 * Of what computes on the CPU: a card has memory of its own. All clips are taken to be as long as the longest.
 * @param available bytes that the process may take, with those that it has. Default: what is left to it now
 * @param sharing between how many ranks a step's clips are shared out, and how many of these share this machine
 * @returns undefined where that is not known
 * @throws UserError with what it needs, about, and a batch that fits
 */
export const requireMemory = (
  { artifact, recipe }: RunInputs,
  { clips, longestSeconds, totalSeconds }: ClipLengths,
  { kind }: Pick<Device, "kind">,
  available = availableMemory() + process.memoryUsage.rss(),
  { ranks, ranksHere }: MemorySharing = { ranks: 1, ranksHere: 1 },
): MemoryNeed | undefined => {
  const { path, metadata } = artifact;
  const { sampleRateHz, minSamples, maxSamples } = clipRequirements(metadata);
  const samplesOf = (seconds: number): number => Math.ceil(seconds * sampleRateHz);
  const samples = Math.max(minSamples, Math.min(samplesOf(longestSeconds), maxSamples));
  const keptSamples = Math.min(clips * samples, samplesOf(totalSeconds));
  const keptBytes = Math.min(keptSamples * Float32Array.BYTES_PER_ELEMENT, waveformBudgetBytes);
  const needed = (batch: number): number => keptBytes + predictMemory(metadata.cost, "training", { batch, samples });
  const fits = (batch: number): boolean => needed(batch) * (1 - tolerance) <= availableBytes;
  const atOnce = Math.ceil(partSize(recipe) / ranks);
  const availableBytes = Math.floor(available / ranksHere);
  if (kind !== "cpu") return undefined;
  if (fits(atOnce)) return { neededBytes: needed(atOnce), availableBytes };
  const fitting = largestFitting(atOnce, (batch) => needed(batch) <= availableBytes);
  throw new UserError(
    "memory-short",
    {
      path,
      neededBytes: needed(atOnce),
      availableBytes,
      clips: atOnce,
      fitting: fitting * recipe.accumulate * ranks,
      accumulate: fitting === 0 ? null : Math.ceil(recipe.batch / fitting / ranks),
    },
    `training on ${atOnce} ${plural(atOnce, "clip")} at once takes about ${formatBytes(needed(atOnce))} of memory, and ${formatBytes(availableBytes)} are left`,
  );
};
