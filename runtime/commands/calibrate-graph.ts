/** `runtime eval --calibrate`. */
import { existsSync } from "node:fs";
import { formatFigure } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import type { Rejection } from "../../compiler/artifact/decisions.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { readerOf } from "../artifact/stored-tensor.ts";
import { withDecisions } from "../artifact/with-decisions.ts";
import { writeArtifact } from "../artifact/write-artifact.ts";
import { calibrate, type CalibrationResult } from "../evaluate/calibrate.ts";
import type { TrainedAmong } from "../evaluate/trained-among.ts";
import { writeText } from "../files/write-text.ts";
import type { Predictions } from "../metrics/predictions.ts";
import { renderCalibration } from "../report/html/render-calibration.ts";
import { describeDecisions, formatRate } from "../report/terminal/describe-decisions.ts";
import { UserError } from "../user-error.ts";
import type { Output } from "./output.ts";

export interface CalibrateOptions {
  /** The data set's name. */
  readonly data: string;
  /** The graph to write; undefined: in the place of the one that is calibrated. */
  readonly out: string | undefined;
  /** A page to write. */
  readonly report: string | undefined;
  /** What to reject by; undefined: what tells background best. */
  readonly score: Rejection["score"] | undefined;
}

/** @throws UserError where something is there that would be overwritten */
export const requireAbsent = ({ out, report }: Pick<CalibrateOptions, "out" | "report">): void => {
  for (const target of [out, out && `${out}.data`, report]) {
    if (target === undefined || !existsSync(target)) continue;
    throw new UserError("output-exists", { target }, `${target} exists, and nothing is overwritten`);
  }
};

/** @throws UserError where a graph was trained on clips that it would be calibrated on: it is surer of those than of others */
export const requireHeldOut = (trained: TrainedAmong | undefined, clips: number): void => {
  if (trained === undefined || trained.count === 0) return;
  const { count, isExact } = trained;
  throw new UserError(
    "calibration-clips-trained",
    { count, clips },
    `${isExact ? "" : "about "}${count} of ${clips} clips ${plural(count, "was", "were")} trained on, and ${plural(count, "tells", "tell")} nothing of how sure the graph may be of others; expected clips that were held out`,
  );
};

/** What set points come to on some clips. */
export const formatPoints = ({ score, points }: Pick<Rejection, "score" | "points">): string => {
  const rows = points.map(({ rate, threshold, falseAlarms, misses }) => [
    formatRate(rate),
    formatFigure(threshold),
    formatFigure(falseAlarms),
    formatFigure(misses),
  ]);
  return formatTable([["rate", score, "false alarms", "misses"], ...rows]);
};

const formatRejection = ({ decisions: { rejection }, separation }: CalibrationResult): string => {
  const told =
    separation === null
      ? ""
      : `\nROC area of classes against background: energy ${formatFigure(separation.energy)}, highest score ${formatFigure(separation["highest-score"])}`;
  return `${formatPoints(rejection)}${told}`;
};

const formatResult = (result: CalibrationResult, classes: readonly string[]): string => {
  const { before, after } = result;
  const table = formatTable([
    ["", "ECE", "NLL"],
    ["before", formatFigure(before.ece), formatFigure(before.nll)],
    ["calibrated", formatFigure(after.ece), formatFigure(after.nll)],
  ]);
  const rows = Object.entries(describeDecisions(result.decisions, classes));
  return `${table}\n\n${formatRejection(result)}\n\n${formatTable(rows, "left")}`;
};

/**
 * Measures what a graph is to know of its answers, and writes it into the graph.
 * @param predictions of the graph itself
 * @throws UserError where the clips are too few, or a file cannot be written
 */
export const calibrateGraph = async (
  artifact: Artifact,
  predictions: Predictions,
  { data, out, report, score }: CalibrateOptions,
  output: Output,
): Promise<void> => {
  const { metadata, parameters, path, dataFiles } = artifact;
  const result = calibrate(predictions, metadata, data, score);
  for (const note of result.notes) output.note(note);
  const written = withDecisions(artifact, result.decisions);
  // In the graph's own place its data file keeps its name.
  const dataPath = out === undefined ? dataFiles[0]?.path : undefined;
  await writeArtifact(written, out ?? path, readerOf(parameters), dataPath);
  if (report !== undefined) await writeText(report, renderCalibration(path, metadata.classes, result));
  const { decisions, before, after, separation } = result;
  output.json({ event: "calibrate", graph: path, out: out ?? path, report, decisions, before, after, separation });
  output.result(formatResult(result, metadata.classes));
  output.result(out === undefined ? `written into ${path}` : `${path} -> ${out}`);
  if (report !== undefined) output.result(`report: ${report}`);
};
