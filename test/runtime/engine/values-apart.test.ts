import { expect, test } from "vitest";
import { DataLocation, type onnx } from "../../../compiler/artifact/onnx.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { nodeEngine } from "../../../runtime/engine/node.ts";
import { valuesApart } from "../../../runtime/engine/values-apart.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { compileTiny } from "./compile-tiny.ts";
import { dataOf, hostTensor } from "./host-tensor.ts";

const tensor = (name: string, bytes: Uint8Array): onnx.ITensorProto => ({ name, dims: [bytes.length], rawData: bytes });

test("large tensors are files in memory, where they lay; small ones stay", () => {
  const [small, large] = [new Uint8Array(1023), new Uint8Array(1024)];
  const { model, dataFiles } = valuesApart({
    graph: { initializer: [tensor("small", small), tensor("large", large)] },
  });
  expect(model.graph?.initializer).toStrictEqual([
    tensor("small", small),
    {
      name: "large",
      dims: [1024],
      rawData: null,
      dataLocation: DataLocation.EXTERNAL,
      externalData: [
        { key: "location", value: "tensor-0" },
        { key: "offset", value: "0" },
        { key: "length", value: "1024" },
      ],
    },
  ]);
  expect([...dataFiles.keys()]).toStrictEqual(["tensor-0"]);
  expect(dataFiles.get("tensor-0")).toBe(large);
});

test("a model with a data file stays as it is, and so do the files that are given with it", () => {
  const external = { name: "weight", dataLocation: DataLocation.EXTERNAL };
  const model = { graph: { initializer: [external, tensor("large", new Uint8Array(4096))] } };
  const given = new Map([["graph.onnx.data", new Uint8Array(8)]]);
  expect(valuesApart(model, given)).toStrictEqual({ model, dataFiles: given });
  expect(valuesApart(model).dataFiles.size).toBe(0);
});

test("ONNX Runtime computes the same, to the bit, and keeps nothing of what it was given", async () => {
  const { model, graph } = readArtifact(compileTiny("optimizer: adam({ learningRate: 1e-3 })"));
  const own = { ...model, trainingInfo: [] };
  const { dataFiles } = valuesApart(own);
  expect(dataFiles.size).toBeGreaterThan(2);
  const waveform = hostTensor("float32", generateTensor("waveform", 16_000, 0.5), [2, 8000]);
  const answers = [];
  for (const opened of [graph, own]) {
    const session = await nodeEngine.open(opened, { device: "cpu" });
    if (opened === own) for (const bytes of dataFiles.values()) bytes.fill(255);
    answers.push(dataOf((await session.run({ waveform }))["logits"]));
    await session.release();
  }
  expect(answers[0]?.length).toBeGreaterThan(0);
  expect(answers[1]).toStrictEqual(answers[0]);
});
