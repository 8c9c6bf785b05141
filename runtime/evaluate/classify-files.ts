/** What a graph hears in files, one after another; they need no labels. */
import type { Artifact } from "../artifact/decode-artifact.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import { createClipLoader } from "../audio/create-clip-loader.ts";
import type { LoadedClip } from "../audio/load-clip.ts";
import { loadAhead } from "../data/load-ahead.ts";
import { openClassifier } from "../engine/classifier.ts";
import type { Device } from "../engine/device.ts";
import { nodeEngine } from "../engine/node.ts";
import { orUserError, UserError } from "../user-error.ts";
import { rankClasses, type Score } from "./rank-classes.ts";
import { requireFiniteScores } from "./require-finite-scores.ts";

/** A file, and what is heard in it, or why nothing can be. */
export interface FileAnswer {
  readonly path: string;
  readonly answer: { readonly clip: LoadedClip; readonly scores: readonly Score[] } | UserError;
}

export interface ClassifyOptions {
  readonly device: Device;
  /** How many classes to tell of each file; 0: all. */
  readonly top: number;
  /** Told, when all files are read, what is odd about them. */
  readonly note: (text: string) => void;
}

/** @throws UserError where the graph does not run on the device */
export async function* classifyFiles(
  artifact: Artifact,
  paths: readonly string[],
  { device, top, note }: ClassifyOptions,
): AsyncGenerator<FileAnswer, void, undefined> {
  const { classes } = artifact.metadata;
  const loader = createClipLoader(clipRequirements(artifact.metadata));
  const classifier = await openClassifier(nodeEngine, artifact, device);
  const classify = async (path: string, clip: LoadedClip): Promise<FileAnswer["answer"]> => {
    const { samples } = clip;
    const { scores } = await classifier.classify({ type: "float32", data: samples, dims: [1, samples.length] });
    requireFiniteScores(path, scores);
    return { clip, scores: rankClasses(scores, classes, top) };
  };
  try {
    // The next clip is decoded while this one is classified.
    const load = async (path: string) => ({ path, clip: await orUserError(() => loader.read(path)) });
    for await (const { path, clip } of loadAhead(paths, load, 1)) {
      yield { path, answer: clip instanceof UserError ? clip : await orUserError(() => classify(path, clip)) };
    }
    loader.survey.describeNotes().forEach(note);
  } finally {
    await classifier.close();
    await loader.close();
  }
}
