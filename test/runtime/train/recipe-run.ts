/** The tiny model, with everything that a recipe may have. */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../../../compiler/compile.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import { createRunFolder } from "../../../runtime/runs/run-folder.ts";
import type { TrainOptions } from "../../../runtime/train/train.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

/** Of different lengths, all above one frame's 400 samples. */
export const clips = Array.from({ length: 50 }, (_, index): Clip => ({
  name: `clip ${index}`,
  source: { path: String(index) },
  classIndices: [Number(index % 5 === 0)],
}));
const load = async ({ name, classIndices }: Clip): Promise<Float32Array> => {
  const samples = 2000 + 97 * Number(name.split(" ")[1]);
  const loudness = 0.1 + 0.4 * (classIndices[0] ?? 0);
  return generateTensor(`recipe/${name}`, samples, loudness);
};

/** The tiny model with this recipe, and its run. @param model what differs beside the recipe */
export const optionsOf = (training: string, model = ""): TrainOptions => {
  const folder = temporaryFolder();
  const tiny = fileURLToPath(new URL("../../compiler/tiny-model.ts", import.meta.url));
  cpSync(tiny, join(folder, "tiny-model.ts"));
  const spec = join(folder, "spec.ts");
  writeFileSync(
    spec,
    `import {
  adamW, attention, batchNorm, cosine, dense, dropPath, dropout, linearWarmup, maskFrequency, maskTime, meanOfTokens, mixup, noise,
  patchEmbedding, patchout, repeat, residual, roll,
} from "specgraph";
import { tiny } from "./tiny-model.ts";
const augment = [mixup({ rate: 0.5 }), maskFrequency({ bins: 4 }), maskTime({ frames: 6 }), noise(), roll()];
const optimizer = adamW({ learningRate: 1e-3, weightDecay: 0.01 });
const schedule = cosine({ to: 0.1, warmup: linearWarmup({ steps: 2 }) });
export default tiny({ training: { optimizer, schedule, augment, clipNorm: 1, sampling: "balanced", ${training} }, ${model} });
export const unused = [attention, batchNorm, dense, dropPath, dropout, meanOfTokens, patchEmbedding, patchout, repeat, residual];
`,
  );
  const out = join(folder, "graph.onnx");
  compile({ spec, out, input: "waveform" });
  const artifact = readArtifact(out);
  return {
    artifact,
    recipe: artifact.metadata.recipe,
    device: cpuDevice,
    clips,
    evaluationClips: clips.slice(0, 10),
    testClips: [],
    load,
    steps: Infinity,
    folder: createRunFolder(join(folder, "run"), "tiny", out),
    run: "a run",
    checkpointMinutes: 10,
    signal: new AbortController().signal,
    note: () => undefined,
  };
};
