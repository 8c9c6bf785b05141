import { createHash } from "node:crypto";
import { hostTensor } from "../runtime/engine/host-tensor.ts";
import { nodeEngine } from "../../runtime/engine/node.ts";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeOnnx } from "../../compiler/artifact/onnx.ts";
import { InferenceSession, Tensor } from "../onnxruntime.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import { costFor } from "../../compiler/artifact/cost.ts";
import { isAtMost } from "../../compiler/artifact/dim.ts";
import { type GraphInput, parseMetadata } from "../../compiler/artifact/metadata.ts";
import { absentSample } from "../../compiler/artifact/names.ts";
import { CompileError } from "../../compiler/diagnostics/diagnostic.ts";
import { compile, type Compiled } from "../../compiler/compile.ts";
import { openCheckpoint } from "../../compiler/weights/readers/open-checkpoint.ts";
import { cpuDevice } from "../../runtime/engine/device.ts";
import { readArtifact } from "../../runtime/artifact/read-artifact.ts";
import { trainedClips, trainedClipsOf, withTrainedClips } from "../../runtime/artifact/trained-clips.ts";
import { openTrainingSession } from "../../runtime/engine/training-session.ts";
import { writeArtifact } from "../../runtime/artifact/write-artifact.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { createRunner } from "../onnx/training-info-runner.ts";

const vocabulary =
  "adamW, checkpoint, fromCheckpoint, kaldiFbank, mixedFloat16, multiLabel, normalize, padOrCut, removeMean, singleLabel";

/** Compiles the tiny model with changes, in a folder of its own; its weights from its seed or from another graph. */
const compileTiny = (
  changes: string,
  input: GraphInput,
  weights = "none",
): { readonly out: string; readonly compiled: Compiled } => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(fileURLToPath(new URL("tiny-model.ts", import.meta.url)), join(folder, "tiny-model.ts"));
  const spec = join(folder, "spec.ts");
  writeFileSync(
    spec,
    `import { ${vocabulary} } from "specgraph";
import { tiny } from "./tiny-model.ts";
export default tiny({ ${changes} });
export const unused = [${vocabulary}];
`,
  );
  const out = join(folder, "graph.onnx");
  return { out, compiled: compile({ spec, out, input, weights }) };
};

const multiLabel = 'name: "many", objective: multiLabel({ classes: ["a", "b", "c"] })';
const recipe = "training: { optimizer: adamW({ learningRate: 0.01, weightDecay: 0.1 }), batch: 3, epochs: 7 }, seed: 5";

const waveforms = (batch: number, samples: number): Tensor =>
  new Tensor("float32", generateTensor("compile/waveform", batch * samples, 0.3), [batch, samples]);

const scalar = (value: number): Tensor => new Tensor("float32", Float32Array.of(value), []);
const numbers = (tensor: Tensor | undefined): readonly number[] => Array.from(tensor?.data as Float32Array);

describe("the inference graph", () => {
  test("takes waveforms of any length, alone or in batches", async () => {
    const { out } = compileTiny("", "waveform");
    const session = await InferenceSession.create(out);
    expect(session.inputNames).toStrictEqual(["waveform"]);
    expect(session.outputNames).toStrictEqual(["logits", "scores"]);
    for (const [batch, samples] of [
      [1, 400],
      [2, 16_000],
      [3, 5001],
    ] as const) {
      const { logits, scores } = await session.run({ waveform: waveforms(batch, samples) });
      expect(logits?.dims).toStrictEqual([batch, 2]);
      const exponentials = numbers(logits).map(Math.exp);
      numbers(scores).forEach((score, index) => {
        const clip = index - (index % 2);
        const total = (exponentials[clip] ?? NaN) + (exponentials[clip + 1] ?? NaN);
        expect(score).toBeCloseTo((exponentials[index] ?? NaN) / total, 6);
      });
    }
    await session.release();
  });

  test("scores independent classes by sigmoid, from features", async () => {
    const { out } = compileTiny(multiLabel, "features");
    const session = await InferenceSession.create(out);
    const features = new Tensor("float32", generateTensor("compile/features", 24 * 16, 1), [1, 24, 16]);
    const { logits, scores } = await session.run({ input_values: features });
    await session.release();
    expect(numbers(scores)).toHaveLength(3);
    numbers(logits).forEach((logit, index) =>
      expect(numbers(scores)[index]).toBeCloseTo(1 / (1 + Math.exp(-logit)), 6),
    );
  });
});

