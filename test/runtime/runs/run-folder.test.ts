import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createRunFolder, folderName, openRunFolder } from "../../../runtime/runs/run-folder.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

const source = join("elsewhere", "graph.onnx");

test("the folder that is named, with those above it", () => {
  const path = join(temporaryFolder(), "a", "b");
  const files = (name: string) => ({
    graph: join(path, `${name}.onnx`),
    predictions: join(path, `${name}.predictions.safetensors`),
  });
  expect(createRunFolder(path, "ast", source)).toStrictEqual({
    path,
    config: join(path, "config.json"),
    clips: join(path, "clips.jsonl"),
    checkpoint: join(path, "checkpoint.safetensors"),
    previousCheckpoint: join(path, "checkpoint.previous.safetensors"),
    metrics: join(path, "metrics.jsonl"),
    usage: join(path, "usage.json"),
    report: join(path, "report.html"),
    last: files("graph"),
    best: files("best"),
    averaged: files("averaged"),
  });
  expect(readFileSync(join(path, "metrics.jsonl"), "utf8")).toBe("");
});

test("without a name, the next free number of the spec's", () => {
  const before = process.cwd();
  process.chdir(temporaryFolder());
  onTestFinished(() => process.chdir(before));
  mkdirSync(join("runs", "my-spec-1"), { recursive: true });
  expect(createRunFolder(undefined, "my spec", source).path).toBe(join("runs", "my-spec-2"));
  expect(createRunFolder(undefined, "my spec", source).path).toBe(join("runs", "my-spec-3"));
});

test("a folder named after a spec", () => {
  expect(["ast-1.0_b", "my spec: v2/3", "Vögel", "雨"].map(folderName)).toStrictEqual([
    "ast-1.0_b",
    "my-spec-v2-3",
    "Vögel",
    "雨",
  ]);
});

test("a folder that cannot be made", () => {
  const folder = temporaryFolder({ file: "" });
  for (const [path, first] of [
    [join(folder, "file"), "run.lock"],
    [join(folder, "file", "sub"), "metrics.jsonl"],
  ] as const) {
    expect(() => createRunFolder(path, "ast", source)).toThrow(
      saying(`cannot write ${join(path, first)}: its folder is a file`),
    );
  }
});

test("a run never overwrites the graph that it trains", () => {
  const folder = temporaryFolder({ "graph.onnx": "", "spec.onnx": "" });
  const graph = join(folder, "graph.onnx");
  expect(() => createRunFolder(folder, "ast", graph)).toThrow(
    saying(`--out ${folder}: the run would overwrite ${graph}, the graph that it trains; name another folder`),
  );
});

const ownFiles = [
  "usage.json",
  "report.html",
  "best.onnx",
  "best.onnx.data",
  "averaged.onnx.77.tmp",
  "events.out.tfevents.1.host",
];

test("what a run would replace is not replaced without a word", () => {
  const folder = temporaryFolder(Object.fromEntries([...ownFiles, "notes.txt"].map((name) => [name, ""])));
  expect(() => createRunFolder(folder, "ast", source)).toThrow(
    saying(
      `${folder}: holds best.onnx and 1 more file, which the run would replace; name another folder with --out, or give --overwrite`,
    ),
  );
  expect(readdirSync(folder).sort()).toStrictEqual([...ownFiles, "notes.txt"].sort());
  createRunFolder(folder, "ast", source, true);
  expect(readdirSync(folder).sort()).toStrictEqual(["metrics.jsonl", "notes.txt", "run.lock"]);
});

test("a config.json of something else stays", () => {
  const folder = temporaryFolder({ "config.json": "{}" });
  expect(() => createRunFolder(folder, "ast", source)).toThrow(
    saying(
      `${folder}: holds config.json, which the run would replace; name another folder with --out, or give --overwrite`,
    ),
  );
  expect(readdirSync(folder)).toStrictEqual(["config.json"]);
});

test("what is not a run's result makes room", () => {
  const folder = temporaryFolder({ "metrics.jsonl": "", "usage.json": "", "spec.onnx": "" });
  createRunFolder(folder, "ast", join(folder, "spec.onnx"));
  expect(readdirSync(folder).sort()).toStrictEqual(["metrics.jsonl", "run.lock", "spec.onnx", "usage.json"]);
});

test("a run to go on with: half-written files are removed", () => {
  const folder = temporaryFolder({
    "config.json": "{}",
    "checkpoint.safetensors.77.tmp": "",
    "best.onnx.77.old.tmp": "",
    "graph.onnx": "",
  });
  writeFileSync(join(folder, "own.77.tmp"), "");
  expect(openRunFolder(folder).checkpoint).toBe(join(folder, "checkpoint.safetensors"));
  expect(readdirSync(folder).sort()).toStrictEqual(["config.json", "graph.onnx", "own.77.tmp", "run.lock"]);
});

test("a folder without a run", () => {
  const folder = temporaryFolder();
  expect(() => openRunFolder(folder)).toThrow(
    saying(`${folder}: holds no run to resume; a training writes ${join(folder, "config.json")} when it begins`),
  );
});
