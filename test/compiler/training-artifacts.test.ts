/** What `compile --artifacts` writes, in ONNX Runtime's own training API, beside our training of the same spec. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { names } from "../../compiler/artifact/names.ts";
import { decodeOnnx } from "../../compiler/artifact/onnx.ts";
import { compile, compileArtifacts } from "../../compiler/compile.ts";
import { CompileError } from "../../compiler/diagnostics/diagnostic.ts";
import { openCheckpoint } from "../../compiler/weights/readers/open-checkpoint.ts";
import { readArtifact } from "../../runtime/artifact/read-artifact.ts";
import type { Clip } from "../../runtime/data/dataset.ts";
import { loadPart } from "../../runtime/train/load-part.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { createRunner } from "../onnx/training-info-runner.ts";
import { openTraining } from "../onnxruntime-training.ts";
import { InferenceSession, Tensor } from "../onnxruntime.ts";
import { savedCheckpoint } from "./weights/readers/saved-checkpoint.ts";

const vocabulary =
  "adam, adamW, anyLength, attention, attentionPooling, batchNorm, dense, dropout, dropPath, groupNorm, kaldiFbank, layerNorm, " +
  "layerScale, maskFrequency, maskTime, meanOfPatches, mixedFloat16, mixup, multiLabel, noise, normalize, padOrCut, patchEmbedding, " +
  "patchout, registerTokens, relativePositions, bucketedPositions, relu, removeMean, residual, roll, separatePositions, sigmoid, singleLabel, squeezeExcite, tanh";

/** What ONNX Runtime's training API steps with where nobody sets another, which its package for the web does not let one. */
const learningRate = 1e-3;

const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

/** The tiny model with changes, as a spec in a folder of its own. */
const writeSpec = (changes: string): string => {
  const folder = makeFolder();
  cpSync(fileURLToPath(new URL("tiny-model.ts", import.meta.url)), join(folder, "tiny-model.ts"));
  const spec = join(folder, "spec.ts");
  writeFileSync(
    spec,
    `import { ${vocabulary} } from "specgraph";
import { tiny, tinyNetwork } from "./tiny-model.ts";
export const unused = [${vocabulary}, tinyNetwork];
export default tiny({ ${changes} });
`,
  );
  return spec;
};

const write = (changes: string) => {
  const spec = writeSpec(changes);
  const options = { spec, input: "waveform", weights: "none" } as const;
  const graph = join(spec, "..", "graph.onnx");
  const folder = join(spec, "..", "artifacts");
  compile({ ...options, out: graph });
  return { ...options, graph, folder, ...compileArtifacts(options, folder) };
};

type WrittenArtifacts = ReturnType<typeof write>;

const clips = Array.from({ length: 4 }, (_, index): Clip => ({
  name: `clip ${index}`,
  source: { path: String(index) },
  classIndices: [index % 2],
}));
const load = async ({ name }: Clip): Promise<Float32Array> =>
  generateTensor(name, 3000 + 200 * Number(name.split(" ")[1]), 0.3);

/** A part of a step of our training, of these clips. */
const partOf = async (graph: string, chosen: readonly Clip[] = clips) => {
  const { metadata } = readArtifact(graph);
  const rows = chosen.map((clip) => ({ clip, place: clips.indexOf(clip) }));
  const plan = { rows, endsStep: true, step: 0 };
  return (await loadPart(plan, { metadata, seed: 7, epoch: 1, clips, load, learningRate })).feeds;
};

/** The parameters of a graph by name, in its order. */
const parametersOf = (path: string): ReadonlyMap<string, Float32Array> =>
  new Map([...openCheckpoint(path).tensors].map(([name, tensor]) => [name, tensor.readFloat32()]));

/** Values one after the other, by the names of what they are of. */
const divide = (values: Float32Array, sizes: ReadonlyMap<string, Float32Array>): ReadonlyMap<string, Float32Array> => {
  let end = 0;
  return new Map([...sizes].map(([name, { length }]) => [name, values.subarray(end, (end += length))]));
};

