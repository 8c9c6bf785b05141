/** What the artifact's metadata say of a compiled model. */
import { createHash } from "node:crypto";
import { type ArtifactMetadata, formatVersion, type GraphInput } from "../artifact/metadata.ts";
import { version } from "../artifact/version.ts";
import { modelCost } from "../cost/model-cost.ts";
import { framingOf, type NormalizedSpec } from "../ir/normalized-spec.ts";
import { elements } from "../ir/shape.ts";
import { clipsNeeded } from "../ir/placed-layer.ts";
import { drawsOf, parametersOf, type Program, weightsOf } from "../ir/program.ts";
import { describeHuggingFace } from "../weights/describe-hugging-face.ts";

/** Of all but the checkpoint that the parameters start from, whose path says where this machine keeps it. */
const hashSpec = (spec: NormalizedSpec): string =>
  createHash("sha256")
    .update(JSON.stringify({ ...spec, pretrained: undefined }))
    .digest("hex");

export const describeArtifact = (spec: NormalizedSpec, program: Program, input: GraphInput): ArtifactMetadata => {
  const parameters = parametersOf(program);
  const stages = [program.gradients?.states ?? [], program.update?.states ?? []].flat();
  const changing = new Set(stages.flatMap(({ value, next }) => (next ? [value.name] : [])));
  const clipsAtOnce = clipsNeeded(spec.network, spec.rateFactors);
  return {
    formatVersion,
    compilerVersion: version,
    specName: spec.name,
    specHash: hashSpec(spec),
    input,
    sampleRateHz: spec.sampleRateHz,
    ...framingOf(spec.features),
    frames: spec.features.frames,
    ...(spec.features.anyLength ? { anyLength: spec.features.anyLength } : {}),
    bins: spec.features.bins,
    normalization: { mean: spec.features.mean, scale: spec.features.scale },
    ...(spec.features.perClip ? { normalizedPer: "clip" } : {}),
    objective: spec.objective,
    classes: spec.classes,
    recipe: spec.recipe,
    draws: drawsOf(program),
    parameters: parameters.map(({ value }) => elements(value.type.shape)).reduce((total, count) => total + count, 0),
    ...(clipsAtOnce > 1 ? { clipsAtOnce } : {}),
    frozen: weightsOf(program).flatMap(({ value: { name } }) => (changing.has(name) ? [] : [name])),
    cost: modelCost(program),
    ...describeHuggingFace(spec, parameters),
  };
};
