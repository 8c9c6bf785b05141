/** An evaluation as a program is told of it. */
import type { Artifact } from "../artifact/decode-artifact.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";
import { withDecisions } from "../artifact/with-decisions.ts";
import type { Data } from "../data/sources/given-clips.ts";
import { readDataset } from "../data/sources/read-dataset.ts";
import { selectDescribed } from "../devices/select-described.ts";
import type { DeviceName } from "../engine/device.ts";
import { type ChooseOptions, chooseClips } from "../evaluate/choose-clips.ts";
import type { EvaluationStartEvent, EnsembleEvent, GraphEvent } from "../evaluate/evaluation-events.ts";
import { measureRejection } from "../evaluate/measure-rejection.ts";
import { measureGraph } from "../evaluate/measure-graph.ts";
import { type ClipPredictions, restrictTo } from "../evaluate/predict.ts";
import { requireSameTask } from "../evaluate/require-same-task.ts";
import { describeTrained, mergeTrained, type TrainedAmong } from "../evaluate/trained-among.ts";
import { averageScores } from "../metrics/average-scores.ts";
import { summarize } from "../metrics/summarize.ts";
import { aborted } from "./aborted.ts";

/** What is measured. */
export interface Measuring {
  readonly graphs: readonly [string, ...(readonly string[])];
  /** Default: the embedded sounds. */
  readonly data: Data | undefined;
  readonly labels: string | undefined;
  readonly fold: number | undefined;
  /** Whether on all clips, those that a graph was trained on too. */
  readonly all: boolean;
  readonly skipBad: boolean;
  /** Clips at a time. Default: each graph's recipe's. */
  readonly batch: number | undefined;
  readonly device: DeviceName | undefined;
  /** Whether by the graphs' own scores, where they are calibrated. */
  readonly isUncalibrated?: boolean | undefined;
}

export interface MeasuringHooks extends Pick<ChooseOptions, "signal" | "note" | "onExamined"> {
  /** Called while a graph is measured, with the clips done so far and all there are; it goes on when that is through. */
  readonly onEvaluation?: ((clips: number, of: number) => void | Promise<void>) | undefined;
  /** Told how many of the clips the first graph was trained on, before any is computed. */
  readonly onChosen?: ((trained: TrainedAmong | undefined, clips: number) => void) | undefined;
  /** Told what a graph has answered. */
  readonly onAnswers?: ((artifact: Artifact, answers: ClipPredictions, data: string) => Promise<void>) | undefined;
}

/** Each thing is told once: graphs that hear alike have the same to say. */
const once = (note: (text: string) => void): ((text: string) => void) => {
  const told = new Set<string>();
  return (text) => {
    if (!told.has(text)) note(text);
    told.add(text);
  };
};

const describeKnown = (trained: TrainedAmong | undefined) => ({
  trainedOn: trained?.count ?? null,
  trainedOnIsEstimated: trained?.isExact === false,
});

/**
 * Measures graphs, and of several last their ensemble: the mean of their scores.
 * @throws UserError where the graphs or clips cannot be read, the graphs answer different questions, or the signal ended it
 */
export async function* measureGraphs(
  { graphs, data, labels, fold, all, skipBad, batch, device: deviceName, isUncalibrated = false }: Measuring,
  { signal, note, onExamined, onEvaluation, onChosen, onAnswers }: MeasuringHooks,
): AsyncGenerator<EvaluationStartEvent | GraphEvent | EnsembleEvent, void, undefined> {
  const [path, ...others] = graphs;
  const read = (graph: string): Artifact => {
    const artifact = readWaveformArtifact(graph);
    return isUncalibrated ? withDecisions(artifact, undefined) : artifact;
  };
  const artifacts = [read(path), ...others.map(read)] as const;
  const [{ metadata }, ...further] = artifacts;
  requireSameTask(artifacts[0], further);
  const { classes, objective } = metadata;
  const dataset = await readDataset({ classes, objective, data, labels, fold, skipBad });
  for (const text of dataset.notes) note(text);
  const choosing = { all, skipBad, signal, note };
  const chosen = await chooseClips(dataset, artifacts, onExamined ? { ...choosing, onExamined } : choosing);
  if (!chosen) throw aborted();
  const { leftOut, trainedIn } = chosen;
  let { clips } = chosen;
  onChosen?.(trainedIn(clips)[0], clips.length);
  const { device, description } = await selectDescribed(deviceName);
  const { name } = dataset;
  yield { event: "start", graphs, data: name, clips: clips.length, leftOut, device: description };

  const noteOnce = once(note);
  const onUnreadable = skipBad
    ? async (_: unknown, reason: string): Promise<void> => note(`${reason}; left out`)
    : undefined;
  const answers: ClipPredictions[] = [];
  for (const [index, artifact] of artifacts.entries()) {
    const of = clips.length;
    const onProgress = (done: number) => onEvaluation?.(done, of);
    const predictions = await measureGraph(artifact, {
      clips,
      signal,
      device,
      batch,
      onUnreadable,
      onProgress,
      note: noteOnce,
    });
    if (!predictions) throw aborted();
    answers.push(predictions);
    ({ clips } = predictions);
    const known = describeKnown(trainedIn(clips)[index]);
    const rejection = measureRejection(predictions, artifact.metadata);
    const summary = { ...summarize(predictions, metadata), ...(rejection ? { rejection } : {}) };
    yield { event: "eval", graph: artifact.path, data: name, ...summary, ...known, leftOut };
    await onAnswers?.(artifact, predictions, name);
  }
  const trained = mergeTrained(trainedIn(clips));
  if (further.length > 0) {
    const common = new Set(clips);
    const restricted = answers.map((answer) => restrictTo(common, answer, classes.length));
    const summary = summarize(averageScores(restricted, metadata), metadata);
    yield { event: "ensemble", graphs, data: name, ...summary, ...describeKnown(trained), leftOut };
  }
  if (trained && trained.count > 0) {
    note(`${describeTrained(trained, clips.length)}: the figures are better than on any others`);
  }
}
