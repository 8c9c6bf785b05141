/** The published AST checkpoints: which one a file is, and the logits that it gives here. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "../onnxruntime.ts";
import { names } from "../../compiler/artifact/names.ts";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { writeArtifact } from "../../compiler/emit/write-artifact.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import type { NormalizedSpec } from "../../compiler/ir/normalized-spec.ts";
import { parametersOf } from "../../compiler/ir/program.ts";
import { importWeights } from "../../compiler/weights/import-weights.ts";
import { matchLayout } from "../../compiler/weights/match-layout.ts";
import { CheckpointError } from "../../compiler/weights/readers/checkpoint-error.ts";
import { openCheckpoint } from "../../compiler/weights/readers/open-checkpoint.ts";
import { loadClip } from "../../runtime/audio/load-clip.ts";
import { openClip } from "../../runtime/audio/open-clip.ts";
import { ast, statistics } from "../../spec/ast.ts";
import { type Layers, type Model, multiLabel, numbered } from "../../spec/dsl/index.ts";

export interface PublishedCheckpoint {
  /** Its name on the Hugging Face hub. */
  readonly hub: string;
  /** Its file's name in the authors' repository, YuanGongND/ast. */
  readonly official: string;
  readonly stride: number;
  readonly frames: number;
  /** Positions less the two tokens. */
  readonly patches: number;
  readonly classes: number;
  readonly statistics: keyof typeof statistics;
  /** The first of the logits that the publisher states, for the clip of these statistics. */
  readonly logits: readonly number[];
}

export interface CheckpointManifest {
  readonly tolerance: number;
  readonly clips: Readonly<Record<string, string>>;
  readonly checkpoints: readonly PublishedCheckpoint[];
}

/** The length of a published name in the path: the longest is the name, as some begin like others. */
const nameLength = (path: string, { hub, official }: PublishedCheckpoint): number =>
  Math.max(
    ...[hub.replace(/^.*\//, ""), official.replace(/\.pth$/, "")].map((name) =>
      path.includes(name) ? name.length : 0,
    ),
  );

/**
 * The checkpoints that a file can be: of its number of positions and classes, and by its path's name where that has one.
 * @throws CheckpointError where the file is none of them
 */
export const recogniseCheckpoint = (
  path: string,
  checkpoints: readonly PublishedCheckpoint[],
): readonly PublishedCheckpoint[] => {
  const { tensors } = matchLayout(openCheckpoint(path), path);
  const patches = (tensors.get("v.pos_embed")?.shape[1] ?? NaN) - 2;
  const classes = tensors.get("mlp_head.1.weight")?.shape[0];
  const fitting = checkpoints.filter((known) => known.patches === patches && known.classes === classes);
  if (fitting.length === 0) {
    const has = `${patches} patches and ${classes === undefined ? "no" : classes} classes`;
    throw new CheckpointError(path, `is none of the published checkpoints: it has ${has}`);
  }
  const longest = Math.max(...fitting.map((known) => nameLength(path, known)));
  return fitting.filter((known) => nameLength(path, known) === longest);
};

/** transformers has one epsilon, 1e-12, and removes no mean: the publishers' values were made so. */
const asPublished = (model: Model): Model => {
  const network = (layers: Layers): Layers =>
    layers.map((layer) => {
      if (!("kind" in layer)) return network(layer);
      if (layer.kind === "layerNorm") return { ...layer, eps: 1e-12 };
      if (layer.kind === "repeat") return { ...layer, blocks: layer.blocks.map(network) };
      return layer.kind === "residual" ? { ...layer, layers: network(layer.layers) } : layer;
    });
  return {
    ...model,
    network: network(model.network),
    features: model.features.filter(({ kind }) => kind !== "removeMean"),
  };
};

const specOf = ({ stride, frames, classes, statistics: from }: PublishedCheckpoint): NormalizedSpec => {
  const model = ast({
    stride: { bins: stride, frames: stride },
    frames,
    statistics: statistics[from],
    objective: multiLabel({ classes: numbered(classes) }),
  });
  return normalizeSpec(asPublished(model), () => undefined, "spec/ast.ts");
};

/**
 * Compiles the AST that the checkpoint is of, with the checkpoint, and runs a clip through it.
 * @returns all logits
 * @throws CheckpointError or UserError where a file cannot be used
 */
export const logitsOf = async (path: string, clip: string, published: PublishedCheckpoint): Promise<Float32Array> => {
  const spec = specOf(published);
  const { sampleRateHz, features } = spec;
  const { samples } = await loadClip(openClip, clip, { sampleRateHz, minSamples: features.frameLengthSamples });
  const program = lowerSpec(spec, "waveform", () => undefined);
  const { read } = importWeights(matchLayout(openCheckpoint(path), path), {}, spec, parametersOf(program));
  const folder = mkdtempSync(join(tmpdir(), "specgraph-golden-"));
  try {
    const graphPath = join(folder, "graph.onnx");
    writeArtifact(graphPath, program, read, [], "golden");
    const session = await InferenceSession.create(graphPath);
    const outputs = await session.run({ [names.waveform]: new Tensor("float32", samples, [1, samples.length]) });
    await session.release();
    return outputs[names.logits]?.data as Float32Array;
  } finally {
    rmSync(folder, { recursive: true });
  }
};
