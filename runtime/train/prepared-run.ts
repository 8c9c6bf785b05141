/** What a run is made of, whether it begins or goes on. */
import type { Clip } from "../data/dataset.ts";
import { nameOfData } from "../data/sources/given-clips.ts";
import { createClipExaminer, type ExamineClips } from "../data/examine-clips.ts";
import type { DescribedDevice } from "../engine/device.ts";
import type { DeviceDescription } from "../engine/device.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";
import { withTrainedClips } from "../artifact/trained-clips.ts";
import { withDecisions } from "../artifact/with-decisions.ts";
import { trainingProgram } from "../engine/session-program.ts";
import { changeConfig, type LeftOut } from "../runs/run-config.ts";
import type { RunFolder } from "../runs/run-folder.ts";
import { toRunPath } from "../runs/run-places.ts";
import type { GatheredClips } from "./gather-clips.ts";
import { recipeFor } from "./recipe-options.ts";
import type { MemoryNeed, MemorySharing } from "./require-memory.ts";
import type { RunOptions } from "./run-options.ts";
import type { TrainOptions } from "./train.ts";

/** What `train` needs beside what it is given while it runs. */
export interface PreparedRun {
  readonly options: Pick<
    TrainOptions,
    | "artifact"
    | "recipe"
    | "steps"
    | "device"
    | "clips"
    | "evaluationClips"
    | "testClips"
    | "data"
    | "leaveOut"
    | "folder"
    | "workingDirectory"
    | "run"
    | "checkpoint"
  >;
  /** What messages call the clips. */
  readonly data: string;
  /** What computes. */
  readonly device: DeviceDescription;
  /** What it is to take of the machine's memory, where that is known. */
  readonly memory: MemoryNeed | undefined;
}

/** What a run needs of where it is prepared. */
export interface PrepareOptions {
  /** Whether clips that cannot be read are left out; otherwise they are an error. */
  readonly skipBad?: boolean | undefined;
  readonly signal: AbortSignal;
  /** Told what the user should know. */
  readonly note: (text: string) => void;
  /** Told how many clips are opened, of all there are. */
  readonly onExamined?: ((clips: number, of: number) => void) | undefined;
  /** Where several processes are to train together. */
  readonly sharing?: MemorySharing | undefined;
  /** What has examined clips before. */
  readonly examine?: ExamineClips | undefined;
}

/** A graph to train, and how. @throws UserError where it cannot be trained on clips */
export const readInputs = (graph: string, options: RunOptions) => {
  const artifact = readWaveformArtifact(graph);
  trainingProgram(artifact);
  return { artifact, recipe: recipeFor(artifact, options) };
};

export type RunInputs = ReturnType<typeof readInputs>;

export const examinerFor = ({ metadata }: Artifact, { signal, onExamined, examine }: PrepareOptions): ExamineClips =>
  examine ?? createClipExaminer({ ...metadata, onExamined, signal });

export const toPreparedRun = (
  { artifact, recipe }: RunInputs,
  { data, evalData, steps = Infinity }: RunOptions,
  { clips, trained }: GatheredClips,
  { device, description }: DescribedDevice,
  memory: MemoryNeed | undefined,
  others: Pick<PreparedRun["options"], "leaveOut" | "folder" | "workingDirectory" | "run" | "checkpoint">,
): PreparedRun => ({
  options: {
    // What was measured of the parameters that it begins with is not true of those that it ends with.
    artifact: withDecisions(withTrainedClips(artifact, trained), undefined),
    recipe,
    steps,
    clips: clips.train,
    evaluationClips: clips.evaluation,
    testClips: clips.test,
    data: nameOfData(evalData ?? data),
    device,
    ...others,
  },
  data: nameOfData(data),
  device: description,
  memory,
});

/** Records a clip that is found to be unreadable while the run is at work. */
export const recordLeftOut = (
  { path: folder, config }: Pick<RunFolder, "path" | "config">,
  epochs: number | null,
  earlier: readonly LeftOut[],
): ((clip: Clip, reason: string) => Promise<void>) => {
  const leftOut = [...earlier];
  return async ({ name }, reason) => {
    leftOut.push({ clip: toRunPath(folder, name), reason });
    await changeConfig(config, { epochs, leftOut });
  };
};
