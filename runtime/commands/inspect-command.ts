/** `runtime inspect`. */
import { type Task, costFor } from "../../compiler/artifact/cost.ts";
import { formatBytes, formatCount, formatExact } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { readArtifact } from "../artifact/read-artifact.ts";
import { samplesIn } from "../audio/frames.ts";
import { type TensorDescription, describeRecipe, describeTensor } from "../report/terminal/describe-graph.ts";
import { shortenList } from "../text/shorten-list.ts";
import { type Command, exitCodes } from "./command.ts";
import { type Usage, commonOptions, oneOperand, parseOptions } from "./options.ts";

const options = { ...commonOptions } as const;

const usage: Usage<typeof options> = {
  name: "inspect",
  synopsis: "GRAPH [options]",
  description: "Prints what a graph is: its input, classes, costs, recipe, files and parameters.",
  operands: [["GRAPH", "a graph.onnx, compiled or trained"]],
  options,
  examples: ["runtime inspect graph.onnx", "runtime inspect graph.onnx --json | jq .parameters"],
};

const listedClasses = 10;

const describe = ({ path, metadata, model, bytes }: Artifact): string => {
  const { classes, recipe, bins, frames, sampleRateHz, minSamples } = metadata;
  const wholeClip = { batch: 1, samples: samplesIn(frames, metadata) };
  const operations = (task: Task): string => formatCount(costFor(metadata.cost, task, wholeClip).flops);
  const spectrogram = `${frames} frames x ${bins} bins`;
  const rows = {
    spec: `${metadata.specName} (${metadata.specHash.slice(0, 12)}, compiler ${metadata.compilerVersion})`,
    input:
      metadata.input === "waveform"
        ? `waveform [batch, samples] at ${formatExact(sampleRateHz)} Hz, ${minSamples} samples or more; ${spectrogram}`
        : `input_values [batch, frames, bins]; ${spectrogram}`,
    classes: `${classes.length}, ${metadata.objective}: ${shortenList(classes, listedClasses)}`,
    parameters: `${formatExact(metadata.parameters)} (${formatCount(metadata.parameters)})`,
    operations: `${operations("inference")} a clip, ${operations("training")} to train on it`,
    recipe: model.trainingInfo?.length === 0 ? "none: this graph has no training program" : describeRecipe(recipe),
    files: `${path} ${formatBytes(bytes.graph)}${bytes.data > 0 ? `, data ${formatBytes(bytes.data)}` : ""}`,
  };
  return formatTable(Object.entries(rows), "left");
};

const formatTensors = (tensors: readonly TensorDescription[]): string => {
  const rows = tensors.map(({ name, shape, dtype, count, mean, std }) => [
    name,
    `[${shape.join(", ")}]`,
    dtype,
    formatExact(count),
    mean.toPrecision(4),
    std.toPrecision(4),
  ]);
  return formatTable([["parameter", "shape", "dtype", "count", "mean", "std"], ...rows]);
};

export const inspectCommand: Command = {
  usage,
  run: async (args, output) => {
    const { operands } = parseOptions(usage, args);
    const artifact = readArtifact(oneOperand(usage, operands));
    const tensors: TensorDescription[] = [];
    for (const tensor of artifact.parameters) tensors.push(await describeTensor(tensor));
    const { path, model, bytes } = artifact;
    const { huggingFace: _, ...metadata } = artifact.metadata;
    output.json({ graph: path, ...metadata, canTrain: (model.trainingInfo ?? []).length > 0, bytes, tensors });
    output.result(`${describe(artifact)}\n\n${formatTensors(tensors)}`);
    return exitCodes.done;
  },
};
