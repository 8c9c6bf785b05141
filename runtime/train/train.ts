/** Trains into a run's folder. */
import { existsSync } from "node:fs";
import { readArtifact } from "../artifact/read-artifact.ts";
import { writeArtifact } from "../artifact/write-artifact.ts";
import type { Clip } from "../data/dataset.ts";
import { UnreadableClip } from "../data/unreadable-clips.ts";
import type { Engine } from "../engine/engine.ts";
import { nodeEngine } from "../engine/node.ts";
import { type Checkpoint, writeCheckpoint } from "../runs/checkpoint.ts";
import { openEventLog } from "../runs/run-events.ts";
import type { RunFolder } from "../runs/run-folder.ts";
import { toRunPath } from "../runs/run-places.ts";
import { writePredictions } from "../runs/run-predictions.ts";
import { openUsageMeter } from "../runs/run-usage.ts";
import type { TrainEvent } from "../runs/training-events.ts";
import { UserError } from "../user-error.ts";
import type { Keeper } from "./keeper.ts";
import { trainLoop } from "./train-loop.ts";
import type { TrainingOptions } from "./training.ts";

export interface TrainOptions extends TrainingOptions {
  /** Where all that the run writes goes. */
  readonly folder: RunFolder;
  /** What the names of clips are relative to in what the run writes. Default: the current folder, as they are. */
  readonly workingDirectory?: string | undefined;
  /** Stands in the checkpoint for all that decides the run. */
  readonly run: string;
  readonly checkpoint?: Checkpoint | undefined;
  /** Told what the user should know. */
  readonly note: (text: string) => void;
}

/** By the names that the clips had when the run began, wherever it goes on. */
const namesOf = (clips: readonly Clip[], { workingDirectory = "." }: TrainOptions): readonly string[] =>
  clips.map(({ name, source }) => ("path" in source ? toRunPath(workingDirectory, name) : name));

const openFolder = (options: TrainOptions, saveUsage: () => Promise<void>): Keeper => {
  const { folder, run, checkpoint, note, artifact, ranks } = options;
  const log = openEventLog(folder.metrics, checkpoint?.logBytes ?? 0, note);
  const classes = artifact.metadata.classes.length;
  return {
    nameOf: (kind) => (existsSync(folder[kind].graph) ? folder[kind].graph : null),
    record: log.append,
    saveGraph: async (kind, graph, read, predictions) => {
      const files = folder[kind];
      await writeArtifact(graph, files.graph, read);
      if (predictions)
        await writePredictions(files.predictions, predictions, namesOf(predictions.clips, options), classes);
    },
    openGraph: (kind) => readArtifact(folder[kind].graph),
    saveState: async (progress, session, sums, requireFinite) => {
      await writeCheckpoint(folder, { run, progress, logBytes: log.sync() }, session, sums, requireFinite);
      await saveUsage();
    },
    close: async () => {
      log.close();
      if (!ranks?.isOutdated()) await saveUsage();
    },
  };
};

export const lostClip = (error: UnreadableClip, { path }: RunFolder): UserError =>
  new UserError(
    "clip-lost-in-training",
    { ...error.facts, run: path },
    `${error.sentence}\nwhat is trained so far is saved`,
    { cause: error },
  );

/**
 * Trains, and writes into the run's folder: its log, its checkpoint and its graphs. Of several ranks only rank 0 does.
 * @throws UserError where a clip cannot be read, training diverges or a file cannot be written
 */
export async function* train(
  options: TrainOptions,
  engine: Engine = nodeEngine,
): AsyncGenerator<TrainEvent, void, undefined> {
  const { folder, checkpoint, ranks } = options;
  const saveUsage = openUsageMeter(folder.usage, checkpoint !== undefined, () => ranks?.took());
  try {
    yield* trainLoop(engine, options, () => openFolder(options, saveUsage));
  } catch (error) {
    throw error instanceof UnreadableClip ? lostClip(error, folder) : error;
  }
}
