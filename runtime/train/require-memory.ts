/** Whether a training fits the machine: a process that takes more is killed, without a word. */
import { predictMemory } from "../../compiler/artifact/cost.ts";
import { formatBytes } from "../../compiler/artifact/format-number.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import { partSize } from "../data/batches.ts";
import { waveformBudgetBytes } from "../data/create-waveform-store.ts";
import { availableMemory } from "../devices/available-memory.ts";
import type { Device } from "../engine/device.ts";
import { largestFitting } from "../engine/require-fit.ts";
import { UserError } from "../user-error.ts";
import type { RunInputs } from "./prepared-run.ts";

/** A prediction may be too high by so much: what needs less is tried. */
const tolerance = 0.15;

/**
 * Of what computes on the CPU: a card has memory of its own. Clips of any length are taken to be as long as the positions are held for.
 * @param clips how many there are, of which the waveforms are kept as far as that goes
 * @param available bytes that the process may take, with those that it has. Default: what is left to it now
 * @returns what it needs, about, in bytes; null where that is not known
 * @throws UserError with what it needs, about, and a batch that fits
 */
export const requireMemory = (
  { artifact, recipe }: RunInputs,
  clips: number,
  { kind }: Pick<Device, "kind">,
  available = availableMemory() + process.memoryUsage.rss(),
): number | null => {
  const { path, metadata } = artifact;
  const { maxSamples: samples } = clipRequirements({ ...metadata, anyLength: undefined });
  const keptBytes = Math.min(clips * samples * Float32Array.BYTES_PER_ELEMENT, waveformBudgetBytes);
  const needed = (batch: number): number => keptBytes + predictMemory(metadata.cost, "training", { batch, samples });
  const fits = (batch: number): boolean => needed(batch) * (1 - tolerance) <= available;
  const atOnce = partSize(recipe);
  if (kind !== "cpu") return null;
  if (fits(atOnce)) return needed(atOnce);
  const fitting = largestFitting(atOnce, (batch) => needed(batch) <= available);
  throw new UserError(
    "memory-short",
    {
      path,
      neededBytes: needed(atOnce),
      availableBytes: available,
      clips: atOnce,
      fitting: fitting * recipe.accumulate,
      accumulate: fitting === 0 ? null : Math.ceil(recipe.batch / fitting),
    },
    `training on ${atOnce} ${plural(atOnce, "clip")} at once takes about ${formatBytes(needed(atOnce))} of memory, and ${formatBytes(available)} are left`,
  );
};