/** A key's bias has no gradient but rounding, which Adam makes whole steps of. */
const isComparable = (name: string): boolean => !name.endsWith("kv.bias");

const distance = (a: Float32Array, b: Float32Array): number =>
  Math.hypot(...a.map((value, index) => value - (b[index] ?? NaN)));

const training = (options: string): string => `training: { batch: 4, epochs: 1, ${options} }`;
const plainAdam = `optimizer: adam({ learningRate: ${learningRate} })`;

const cases: readonly (readonly [what: string, changes: string])[] = [
  ["Adam", training(plainAdam)],
  [
    "Adam with the paper's weight decay",
    training(`optimizer: adam({ learningRate: 1e-3, betas: [0.95, 0.999], weightDecay: 0.1 })`),
  ],
  [
    "AdamW, clipped gradients, several labels, in two parts",
    `objective: multiLabel({ classes: ["a", "b", "c"], labelSmoothing: 0.1 }), ${training(
      "optimizer: adamW({ learningRate: 1e-3, weightDecay: 0.1 }), clipNorm: 0.01, accumulate: 2",
    )}`,
  ],
  [
    "frozen parts, Adam's weight decay, in four parts",
    training(
      `optimizer: adam({ learningRate: 1e-3, weightDecay: 0.1 }), rates: { "patchEmbedding.*": 0, "blocks.0.*": 0 }, accumulate: 4`,
    ),
  ],
  [
    "clips of any length",
    `features: [removeMean(), kaldiFbank({ bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }),
      anyLength({ frames: 24, least: 8, most: 32 }), normalize({ mean: -4, std: 4 })], ${training(plainAdam)}`,
  ],
  [
    "layers that AST has not",
    `network: [
      patchEmbedding({ patch: { bins: 8, frames: 8 }, stride: { bins: 8, frames: 8 }, width: 8 }), separatePositions(),
      registerTokens(2), groupNorm({ groups: 2 }),
      residual(layerNorm({ eps: 1e-6 }), attention({ heads: 2 }), layerScale(), dropPath({ rate: 0.2 })),
      residual(dense(16), relu(), squeezeExcite({ units: 4 }), sigmoid(), dense(8), tanh()),
      attentionPooling({ heads: 2 }), dense("classes"),
    ], ${training(plainAdam)}`,
  ],
  [
    "relative positions and patchout, of clips by their own statistics",
    `features: [kaldiFbank({ bins: 16, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }), padOrCut({ frames: 24 }),
      normalize({ per: "clip" })], objective: singleLabel({ classes: ["a", "b", "c"] }), network: [
      patchEmbedding({ patch: { bins: 4, frames: 8 }, stride: { bins: 4, frames: 8 }, width: 8 }), separatePositions(),
      residual(relativePositions({ heads: 2 }), attention({ heads: 2 })),
      residual(layerNorm({ eps: 1e-6 }), bucketedPositions({ heads: 2, buckets: 8, maxDistance: 6 }),
        attention({ heads: 2, gated: true })),
      patchout({ rows: 1, patches: 0.25 }), residual(dense(8), tanh()), meanOfPatches(), dense("classes"),
    ], ${training(plainAdam)}`,
  ],
  [
    "all augmentations and dropout",
    `network: [...tinyNetwork().slice(0, -1), dropout({ rate: 0.3 }), dense("classes")], ${training(
      `${plainAdam}, augment: [mixup({ rate: 0.5 }), maskFrequency({ bins: 4 }), maskTime({ frames: 8 }), noise(), roll()]`,
    )}`,
  ],
];

