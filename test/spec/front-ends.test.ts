/** Front ends beside AST's, from spec to a trained graph, in small sizes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { decodeOnnx } from "../../compiler/artifact/onnx.ts";
import { mostLength } from "../../compiler/artifact/dim.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import type { Clip } from "../../runtime/data/dataset.ts";
import { open } from "../../runtime/index.ts";
import { elements } from "../../compiler/ir/shape.ts";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { parametersOf } from "../../compiler/ir/program.ts";
import cedTiny from "../../spec/models/ced-tiny.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { temporaryFolder } from "../runtime/audio/temporary-folder.ts";
import { collect, optionsIn } from "../runtime/train/linear-training.ts";

const sourceOf = (path: string): string =>
  JSON.stringify(fileURLToPath(new URL(`../../spec/${path}`, import.meta.url)));

const specs = {
  ced: `import { adam, singleLabel } from "specgraph";
import { ced } from ${sourceOf("models/ced-tiny.ts")};
export default ced({
  name: "ced",
  size: { width: 16, depth: 1, heads: 2 },
  frames: 64,
  objective: singleLabel({ classes: ["no", "yes"] }),
  training: { optimizer: adam({ learningRate: 1e-3 }), batch: 4, epochs: 2 },
});
`,
  passt: `import {
  adam, attention, dense, gelu, layerNorm, log, maskFrequency, maskTime, meanOfTokens, melSpectrogram, mixup, model, normalize, padOrCut,
  patchEmbedding, preemphasis, prependTokens, residual, separatePositions, singleLabel, waveform,
} from "specgraph";
export default model({
  name: "passt",
  input: waveform({ sampleRateHz: 32_000 }),
  features: [
    preemphasis(0.97, { first: "dropped" }),
    melSpectrogram({
      bins: 128, fftSamples: 1024, windowSamples: 800, hopSamples: 320, periodic: false, melScale: "kaldi", highHz: 15_000,
    }),
    log({ plus: 1e-5 }),
    padOrCut({ frames: 64 }),
    normalize({ mean: -4.5, std: 5 }),
  ],
  network: [
    patchEmbedding({ patch: { bins: 16, frames: 16 }, stride: { bins: 10, frames: 10 }, width: 16 }),
    separatePositions(),
    prependTokens("cls", "dist"),
    residual(layerNorm({ eps: 1e-6 }), attention({ heads: 2 })),
    residual(layerNorm({ eps: 1e-6 }), dense(32), gelu(), dense(16)),
    layerNorm({ eps: 1e-6 }),
    meanOfTokens("cls", "dist"),
    dense("classes"),
  ],
  objective: singleLabel({ classes: ["no", "yes"] }),
  training: {
    optimizer: adam({ learningRate: 1e-3 }), batch: 4, epochs: 2,
    augment: [mixup({ rate: 0.5 }), maskFrequency({ bins: 20 }), maskTime({ frames: 12 })],
  },
});
`,
} as const;

const compileSmall = (name: keyof typeof specs): string => {
  const folder = temporaryFolder();
  const [spec, out] = [join(folder, "spec.ts"), join(folder, "graph.onnx")];
  writeFileSync(spec, specs[name]);
  compile({ spec, out, input: "waveform" });
  return out;
};

/** Loud clips of class 1. */
const clips = Array.from({ length: 8 }, (_, index): Clip => ({
  name: `clip ${index}`,
  source: { path: String(index) },
  classIndices: [index % 2],
}));
const load = async ({ name, classIndices: [index = 0] }: Clip): Promise<Float32Array> =>
  generateTensor(name, 9000 + 501 * Number(name.at(-1)), index === 0 ? 0.01 : 0.5);

describe.each(["ced", "passt"] as const)("%s", (name) => {
  test("is trained, and answers for a clip what it does beside others", async () => {
    const graph = compileSmall(name);
    const options = optionsIn(temporaryFolder(), {
      model: decodeOnnx(readFileSync(graph)),
      clips,
      load,
      evaluationClips: clips.slice(0, 4),
      recipe: { batch: 4, epochs: 4, learningRate: 5e-3 },
    });
    const events = await collect(options);
    const losses = events.flatMap((event) => (event.event === "step" ? [event.loss] : []));
    expect(losses).toHaveLength(8);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(Math.min(...losses.slice(1))).toBeLessThan(losses[0] ?? NaN);

    const model = await open(graph, { device: "cpu" });
    onTestFinished(() => model.close());
    const sampleRateHz = name === "ced" ? 16_000 : 32_000;
    const sounds = [700, 9001, 40_000].map((samples) => ({
      samples: generateTensor(`sound ${samples}`, samples, 0.3),
      sampleRateHz,
    }));
    const together = await model.classify(sounds);
    for (const [index, sound] of sounds.entries()) {
      const { scores } = await model.classify(sound);
      scores.forEach((score, at) => expect(score).toBeCloseTo(together[index]?.scores[at] ?? NaN, 5));
      const { spectrogram } = await model.explain(sound);
      const hop = name === "ced" ? 160 : 320;
      const heard = 1 + Math.floor((sound.samples.length - (name === "ced" ? 0 : 1)) / hop);
      expect(spectrogram.framesHeard).toBe(Math.min(64, heard));
    }
    // Half a transform, and the sample that is mirrored at it; PaSST drops one more.
    const least = name === "ced" ? 257 : 514;
    await expect(model.classify({ samples: new Float32Array(least), sampleRateHz })).resolves.toBeDefined();
    await expect(model.classify({ samples: new Float32Array(least - 1), sampleRateHz })).rejects.toMatchObject({
      code: "clip-too-short",
      facts: { samples: least - 1, minSamples: least },
    });
  });
});

test("CED-tiny has CED-tiny's parameters, and its tokens", () => {
  const spec = normalizeSpec(cedTiny, () => undefined, "spec.ts");
  const parameters = parametersOf(lowerSpec(spec, "waveform", () => undefined));
  const count = parameters.reduce((total, { value }) => total + elements(value.type.shape), 0);
  // 64 * 2 of the norm of bins, (256 + 1) * 192 of patches, (4 + 63) * 192 positions, 12 blocks, two norms and the head.
  const block = 2 * 2 * 192 + 192 * 576 + 576 + 192 * 192 + 192 + 2 * 192 * 768 + 768 + 192;
  expect(count).toBe(128 + 257 * 192 + 67 * 192 + 12 * block + 4 * 192 + 192 * 527 + 527);
  const [start] = spec.network;
  expect(start?.takes.kind === "spectrogram" && mostLength(start.takes.frames)).toBe(1012);
});
