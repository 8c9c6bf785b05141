/** `runtime eval`. */
import { plural } from "../../compiler/artifact/plural.ts";
import { formatFigure } from "../../compiler/artifact/format-number.ts";
import type { MeasuredRejection } from "../evaluate/evaluation-events.ts";
import { measureGraphs } from "../library/measure-graphs.ts";
import { UserError } from "../user-error.ts";
import { calibrateGraph, formatPoints, requireAbsent, requireHeldOut } from "./calibrate-graph.ts";
import type { EnsembleEvent, EvaluationStartEvent, GraphEvent } from "../evaluate/evaluation-events.ts";
import { describeTrained } from "../evaluate/trained-among.ts";
import { evaluate } from "../library/evaluate.ts";
import type { EvaluationEvent, Progress } from "../library/training.ts";
import { formatClasses, formatComparison, formatFigures } from "../report/terminal/format-figures.ts";
import { createProgress, type Progress as Bar } from "../text/create-progress.ts";
import type { Command } from "./command.ts";
import {
  clipOptions,
  commonOptions,
  deviceOption,
  parseOptions,
  skipOption,
  someGraphs,
  type OptionValues,
  type Usage,
} from "./options.ts";
import type { Output } from "./output.ts";
import { tell } from "./tell.ts";
import { untilInterrupted } from "./until-interrupted.ts";

const options = {
  ...clipOptions,
  all: { kind: "flag", help: "measure on all clips, those that a graph was trained on too" },
  calibrate: {
    kind: "flag",
    help: "fit calibration, thresholds and rejection to held-out clips, and write them into the graph",
  },
  out: { kind: "text", value: "FILE", help: "with --calibrate, the graph to write (default: the graph itself)" },
  score: {
    kind: "choice",
    value: "NAME",
    choices: ["energy", "highest-score"],
    help: "with --calibrate, what to reject by (default: what tells background best, without background energy)",
  },
  report: { kind: "text", value: "HTML", help: "with --calibrate, a page with the reliability diagram" },
  ...skipOption,
  batch: { kind: "integer", value: "N", least: 1, help: "clips at a time (default: the spec's)" },
  ...deviceOption,
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "eval",
  synopsis: "GRAPH... [options]",
  description: `Measures a graph on labelled clips: those that the data keeps for evaluation; where it keeps none, those that
the graph was not trained on. Figures on clips that it was trained on are marked: they are better than on any others.
Of several graphs it measures each, and last their ensemble: the mean of their scores.
A graph that is calibrated is measured with its calibrated scores. --calibrate fits anew: the temperature of a
single-label model, Platt's scales of a multi-label one; each class's threshold of the best F1; and scores below which a
sound is none of the classes, for 1, 5 and 10 % of background taken for a class, or without background clips of the
classes' own rejected.`,
  operands: [["GRAPH", "a graph.onnx, compiled or trained; several may differ in all but their classes"]],
  options,
  examples: [
    "runtime eval runs/ast-1/graph.onnx --data clips.csv",
    "runtime eval runs/seed-*/graph.onnx --data clips.csv",
    "runtime eval graph.onnx --data ESC-50/ --fold 1 --json",
    "runtime eval graph.onnx --data clips/ --calibrate --out calibrated.onnx --report calibration.html",
  ],
};

/** @throws UserError where options contradict each other */
const requireAgreement = (
  { calibrate, out, report, score }: OptionValues<typeof options>,
  graphs: readonly string[],
): void => {
  const refuse = (sentence: string): never => {
    throw new UserError("usage", {}, sentence);
  };
  if (calibrate === true && graphs.length > 1) refuse(`--calibrate is about one graph, and ${graphs.length} are given`);
  if (calibrate !== true && out !== undefined) refuse("--out needs --calibrate: nothing else is written");
  if (calibrate !== true && score !== undefined) refuse("--score needs --calibrate: it is what to reject by");
  if (calibrate !== true && report !== undefined) refuse("--report needs --calibrate: it shows what that found");
};

