/** `runtime inspect`. */
import { printable } from "../../compiler/artifact/printable.ts";
import { type Extent, type Task, costFor, predictMemory } from "../../compiler/artifact/cost.ts";
import { formatBytes, formatCount, formatExact } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { countFused } from "../engine/fuse-attention.ts";
import { readArtifact } from "../artifact/read-artifact.ts";
import { samplesIn } from "../../compiler/artifact/frames.ts";
import { describeDecisions } from "../report/terminal/describe-decisions.ts";
import { type TensorDescription, describeRecipe, describeTensor } from "../report/terminal/describe-graph.ts";
import { shortenList } from "../text/shorten-list.ts";
import { UserError } from "../user-error.ts";
import { type Command, exitCodes } from "./command.ts";
import { type OptionValues, type Usage, commonOptions, oneOperand, parseOptions } from "./options.ts";

const options = {
  batch: { kind: "integer", value: "N", least: 1, help: "clips that the costs are of, computed at once (default: 1)" },
  seconds: { kind: "positive", value: "S", help: "their length (default: as much as the model hears)" },
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "inspect",
  synopsis: "GRAPH [options]",
  description: "Prints what a graph is: its input, classes, costs, recipe, files and parameters.",
  operands: [["GRAPH", "a graph.onnx, compiled or trained"]],
  options,
  examples: [
    "runtime inspect graph.onnx",
    "runtime inspect graph.onnx --batch 16 --seconds 30",
    "runtime inspect graph.onnx --json | jq .parameters",
  ],
};

const listedClasses = 10;

const canTrain = ({ model }: Artifact): boolean => (model.trainingInfo ?? []).length > 0;

/** The clips that the costs are of. */
const extentOf = ({ path, metadata }: Artifact, { batch = 1, seconds }: OptionValues<typeof options>): Extent => {
  const { frames, input, sampleRateHz, minSamples } = metadata;
  if (seconds === undefined) return { batch, samples: samplesIn(frames, metadata) };
  const samples = Math.round(seconds * sampleRateHz);
  if (input === "features") {
    throw new UserError("usage", { path }, "starts at features, which have one length; leave --seconds out");
  }
  if (samples >= minSamples) return { batch, samples };
  throw new UserError(
    "usage",
    { path },
    `takes ${minSamples} samples or more, and --seconds ${seconds} gives ${samples}`,
  );
};

/** On the CPU: what the process takes is not what another device does. */
const costsOf = ({ cost }: ArtifactMetadata, task: Task, extent: Extent) => ({
  ...costFor(cost, task, extent),
  processBytes: predictMemory(cost, task, extent),
});

const describeCost = (costs: ReturnType<typeof costsOf>): string =>
  `${formatCount(costs.flops)} operations, ${formatBytes(costs.activationBytes)} of activations, ` +
  `${formatBytes(costs.peakBytes)} of them at once, the largest ${formatBytes(costs.largestTensorBytes)}; ` +
  `the process takes about ${formatBytes(costs.processBytes)}`;

const describeExtent = ({ input, sampleRateHz }: ArtifactMetadata, { batch, samples }: Extent): string => {
  const length = input === "waveform" ? ` of ${(samples / sampleRateHz).toFixed(2)} s` : "";
  return `${formatExact(batch)} ${plural(batch, "clip")}${length}${batch === 1 ? "" : " at once"}`;
};

/** What a step of the recipe's batch takes, in parts or not; bytes are those of all results. */
const stepOf = ({ cost, recipe }: ArtifactMetadata, { samples }: Extent) => {
  const { flops, activationBytes } = costFor(cost, "training", { batch: recipe.batch, samples });
  return { batch: recipe.batch, flops, activationBytes };
};

const describeStep = ({ batch, flops, activationBytes }: ReturnType<typeof stepOf>): string =>
  `of the recipe's ${formatExact(batch)} ${plural(batch, "clip")}: ${formatCount(flops)} operations, ${formatBytes(activationBytes)} of activations`;

/** Options as `--json` has them whole. */
const shorten = (option: string): string => (option.length > 60 ? `${option.slice(0, 57)}...` : option);

const describe = (artifact: Artifact, extent: Extent): string => {
  const { path, metadata, bytes } = artifact;
  const { classes, recipe, bins, frames, sampleRateHz, minSamples } = metadata;
  const cost = (task: Task): string => describeCost(costsOf(metadata, task, extent));
  const fused = countFused(artifact.model);
  const { anyLength } = metadata;
  const lengths = anyLength
    ? `${anyLength.least} to ${anyLength.most} frames, positions for ${frames},`
    : `${frames} frames`;
  const spectrogram = `${lengths} x ${bins} bins`;
  const rows = {
    spec: `${printable(metadata.specName)} (${printable(metadata.specHash.slice(0, 12))}, compiler ${printable(metadata.compilerVersion)})`,
    ...(metadata.settings ? { set: metadata.settings.map(printable).join(", ") } : {}),
    ...(metadata.options ? { options: metadata.options.map(shorten).map(printable).join(", ") } : {}),
    input:
      metadata.input === "waveform"
        ? `waveform [batch, samples] at ${formatExact(sampleRateHz)} Hz, ${minSamples} samples or more; ${spectrogram}`
        : `input_values [batch, frames, bins]; ${spectrogram}`,
    classes: `${classes.length}, ${metadata.objective}: ${shortenList(classes, listedClasses)}`,
    ...(metadata.decisions ? describeDecisions(metadata.decisions, classes) : {}),
    parameters: `${formatExact(metadata.parameters)} (${formatCount(metadata.parameters)})`,
    costs: `of ${describeExtent(metadata, extent)}`,
    inference: cost("inference"),
    ...(canTrain(artifact) ? { training: cost("training"), step: describeStep(stepOf(metadata, extent)) } : {}),
    ...(fused > 0
      ? { engine: `on the CPU attention is computed tile by tile, in ${fused} ${plural(fused, "layer")}` }
      : {}),
    recipe: canTrain(artifact) ? describeRecipe(recipe) : "none: this graph has no training program",
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
    const { operands, values } = parseOptions(usage, args);
    const artifact = readArtifact(oneOperand(usage, operands));
    const extent = extentOf(artifact, values);
    const tensors: TensorDescription[] = [];
    for (const tensor of artifact.parameters) tensors.push(await describeTensor(tensor));
    const { path, bytes } = artifact;
    const { huggingFace: _, cost: _cost, ...metadata } = artifact.metadata;
    const [inference, training] = (["inference", "training"] as const).map((task) =>
      costsOf(artifact.metadata, task, extent),
    );
    const costs = {
      ...extent,
      inference,
      training,
      step: canTrain(artifact) ? stepOf(artifact.metadata, extent) : null,
    };
    const tiledAttention = countFused(artifact.model);
    output.json({ graph: path, ...metadata, costs, tiledAttention, canTrain: canTrain(artifact), bytes, tensors });
    output.result(`${describe(artifact, extent)}\n\n${formatTensors(tensors)}`);
    return exitCodes.done;
  },
};
