/** Exports a compiled graph: under its own names, and as transformers names it. */
import { hostTensor } from "../engine/host-tensor.ts";
import { nodeEngine } from "../../../runtime/engine/node.ts";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { checkpointKeys, geometryKey, printMetadata, trainedClipsKey } from "../../../compiler/artifact/metadata.ts";
import { writeArtifact } from "../../../compiler/emit/write-artifact.ts";
import { describeHuggingFace } from "../../../compiler/weights/describe-hugging-face.ts";
import { describeGeometry } from "../../../compiler/weights/facts/geometry.ts";
import { referenceName } from "../../../compiler/weights/layouts/reference-name.ts";
import { openCheckpoint } from "../../../compiler/weights/readers/open-checkpoint.ts";
import { exportCommand } from "../../../runtime/commands/export-command.ts";
import { describeFailure } from "../../../runtime/commands/describe-failure.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { createOutput } from "../../../runtime/commands/output.ts";
import { importMini, layoutTensors, lower, mini, referenceTensors } from "../../compiler/weights/mini-ast.ts";
import { temporaryFolder } from "../../compiler/weights/readers/builders.ts";
import { savedCheckpoint } from "../../compiler/weights/readers/saved-checkpoint.ts";
import { exportHuggingFace } from "../../../runtime/export/export-hugging-face.ts";
import { openClassifier } from "../../../runtime/engine/classifier.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import { openFeatureExtractor } from "../../../runtime/engine/feature-extractor.ts";
import { InferenceSession, Tensor } from "../../onnxruntime.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { metadata, startWeight, writeExternalModel } from "../artifact/linear-artifact.ts";

/** A compiled graph with the reference's parameters. */
const compileMini = (tokens: readonly ["cls"] | readonly ["cls", "dist"] = ["cls", "dist"]): string => {
  const { spec, program, parameters } = lower(mini({ tokens }), "waveform");
  const path = join(temporaryFolder(), "graph.onnx");
  const properties = [
    ...printMetadata({
      ...metadata,
      frames: spec.features.frames,
      bins: spec.features.bins,
      classes: spec.classes,
      ...describeHuggingFace(spec, parameters),
    }),
    { key: geometryKey, value: JSON.stringify(describeGeometry(spec)) },
  ];
  const reference = referenceTensors(tokens);
  const read = ({ value }: (typeof parameters)[number]): Float32Array =>
    reference.get(referenceName(value.name) ?? "")?.values ?? new Float32Array();
  writeArtifact(path, program, read, properties, "test");
  return path;
};

/** Runs the command; what it prints under --json, or what it tells of its failure. */
const run = async (...args: readonly string[]): Promise<unknown> => {
  const stdout = new PassThrough() as unknown as NodeJS.WriteStream;
  const output = createOutput(true, { stdout, stderr: new PassThrough() as unknown as NodeJS.WriteStream });
  try {
    expect(await exportCommand.run([...args, "--json"], output, new AbortController().signal)).toBe(0);
  } catch (error) {
    if (error instanceof UserError) return describeFailure(error);
    throw error;
  }
  return JSON.parse(String(stdout.read()));
};

test("safetensors: the parameters under their own names, which compile reads as a checkpoint", async () => {
  const graph = compileMini();
  const out = join(dirname(graph), "weights.safetensors");
  const tensors = importMini(graph).coverage.sources.length;
  expect(await run(graph, "--format", "safetensors", "--out", out)).toStrictEqual({
    graph,
    format: "safetensors",
    out,
    tensors,
  });
  const { metadata } = openCheckpoint(out);
  // It was never trained, and its frames reach nowhere beyond the clip.
  const absent = new Set([trainedClipsKey, "specgraph.reflectedSamples"]);
  const told = checkpointKeys.filter((key) => !absent.has(key));
  expect([...metadata.keys()].toSorted()).toStrictEqual(["format", ...told].toSorted());
  const again = importMini(out);
  expect(again.coverage.layout).toBe("specgraph");
  expect(again.values).toStrictEqual(importMini(graph).values);
});

/** The graph's parameters and what is told of them, as ONNX Runtime saves a checkpoint. */
const saveCheckpoint = (graph: string, texts?: readonly (readonly [string, string])[]): string => {
  const { tensors, metadata } = openCheckpoint(graph);
  const trained = [...tensors].map(([name, tensor]) => ({ name, shape: tensor.shape, values: tensor.readFloat32() }));
  const path = join(dirname(graph), "checkpoint");
  writeFileSync(path, savedCheckpoint({ trained, texts: texts ?? [...metadata] }));
  return path;
};

test("safetensors of a checkpoint of ONNX Runtime's training: as of the graph", async () => {
  const graph = compileMini();
  const checkpoint = saveCheckpoint(graph);
  const [out, expected] = [
    join(dirname(graph), "of-checkpoint.safetensors"),
    join(dirname(graph), "of-graph.safetensors"),
  ];
  await run(checkpoint, "--format", "safetensors", "--out", out);
  await run(graph, "--format", "safetensors", "--out", expected);
  expect(readFileSync(out).equals(readFileSync(expected))).toBe(true);
});