describe.each(cases)("%s", (_, changes) => {
  test("trains in ONNX Runtime's TrainingSession as it does here", async () => {
    const { graph, folder, metadata, inputs } = write(changes);
    const [ours, theirs] = [await createRunner(graph), await openTraining(folder)];
    expect(theirs.inputs).toStrictEqual(inputs);
    const { recipe } = metadata;
    const { metadata: read } = readArtifact(graph);
    const partSize = clips.length / recipe.accumulate;
    for (let step = 1; step <= 20; step++) {
      for (let part = 0; part < recipe.accumulate; part++) {
        const rows = clips.map((clip, place) => ({ clip, place })).slice(part * partSize, (part + 1) * partSize);
        const plan = { rows, endsStep: part === recipe.accumulate - 1, step: step - 1 };
        const options = { metadata: read, seed: 7, epoch: step, clips, load, learningRate };
        const { feeds } = await loadPart(plan, options);
        const given = { ...feeds, accumulate: new Tensor("bool", [part > 0], []) };
        const outputs = await ours.step(given, plan.endsStep ? [0, 1] : [0]);
        const loss = await theirs.accumulate(feeds);
        expect(Math.abs(loss - Number(outputs[names.loss]?.data[0]))).toBeLessThan(1e-5);
      }
      await theirs.step();
      await theirs.reset();
    }
    const start = parametersOf(graph);
    const frozen = new Set(metadata.frozen);
    const trained = new Map([...start].filter(([name]) => !frozen.has(name)));
    const values = divide(await theirs.parameters(true), trained);
    expect(trained.size).toBeGreaterThan(10);
    for (const [name, before] of trained) {
      if (!isComparable(name)) continue;
      const after = ours.state.get(name)?.data as Float32Array;
      const moved = distance(after, before);
      expect(moved, name).toBeGreaterThan(0);
      expect(distance(values.get(name) ?? new Float32Array(), after) / moved, name).toBeLessThan(1e-3);
    }
    await theirs.close();
  });
});

const plain = training(plainAdam);

test("the files are laid out as the training API expects: parameters, gradients and the flag are told by their names", async () => {
  const { folder } = write(training(`${plainAdam}, rates: { "*": 0, "dense.*": 1 }`));
  expect(readdirSync(folder).toSorted()).toStrictEqual([
    "checkpoint",
    "eval_model.onnx",
    "optimizer_model.onnx",
    "training_model.onnx",
  ]);
  const signature = (name: string) => {
    const { graph, opsetImport, irVersion } = decodeOnnx(readFileSync(join(folder, name)));
    const isParameter = (value: string): boolean =>
      /^(?:blocks|patchEmbedding|layerNorm|positional|prepend|addTokens)/.test(value);
    return {
      inputs: graph?.input?.map((input) => input.name ?? "").filter((input) => !isParameter(input)),
      outputs: graph?.output?.map((output) => output.name),
      versions: [irVersion, ...opsetImport.map(({ domain, version }) => `${domain}:${version}`)].map(String),
    };
  };
  const versions = ["9", ":20", "com.microsoft:1"];
  expect(signature("training_model.onnx")).toStrictEqual({
    inputs: [
      "waveform",
      "targets",
      "dense.weight",
      "dense.bias",
      "dense.weight_grad.accumulation.buffer",
      "dense.bias_grad.accumulation.buffer",
      "lazy_reset_grad",
    ],
    outputs: ["loss", "dense.weight_grad.accumulation.out", "dense.bias_grad.accumulation.out"],
    versions,
  });
  expect(signature("eval_model.onnx")).toStrictEqual({
    inputs: ["waveform", "targets", "dense.weight", "dense.bias"],
    outputs: ["loss", "logits", "scores"],
    versions,
  });
  expect(signature("optimizer_model.onnx")).toStrictEqual({
    inputs: ["learning_rate", "step", "params", "gradients", "first_order_moments", "second_order_moments"],
    outputs: ["updated_flag"],
    versions,
  });
});

