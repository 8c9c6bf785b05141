import { truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataLocation, DataType, encodeOnnx, type onnx } from "../../../../compiler/artifact/onnx.ts";
import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../../../../compiler/weights/readers/open-checkpoint.ts";
import { floats, temporaryFolder } from "./builders.ts";

const inline: onnx.ITensorProto = { name: "w", dataType: DataType.FLOAT, dims: [1, 2], rawData: floats(1, 2) };
const external = (place: Readonly<Record<string, string>>): onnx.ITensorProto => ({
  name: "w",
  dataType: DataType.FLOAT,
  dims: [2],
  dataLocation: DataLocation.EXTERNAL,
  externalData: Object.entries(place).map(([key, value]) => ({ key, value })),
});

const writeGraph = (
  tensors: readonly onnx.ITensorProto[],
  trained = tensors.map(({ name }) => name ?? ""),
  properties: Readonly<Record<string, string>> = {},
): string => {
  const path = join(temporaryFolder(), "graph.onnx");
  const updateBinding = trained.map((key) => ({ key, value: `${key}/next` }));
  const model = {
    irVersion: 10,
    metadataProps: Object.entries({ "specgraph.specName": '"ast"', ...properties }).map(([key, value]) => ({
      key,
      value,
    })),
    graph: { initializer: [...tensors] },
    trainingInfo: [{ updateBinding }],
  };
  writeFileSync(path, encodeOnnx(model));
  writeFileSync(`${path}.data`, floats(9, 3, 4));
  return path;
};

/** The message of the error, in which the graph's path is "FILE". */
const failure = (path: string): string => {
  try {
    for (const tensor of openCheckpoint(path).tensors.values()) tensor.read();
  } catch (error) {
    return String(error).replaceAll(path, "FILE").replace("CheckpointError: ", "");
  }
  return "no error";
};

describe("a graph.onnx is a checkpoint", () => {
  test("of the tensors that training replaces, with its metadata", () => {
    const constant = { ...inline, name: "constant" };
    const step = { name: "step", dataType: DataType.INT64, dims: [], rawData: new Uint8Array(8) };
    const { format, tensors, metadata } = openCheckpoint(writeGraph([inline, constant, step], ["w", "step"]));
    expect(format).toBe("onnx");
    expect([...metadata]).toStrictEqual([["specgraph.specName", '"ast"']]);
    expect(
      [...tensors.values()].map(({ name, shape, readFloat32 }) => [name, shape, [...readFloat32()]]),
    ).toStrictEqual([["w", [1, 2], [1, 2]]]);
  });

  test("with those that training leaves alone, whatever its format version", () => {
    const frozen = { "specgraph.formatVersion": "1", "specgraph.frozen": '["still"]' };
    const { tensors } = openCheckpoint(writeGraph([inline, { ...inline, name: "still" }], ["w"], frozen));
    expect([...tensors.keys()]).toStrictEqual(["w", "still"]);
  });

  test("with its data file", () => {
    const { tensors } = openCheckpoint(writeGraph([external({ location: "graph.onnx.data", offset: "4" })]));
    expect([...(tensors.get("w")?.readFloat32() ?? [])]).toStrictEqual([3, 4]);
  });
});

describe("a broken graph.onnx is refused", () => {
  test("cut short", () => {
    const path = writeGraph([inline]);
    truncateSync(path, 30);
    expect(failure(path)).toBe("FILE: is not an ONNX file, or cut short");
  });

  test("with metadata that are none", () => {
    expect(failure(writeGraph([inline], ["w"], { "specgraph.frozen": "w" }))).toBe(
      "FILE: its metadata property specgraph.frozen is damaged; compile or export it again",
    );
  });

  test("without its data file, or with a part of it", () => {
    const path = writeGraph([external({ location: "graph.onnx.data", offset: "4" })]);
    truncateSync(`${path}.data`, 8);
    expect(failure(path)).toBe("FILE.data: is truncated: 8 bytes are expected at byte 4, but the file ends at byte 8");
    unlinkSync(`${path}.data`);
    expect(failure(path)).toBe("FILE.data: there is no such file");
  });

  test.each([
    ["nothing to train", [], "is an ONNX file without trainable parameters, not a graph of specgraph"],
    ["too few bytes", [{ ...inline, dims: [3] }], 'tensor "w" has 8 bytes; its shape needs 12'],
    ["no values", [{ name: "w", dataType: DataType.FLOAT, dims: [1] }], 'tensor "w" has 0 bytes; its shape needs 4'],
    ["an impossible shape", [{ ...inline, dims: [-1, -2] }], 'tensor "w" has an impossible shape [-1, -2]'],
    ["data elsewhere", [external({ location: "../x" })], 'tensor "w" is kept in "../x", not beside the graph'],
    ["data nowhere", [external({})], 'tensor "w" is kept in "", not beside the graph'],
    [
      "an impossible offset",
      [external({ location: "graph.onnx.data", offset: "-4" })],
      'tensor "w" starts at byte "-4" of graph.onnx.data',
    ],
    ["one name twice", [inline, inline], 'has two tensors named "w"'],
  ])("with %s", (_, tensors, message) => {
    expect(failure(writeGraph(tensors))).toBe(`FILE: ${message}`);
  });
});