test("hf of a checkpoint of ONNX Runtime's training: without the graph for transformers.js", async () => {
  const graph = compileMini();
  const checkpoint = saveCheckpoint(graph);
  const [out, expected] = [join(dirname(graph), "of-checkpoint"), join(dirname(graph), "of-graph")];
  await run(checkpoint, "--format", "hf", "--out", out);
  await run(graph, "--format", "hf", "--out", expected);
  expect(readdirSync(out).toSorted()).toStrictEqual(["config.json", "model.safetensors", "preprocessor_config.json"]);
  for (const name of ["model.safetensors", "preprocessor_config.json"]) {
    expect(readFileSync(join(out, name)).equals(readFileSync(join(expected, name)))).toBe(true);
  }
  const config = (folder: string) =>
    JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, unknown>;
  const { "transformers.js_config": _, ...withGraph } = config(expected);
  expect(config(out)).toStrictEqual(withGraph);
});

test("a checkpoint that is damaged, of another version or of another program", async () => {
  const checkpoint = saveCheckpoint(compileMini(), []);
  const exported = (): Promise<unknown> =>
    run(checkpoint, "--format", "safetensors", "--out", join(dirname(checkpoint), "out"));
  expect(await exported()).toBe(
    `${checkpoint}: not a checkpoint that this runtime reads: it holds no specgraph metadata`,
  );
  writeFileSync(checkpoint, readFileSync(checkpoint).subarray(0, 100));
  expect(await exported()).toMatch(/: the file is damaged or cut short: .* would be at byte \d+ of 100$/);
  const tensor = { name: "a", shape: [1], values: Float32Array.of(1) };
  writeFileSync(checkpoint, savedCheckpoint({ trained: [tensor], version: 3 }));
  expect(await exported()).toBe(
    `${checkpoint}: the file is an ONNX Runtime checkpoint of version 3; version 2 is read`,
  );
});

test("hf: transformers' names and files", async () => {
  const graph = compileMini();
  const out = join(dirname(graph), "hf");
  mkdirSync(out);
  await run(graph, "--format", "hf", "--out", out);
  expect(readdirSync(dirname(graph)).toSorted()).toStrictEqual(["graph.onnx", "hf"]);
  expect(readdirSync(out, { recursive: true, encoding: "utf8" }).toSorted()).toStrictEqual([
    "config.json",
    "model.safetensors",
    "onnx",
    join("onnx", "model.onnx"),
    "preprocessor_config.json",
  ]);
  const { tensors, metadata } = openCheckpoint(join(out, "model.safetensors"));
  expect([...metadata]).toStrictEqual([["format", "pt"]]);
  const actual = [...tensors.values()].map(({ name, shape, readFloat32 }) => [name, { shape, values: readFloat32() }]);
  expect(Object.fromEntries(actual)).toStrictEqual(Object.fromEntries(layoutTensors("Hugging Face AST")));
  const json = (name: string): unknown => JSON.parse(readFileSync(join(out, name), "utf8"));
  expect(json("config.json")).toStrictEqual({
    architectures: ["ASTForAudioClassification"],
    model_type: "audio-spectrogram-transformer",
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 32,
    hidden_act: "gelu",
    layer_norm_eps: 1e-6,
    patch_size: 16,
    frequency_stride: 16,
    time_stride: 16,
    max_length: 128,
    num_mel_bins: 128,
    qkv_bias: true,
    id2label: { 0: "0", 1: "1", 2: "2", 3: "3", 4: "4" },
    label2id: { 0: 0, 1: 1, 2: 2, 3: 3, 4: 4 },
    problem_type: "multi_label_classification",
    "transformers.js_config": { dtype: "fp32", use_external_data_format: false },
  });
  expect(json("preprocessor_config.json")).toStrictEqual({
    feature_extractor_type: "ASTFeatureExtractor",
    do_normalize: true,
    feature_size: 1,
    max_length: 128,
    mean: -4.2677393,
    std: 4.5689974,
    num_mel_bins: 128,
    padding_side: "right",
    padding_value: 0,
    return_attention_mask: false,
    sampling_rate: 16_000,
  });
  expect(importMini(join(out, "model.safetensors")).values).toStrictEqual(importMini(graph).values);
});

test("folders that lead to the place are made", async () => {
  const graph = compileMini();
  const out = (name: string): string => join(dirname(graph), "new", name, "out");
  await run(graph, "--format", "hf", "--out", `${out("hf")}/`);
  await run(graph, "--format", "safetensors", "--out", out("safetensors"));
  expect(existsSync(join(out("hf"), "config.json"))).toBe(true);
  expect(existsSync(out("safetensors"))).toBe(true);
});

