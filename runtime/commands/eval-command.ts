/** `runtime eval`. */
import { plural } from "../../compiler/artifact/plural.ts";
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
  type Usage,
} from "./options.ts";
import type { Output } from "./output.ts";
import { tell } from "./tell.ts";
import { untilInterrupted } from "./until-interrupted.ts";

const options = {
  ...clipOptions,
  all: { kind: "flag", help: "measure on all clips, those that a graph was trained on too" },
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
Of several graphs it measures each, and last their ensemble: the mean of their scores.`,
  operands: [["GRAPH", "a graph.onnx, compiled or trained; several may differ in all but their classes"]],
  options,
  examples: [
    "runtime eval runs/ast-1/graph.onnx --data clips.csv",
    "runtime eval runs/seed-*/graph.onnx --data clips.csv",
    "runtime eval graph.onnx --data ESC-50/ --fold 1 --json",
  ],
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
    const { show, onProgress, clear } = showEvaluation(graphs, output);
    const options = { data, labels, fold, batch, device, all, skipBad, signal, onProgress };
    return untilInterrupted(signal, async () => {
      try {
        for await (const event of evaluate(graphs, options)) show(event);
      } finally {
        clear();
      }
    });
  },
};
