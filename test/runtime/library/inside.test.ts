import { readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { withOutputs } from "../../../compiler/artifact/extra-outputs.ts";
import { decodeOnnx, encodeOnnx } from "../../../compiler/artifact/onnx.ts";
import { open } from "../../../runtime/index.ts";
import { InferenceSession, Tensor } from "../../onnxruntime.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { compileTiny } from "../engine/compile-tiny.ts";
import { failureOf, openLinear } from "./open-linear.ts";

/** Where attention is asked for, it is not tiled, and the last digits differ. */
const rounded = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, each: unknown) => (typeof each === "number" ? Number(each.toFixed(5)) : each)));

/** 24 frames of 16 bins: 3 x 3 patches of 8 x 8, those along frequency 4 bins apart. */
const network =
  "network: [patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 4, frames: 8 }, width: 8 }), prependTokens('cls'), " +
  "positionalEmbedding(), residual(layerNorm({ eps: 1e-6 }), attention({ heads: 2, init: truncatedNormal({ std: 0.5 }) })), " +
  "layerNorm({ eps: 1e-6 }), meanOfTokens('cls'), dense('classes')]";

const openTiny = async (model = network, graph = compileTiny("optimizer: adam({ learningRate: 1e-3 })", model)) => {
  const opened = await open(graph, { device: "cpu" });
  onTestFinished(() => opened.close());
  return { model: opened, graph };
};

const clip = { samples: generateTensor("clip#inside", 3000, 0.3), sampleRateHz: 16_000 };
const short = { samples: clip.samples.subarray(0, 1000), sampleRateHz: 16_000 };

/** What the graph itself gives for the clip. */
const direct = async (graph: string) => {
  const model = withOutputs(decodeOnnx(readFileSync(graph)), ["embedding", "attention"]);
  if (typeof model === "string") throw new Error(model);
  const session = await InferenceSession.create(encodeOnnx(model));
  const { embedding, attention } = await session.run({ waveform: new Tensor("float32", clip.samples, [1, 3000]) });
  await session.release();
  return { embedding: embedding?.data, attention: attention?.data as Float32Array };
};

test("embeddings of a clip and of several, from a graph that was compiled without them", async () => {
  const { model, graph } = await openTiny();
  const one = await model.embed(clip);
  expect(rounded(one)).toEqual(rounded((await direct(graph)).embedding));
  expect(await model.embed([clip, short, clip])).toEqual([one, expect.any(Float32Array), one]);
  expect(await model.embed([])).toEqual([]);
  const notes: (string | number)[] = [];
  const long = { samples: generateTensor("clip#inside", 9000, 0.3), sampleRateHz: 16_000 };
  await model.embed([short, long], { onNote: (note, index) => notes.push(index, note) });
  expect(notes).toEqual([1, "only its first 0.3 s are heard"]);
});

test("a graph that was compiled with them answers as one without", async () => {
  const { model, graph } = await openTiny();
  const extended = withOutputs(decodeOnnx(readFileSync(graph)), ["embedding", "attention"]);
  const path = join(temporaryFolder({}), "graph.onnx");
  writeFileSync(path, encodeOnnx(extended as Exclude<typeof extended, string>));
  const { model: other } = await openTiny("", path);
  expect(rounded(await other.classify(clip))).toEqual(rounded(await model.classify(clip)));
  expect(rounded(await other.embed(clip))).toEqual(rounded(await model.embed(clip)));
  expect(rounded(await other.explain(clip))).toEqual(rounded(await model.explain(clip)));
});

