import { cpuDevice } from "../../../runtime/engine/device.ts";
import { dataOf, hostTensor } from "../engine/host-tensor.ts";
import { nodeEngine } from "../../../runtime/engine/node.ts";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import type { HostTensor } from "../../../runtime/engine/engine.ts";
import { expect, test, vi } from "vitest";
import { openClassifier } from "../../../runtime/engine/classifier.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { openTrainingSession } from "../../../runtime/engine/training-session.ts";
import { writeArtifact } from "../../../runtime/artifact/write-artifact.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { writeExternalModel, writeLinearModel } from "./linear-artifact.ts";

vi.mock(import("node:fs/promises"), { spy: true });

const trained = Float32Array.of(8, 7, 6, 5, 4, 3, 2, 1);
const readTrained = (): Promise<HostTensor> => Promise.resolve(hostTensor("float32", trained, [4, 2]));
const firstRow = hostTensor("float32", Float32Array.of(1, 0, 0, 0), [1, 4]);

test.each([
  ["in the graph", writeLinearModel],
  ["in a data file", writeExternalModel],
])("parameters %s: the trained graph infers, and trains with its optimizer at its start", async (_, write) => {
  const folder = temporaryFolder();
  const out = join(folder, "trained.onnx");
  await writeArtifact(readArtifact(write(folder)), out, readTrained);

  const artifact = readArtifact(out);
  expect(artifact.metadata).toStrictEqual(readArtifact(join(folder, "graph.onnx")).metadata);
  const classifier = await openClassifier(nodeEngine, artifact, cpuDevice);
  expect((await classifier.classify(firstRow)).logits).toStrictEqual(Float32Array.of(8, 7));
  await classifier.close();
  const session = await openTrainingSession(nodeEngine, artifact, cpuDevice);
  const state = session.state();
  expect(dataOf(state["weight"])).toStrictEqual(trained);
  expect(dataOf(state["velocity"])).toStrictEqual(new Float32Array(8));
  expect(dataOf(state["steps"])).toStrictEqual(Int32Array.of(0));
  await session.close();
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toStrictEqual([]);
});

test("a graph may be written over itself", async () => {
  const path = writeExternalModel(temporaryFolder());
  await writeArtifact(readArtifact(path), path, readTrained);
  const { parameters } = readArtifact(path);
  expect(parameters).toMatchObject([{ storage: { kind: "external", file: { path: `${path}.data` }, offset: 0 } }]);
  expect(new Float32Array(new Uint8Array(readFileSync(`${path}.data`)).buffer)).toStrictEqual(trained);
});

test("a path that cannot be written", async () => {
  const folder = temporaryFolder({ file: "" });
  const artifact = readArtifact(writeLinearModel(folder));
  const inMissing = join(folder, "missing", "graph.onnx");
  await expect(writeArtifact(artifact, inMissing, readTrained)).rejects.toThrow(
    saying(`cannot write ${inMissing}: its folder does not exist`),
  );
  const inFile = join(folder, "file", "graph.onnx");
  await expect(writeArtifact(artifact, inFile, readTrained)).rejects.toThrow(
    saying(`cannot write ${inFile}: its folder is a file`),
  );
  const taken = join(folder, "taken.onnx");
  mkdirSync(taken);
  await expect(writeArtifact(artifact, taken, readTrained)).rejects.toThrow(
    saying(`cannot write ${taken}: it is a folder`),
  );
  expect(readdirSync(folder).sort()).toStrictEqual(["file", "graph.onnx", "taken.onnx"]);
});

test("a full disk leaves the earlier graph as it was, and no temporary file", async () => {
  const folder = temporaryFolder();
  const artifact = readArtifact(writeExternalModel(folder));
  const out = join(folder, "trained.onnx");
  writeFileSync(out, "the earlier graph");
  writeFileSync(`${out}.data`, "the earlier data");

  const { open } = await vi.importActual<typeof fs>("node:fs/promises");
  vi.mocked(fs.open).mockImplementation(async (...args) => {
    const file = await open(...args);
    const isGraph = String(args[0]).startsWith(`${out}.`) && !String(args[0]).includes(".data.");
    if (isGraph) file.write = () => Promise.reject(Object.assign(new Error("no space left"), { code: "ENOSPC" }));
    return file;
  });
  await expect(writeArtifact(artifact, out, readTrained)).rejects.toThrow(
    saying(`cannot write ${out}: the disk is full`),
  );
  vi.mocked(fs.open).mockRestore();
  expect(readFileSync(out, "utf8")).toBe("the earlier graph");
  expect(readFileSync(`${out}.data`, "utf8")).toBe("the earlier data");
  expect(readdirSync(folder).sort()).toStrictEqual([
    "graph.onnx",
    "graph.onnx.data",
    "trained.onnx",
    "trained.onnx.data",
  ]);
});