test("the training program learns from waveforms of different length", async () => {
  const { out } = compileTiny(multiLabel, "waveform");
  const { state, step } = await createRunner(out);
  const samples = 6000;
  const data = generateTensor("compile/waveform", 2 * samples, 0.3).fill(absentSample, samples + 2500);
  const feeds = {
    waveform: new Tensor("float32", data, [2, samples]),
    targets: new Tensor("float32", Float32Array.of(1, 0, 0, 0, 1, 1), [2, 3]),
    learning_rate: scalar(0.01),
  };
  const losses: number[] = [];
  for (let index = 0; index < 100; index++) losses.push(numbers((await step(feeds))["loss"])[0] ?? NaN);
  expect(losses[0]).toBeCloseTo(Math.LN2, 1);
  expect(losses.at(-1)).toBeLessThan(0.1);
  expect(Number(state.get("optimizer.step")?.data[0])).toBe(100);
});

test("in mixed precision the runtime makes the steps that the standard says, one by one or in a loop", async () => {
  const training = (steps: string): string =>
    `training: { optimizer: adamW({ learningRate: 0.01 }), batch: 2, epochs: 1, precision: mixedFloat16({ initialScale: 2 ** 127 })${steps} }`;
  const feeds = {
    waveform: hostTensor("float32", waveforms(2, 4000).data as Float32Array, [2, 4000]),
    targets: hostTensor("float32", Float32Array.of(1, 0, 0, 1), [2, 2]),
    learning_rate: hostTensor("float32", Float32Array.of(0.01), []),
  };
  const { out, compiled } = compileTiny(training(""), "waveform");
  expect(compiled.metadata.recipe).toMatchObject({ precision: "mixed-float16", stepsPerRun: null });
  const runner = await createRunner(out);
  const losses: number[] = [];
  for (let step = 0; step < 6; step++) losses.push(...numbers((await runner.step(feeds))["loss"]));
  expect(Number(runner.state.get("optimizer.step")?.data[0])).toBeLessThan(6);
  for (const steps of ["", ", stepsPerRun: 3"]) {
    const session = await openTrainingSession(
      nodeEngine,
      readArtifact(compileTiny(training(steps), "waveform").out),
      cpuDevice,
    );
    const batch = { feeds, endsStep: true };
    const found = [...(await session.steps([batch, batch, batch])), ...(await session.steps([batch, batch, batch]))];
    expect(found).toStrictEqual(losses);
    for (const { name } of session.changing)
      expect((await session.read(name)).data).toStrictEqual(runner.state.get(name)?.data);
    await session.close();
  }
});

test("parameters that training leaves alone are still parameters: for the runtime, and as a checkpoint", async () => {
  const frozen =
    'training: { optimizer: adamW({ learningRate: 0.01 }), batch: 2, epochs: 1, rates: { "*": 0, "dense.*": 1 } }';
  const { out, compiled } = compileTiny(`${frozen}, seed: 3`, "waveform");
  const { metadata, parameters } = readArtifact(out);
  const plain = readArtifact(compileTiny("seed: 3", "waveform").out);
  expect(parameters).toStrictEqual(plain.parameters);
  expect(metadata.frozen).toStrictEqual(
    parameters.map(({ name }) => name).filter((name) => !name.startsWith("dense.")),
  );
  expect(metadata.parameters).toBe(plain.metadata.parameters);
  const flops = ({ cost }: typeof metadata): number => costFor(cost, "training", { batch: 1, samples: 16_000 }).flops;
  expect(flops(metadata)).toBeLessThan(flops(plain.metadata));
  expect(compiled.metadata.frozen).toStrictEqual(metadata.frozen);

  const session = await openTrainingSession(nodeEngine, readArtifact(out), cpuDevice);
  expect(session.changing.map(({ name }) => name).filter((name) => /weight$|bias$/.test(name))).toStrictEqual([
    "dense.weight",
    "dense.bias",
  ]);
  await session.close();

  const again = compileTiny("seed: 4", "waveform", out);
  expect(readArtifact(again.out).parameters).toStrictEqual(parameters);
  expect(again.compiled.coverage?.sources.map(({ status }) => status)).toStrictEqual(parameters.map(() => "used"));
});