test("an explanation has what the model sees, where its attention lies, and what it hears", async () => {
  const { model, graph } = await openTiny();
  const { spectrogram, attention, ...heard } = await model.explain(clip, { top: 1 });
  expect(rounded(heard)).toEqual(rounded(await model.classify(clip, { top: 1 })));
  expect(spectrogram).toMatchObject({ frames: 24, framesHeard: 17, bins: 16, frameShiftSeconds: 0.01 });
  expect(spectrogram.values).toHaveLength(24 * 16);
  // From 20 to 8000 Hz, evenly apart on the mel scale.
  expect(spectrogram.binsHz.map(Math.round)).toEqual([
    134, 265, 418, 594, 798, 1035, 1309, 1626, 1993, 2418, 2911, 3481, 4140, 4905, 5789, 6814,
  ]);

  expect(attention.times).toEqual(
    [0, 8, 16].map((first) => ({
      startSeconds: expect.closeTo(first * 0.01, 9) as number,
      endSeconds: expect.closeTo((first + 7) * 0.01 + 0.025, 9) as number,
      frames: [first, first + 8],
    })),
  );
  expect(attention.bands.map(({ bins }) => bins)).toStrictEqual([
    [0, 8],
    [4, 12],
    [8, 16],
  ]);
  const [low, middle, high] = attention.bands;
  expect(low?.lowHz).toBeLessThan(spectrogram.binsHz[0] ?? 0);
  expect(middle?.lowHz).toBeGreaterThan(spectrogram.binsHz[3] ?? 0);
  expect(middle?.lowHz).toBeLessThan(spectrogram.binsHz[4] ?? 0);
  expect(high?.highHz).toBeGreaterThan(spectrogram.binsHz[15] ?? 0);

  const [, ...patches] = (await direct(graph)).attention;
  const total = patches.reduce((sum, value) => sum + value, 0);
  for (const time of [0, 1, 2])
    for (const band of [0, 1, 2])
      expect(attention.values[time * 3 + band]).toBeCloseTo((patches[band * 3 + time] ?? NaN) / total, 6);
});

describe("what cannot be told is refused", () => {
  test("of a network without attention", async () => {
    const { model, graph } = await openTiny(
      "network: [patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 }), meanOfPatches(), dense('classes')]",
    );
    expect(await failureOf(() => model.explain(clip))).toEqual({
      code: "no-such-output",
      facts: { path: graph, outputs: ["attention"] },
      message: `${graph}: cannot tell attention: it has no attention layer, whose weights attention is made of`,
    });
    expect(await model.embed(clip)).toHaveLength(8);
    expect((await model.classify(clip)).scores).toHaveLength(2);
  });

  test("of a graph that says nothing of its tokens", async () => {
    const { model, graph } = await openLinear();
    expect(await failureOf(() => model.embed(clip))).toEqual({
      code: "no-such-output",
      facts: { path: graph, outputs: ["embedding"] },
      message: `${graph}: cannot tell embedding: no patchEmbedding tells where its tokens lie in the spectrogram`,
    });
  });

  test("of a graph whose file has changed", async () => {
    const { model, graph } = await openTiny();
    const { atime, mtime } = statSync(graph);
    utimesSync(graph, atime, new Date(mtime.getTime() + 2000));
    expect(await failureOf(() => model.embed(clip))).toEqual({
      code: "graph-changed-since",
      facts: { path: graph },
      message: `${graph}: has changed since the model was opened; open it again`,
    });
  });

  test("after the model is closed, by an aborted call, with an option that is none", async () => {
    const { model } = await openTiny();
    const signal = AbortSignal.abort();
    for (const call of [() => model.embed(clip, { signal }), () => model.explain(clip, { signal })])
      expect(await failureOf(call)).toEqual({ code: "aborted", facts: {}, message: "the call was aborted" });
    expect(await failureOf(() => model.embed(clip, { top: 3 } as object))).toEqual({
      code: "option-invalid",
      facts: { option: "top" },
      message: "top is no option; there are onNote, signal",
    });
    await model.close();
    for (const call of [() => model.embed(clip), () => model.explain(clip)])
      expect(await failureOf(call)).toEqual({ code: "model-closed", facts: {}, message: "the model is closed" });
  });
});