test("hf: onnx/model.onnx gives the graph's own logits of its features, for any batch", async () => {
  const graph = compileMini();
  const out = join(dirname(graph), "hf");
  await run(graph, "--format", "hf", "--out", out);
  const artifact = readArtifact(graph);
  const samples = Float32Array.from({ length: 16_000 }, (_, index) => Math.sin(index / 9) / 2);
  const classifier = await openClassifier(nodeEngine, artifact, cpuDevice);
  const extractor = await openFeatureExtractor(nodeEngine, artifact);
  const { logits } = await classifier.classify(hostTensor("float32", samples, [1, samples.length]));
  const features = await extractor.extract(samples);
  const session = await InferenceSession.create(join(out, "onnx", "model.onnx"));
  expect([session.inputNames, session.outputNames]).toStrictEqual([["input_values"], ["logits"]]);
  const twice = new Tensor("float32", Float32Array.of(...features, ...features), [2, 128, 128]);
  const exported = (await session.run({ input_values: twice }))["logits"]?.data as Float32Array;
  [...logits, ...logits].forEach((logit, index) => expect(exported[index]).toBeCloseTo(logit, 5));
  for (const each of [classifier, extractor]) await each.close();
  await session.release();
});

test("hf: large parameters are in a data file of transformers.js' name", async () => {
  const folder = temporaryFolder();
  const path = writeExternalModel(folder);
  const artifact = readArtifact(path);
  const { huggingFace } = describeHuggingFace(lower(mini()).spec, []);
  if (!huggingFace) throw new Error("the mini model is transformers'");
  const names = { weight: ["classifier.dense.weight"] };
  const model = {
    ...artifact.model.graph,
    node: [{ opType: "MatMul", input: ["input_values", "weight"], output: ["logits"] }],
  };
  await exportHuggingFace(
    {
      ...artifact,
      model: { ...artifact.model, graph: model },
      metadata: { ...metadata, huggingFace: { ...huggingFace, names } },
    },
    join(folder, "hf"),
  );
  expect(readdirSync(join(folder, "hf", "onnx")).toSorted()).toStrictEqual(["model.onnx", "model.onnx_data"]);
  expect(JSON.parse(readFileSync(join(folder, "hf", "config.json"), "utf8"))).toMatchObject({
    "transformers.js_config": { use_external_data_format: true },
  });
  const session = await InferenceSession.create(join(folder, "hf", "onnx", "model.onnx"), { logSeverityLevel: 3 });
  const first = new Tensor("float32", Float32Array.of(1, 0, 0, 0), [1, 1, 4]);
  expect((await session.run({ input_values: first }))["logits"]?.data).toStrictEqual(
    Float32Array.from(startWeight.slice(0, 2)),
  );
  await session.release();
});

test("hf: a model that transformers has no class for is refused, and nothing is written", async () => {
  const graph = compileMini(["cls"]);
  const out = join(dirname(graph), "hf");
  expect(await run(graph, "--format", "hf", "--out", out)).toBe(
    `${graph}: transformers' ASTForAudioClassification is not this model: layer 2 outside the blocks ` +
      "is addTokens(cls,dist) there, and addTokens(cls) here; --format safetensors writes any model",
  );
  expect(readdirSync(dirname(graph))).toStrictEqual(["graph.onnx"]);
});

test("places that cannot be written are told, and stay as they were", async () => {
  const graph = compileMini();
  const folder = dirname(graph);
  const inFile = join(graph, "out");
  for (const format of ["hf", "safetensors"]) {
    expect(await run(graph, "--format", format, "--out", inFile)).toBe(`cannot write ${inFile}: its folder is a file`);
  }
  expect(await run(graph, "--format", "safetensors", "--out", folder)).toBe(`cannot write ${folder}: it is a folder`);
  expect(await run(graph, "--format", "hf", "--out", graph)).toBe(`cannot write ${graph}: it is a file; name a folder`);
  const full = join(folder, "full");
  mkdirSync(full);
  writeFileSync(join(full, "notes.txt"), "");
  expect(await run(graph, "--format", "hf", "--out", full)).toBe(
    `cannot write ${full}: it is a folder with files in it; name another`,
  );
  expect(readdirSync(folder).toSorted()).toStrictEqual(["full", "graph.onnx"]);
  expect(readdirSync(full)).toStrictEqual(["notes.txt"]);
});

test("wrong arguments are told", async () => {
  expect(await run("graph.onnx", "--out", "x")).toBe("--format is missing; it is safetensors or hf");
  expect(await run("graph.onnx", "--format", "onnx", "--out", "x")).toBe("--format is safetensors or hf, not onnx");
  expect(await run("graph.onnx", "--format", "hf")).toBe("--out is missing; it names the file or folder to write");
  expect(await run("--format", "hf", "--out", "x")).toBe(
    "runtime export takes one graph, and none is given; see runtime export --help",
  );
});
