/** What a graph hears in recordings of any length, window by window, in memory that does not grow with them. */
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import { readWindows } from "../audio/read-windows.ts";
import { windowSamples } from "../audio/windows.ts";
import { fillBatch } from "../data/batches.ts";
import { openClassifier } from "../engine/classifier.ts";
import type { Device } from "../engine/device.ts";
import { nodeEngine } from "../engine/node.ts";
import { UserError } from "../user-error.ts";
import type { EndAnswer, FailureAnswer, WindowAnswer } from "./answers.ts";
import { requireFiniteScores } from "./require-finite-scores.ts";

/** How windows lie in a recording. */
export interface Windowing {
  readonly windowSeconds: number;
  /** From the start of a window to that of the next. */
  readonly hopSeconds: number;
}

export interface ClassifyWindowsOptions extends Windowing {
  readonly device: Device;
  /** Windows that are computed at once; twice as many wait, decoded. */
  readonly batch: number;
  /** Told after each file what is odd about it. */
  readonly note: (text: string) => void;
}

/** @throws UserError where the model cannot hear such windows, or they would leave gaps */
export const requireWindowing = (metadata: ArtifactMetadata, { windowSeconds, hopSeconds }: Windowing): void => {
  const { sampleRateHz, minSamples, maxSamples } = clipRequirements(metadata);
  const samples = windowSamples({ windowSeconds, sampleRateHz });
  const [least, most] = [minSamples / sampleRateHz, maxSamples / sampleRateHz];
  const window = { option: "windowSeconds", seconds: windowSeconds };
  const hop = { option: "hopSeconds", seconds: hopSeconds };
  if (samples > maxSamples) {
    throw new UserError(
      "window-too-long",
      { ...window, most },
      `is ${windowSeconds} s, and the model hears ${most} s at a time; expected that or less`,
    );
  }
  if (samples < minSamples) {
    throw new UserError(
      "window-too-short",
      { ...window, least },
      `is ${windowSeconds} s, and a frame of the model takes ${least} s; expected that or more`,
    );
  }
  if (hopSeconds > windowSeconds) {
    throw new UserError(
      "hop-too-long",
      { ...hop, most: windowSeconds },
      `is ${hopSeconds} s, and what lies between windows of ${windowSeconds} s would not be heard; expected that or less`,
    );
  }
  if (hopSeconds * sampleRateHz < 1) {
    throw new UserError(
      "hop-too-short",
      { ...hop, least: 1 / sampleRateHz },
      `is ${hopSeconds} s, less than a sample of the model; expected ${1 / sampleRateHz} s or more`,
    );
  }
};

/**
 * The windows of files, one file after another, in their order. What is heard of a file before it breaks off is given first.
 * @throws UserError as `requireWindowing`, and where the graph does not run on the device
 */
export async function* classifyWindows(
  artifact: Artifact,
  paths: readonly string[],
  { device, batch, note, ...windowing }: ClassifyWindowsOptions,
): AsyncGenerator<WindowAnswer | FailureAnswer | EndAnswer, void, undefined> {
  requireWindowing(artifact.metadata, windowing);
  const { sampleRateHz, minSamples, classes } = artifact.metadata;
  const options = { sampleRateHz, minSamples, ...windowing };
  const classifier = await openClassifier(nodeEngine, artifact, device);
  try {
    for (const path of paths) {
      const read = readWindows({ path, options, ahead: 2 * batch }, (clause) => note(`${path}: ${clause}`));
      let heardSeconds = 0;
      try {
        for await (const group of grouped(read, batch)) {
          const { waveform, samples } = fillBatch(group.map((window) => window.samples));
          const dims = [group.length, samples];
          const { scores } = await classifier.classify({ type: "float32", data: waveform, dims });
          requireFiniteScores(path, scores);
          for (const [row, { startSeconds, endSeconds }] of group.entries()) {
            heardSeconds = endSeconds;
            const own = scores.slice(row * classes.length, (row + 1) * classes.length);
            yield { path, kind: "window", window: { startSeconds, endSeconds, scores: own } };
          }
        }
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        yield { path, kind: "failure", error: heardSeconds > 0 ? brokenOff(path, error, heardSeconds) : error };
      }
      yield { path, kind: "end" };
    }
  } finally {
    await classifier.close();
  }
}

const brokenOff = (path: string, cause: UserError, heardSeconds: number): UserError =>
  new UserError(
    "recording-broken-off",
    { path, heardSeconds, cause: cause.code },
    `${cause.sentence}; its first ${heardSeconds.toFixed(3)} s were heard`,
    { cause },
  );

/** The items in groups of `size`; before a failure is thrown, what came before it is given. */
async function* grouped<Item>(
  items: AsyncIterable<Item>,
  size: number,
): AsyncGenerator<readonly Item[], void, undefined> {
  let group: Item[] = [];
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const item of items) {
      group.push(item);
      if (group.length < size) continue;
      yield group;
      group = [];
    }
  } catch (error) {
    failure = { error };
  }
  if (group.length > 0) yield group;
  if (failure !== undefined) throw failure.error;
}
