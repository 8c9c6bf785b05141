/** A network that trains on clips which are normalised by their own statistics, beside double precision. */
import { expect, test } from "vitest";
import { framesIn } from "../../compiler/artifact/frames.ts";
import { absentSample, names } from "../../compiler/artifact/names.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import { framingOf } from "../../compiler/ir/normalized-spec.ts";
import { lowerFeatures } from "../../compiler/lower/features/lower-features.ts";
import { lowerSpec } from "../../compiler/lower/lower-spec.ts";
import { createBuilder } from "../../compiler/ops/builder.ts";
import { adam, kaldiFbank, normalize, padOrCut, removeMean } from "../../spec/dsl/index.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { Tensor } from "../onnxruntime.ts";
import { evaluateNetwork } from "./lower/evaluate-network.ts";
import { openGraphRunner } from "./open-graph-runner.ts";
import { runGraph } from "./run-graph.ts";
import { tiny } from "./tiny-model.ts";

const [frames, bins, eps] = [24, 16, 1e-3];
const settle = (statistics: Parameters<typeof normalize>[0]) =>
  normalizeSpec(
    tiny({
      features: [
        removeMean(),
        kaldiFbank({ bins, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }),
        padOrCut({ frames }),
        normalize(statistics),
      ],
      training: { optimizer: adam({ learningRate: 1e-2 }), batch: 3, epochs: 1 },
    }),
    () => undefined,
    "spec.ts",
  );

const lengths = [1600, 3000, 9000];
const [longest] = lengths.toReversed();
const waveform = new Tensor(
  "float32",
  Float32Array.from(
    lengths.flatMap((length, clip) => [
      ...generateTensor(`clip ${clip}`, length, 0.1 * (clip + 1)),
      ...Array.from({ length: Number(longest) - length }, () => absentSample),
    ]),
  ),
  [3, Number(longest)],
);
const classOf = [0, 1, 1];

/** The log-mel of each clip, in the frames that it has, by its own mean and deviation; 0 in others. */
const normalised = async (): Promise<readonly (readonly (readonly number[])[])[]> => {
  const { features, sampleRateHz } = settle({ mean: 0, std: 1 });
  const b = createBuilder();
  const input = b.input("waveform", { dtype: "float32", shape: ["batch", "samples"] });
  const [levels] = await runGraph(b.finish([lowerFeatures(b, input, features, sampleRateHz).values]), { waveform });
  const values = levels?.data as Float32Array;
  return lengths.map((length, clip) => {
    const own = Math.min(frames, framesIn(length, framingOf(features)));
    const heard = Array.from(values.subarray(clip * frames * bins, (clip * frames + own) * bins));
    const mean = heard.reduce((sum, value) => sum + value, 0) / heard.length;
    const variance = heard.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (heard.length - 1);
    return Array.from({ length: frames }, (_, frame) =>
      Array.from({ length: bins }, (_, bin) =>
        frame < own ? ((heard[frame * bins + bin] ?? NaN) - mean) / (Math.sqrt(variance) + eps) : 0,
      ),
    );
  });
};

test("its loss is that of double precision, its gradients are finite, and it learns", async () => {
  const spec = settle({ per: "clip", eps });
  const runner = await openGraphRunner(lowerSpec(spec, "waveform", () => undefined));
  const spectrograms = await normalised();
  const lossInFloat64 = (): number => {
    const read = (name: string): ArrayLike<number> => (runner.state.get(name)?.data ?? []) as Float32Array;
    const losses = evaluateNetwork(spectrograms, spec.network, read, "training").map((logits, clip) => {
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      return Math.log(total) - (logits[classOf[clip] ?? 0] ?? NaN);
    });
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  };
  const targets = new Tensor("float32", Float32Array.from([1, 0, 0, 1, 0, 1]), [3, 2]);
  const feeds = { waveform, targets, learning_rate: new Tensor("float32", [1e-2], []) };
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    const expected = lossInFloat64();
    const outputs = await runner.step(feeds);
    const loss = Number(outputs[names.loss]?.data[0]);
    expect(Math.abs(loss - expected)).toBeLessThan(1e-5);
    losses.push(loss);
  }
  expect(losses).toStrictEqual(losses.toSorted((a, b) => b - a));
  const gradients = [...runner.state].filter(([name]) => name.startsWith("gradient."));
  expect(gradients.length).toBeGreaterThan(20);
  for (const [name, { data }] of gradients) {
    expect((data as Float32Array).every(Number.isFinite), name).toBe(true);
    expect(name.endsWith("qkv.bias") || (data as Float32Array).some((value) => value !== 0), name).toBe(true);
  }
});
