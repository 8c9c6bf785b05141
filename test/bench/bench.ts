/**
 * Times inference and training steps of a spec: `npm run bench -- [SPEC] [--batch N] [--steps N] [--device cpu|webgpu|cuda]`.
 * Figures of two runs on a shared machine cannot be compared; run what you compare side by side.
 */
import { nodeEngine } from "../../runtime/engine/node.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { HostTensor } from "../../runtime/engine/engine.ts";
import type { Clip } from "../../runtime/data/dataset.ts";
import { loadPart } from "../../runtime/train/load-part.ts";
import { type Cost, costFor } from "../../compiler/artifact/cost.ts";
import { names } from "../../compiler/artifact/names.ts";
import { compile } from "../../compiler/compile.ts";
import { describeChoice } from "../../runtime/commands/tell.ts";
import { selectDevice } from "../../runtime/devices/select-device.ts";
import { deviceNames } from "../../runtime/engine/device.ts";
import { openClassifier } from "../../runtime/engine/classifier.ts";
import { readArtifact } from "../../runtime/artifact/read-artifact.ts";
import { openTrainingSession } from "../../runtime/engine/training-session.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "2" },
    steps: { type: "string", default: "10" },
    device: { type: "string", default: "cpu" },
  },
});
const [spec = "spec/quickstart.ts"] = positionals;
const batch = Number(values.batch);
const steps = Number(values.steps);
const device = await selectDevice(
  deviceNames.find((name) => name === values.device),
  (choice) => console.log(describeChoice(choice)),
);

/** Milliseconds of each call but the first two, which warm up. */
const time = async (call: () => Promise<unknown>): Promise<number[]> => {
  const durations: number[] = [];
  for (let turn = 0; turn < steps + 2; turn++) {
    const started = performance.now();
    await call();
    durations.push(performance.now() - started);
  }
  return durations.slice(2).toSorted((a, b) => a - b);
};

const report = (what: string, durations: readonly number[], { flops }: Cost): void => {
  const [fastest = NaN] = durations;
  const median = durations[Math.floor(durations.length / 2)] ?? NaN;
  const rate = `${((1000 * batch) / median).toFixed(1)} clips/s, ${(flops / median / 1e6).toFixed(1)} GFLOP/s`;
  console.log(`${what}: ${median.toFixed(1)} ms (fastest ${fastest.toFixed(1)} ms), ${rate}`);
};

const folder = mkdtempSync(join(tmpdir(), "specgraph-bench-"));
try {
  const out = join(folder, "graph.onnx");
  const { metadata } = compile({ spec, out, input: "waveform" });
  const artifact = readArtifact(out);
  const samples = Math.ceil((metadata.frames + 2) * 0.01 * metadata.sampleRateHz);
  const extent = { batch, samples };
  const clips = Array.from({ length: batch }, (_, index): Clip => ({
    name: `clip ${index}`,
    source: { path: String(index) },
    classIndices: [index % metadata.classes.length],
  }));
  const noise = Float32Array.from({ length: samples }, (_, index) => 0.1 * Math.sin(index ** 1.5));
  // As training feeds it, with whatever the graph draws.
  const { feeds } = await loadPart(
    { rows: clips.map((clip, place) => ({ clip, place })), endsStep: true, step: 0 },
    { metadata, seed: 0, epoch: 1, clips, load: async () => noise, learningRate: 1e-5 },
  );
  const waveform = feeds[names.waveform] as HostTensor;

  console.log(`${spec}: ${(metadata.parameters / 1e6).toFixed(1)} M parameters, batch ${batch}, ${steps} turns`);
  const classifier = await openClassifier(nodeEngine, artifact, device);
  report("inference", await time(() => classifier.classify(waveform)), costFor(metadata.cost, "inference", extent));
  await classifier.close();

  const session = await openTrainingSession(nodeEngine, artifact, device);
  const durations = await time(() => session.steps([{ feeds, endsStep: true }]));
  report("training step", durations, costFor(metadata.cost, "training", extent));
  await session.close();
  console.log(`peak memory: ${(process.resourceUsage().maxRSS / 1e6).toFixed(2)} GB`);
} finally {
  rmSync(folder, { recursive: true });
}
