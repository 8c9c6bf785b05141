/** One command for both halves; each is tested beside what it does. */
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { version } from "../compiler/artifact/version.ts";

const cli = fileURLToPath(new URL("../dist/runtime/specgraph.js", import.meta.url));

const specgraph = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: tmpdir(), encoding: "utf8" });
  return { status, stdout, stderr };
};

describe("the half that a command is of answers", () => {
  test.each([
    [["compile", "--help"], "Usage: specgraph compile [SPEC] [options]"],
    [["--help"], "Usage: specgraph COMMAND ..., or runtime COMMAND ..."],
    [["-h"], "Usage: specgraph COMMAND ..., or runtime COMMAND ..."],
    [["train", "--help"], "Usage: specgraph train GRAPH [options], or --resume --out DIR"],
    [["--version"], version],
    [["compile", "--version"], version],
  ])("%j", (args, first) => {
    const { status, stdout, stderr } = specgraph(...args);
    expect({ status, stderr, first: stdout.split("\n")[0] }).toEqual({ status: 0, stderr: "", first });
  });

  test.each([
    [["compile", "birds.ts"], "error: there is no spec birds.ts (spec-missing)\n"],
    [["birds.ts"], "error: there is no spec birds.ts (spec-missing)\n"],
    [["specs/birds"], "error: there is no spec specs/birds (spec-missing)\n"],
    [["birds.mjs", "--out", "a.onnx"], "error: there is no spec birds.mjs (spec-missing)\n"],
    [["--out", "a.onnx", "birds.ts"], "error: there is no spec birds.ts (spec-missing)\n"],
    [["inspect", "birds.onnx"], "birds.onnx: cannot be read: there is no such file; compiling a spec writes one\n"],
  ])("%j", (args, said) => {
    expect(specgraph(...args)).toEqual({ status: 2, stdout: "", stderr: said });
  });

  test.each([[["trian"]], [["birds.onnx"]]])("%j is no command", ([name = ""]) => {
    const { status, stderr } = specgraph(name);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(new RegExp(`^unknown command ${name}; the commands are compile, [a-z, ]+\n$`)),
    });
  });

  test("no command, what there is", () => {
    expect(specgraph()).toEqual({ status: 2, stdout: "", stderr: specgraph("--help").stdout });
  });
});
