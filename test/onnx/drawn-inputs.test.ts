/** Every recipe, on a small network: its file says all that it takes to train it, by the standard alone and by the runtime. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { printMetadata } from "../../compiler/artifact/metadata.ts";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { describeArtifact } from "../../compiler/emit/describe-artifact.ts";
import { writeArtifact } from "../../compiler/emit/write-artifact.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import { readSpec } from "../../compiler/frontend/read-spec.ts";
import { initialize } from "../../compiler/weights/initialize.ts";
import { readArtifact } from "../../runtime/artifact/read-artifact.ts";
import type { Clip } from "../../runtime/data/dataset.ts";
import { cpuDevice } from "../../runtime/engine/device.ts";
import { nodeEngine } from "../../runtime/engine/node.ts";
import { openTrainingSession } from "../../runtime/engine/training-session.ts";
import { loadPart } from "../../runtime/train/load-part.ts";
import { ast } from "../../spec/ast.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { temporaryFolder } from "../runtime/audio/temporary-folder.ts";
import { createRunner } from "./training-info-runner.ts";

const folder = fileURLToPath(new URL("../../spec/recipes", import.meta.url));

const clips = Array.from({ length: 3 }, (_, index): Clip => ({
  name: `clip ${index}`,
  source: { path: String(index) },
  classIndices: [index],
}));
const load = async ({ name }: Clip): Promise<Float32Array> =>
  generateTensor(name, 8000 + 1000 * Number(name.split(" ")[1]), 0.3);

/** The recipe's graph, of AST with a width of 8. */
const writeSmall = (recipe: string): string => {
  const { model } = readSpec(join(folder, recipe));
  const { name, objective, training } = model;
  const small = ast({ name, objective, training, size: { width: 8, depth: 1, heads: 2 }, frames: 200 });
  const spec = normalizeSpec(small, () => undefined, join(folder, recipe));
  const program = lowerSpec(spec, "waveform", () => undefined);
  const path = join(temporaryFolder(), "graph.onnx");
  const properties = printMetadata(describeArtifact(spec, program, "waveform"));
  writeArtifact(path, program, (state) => initialize(state, 0), properties, "test");
  return path;
};

test.each(readdirSync(folder))("%s", async (recipe) => {
  const path = writeSmall(recipe);
  const artifact = readArtifact(path);
  const { metadata } = artifact;
  expect(metadata.draws.length).toBeGreaterThan(0);
  const [runner, session] = [await createRunner(path), await openTrainingSession(nodeEngine, artifact, cpuDevice)];
  for (let epoch = 1; epoch <= 3; epoch++) {
    const rows = clips.map((clip, place) => ({ clip, place }));
    const plan = { rows, endsStep: true, step: epoch - 1 };
    const { feeds } = await loadPart(plan, { metadata, seed: 7, epoch, clips, load, learningRate: 1e-3 });
    const outputs = await runner.step(feeds);
    const [loss = NaN] = await session.steps([{ feeds, endsStep: true }]);
    expect(loss).toBeGreaterThan(0);
    expect(Math.abs(Number(outputs["loss"]?.data[0]) / loss - 1)).toBeLessThan(1e-6);
  }
  await session.close();
});
