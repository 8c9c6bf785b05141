import { spawnSync } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../runtime/audio/temporary-folder.ts";
import { wavBytes } from "../../../runtime/audio/wav-bytes.ts";
import { writeLinearModel } from "../../../runtime/artifact/linear-artifact.ts";

const built = (half: string): string => fileURLToPath(new URL(`../../../../dist/${half}/cli.js`, import.meta.url));

describe.skipIf(!existsSync("/dev/full"))("a full disk", () => {
  const into = (half: string, args: readonly string[], folder: string, stream: "stdout" | "stderr") => {
    const full = openSync("/dev/full", "w");
    const stdio = stream === "stdout" ? (["ignore", full, "pipe"] as const) : (["ignore", "pipe", full] as const);
    const { status, stderr } = spawnSync(process.execPath, [built(half), ...args], {
      cwd: folder,
      stdio: [...stdio],
      encoding: "utf8",
    });
    return { status, stderr };
  };
  const workspace = (): string => {
    const clips = ["low/a", "low/b", "low/c", "high/a", "high/b", "high/c"].map(
      (name, index) => [`clips/${name}.wav`, wavBytes([9000, index, 0, 1])] as const,
    );
    const folder = temporaryFolder(Object.fromEntries(clips));
    writeLinearModel(folder);
    return folder;
  };
  const lost = "cannot write to stdout: the disk is full\n";

  test.each([
    [["infer", "graph.onnx", "clips/low/a.wav", "--device", "cpu"]],
    [["eval", "graph.onnx", "--data", "clips", "--device", "cpu"]],
    [["inspect", "graph.onnx", "--json"]],
    [["export", "graph.onnx", "--format", "safetensors", "--out", "weights.safetensors"]],
    [["sounds", "sounds"]],
    [["--help"]],
    [["infer", "--help"]],
  ])("under the results of %j", (args) => {
    const { status, stderr } = into("runtime", args, workspace(), "stdout");
    expect(status).toBe(2);
    expect(stderr.endsWith(lost)).toBe(true);
    expect(stderr).not.toContain("    at ");
  });

  const train = ["train", "graph.onnx", "--data", "clips", "--epochs", "100000", "--out", "run", "--device", "cpu"];

  test("under a training's results: it saves", () => {
    const folder = workspace();
    // The first result is that of the first epoch.
    const { status, stderr } = into("runtime", train, folder, "stdout");
    expect({ status, lost: stderr.split("\n").filter((line) => `${line}\n` === lost).length }).toEqual({
      status: 2,
      lost: 1,
    });
    expect(existsSync(join(folder, "run", "checkpoint.safetensors"))).toBe(true);
    expect(existsSync(join(folder, "run", "run.lock"))).toBe(false);
  });

  test("under the first line of a training, before its first step: it ends, and may begin again", () => {
    const folder = workspace();
    expect(into("runtime", [...train, "--json"], folder, "stdout")).toStrictEqual({ status: 2, stderr: lost });
    expect(existsSync(join(folder, "run", "run.lock"))).toBe(false);
    const again = [...train.slice(0, 4), "--epochs", "1", "--out", "run", "--device", "cpu"];
    const { status, stderr } = spawnSync(process.execPath, [built("runtime"), ...again], {
      cwd: folder,
      encoding: "utf8",
    });
    expect({ status, stderr: stderr.split("\n").filter((line) => line.startsWith("run")) }).toEqual({
      status: 0,
      stderr: [],
    });
  });

  test("under the messages", () => {
    expect(into("runtime", ["infer", "graph.onnx", "none.wav", "--device", "cpu"], workspace(), "stderr").status).toBe(
      2,
    );
    expect(into("compiler", ["none.ts"], workspace(), "stderr").status).toBe(2);
  });

  test("under what compile prints", () => {
    expect(into("compiler", ["--help"], workspace(), "stdout")).toStrictEqual({ status: 2, stderr: lost });
  });
});
