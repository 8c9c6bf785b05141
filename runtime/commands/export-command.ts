/** `runtime export`. */
import { type Command, exitCodes } from "./command.ts";
import { commonOptions, oneOperand, parseOptions, type Usage } from "./options.ts";
import { readArtifact } from "../artifact/read-artifact.ts";
import { isTrainingCheckpoint, type Parameters, readTrainingCheckpoint } from "../artifact/read-training-checkpoint.ts";
import { writeFailure } from "../files/write-failure.ts";
import { UserError } from "../user-error.ts";
import { exportHuggingFace } from "../export/export-hugging-face.ts";
import { exportSafetensors } from "../export/export-safetensors.ts";

const options = {
  format: {
    kind: "choice",
    value: "NAME",
    choices: ["safetensors", "hf"],
    help: "safetensors: one file; hf: a folder that transformers loads",
  },
  out: { kind: "text", value: "PATH", help: "the file or folder to write" },
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "export",
  synopsis: "GRAPH --format safetensors|hf --out PATH [options]",
  description: `Writes a graph's weights for other tools. Hugging Face's transformers loads the folder of --format hf:
ASTForAudioClassification.from_pretrained and ASTFeatureExtractor.from_pretrained, and so does transformers.js:
pipeline("audio-classification", folder). That extractor does not remove a clip's mean; where the spec does,
subtract it from the samples first. Of a checkpoint of ONNX Runtime's training there is no graph for transformers.js.`,
  operands: [["GRAPH", "a graph.onnx, compiled or trained, or a checkpoint of compile --artifacts"]],
  options,
  examples: [
    "runtime export graph.onnx --format hf --out my-ast",
    "runtime export graph.onnx --format safetensors --out graph.safetensors",
  ],
};

type Format = (typeof options)["format"]["choices"][number];

const writers: Readonly<Record<Format, (artifact: Parameters, out: string) => Promise<void>>> = {
  safetensors: exportSafetensors,
  hf: exportHuggingFace,
};

const withoutGraph =
  "a checkpoint has no graph: transformers.js finds none in the folder; compile the spec with --weights and it, and export that";

const leftBehind =
  "the graph's thresholds, calibration and rejection are not exported: other tools have no place for them, and give its own scores";

export const exportCommand: Command = {
  usage,
  run: async (args, output) => {
    const { values, operands } = parseOptions(usage, args);
    const { format, out } = values;
    const graph = oneOperand(usage, operands);
    if (format === undefined) {
      throw new UserError("usage", {}, `--format is missing; it is ${options.format.choices.join(" or ")}`);
    }
    if (out === undefined) throw new UserError("usage", {}, "--out is missing; it names the file or folder to write");
    const artifact = isTrainingCheckpoint(graph) ? readTrainingCheckpoint(graph) : readArtifact(graph);
    try {
      await writers[format](artifact, out);
    } catch (error) {
      throw writeFailure(out, error);
    }
    if (artifact.metadata.decisions) output.note(leftBehind);
    if (format === "hf" && !artifact.model.graph) output.note(withoutGraph);
    output.json({ graph, format, out, tensors: artifact.parameters.length });
    output.result(`${graph} -> ${out}`);
    return exitCodes.done;
  },
};