describe("a graph as a checkpoint", () => {
  const single = (...classes: readonly string[]): string =>
    `objective: singleLabel({ classes: ${JSON.stringify(classes)} })`;
  const compiledFrom = (weights: string, changes: string): Compiled =>
    compileTiny(changes, "waveform", weights).compiled;
  const complaint = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      return error instanceof CompileError ? error.message : String(error);
    }
    return "none";
  };

  test("gives each class the row of its name", () => {
    const { out } = compileTiny(`${single("dog", "cat", "bird")}, seed: 3`, "waveform");
    const again = compileTiny(`${single("bird", "owl", "dog")}, seed: 4`, "waveform", out);
    const row = (path: string, index: number): Float32Array | undefined =>
      openCheckpoint(path)
        .tensors.get("dense.weight")
        ?.readFloat32()
        .subarray(8 * index, 8 * index + 8);
    expect(row(again.out, 0)).toStrictEqual(row(out, 2));
    expect(row(again.out, 2)).toStrictEqual(row(out, 0));
    const fresh = compileTiny(`${single("bird", "owl", "dog")}, seed: 4`, "waveform");
    expect(row(again.out, 1)).toStrictEqual(row(fresh.out, 1));
    expect(again.compiled.coverage?.classes).toStrictEqual({
      kept: ["bird", "dog"],
      initialised: ["owl"],
      dropped: ["cat"],
    });
  });

  test("knows the clips that its parameters were trained on", async () => {
    const { out } = compileTiny("", "waveform");
    const compiled = readArtifact(out);
    const trained = withTrainedClips(compiled, ["0123456789"]);
    const zeros = (name: string): Promise<Tensor> => {
      const { dims = [] } = compiled.parameters.find((parameter) => parameter.name === name) ?? {};
      const count = dims.reduce((product, dim) => product * dim, 1);
      return Promise.resolve(new Tensor("float32", new Float32Array(count), dims));
    };
    await writeArtifact(trained, out, zeros);
    const again = readArtifact(compileTiny("", "waveform", out).out);
    expect(trainedClipsOf(again)).toStrictEqual(trainedClips(["0123456789"]));
    expect(trainedClipsOf(readArtifact(compileTiny("", "waveform").out))).toBeUndefined();
  });

  const features = (step: string, bins = 16): string =>
    `features: [removeMean(), kaldiFbank({ bins: ${bins}, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }), padOrCut({ frames: 24 }), ${step}]`;

  test("its classes may be named, and there must be one to name", () => {
    const folder = mkdtempSync(join(tmpdir(), "specgraph-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const labels = join(folder, "labels.csv");
    writeFileSync(labels, "index,display_name\n0,yes\n1,no\n");
    const { out } = compileTiny("", "waveform");
    const spec = join(dirname(out), "spec.ts");
    const compileWith = (weights: string): Compiled =>
      compile({ spec, out: join(folder, "graph.onnx"), input: "waveform", weights, weightsLabels: labels });
    expect(compileWith(out).coverage?.targets.find(({ name }) => name === "dense.bias")?.note).toBe(
      "rows by class name",
    );
    expect(complaint(() => compileWith("none"))).toBe(
      "--weights-labels names the classes of a checkpoint, but there is none",
    );
  });

  test("must have been trained on the spec's features, or the spec says otherwise", () => {
    const { out } = compileTiny(features("normalize({ mean: -6, std: 5 })"), "waveform");
    const message = `the checkpoint was trained on features with mean -6 and std 5 (${out}), the spec's have mean -4 and std 4`;
    expect(complaint(() => compiledFrom(out, ""))).toBe(message);
    const own = compiledFrom(out, 'pretrained: checkpoint({ features: "own" })');
    expect(own.metadata.normalization).toStrictEqual({ mean: -4, scale: 0.25 });
    const taken = compiledFrom(out, features("normalize(fromCheckpoint())"));
    expect(taken.metadata.normalization).toStrictEqual({ mean: -6, scale: 0.2 });
    expect(complaint(() => compiledFrom(out, features("fromCheckpoint()", 24)))).toBe(
      `the checkpoint was trained on features with 16 bins (${out}), the spec's have 24`,
    );
  });

  test("tells its filter bank too", () => {
    const step = "normalize({ mean: -4, std: 4 })";
    const { out } = compileTiny(features(step).replace("hanning", "hamming"), "waveform");
    expect(complaint(() => compiledFrom(out, features(step).replace("removeMean(), ", "")))).toBe(
      [
        ["removeMean()", "no removeMean()"],
        ['kaldiFbank({ window: "hamming" })', 'kaldiFbank({ window: "hanning" })'],
      ]
        .map(([own, spec]) => `the checkpoint was trained on features with ${own} (${out}), the spec's have ${spec}`)
        .join("\n"),
    );
  });

  test("may be of another length, which is noted", () => {
    const { out } = compileTiny("", "waveform");
    const longer = features("normalize({ mean: -4, std: 4 })").replace("frames: 24", "frames: 40");
    expect(compiledFrom(out, longer).coverage?.notes).toStrictEqual(["its clips are 24 frames long, the spec's 40"]);
  });
});

