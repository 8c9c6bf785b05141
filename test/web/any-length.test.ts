/** Graphs of any length in Chromium: clips of several lengths in one batch are answered and trained on as in Node.js. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { absentSample } from "../../compiler/artifact/names.ts";
import { decodeArtifact } from "../../runtime/artifact/decode-artifact.ts";
import { openClassifier } from "../../runtime/engine/classifier.ts";
import { cpuDevice } from "../../runtime/engine/device.ts";
import { nodeEngine } from "../../runtime/engine/node.ts";
import { openTrainingSession } from "../../runtime/engine/training-session.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { compileTiny } from "../runtime/engine/compile-tiny.ts";
import { hostTensor } from "../runtime/engine/host-tensor.ts";
import { bundlePage, engineFolder } from "./bundle-page.ts";
import { chromiumPath, launchChromium } from "./chromium.ts";
import type * as AnyLengthPage from "./pages/any-length-page.ts";
import { serveFiles } from "./serve-files.ts";
import { visit } from "./visit.ts";

const filters = "bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: 'hanning'";
const features = `features: [kaldiFbank({ ${filters} }), anyLength({ frames: 24, least: 8, most: 64 })]`;

/** Clips of 5,000, 9,000 and 2,000 samples. */
const samples = generateTensor("web/any-length", 3 * 9000, 0.3);
samples.fill(absentSample, 5000, 9000);
samples.fill(absentSample, 20_000);
const targets = [
  [1, 0],
  [0, 1],
  [1, 0],
];

const inNode = async (graph: string) => {
  const artifact = decodeArtifact(graph, readFileSync(graph));
  const waveform = hostTensor("float32", samples, [3, 9000]);
  const classifier = await openClassifier(nodeEngine, artifact, cpuDevice);
  const { scores } = await classifier.classify(waveform);
  await classifier.close();
  const training = await openTrainingSession(nodeEngine, artifact, cpuDevice);
  const feeds = {
    waveform,
    targets: hostTensor("float32", Float32Array.from(targets.flat()), [3, 2]),
    learning_rate: hostTensor("float32", Float32Array.of(1e-3), []),
  };
  const losses: number[] = [];
  for (let step = 0; step < 2; step++) losses.push(...(await training.steps([{ feeds, endsStep: true }])));
  await training.close();
  return { scores, losses };
};

test.skipIf(chromiumPath === undefined)("in Chromium, on WebAssembly and on WebGPU", async () => {
  const graph = compileTiny("optimizer: adam({ learningRate: 1e-3 })", features);
  const folder = dirname(graph);
  await bundlePage("test/web/pages/any-length-page.ts", folder);
  const [server, browser] = [await serveFiles([folder, engineFolder], { isolated: true }), await launchChromium()];
  onTestFinished(async () => {
    await browser.close();
    await server.close();
  });
  const expected = await inNode(graph);
  for (const device of ["cpu", "webgpu"] as const) {
    const found = await visit(browser, server.url, (page) =>
      page.evaluate(
        async ([clips, labels, kind]) => {
          const { page: there } = globalThis as unknown as { readonly page: typeof AnyLengthPage };
          return there.answersOf("/graph.onnx", clips, labels, kind);
        },
        [[...samples], targets, device] as const,
      ),
    );
    for (const scores of [found.scores, found.plainScores]) {
      expect(scores, device).toHaveLength(expected.scores.length);
      scores.forEach((score, index) => expect(score, device).toBeCloseTo(expected.scores[index] ?? Number.NaN, 5));
    }
    expect(found.losses, device).toHaveLength(2);
    found.losses.forEach((loss, step) => expect(loss, device).toBeCloseTo(expected.losses[step] ?? Number.NaN, 5));
  }
});
