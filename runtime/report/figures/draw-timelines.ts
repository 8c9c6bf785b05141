/** Draws recordings as their answers come. */
import { basename } from "node:path";
import { plural } from "../../../compiler/artifact/plural.ts";
import type { Artifact } from "../../artifact/decode-artifact.ts";
import { clipRequirements } from "../../audio/clip-requirements.ts";
import { readWindows } from "../../audio/read-windows.ts";
import { openFeatureExtractor } from "../../engine/feature-extractor.ts";
import { nodeThreads } from "../../threads/node.ts";
import { nodeEngine } from "../../engine/node.ts";
import { framesIn, mostFrames } from "../../../compiler/artifact/frames.ts";
import type { SoundEvent, WindowScores } from "../../evaluate/answers.ts";
import { inputAxes } from "../../evaluate/input-places.ts";
import type { Windowing } from "../../evaluate/windowing.ts";
import { UserError } from "../../user-error.ts";
import { createScoreColumns, createSpectrogramColumns } from "./recording-columns.ts";
import { type Lane, timelineFigure } from "./timeline-figure.ts";
import { writeFigure } from "./write-figure.ts";

export interface Timelines {
  readonly window: (path: string, window: WindowScores) => void;
  readonly event: (path: string, event: SoundEvent) => void;
  /** Draws what was heard of a recording. @throws UserError where the picture cannot be written */
  readonly end: (path: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Of more classes those are shown that have the highest scores. */
const mostLanes = 16;
/** One that has nowhere such a score is not shown beside others that have. */
const leastScore = 0.05;

/**
 * @param pathOf where a recording's picture is to be
 * @throws UserError where the graph does not tell where its bins lie, or its front end does not run
 */
export const drawTimelines = async (
  artifact: Artifact,
  windowing: Windowing & { readonly hasEvents: boolean },
  pathOf: (recording: string) => string,
  stop: AbortSignal,
): Promise<Timelines> => {
  const { metadata } = artifact;
  const { classes, bins, sampleRateHz, minSamples, specName } = metadata;
  const { binsHz, frameShiftSeconds } = inputAxes(artifact);
  const extractor = await openFeatureExtractor(nodeEngine, artifact);

  /** The spectrogram of a recording as far as `until`: in windows whose frames follow each other as in one. */
  const read = async (path: string, until: number) => {
    const columns = createSpectrogramColumns(bins, frameShiftSeconds);
    const { maxSamples } = clipRequirements(metadata);
    const options = {
      sampleRateHz,
      minSamples,
      windowSeconds: maxSamples / sampleRateHz,
      hopSeconds: mostFrames(metadata) * frameShiftSeconds,
      batch: 1,
      note: () => undefined,
      stop,
    };
    try {
      for await (const [window] of readWindows(nodeThreads, { name: path, path }, options)) {
        if (!window || window.startSeconds >= until) break;
        const features = await extractor.extract(new Float32Array(window.samples));
        const count = Math.min(mostFrames(metadata), framesIn(window.samples.length, metadata));
        for (let frame = 0; frame < count; frame++)
          columns.add(
            window.startSeconds + frame * frameShiftSeconds,
            features.subarray(frame * bins, (frame + 1) * bins),
          );
      }
    } catch (error) {
      // Where it breaks off was told when it was heard.
      if (!(error instanceof UserError)) throw error;
    }
    return columns;
  };

  const begin = () => ({
    scores: createScoreColumns(classes.length, windowing.hopSeconds / 8),
    events: createScoreColumns(classes.length, windowing.hopSeconds / 8),
    seconds: 0,
    windows: 0,
  });
  let current: { readonly path: string; readonly heard: ReturnType<typeof begin> } | undefined;
  const heardOf = (path: string): ReturnType<typeof begin> => {
    if (current?.path !== path) current = { path, heard: begin() };
    return current.heard;
  };

  /** The classes by their highest scores, those of events first. */
  const lanesOf = ({ scores, events }: ReturnType<typeof begin>): readonly Lane[] => {
    const all = classes.map((name, index) => {
      const own = scores.of(index);
      const marks = events.of(index);
      const most = own.reduce((high, score) => Math.max(high, score), 0);
      return { label: name, scores: own, events: marks, most, hasEvents: marks.includes(1) };
    });
    const ranked = all.toSorted((a, b) => Number(b.hasEvents) - Number(a.hasEvents) || b.most - a.most);
    return ranked
      .filter(({ most, hasEvents }, row) => row === 0 || hasEvents || most >= leastScore)
      .slice(0, mostLanes);
  };

  return {
    window: (path, { startSeconds, endSeconds, scores }) => {
      const heard = heardOf(path);
      heard.scores.add(startSeconds, endSeconds, scores);
      heard.seconds = Math.max(heard.seconds, endSeconds);
      heard.windows += 1;
      // Events are marked in the same columns.
      heard.events.add(startSeconds, endSeconds, new Float32Array(0));
    },
    event: (path, { startSeconds, endSeconds, index }) => {
      const marks = new Float32Array(classes.length);
      marks[index] = 1;
      heardOf(path).events.add(startSeconds, endSeconds, marks);
    },
    end: async (path) => {
      if (current?.path !== path) return;
      const { heard } = current;
      current = undefined;
      const { seconds, windows } = heard;
      const spectrogram = await read(path, seconds);
      const lanes = lanesOf(heard);
      const { windowSeconds, hopSeconds, hasEvents } = windowing;
      const every = hopSeconds === windowSeconds ? "" : ` every ${hopSeconds} s`;
      const svg = timelineFigure({
        title: basename(path),
        subtitle: `${specName}: ${windows} ${plural(windows, "window")} of ${windowSeconds} s${every}`,
        seconds,
        spectrogram: { ...spectrogram.columns(), means: spectrogram.means(), bins, binsHz },
        scoreColumns: heard.scores.columns(),
        lanes,
        others: classes.length - lanes.length,
        hasEvents,
      });
      await writeFigure(pathOf(path), svg);
    },
    close: () => extractor.close(),
  };
};
