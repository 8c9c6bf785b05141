import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { locateCheckpoint } from "../../../../compiler/weights/readers/locate-checkpoint.ts";
import { openCheckpoint } from "../../../../compiler/weights/readers/open-checkpoint.ts";
import { floats, pickle, pytorchZip, safetensors, temporaryFolder, tensor } from "./builders.ts";

const folderOf = (files: Readonly<Record<string, string | Uint8Array>>): string => {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
};

const shard = (...names: readonly string[]): Buffer =>
  safetensors(
    Object.fromEntries(
      names.map((name, index) => [name, { dtype: "F32", shape: [1], data_offsets: [4 * index, 4 * index + 4] }]),
    ),
    floats(...names.map((_, index) => index)),
  );
const index = (map: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ metadata: { total_size: 8 }, weight_map: map }, undefined, 2);

const first = "model-00001-of-00002.safetensors";
const second = "model-00002-of-00002.safetensors";
const indexName = "model.safetensors.index.json";
const whole = {
  [first]: shard("a", "b"),
  [second]: shard("c"),
  [indexName]: index({ a: first, b: first, c: second }),
};

/** The message, in which the folder's path is "DIR". */
const refusal = (folder: string): string => {
  try {
    openCheckpoint(locateCheckpoint(folder).file);
  } catch (error) {
    return String(error).replaceAll(folder, "DIR").replace("CheckpointError: ", "");
  }
  return "no error";
};

describe("a checkpoint in shards", () => {
  it("is read by its index, in the index's order", () => {
    const folder = folderOf({ ...whole, [indexName]: index({ c: second, b: first, a: first }) });
    const { format, tensors } = openCheckpoint(join(folder, indexName));
    expect(format).toBe("sharded");
    expect([...tensors.values()].map(({ name, readFloat32 }) => [name, ...readFloat32()])).toStrictEqual([
      ["c", 0],
      ["b", 1],
      ["a", 0],
    ]);
  });

  it("may be PyTorch's", () => {
    const map = index({ w: "pytorch_model-00001-of-00001.bin" });
    const folder = folderOf({
      "pytorch_model-00001-of-00001.bin": pytorchZip(pickle.dict({ w: tensor() })),
      "pytorch_model.bin.index.json": map,
    });
    const { tensors } = openCheckpoint(locateCheckpoint(folder).file);
    expect(tensors.get("w")?.readFloat32()).toStrictEqual(Float32Array.of(1, 2));
  });

  const indexed = (map: Readonly<Record<string, unknown>>) => ({ ...whole, [indexName]: index(map) });
  it.each([
    [
      "climbs",
      indexed({ a: "../x.safetensors" }),
      'places tensor "a" in "../x.safetensors"; expected the name of a file beside it',
    ],
    [
      "is absolute",
      indexed({ a: "/etc/passwd" }),
      'places tensor "a" in "/etc/passwd"; expected the name of a file beside it',
    ],
    ["is a folder above", indexed({ a: ".." }), 'places tensor "a" in ".."; expected the name of a file beside it'],
    [
      "climbs by backslashes",
      indexed({ a: "..\\x" }),
      'places tensor "a" in "..\\\\x"; expected the name of a file beside it',
    ],
    ["is empty", indexed({ a: "" }), 'places tensor "a" in ""; expected the name of a file beside it'],
    [
      "is not there",
      indexed({ a: first, b: first, c: "x.safetensors" }),
      "1 of its 2 shards are missing: x.safetensors",
    ],
    [
      "lacks a tensor",
      indexed({ a: first, b: first, c: second, d: second }),
      `places in ${second} what it does not hold: d`,
    ],
    ["has another tensor", indexed({ a: first, c: second }), `does not place in ${first} what it holds: b`],
    [
      "has a tensor placed elsewhere",
      indexed({ a: first, b: second, c: second }),
      `does not place in ${first} what it holds: b`,
    ],
    ["is no name", indexed({ a: 1 }), "is JSON, but no index of shards (with a weight_map); expected a checkpoint"],
    ["has no map", { [indexName]: "{}" }, "is JSON, but no index of shards (with a weight_map); expected a checkpoint"],
    ["has a cut index", { [indexName]: "{" }, "looks like JSON, but is not"],
  ])("is refused whose shard %s", (_what, files, message) => {
    expect(refusal(folderOf(files))).toBe(`DIR/${indexName}: ${message}`);
  });

  it("is refused whose index names itself", () => {
    const folder = folderOf({ [indexName]: index({ a: indexName }) });
    expect(refusal(folder)).toBe(
      `DIR/${indexName}: is not a checkpoint; expected a PyTorch checkpoint (.pth, .pt, .bin), .safetensors, .npz, a graph.onnx or a checkpoint of ONNX Runtime's training`,
    );
  });

  it("is refused whose shard is a folder", () => {
    const folder = folderOf({ [indexName]: index({ a: "x" }) });
    mkdirSync(join(folder, "x"));
    expect(refusal(folder)).toBe("DIR/x: is a directory; expected a checkpoint file");
  });
});

describe("a folder", () => {
  it.each([
    ["a whole file before shards", { ...whole, "model.safetensors": shard("a") }, "model.safetensors", [indexName]],
    ["shards before pickles", { ...whole, "pytorch_model.bin": "" }, indexName, ["pytorch_model.bin"]],
    ["pickles", { "pytorch_model.bin": "", "config.json": "{}" }, "pytorch_model.bin", []],
  ])("gives %s", (_what, files, file, notRead) => {
    const folder = folderOf(files);
    expect(locateCheckpoint(folder)).toStrictEqual({ file: join(folder, file), notRead });
  });

  const none =
    "DIR: is a folder without weights as Hugging Face has them: none of model.safetensors, model.safetensors.index.json, " +
    "pytorch_model.bin, pytorch_model.bin.index.json; ";
  it.each([
    ["nothing", {}, "it is empty"],
    [
      "an adapter",
      { "adapter_config.json": "{}", "adapter_model.safetensors": "" },
      "it holds adapter_config.json, adapter_model.safetensors: an adapter is no whole model: merge it into its model (peft's merge_and_unload) and save that",
    ],
    [
      "shards without their index",
      { [first]: "", [second]: "" },
      `it holds ${first}, ${second}: its index, which tells the shards apart, is missing`,
    ],
    [
      "Flax's weights",
      { "flax_model.msgpack": "" },
      "it holds flax_model.msgpack: weights of TensorFlow or Flax: save them for PyTorch",
    ],
    [
      "a run",
      { "a.json": "", "best.onnx": "", "config.json": "", "graph.onnx": "", "metrics.jsonl": "", "usage.json": "" },
      "it holds a.json, best.onnx, config.json, graph.onnx, metrics.jsonl and 1 more: name the file itself",
    ],
    ["something else", { "readme.txt": "" }, "it holds readme.txt"],
  ])("that holds %s is refused", (_what, files, holds) => {
    expect(refusal(folderOf(files))).toBe(none + holds);
  });
});
