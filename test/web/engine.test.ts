/** The runtime's engine in Chromium: the scores of the quickstart's graph are those of Node.js's build. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { decodeArtifact } from "../../runtime/artifact/decode-artifact.ts";
import { resample } from "../../runtime/audio/resample.ts";
import { soundRateHz, synthesise } from "../../runtime/data/synthesise.ts";
import { openClassifier } from "../../runtime/engine/classifier.ts";
import { cpuDevice } from "../../runtime/engine/device.ts";
import { nodeEngine } from "../../runtime/engine/node.ts";
import { bundlePage, engineFolder } from "./bundle-page.ts";
import { chromiumPath, launchChromium } from "./chromium.ts";
import type * as EnginePage from "./pages/engine-page.ts";
import { serveFiles } from "./serve-files.ts";
import { visit } from "./visit.ts";

const folder = mkdtempSync(join(tmpdir(), "specgraph-web-"));
const samples = resample(synthesise({ kind: "siren", index: 3, seed: 7 }), { fromHz: soundRateHz, toHz: 16_000 });
let browser: Browser;
let expected: Float32Array;

describe.skipIf(chromiumPath === undefined)("in Chromium", () => {
  beforeAll(async () => {
    const graph = join(folder, "graph.onnx");
    compile({ spec: "spec/quickstart.ts", out: graph, input: "waveform" });
    const classifier = await openClassifier(nodeEngine, decodeArtifact(graph, readFileSync(graph)), cpuDevice);
    const clip = { type: "float32", data: samples, dims: [1, samples.length] } as const;
    expected = (await classifier.classify(clip)).scores;
    await classifier.close();
    await bundlePage("test/web/pages/engine-page.ts", folder);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test.each([
    { device: "cpu", isolated: true, what: "WebAssembly, in threads" },
    { device: "cpu", isolated: false, what: "WebAssembly, in one thread" },
    { device: "webgpu", isolated: true, what: "WebGPU" },
  ] as const)("scores on $what", async ({ device, isolated }) => {
    const server = await serveFiles([folder, engineFolder], { isolated });
    const { scores, isIsolated } = await visit(browser, server.url, (page) =>
      page.evaluate(
        async ([samples, device]) => {
          const { page } = globalThis as unknown as { readonly page: typeof EnginePage };
          return page.scoresOf("/graph.onnx", samples, device);
        },
        [[...samples], device] as const,
      ),
    );
    await server.close();
    expect(isIsolated).toBe(isolated);
    expect(scores).toHaveLength(10);
    scores.forEach((score, index) => expect(score).toBeCloseTo(expected[index] ?? Number.NaN, 4));
  });
});
