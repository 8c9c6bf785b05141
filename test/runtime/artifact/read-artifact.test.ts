import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readOwnStates } from "../../../runtime/artifact/decode-artifact.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { readWaveformArtifact } from "../../../runtime/artifact/read-waveform-artifact.ts";
import { trainingProgram } from "../../../runtime/engine/session-program.ts";
import { readTensor } from "../../../runtime/artifact/stored-tensor.ts";
import { describeFailure } from "../../../runtime/commands/describe-failure.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { linearModel, metadata, startWeight, writeExternalModel, writeLinearModel } from "./linear-artifact.ts";
import { encodeOnnx } from "../../../compiler/artifact/onnx.ts";

const refusal = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    if (error instanceof UserError) return describeFailure(error);
    throw error;
  }
  return "nothing was thrown";
};

test("metadata, parameters and optimizer states of a graph in one file", async () => {
  const path = writeLinearModel(temporaryFolder());
  const artifact = readArtifact(path);
  expect(artifact.metadata).toStrictEqual(metadata);
  expect(artifact.parameters).toMatchObject([{ name: "weight", type: "float32", dims: [4, 2] }]);
  expect(readOwnStates(artifact)).toMatchObject([
    { name: "gradient.weight", type: "float32", dims: [4, 2], storage: { kind: "zeros" } },
    { name: "steps", type: "int32", dims: [], storage: { kind: "inline" } },
    { name: "velocity", type: "float32", dims: [4, 2], storage: { kind: "zeros" } },
  ]);
  for (const parameter of artifact.parameters) {
    expect(await readTensor(parameter)).toStrictEqual(Float32Array.from(startWeight));
  }
});

test("parameters in a data file are read from their place in it", async () => {
  const artifact = readArtifact(writeExternalModel(temporaryFolder(), { offset: 4097 }));
  expect(artifact.bytes.data).toBe(4097 + 32);
  for (const parameter of artifact.parameters) {
    expect(await readTensor(parameter)).toStrictEqual(Float32Array.from(startWeight));
  }
});

test("the file is missing, a folder or empty", () => {
  const folder = temporaryFolder({ "empty.onnx": "" });
  const path = (name: string): string => join(folder, name);
  expect(refusal(() => readArtifact(path("none.onnx")))).toBe(
    `${path("none.onnx")}: cannot be read: there is no such file; compiling a spec writes one`,
  );
  expect(refusal(() => readArtifact(folder))).toBe(
    `${folder}: cannot be read: it is a folder; name the graph.onnx in it`,
  );
  expect(refusal(() => readArtifact(path("empty.onnx")))).toBe(`${path("empty.onnx")}: the file is empty`);
});

test("the file is something else", () => {
  const folder = temporaryFolder({ "notes.txt": "not a model", "clip.wav": "RIFF\u0000\u0000\u0000\u0000WAVE" });
  for (const name of ["notes.txt", "clip.wav"]) {
    const path = join(folder, name);
    expect(refusal(() => readArtifact(path))).toBe(`${path}: not an ONNX file`);
  }
});

test("the file is cut short", () => {
  const folder = temporaryFolder();
  const path = writeLinearModel(folder);
  truncateSync(path, 300);
  expect(refusal(() => readArtifact(path))).toBe(
    `${path}: the file is cut short (300 bytes); compile or copy it again`,
  );
});

test("an ONNX file that specgraph did not compile, and one of another version", () => {
  const foreign = writeLinearModel(temporaryFolder(), { ...linearModel(), metadataProps: [] });
  expect(refusal(() => readArtifact(foreign))).toBe(
    `${foreign}: not a graph that this runtime reads: it holds no specgraph metadata`,
  );
  const newer = writeLinearModel(temporaryFolder(), linearModel({ formatVersion: 99 as 3 }));
  expect(refusal(() => readArtifact(newer))).toBe(
    `${newer}: not a graph that this runtime reads: it has format version 99, and this runtime reads 3; compile its spec anew, with --weights and the graph that was trained last (a run's graph.onnx or best.onnx) to keep what it has learnt`,
  );
});

test("a parameter has too few bytes", () => {
  const model = linearModel();
  model.graph.initializer = model.graph.initializer.map((tensor) => ({ ...tensor, rawData: new Uint8Array(28) }));
  const path = writeLinearModel(temporaryFolder(), model);
  expect(refusal(() => readArtifact(path))).toBe(
    `${path}: the file is damaged: weight has 28 bytes; its shape needs 32`,
  );
});

test("the data file is missing or cut short", () => {
  const folder = temporaryFolder();
  const path = writeExternalModel(folder);
  truncateSync(`${path}.data`, 4100);
  expect(refusal(() => readArtifact(path))).toBe(
    `${path}.data: the file is cut short: it has 4100 bytes, and weight ends at byte 4128; compile or copy it again`,
  );
  rmSync(`${path}.data`);
  expect(refusal(() => readArtifact(path))).toBe(
    `${path}: its data file ${path}.data is missing; keep the two files together`,
  );
});

test("a data file elsewhere is refused", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "sub"));
  const path = writeExternalModel(join(folder, "sub"), { location: "../secret" });
  expect(refusal(() => readArtifact(path))).toBe(
    `${path}: the file is damaged: weight is kept in "../secret", not beside the graph`,
  );
});

test("a graph without a training program reads but does not train", () => {
  const path = writeLinearModel(temporaryFolder(), { ...linearModel(), trainingInfo: [] });
  expect(refusal(() => trainingProgram(readArtifact(path)))).toBe(
    `${path}: has no training program; compile its spec again to get one`,
  );
});

test("clips need a graph that starts at the waveform", () => {
  const path = join(temporaryFolder(), "graph.onnx");
  writeFileSync(path, encodeOnnx(linearModel({ input: "features" })));
  expect(refusal(() => readWaveformArtifact(path))).toBe(
    `${path}: starts at features, and clips are waveforms; compile its spec without --input features`,
  );
});