test("gradients are added up until they are reset", async () => {
  const { graph, folder } = write(plain);
  const [first, second] = [await partOf(graph, clips.slice(0, 2)), await partOf(graph, clips.slice(2))];
  const stepOf = async (isReset: boolean): Promise<Float32Array> => {
    const session = await openTraining(folder);
    await session.accumulate(first);
    if (isReset) await session.reset();
    await session.accumulate(second);
    await session.step();
    const values = await session.parameters(true);
    await session.close();
    return values;
  };
  const alone = await openTraining(folder);
  await alone.accumulate(second);
  await alone.step();
  const values = await alone.parameters(true);
  await alone.close();
  expect(await stepOf(true)).toStrictEqual(values);
  expect(await stepOf(false)).not.toStrictEqual(values);
});

test("evaluation is inference, with the loss of its answers by targets that are not smoothed", async () => {
  const objective = 'objective: singleLabel({ classes: ["no", "yes"], labelSmoothing: 0.2 })';
  const { graph, folder } = write(`${objective}, ${training(`${plainAdam}, augment: [mixup({ rate: 1 })]`)}`);
  const feeds = await partOf(graph);
  const inference = await InferenceSession.create(graph);
  const { waveform } = feeds;
  const { scores } = await inference.run({
    waveform: new Tensor("float32", waveform?.data as Float32Array, waveform?.dims),
  });
  await inference.release();
  const session = await openTraining(folder);
  const found = await session.evaluate(feeds);
  expect(found.scores).toHaveLength(2 * clips.length);
  found.scores.forEach((value, index) => expect(value).toBeCloseTo(Number(scores?.data[index]), 5));
  const ofClass = clips.map(({ classIndices: [index = 0] }, clip) => Number(scores?.data[2 * clip + index]));
  const loss = -ofClass.reduce((sum, score) => sum + Math.log(score), 0) / clips.length;
  expect(found.loss).toBeCloseTo(loss, 5);
  await session.close();
});

/** What an application saves after a step: the file is ONNX Runtime's, its values those that the API gives. */
const trainAndSave = async ({ graph, folder }: WrittenArtifacts): Promise<string> => {
  const session = await openTraining(folder);
  await session.accumulate(await partOf(graph));
  await session.step();
  const before = openCheckpoint(join(folder, "checkpoint"));
  const start = new Map([...before.tensors].map(([name, tensor]) => [name, tensor.readFloat32()]));
  const frozen = new Set(readArtifact(graph).metadata.frozen);
  const isFrozen = (name: string): boolean => frozen.has(name);
  const trained = new Map([...start].filter(([name]) => !isFrozen(name)));
  const values = new Map([...start, ...divide(await session.parameters(true), trained)]);
  const saved = [...before.tensors].map(([name, { shape }]) => ({
    name,
    shape,
    values: values.get(name) ?? new Float32Array(),
  }));
  const bytes = savedCheckpoint({
    trained: saved.filter(({ name }) => !isFrozen(name)),
    frozen: saved.filter(({ name }) => isFrozen(name)),
    texts: [...before.metadata],
  });
  await session.close();
  // It is one that ONNX Runtime goes on with.
  const again = await openTraining(folder, bytes);
  expect(await again.parameters(true)).toStrictEqual(
    Float32Array.from([...trained.keys()].flatMap((name) => [...(values.get(name) ?? [])])),
  );
  await again.close();
  const path = join(folder, "trained");
  writeFileSync(path, bytes);
  return path;
};

test("a trained checkpoint is read by --weights, with its classes, and gives the same graph", async () => {
  const written = write(training(`${plainAdam}, rates: { "blocks.0.*": 0 }`));
  const trained = await trainAndSave(written);
  const out = join(written.folder, "trained.onnx");
  const { coverage } = compile({ spec: written.spec, input: "waveform", weights: trained, out });
  expect(coverage?.layout).toBe("specgraph");
  const expected = new Map([...openCheckpoint(trained).tensors].map(([name, tensor]) => [name, tensor.readFloat32()]));
  expect(parametersOf(out)).toStrictEqual(
    new Map([...parametersOf(written.graph).keys()].map((name) => [name, expected.get(name)])),
  );
  expect(parametersOf(out)).not.toStrictEqual(parametersOf(written.graph));
});

