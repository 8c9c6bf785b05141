/** The pictures that `infer` draws. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { loadAhead } from "../data/load-ahead.ts";
import type { Windowing } from "../evaluate/windowing.ts";
import type { Explanation, Model } from "../library/model.ts";
import { fileNameFor } from "../recordings/file-names.ts";
import type { Answer } from "../recordings/answer-output.ts";
import type { ListedRecordings } from "../recordings/list-recordings.ts";
import { isFigurePath, writeFigure } from "../report/figures/write-figure.ts";
import { orUserError, UserError } from "../user-error.ts";
import type { OptionTable, OptionValues } from "./options.ts";

const target = "a .svg or .png file; or a folder, which gets an SVG of each";

export const pictureOptions = {
  explain: { kind: "text", value: "PATH", help: `draw what the model sees, its attention and the scores: ${target}` },
  timeline: { kind: "text", value: "PATH", help: `draw recordings with --window, classes over time: ${target}` },
} as const satisfies OptionTable;

type Values = OptionValues<typeof pictureOptions>;

/** @throws UserError where the pictures are of something else than is heard */
export const requirePictures = ({ explain, timeline }: Values, isWindowed: boolean): void => {
  if (explain !== undefined && isWindowed)
    throw new UserError("usage", {}, "--explain is about clips; of recordings in windows --timeline draws one picture");
  if (timeline !== undefined && !isWindowed)
    throw new UserError("usage", {}, "--timeline needs --window: it draws classes over the time of whole recordings");
};

/**
 * Where each recording's picture goes.
 * @param isNew of a job that is gone on with, earlier pictures may be there
 * @throws UserError where one file is for several, or a picture is there
 */
export const picturePaths = (
  option: keyof Values,
  path: string,
  recordings: ListedRecordings["recordings"],
  isNew: boolean,
): ((recording: string) => string) => {
  if (isFigurePath(path) && recordings.length > 1)
    throw new UserError(
      "usage",
      {},
      `--${option} ${path} is a picture of one recording, and there are ${recordings.length}; name a folder`,
    );
  const paths = new Map(
    recordings.map((each) => [each.path, isFigurePath(path) ? path : join(path, fileNameFor(each.name, ".svg"))]),
  );
  const there = isNew ? [...paths.values()].find(existsSync) : undefined;
  if (there !== undefined)
    throw new UserError("output-exists", { target: there }, `${there} exists, and nothing is overwritten`);
  return (recording) => paths.get(recording) ?? path;
};

/** Classifies clips, one by one, and draws how; the next are read and drawn meanwhile. @throws UserError where the graph cannot tell */
export async function* explainEach(
  model: Model,
  clips: readonly string[],
  top: number,
  pathOf: (clip: string) => string,
): AsyncGenerator<Explanation | UserError, void, undefined> {
  const { explanationFigure } = await import("../report/figures/explanation-figure.ts");
  const explain = async (clip: string): Promise<Explanation> => {
    const explanation = await model.explain(clip, { top });
    const figure = { title: basename(clip), model: model.metadata.name, ...explanation };
    await writeFigure(pathOf(clip), explanationFigure(figure));
    return explanation;
  };
  for await (const answer of loadAhead(clips, (clip) => orUserError(() => explain(clip)))) {
    // The graph is at fault, not the clip.
    if (answer instanceof UserError && answer.code === "no-such-output") throw answer;
    yield answer;
  }
}

export interface TimelineTap {
  /** Passes windows on, as they are seen. */
  readonly tap: <Each extends Answer>(answers: AsyncIterable<Each>) => AsyncIterable<Each>;
  /** Takes events and ends, which draw. */
  readonly take: (answer: Answer) => Promise<void>;
  readonly release: () => Promise<void>;
}

/** @throws UserError as `drawTimelines` */
export const tapTimelines = async (
  graph: string,
  windowing: Windowing & { readonly hasEvents: boolean },
  pathOf: (recording: string) => string,
  stop: AbortSignal,
): Promise<TimelineTap> => {
  // These read graphs and compute: of an `infer` that draws nothing they would be most of its own memory.
  const { readWaveformArtifact } = await import("../artifact/read-waveform-artifact.ts");
  const { drawTimelines } = await import("../report/figures/draw-timelines.ts");
  const timelines = await drawTimelines(readWaveformArtifact(graph), windowing, pathOf, stop);
  return {
    tap: async function* tap(answers) {
      for await (const answer of answers) {
        if (answer.kind === "window") timelines.window(answer.path, answer.window);
        yield answer;
      }
    },
    take: async (answer) => {
      if (answer.kind === "event") timelines.event(answer.path, answer.event);
      else if (answer.kind === "end") await timelines.end(answer.path);
    },
    release: timelines.close,
  };
};
