import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createRunFolder } from "../../../runtime/train/run-folder.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";

test("the folder that is named, with those above it", () => {
  const folder = join(temporaryFolder(), "a", "b");
  expect(createRunFolder(folder, "ast")).toStrictEqual({
    graph: join(folder, "graph.onnx"),
    metrics: join(folder, "metrics.jsonl"),
  });
  expect(readFileSync(join(folder, "metrics.jsonl"), "utf8")).toBe("");
});

test("without a name, the next free number of the spec's", () => {
  const before = process.cwd();
  process.chdir(temporaryFolder());
  onTestFinished(() => process.chdir(before));
  mkdirSync(join("runs", "my-spec-1"), { recursive: true });
  expect(createRunFolder(undefined, "my spec").graph).toBe(join("runs", "my-spec-2", "graph.onnx"));
  expect(createRunFolder(undefined, "my spec").graph).toBe(join("runs", "my-spec-3", "graph.onnx"));
});

test("a folder that cannot be made", () => {
  const folder = temporaryFolder({ file: "" });
  for (const path of [join(folder, "file"), join(folder, "file", "sub")]) {
    expect(() => createRunFolder(path, "ast")).toThrow(
      new UserError(`cannot write ${join(path, "metrics.jsonl")}: its folder is a file`),
    );
  }
});
