/** `specgraph init`. */
import { statSync } from "node:fs";
import { basename, isAbsolute, relative, resolve } from "node:path";
import { formatExact } from "../../compiler/artifact/format-number.ts";
import { framesIn } from "../../compiler/artifact/frames.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import { printable, quoted } from "../../compiler/artifact/printable.ts";
import { readDataset } from "../data/sources/read-dataset.ts";
import { splitClips } from "../data/split-clips.ts";
import { readFailure } from "../files/read-failure.ts";
import { chooseModel } from "../init/choose-model.ts";
import { nameProblem, usableName } from "../init/name-problem.ts";
import { nextSteps, type Project, projectFiles } from "../init/project-files.ts";
import { requireEmpty, writeProject } from "../init/write-project.ts";
import { formatProposal, type ProposedObjective } from "../report/terminal/format-proposal.ts";
import { measureClips } from "../stats/measure-clips.ts";
import { readFrontEnd } from "../stats/read-front-end.ts";
import { summarizeClips } from "../stats/summarize-clips.ts";
import { createProgress } from "../text/create-progress.ts";
import { UserError } from "../user-error.ts";
import { type Command, exitCodes } from "./command.ts";
import { clipOptions, commonOptions, oneOperand, parseOptions, type Usage } from "./options.ts";

const options = {
  ...clipOptions,
  weights: {
    kind: "text",
    value: "PATH",
    help: "to start from, or none for random ones (default: ImageNet's, of the size; none for the embedded sounds)",
  },
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "init",
  synopsis: "DIR [options]",
  description: `Writes a project to begin with: package.json, tsconfig.json, a spec, .gitignore and a README. What the spec says of
the data (classes, length, mean and deviation) is measured; size, weights and epochs follow from how much there is to learn
from. Nothing is asked, and no file is replaced.`,
  operands: [["DIR", "the folder, new or empty, whose name is the model's and the package's"]],
  options,
  examples: [
    "specgraph init birds --data clips/",
    "specgraph init birds --data clips/ --weights none",
    "specgraph init first",
  ],
};

const requireName = (name: string): void => {
  const problem = nameProblem(name);
  if (problem === undefined) return;
  const near = usableName(name);
  const fix = near === undefined ? "name another" : `name another, such as ${near}`;
  throw new UserError("name-unusable", { name }, `npm takes no package called ${quoted(name)}: ${problem}; ${fix}`);
};

/** @throws UserError where there are none */
const requireWeights = (path: string): void => {
  try {
    statSync(path);
  } catch (error) {
    throw readFailure(path, error);
  }
};

export const initCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const { data, labels, fold } = values;
    const weights = values.weights ?? (data === undefined ? "none" : undefined);
    const folder = resolve(oneOperand(usage, operands, "one folder"));
    const name = basename(folder);
    const place = relative("", folder) || ".";
    requireName(name);
    requireEmpty(place);
    if (weights !== undefined && weights !== "none") requireWeights(weights);

    const dataset = await readDataset({ data, labels, fold });
    const division = splitClips(dataset, { seed: 0 });
    for (const note of dataset.notes) output.note(note);
    const clips = division.train;
    const artifact = readFrontEnd();
    const progress = createProgress(clips.length, 1, output.terminal);
    const onProgress = (done: number): void => progress.update(done, "measuring");
    const measures = await measureClips({ artifact, clips, signal, onProgress }).finally(progress.clear);
    if (!measures) return exitCodes.interrupted;
    for (const message of [...measures.unreadable, ...measures.notes]) output.note(printable(message));
    if (measures.samples.length === 0)
      throw new UserError("no-readable-clip", { path: dataset.name }, "no clip can be read");
    if (measures.unreadable.length > 0)
      output.note(
        `${measures.unreadable.length} of ${clips.length} clips cannot be read; \`train --skip-bad\` leaves them out`,
      );

    const { seconds, proposal } = summarizeClips(measures, artifact.metadata);
    // What is longer is heard by its beginning, or in windows.
    const frames = Math.min(proposal.frames, artifact.metadata.frames);
    const wholeClips = measures.samples.filter((length) => framesIn(length, artifact.metadata) <= frames).length;
    const hasSeveral = dataset.clips.some(({ classIndices }) => classIndices.length > 1);
    const fromProject = (path: string): string => (isAbsolute(path) ? path : relative(folder, path));
    const objective: ProposedObjective = {
      kind: hasSeveral || dataset.classes.length === 1 ? "multiLabel" : "singleLabel",
      classes: dataset.classes,
      classesFile: labels === undefined ? undefined : fromProject(labels),
    };
    const model = chooseModel(
      clips.length,
      weights === undefined || weights === "none" ? weights : fromProject(weights),
    );
    const project: Project = {
      name,
      proposal: formatProposal(measures.samples.length, { ...proposal, frames, wholeClips }, objective),
      frames,
      classes: dataset.classes.length,
      model,
      data: data === undefined ? dataset.name : fromProject(data),
      dataOptions: [
        ...(data === undefined ? [] : ["--data", fromProject(data)]),
        ...(labels === undefined ? [] : ["--labels", fromProject(labels)]),
        ...(fold === undefined ? [] : ["--fold", String(fold)]),
      ],
    };
    const files = projectFiles(project);
    writeProject(place, files);

    const steps = [...(place === "." ? [] : [`cd ${place}`]), ...nextSteps(project)];
    output.json({
      event: "init",
      folder: place,
      name,
      files: Object.keys(files),
      data: dataset.name,
      clips: { train: clips.length, evaluation: division.evaluation.length, test: division.test.length },
      classes: dataset.classes,
      objective: objective.kind,
      seconds,
      frames,
      statistics: proposal.statistics,
      weights: model.weights ?? null,
      epochs: model.epochs,
      next: steps,
    });
    const held = division.evaluation.length + division.test.length;
    output.result(
      [
        `${dataset.name}: ${formatExact(clips.length)} clips to train on and ${formatExact(held)} held out, of ${dataset.classes.length} ${plural(dataset.classes.length, "class", "classes")}, ${seconds.least.toFixed(2)} to ${seconds.most.toFixed(2)} s long`,
        ...model.told,
        `${place}: ${Object.keys(files).join(", ")}`,
        "",
        "Next:",
        ...steps.map((step) => `  ${step}`),
      ].join("\n"),
    );
    return exitCodes.done;
  },
};