/** What the graph's set points to reject by come to on these clips. */
const describeRejection = (rejection: MeasuredRejection): string => {
  const { separation } = rejection;
  const area = separation === null ? "" : `\nROC area of classes against background ${formatFigure(separation)}`;
  return `${formatPoints(rejection)}${area}`;
};

const describeRest = (count: number): string => {
  if (count === 0) return "";
  const others = plural(count, "other was trained on and is", "others were trained on and are");
  return `; ${count} ${others} left out (--all measures on all)`;
};

/** Behind the figures of a graph that knows some of the clips. */
const mark = ({ trainedOn, trainedOnIsEstimated, clips }: GraphEvent | EnsembleEvent): string => {
  if (trainedOn === null || trainedOn === 0) return "";
  return `  (${describeTrained({ count: trainedOn, isExact: !trainedOnIsEstimated }, clips)})`;
};

/** Shows events, and what comes between them, to programs and people. */
const showEvaluation = (graphs: readonly string[], output: Output) => {
  const { device, onExamined } = tell(output);
  const ensemble = `ensemble of ${graphs.length}`;
  const comparison = graphs.length > 1 ? formatComparison([...graphs, ensemble]) : undefined;
  let progress: Bar | undefined;
  const clear = (): void => {
    progress?.clear();
    progress = undefined;
  };
  const start = ({ data, clips, leftOut, device: description }: EvaluationStartEvent): void => {
    output.progress(`${data}: ${clips} clips${describeRest(leftOut)}`);
    device(description);
    if (comparison) output.result(comparison.head);
  };
  const result = (event: GraphEvent | EnsembleEvent): void => {
    const marked = mark(event);
    if (event.event === "ensemble") {
      output.result(`${comparison?.row(ensemble, event)}${marked}\n\n${formatClasses(event)}`);
      return;
    }
    output.result(
      comparison
        ? `${comparison.row(event.graph, event)}${marked}`
        : `${formatFigures(event)}${marked}\n\n${formatClasses(event)}`,
    );
    if (event.rejection && !comparison) output.result(`\n${describeRejection(event.rejection)}`);
  };
  return {
    show: (event: EvaluationEvent): void => {
      clear();
      output.json(event);
      if (event.event === "start") start(event);
      else if (event.event === "note") output.note(event.text);
      else result(event);
    },
    onProgress: ({ task, clips, of }: Progress): void => {
      if (task === "opening") {
        onExamined(clips, of);
        return;
      }
      progress ??= createProgress(of, 1, output.terminal);
      progress.update(clips, "evaluating");
    },
    clear,
  };
};

export const evalCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const graphs = someGraphs(usage, operands);
    const { data, labels, fold, batch, device, all, "skip-bad": skipBad } = values;
    const { calibrate = false, out, report, score } = values;
    requireAgreement(values, graphs);
    requireAbsent({ out, report });
    const { show, onProgress, clear } = showEvaluation(graphs, output);
    const options = { data, labels, fold, batch, device, all, skipBad, signal, onProgress };
    const measured = (): AsyncIterable<EvaluationEvent> =>
      calibrate
        ? measureGraphs(
            {
              graphs,
              data,
              labels,
              fold,
              batch,
              device,
              all: all === true,
              skipBad: skipBad === true,
              isUncalibrated: true,
            },
            {
              signal,
              note: output.note,
              onExamined: (clips, of) => onProgress({ task: "opening", clips, of }),
              onEvaluation: (clips, of) => onProgress({ task: "evaluating", clips, of }),
              onChosen: requireHeldOut,
              onAnswers: async (artifact, answers, name) => {
                clear();
                await calibrateGraph(artifact, answers, { data: name, out, report, score }, output);
              },
            },
          )
        : evaluate(graphs, options);
    return untilInterrupted(signal, async () => {
      try {
        for await (const event of measured()) show(event);
      } finally {
        clear();
      }
    });
  },
};
