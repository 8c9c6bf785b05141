/** From a run's folder to what its report shows. */
import { existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { UserError, orUserError } from "../../user-error.ts";
import { analyse } from "../../metrics/analyse.ts";
import { summarize } from "../../metrics/summarize.ts";
import type { Artifact } from "../../artifact/decode-artifact.ts";
import { readWaveformArtifact } from "../../artifact/read-waveform-artifact.ts";
import { readConfig, type RunConfig } from "../../runs/run-config.ts";
import { type GraphFiles, type RunFolder, runFolder } from "../../runs/run-folder.ts";
import { runPlaces } from "../../runs/run-places.ts";
import { readUsage } from "../../runs/run-usage.ts";
import { addSpectrograms } from "./add-spectrograms.ts";
import { clipSource, soundUrls } from "./sound-urls.ts";
import { environmentFacts, quoteCommand, runFacts } from "./facts.ts";
import { rankWorstClips } from "./rank-worst-clips.ts";
import { readEvents } from "../../runs/run-events.ts";
import { type NamedPredictions, readPredictions } from "../../runs/run-predictions.ts";
import type { EvaluationReport, ReportData } from "./sections/report-data.ts";

const shownClips = 12;

/** @throws UserError where it is no folder, or no run's */
const requireRun = ({ path, config }: RunFolder): void => {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new UserError("file-missing", { path }, "there is no such folder");
  if (!stats.isDirectory()) throw new UserError("not-a-folder", { path }, "this is a file; name the folder of a run");
  if (existsSync(config)) return;
  throw new UserError("not-a-run", { path }, `holds no run; a training writes ${config} when it begins`);
};

const analyseEvaluation = ({ predictions }: NamedPredictions, { metadata }: Artifact): EvaluationReport => {
  const { confusion, perClass } = analyse(predictions, metadata);
  const merged = summarize(predictions, metadata).perClass.flatMap((summary, index) => {
    const analysis = perClass[index];
    return analysis ? [{ ...summary, ...analysis }] : [];
  });
  return { objective: metadata.objective, confusion, perClass: merged };
};

/** The sections that rest on a graph's answers. */
const collectEvaluation = async (
  { predictions: path }: GraphFiles,
  config: RunConfig,
  folder: RunFolder,
  artifact: Artifact | UserError,
): Promise<Pick<ReportData, "evaluation" | "worstClips">> => {
  const missing = (message: string) => ({ evaluation: { missing: message }, worstClips: { missing: message } });
  if (!existsSync(path)) return missing("The run holds no predictions: none of its graphs has been evaluated yet.");
  if (artifact instanceof UserError) return missing(artifact.message);
  const { workingDirectory } = runPlaces(folder.path, config);
  const answers = await readPredictions(path, artifact.metadata.classes.length);
  const worst = rankWorstClips(answers, artifact.metadata, shownClips).map((clip) => ({
    ...clip,
    sounds: soundUrls(clipSource(clip.name, artifact.metadata.classes, workingDirectory), folder.path),
  }));
  const clips = await orUserError(() => addSpectrograms(worst, artifact, workingDirectory));
  return {
    evaluation: analyseEvaluation(answers, artifact),
    worstClips: clips instanceof UserError ? { missing: clips.message } : clips,
  };
};

/**
 * @param path of the run's folder, whether the run is at its end or not
 * @throws UserError where it is no run's, or damaged
 */
export const collectReport = async (path: string): Promise<ReportData> => {
  const folder = runFolder(path);
  requireRun(folder);
  const config = readConfig(folder.config);
  const events = readEvents(folder.metrics);
  const files = existsSync(folder.best.predictions) ? folder.best : folder.last;
  const artifact = await orUserError(() => readWaveformArtifact(files.graph));
  const compiler = artifact instanceof UserError ? undefined : artifact.metadata.compilerVersion;
  return {
    title: config.model.specName,
    command: quoteCommand(config.command),
    run: runFacts(config, events, readUsage(folder.usage)),
    environment: environmentFacts(config, compiler),
    events,
    graph: basename(files.graph),
    ...(await collectEvaluation(files, config, folder, artifact)),
  };
};