describe("metadata", () => {
  test("tell the runtime what it needs, and are what compile() returns", () => {
    const { out, compiled } = compileTiny(`${multiLabel}, ${recipe}`, "waveform");
    const model = decodeOnnx(readFileSync(out));
    const { metadata } = compiled;
    expect(parseMetadata(model.metadataProps)).toStrictEqual(metadata);
    expect(metadata).toMatchObject({
      formatVersion: 3,
      compilerVersion: "0.1.0",
      specName: "many",
      input: "waveform",
      sampleRateHz: 16_000,
      minSamples: 400,
      frames: 24,
      bins: 16,
      frameShiftSamples: 160,
      normalization: { mean: -4, scale: 1 / 4 },
      objective: "multi-label",
      classes: ["a", "b", "c"],
      recipe: { learningRate: 0.01, batch: 3, epochs: 7, seed: 5, precision: "float32", stepsPerRun: null },
    });
    const stored = model.graph?.initializer?.filter(({ name }) => /\.(weight|bias|cls)$/.test(name ?? "")) ?? [];
    const scalars = stored.map(({ dims }) => (dims ?? []).map(Number).reduce((size, length) => size * length, 1));
    expect(metadata.parameters).toBe(scalars.reduce((total, size) => total + size, 0));
    const { inference, gradients } = metadata.cost;
    expect(isAtMost(inference.flops, gradients?.flops ?? 0)).toBe(true);
  });

  test("the hash is the spec's: the same for the same model, another for any change", () => {
    const hash = (changes: string): string => compileTiny(changes, "features").compiled.metadata.specHash;
    const hashes = ["", 'name: "tiny"', "seed: 1", multiLabel, recipe].map(hash);
    expect(hashes[0]).toHaveLength(createHash("sha256").digest("hex").length);
    expect(hashes[1]).toBe(hashes[0]);
    expect(new Set(hashes).size).toBe(4);
  });

  test("version numbers agree", () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      readonly version: string;
    };
    expect(compileTiny("", "features").compiled.metadata.compilerVersion).toBe(version);
  });
});