test("artifacts start from weights, as graphs do", async () => {
  const first = write(plain);
  const trained = await trainAndSave(first);
  const folder = join(first.folder, "again");
  compileArtifacts({ spec: first.spec, input: "waveform", weights: trained }, folder);
  const [again, expected] = [openCheckpoint(join(folder, "checkpoint")), openCheckpoint(trained)];
  for (const [name, tensor] of expected.tensors) {
    expect(again.tensors.get(name)?.readFloat32(), name).toStrictEqual(tensor.readFloat32());
  }
});

describe("what the training API has no place for is told by its line", () => {
  const refusal = (changes: string): readonly string[] => {
    const spec = writeSpec(changes);
    try {
      compileArtifacts({ spec, input: "waveform", weights: "none" }, join(spec, "..", "artifacts"));
      return [];
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      return error.diagnostics.map(({ message, span, fix }) => `${span?.line}: ${message}; ${fix}`);
    }
  };

  test.each([
    [
      training(`${plainAdam}, precision: mixedFloat16()`),
      "4: ONNX Runtime's training API scales no loss: mixed precision cannot be expressed; float32()",
    ],
    [
      training("optimizer: adam({ learningRate: 1e-3, weightDecay: 0.1 }), clipNorm: 1"),
      "4: weight decay that is part of the gradients would be clipped with them: the two together cannot be expressed; AdamW, whose decay is not, or one of the two",
    ],
    [
      training(`${plainAdam}, memory: "1 GB"`),
      "4: ONNX Runtime's training API keeps what the forward pass computes: a budget of memory cannot be expressed; leave memory out",
    ],
    [
      training(`${plainAdam}, rates: { "*": 0.1, "dense.*": 1 }`),
      '4: ONNX Runtime\'s optimizer has one learning rate for all parameters: the rate 0.1 of "*" cannot be expressed; 1, or 0 to freeze them',
    ],
    [
      `network: [...tinyNetwork().slice(0, -1), batchNorm(), dense("classes")], ${plain}`,
      '4: batchNorm keeps statistics of its batches, and ONNX Runtime\'s training API replaces nothing but parameters; another normalization, or a rate of 0 for "batchNorm.*"',
    ],
  ])("%s", (changes, message) => {
    expect(refusal(changes)).toStrictEqual([message]);
  });

  test("all of it at once, and with its place in the line", () => {
    const spec = writeSpec(training(`${plainAdam}, precision: mixedFloat16(), rates: { "blocks.*": 0.5 }`));
    expect(() => compileArtifacts({ spec, input: "waveform", weights: "none" }, join(spec, "..", "artifacts"))).toThrow(
      /mixed precision cannot be expressed\n.*rate 0\.5/,
    );
    expect(readdirSync(join(spec, "..")).toSorted()).toStrictEqual(["spec.ts", "tiny-model.ts"]);
  });
});

describe("the folder", () => {
  test("is one that is there, too, and its files are replaced", () => {
    const { spec, folder } = write(plain);
    writeFileSync(join(folder, "notes.txt"), "mine");
    const before = readFileSync(join(folder, "checkpoint"));
    compileArtifacts({ spec, input: "waveform", weights: "none", settings: ["seed=5"] }, folder);
    expect(readFileSync(join(folder, "checkpoint")).equals(before)).toBe(false);
    expect(readdirSync(folder)).toHaveLength(5);
  });

  test.each([
    ["a file", (folder: string) => writeFileSync(folder, ""), "it is a file"],
    ["below a file", (folder: string) => writeFileSync(join(folder, ".."), ""), "its folder is a file"],
  ])("is not %s", (_, prepare, reason) => {
    const spec = writeSpec(plain);
    const folder = join(spec, "..", "below", "artifacts");
    if (reason === "it is a file") mkdirSync(join(folder, ".."));
    prepare(folder);
    expect(() => compileArtifacts({ spec, input: "waveform", weights: "none" }, folder)).toThrow(
      `cannot write ${folder}: ${reason}`,
    );
  });
});
