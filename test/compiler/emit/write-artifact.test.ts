import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeOnnx } from "../../../compiler/artifact/onnx.ts";
import { InferenceSession, Tensor } from "../../onnxruntime.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import { CompileError } from "../../../compiler/diagnostics/diagnostic.ts";
import { writeArtifact } from "../../../compiler/emit/write-artifact.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { elements } from "../../../compiler/ir/shape.ts";
import type { State } from "../../../compiler/ir/graph.ts";
import type { Program } from "../../../compiler/ir/program.ts";
import { programOf } from "../program-of.ts";

const parameter = { kind: "parameter", initializer: { kind: "zeros" }, fanIn: 1 } as const;

/** y = x first second, with matrices of `width`. */
const makeProgram = (width: number): Program => {
  const b = createBuilder();
  const shape = [width, width];
  const type = { dtype: "float32", shape } as const;
  const x = b.input("x", { dtype: "float32", shape: ["batch", width] });
  const bias = b.state(parameter, "bias", { dtype: "float32", shape: [3] });
  const y = b.matMul(b.matMul(x, b.state(parameter, "first", type)), b.state(parameter, "second", type));
  const [head] = b.split(y, { axis: 1, split: [3, width - 3] });
  const output = b.add(head ?? y, bias);
  return programOf(b.finish([output]), [output]);
};

/** Diagonal matrices of 2 and 3, a bias of 1. */
const values = ({ value: { name, type } }: State): Float32Array => {
  const width = Number(type.shape[0]);
  if (name === "bias") return new Float32Array(width).fill(1);
  const factor = name === "first" ? 2 : 3;
  return Float32Array.from({ length: elements(type.shape) }, (_, index) => (index % (width + 1) === 0 ? factor : 0));
};

const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

const write = (path: string, width: number, read = values) => writeArtifact(path, makeProgram(width), read, [], "test");

const infer = async (path: string, width: number): Promise<unknown> => {
  const session = await InferenceSession.create(path);
  const x = new Tensor(
    "float32",
    Float32Array.from({ length: width }, (_, index) => index),
    [1, width],
  );
  const [result] = Object.values(await session.run({ x }));
  await session.release();
  return result?.data;
};

const largeWidth = 2100;

describe("parameters", () => {
  test("small ones are in the file", async () => {
    const path = join(makeFolder(), "graph.onnx");
    expect(write(path, 4)).toStrictEqual({ graph: statSync(path).size, data: 0 });
    expect(readdirSync(join(path, ".."))).toStrictEqual(["graph.onnx"]);
    expect(await infer(path, 4)).toStrictEqual(Float32Array.of(1, 7, 13));
  });

  test("large ones are in a data file, each at the start of a page", async () => {
    const path = join(makeFolder(), "big.onnx");
    const bytes = write(path, largeWidth);
    expect(bytes).toStrictEqual({ graph: statSync(path).size, data: statSync(`${path}.data`).size });
    expect(bytes.graph).toBeLessThan(10_000);
    const places = decodeOnnx(readFileSync(path)).graph?.initializer?.flatMap(({ name, externalData }) => {
      const entries = Object.fromEntries((externalData ?? []).map(({ key, value }) => [key, value]));
      return externalData?.length ? [[name, entries["location"], entries["offset"], entries["length"]]] : [];
    });
    const length = 4 * largeWidth ** 2;
    const second = 4096 * (1 + Math.ceil(length / 4096));
    expect(places).toStrictEqual([
      ["bias", "big.onnx.data", "0", "12"],
      ["first", "big.onnx.data", "4096", String(length)],
      ["second", "big.onnx.data", String(second), String(length)],
    ]);
    expect(await infer(path, largeWidth)).toStrictEqual(Float32Array.of(1, 7, 13));
  });

  test("an outdated data file goes", () => {
    const path = join(makeFolder(), "graph.onnx");
    writeFileSync(`${path}.data`, "old");
    write(path, 4);
    expect(existsSync(`${path}.data`)).toBe(false);
  });
});

describe("failures leave what was there", () => {
  const fail = (code: string) => (): never => {
    throw Object.assign(new Error("low-level"), { code });
  };

  test.each([
    ["ENOSPC", "the disk is full"],
    ["EACCES", "its folder is not writable"],
    ["EPERM", "its folder is not writable"],
    ["EROFS", "its file system is read-only"],
  ])("%s", (code, reason) => {
    const folder = makeFolder();
    const path = join(folder, "graph.onnx");
    writeFileSync(path, "old");
    const diagnostic = { code: "output-not-written", message: `cannot write ${path}: ${reason}` } as const;
    for (const width of [4, largeWidth]) {
      expect(() => write(path, width, fail(code))).toThrow(new CompileError([diagnostic]));
    }
    expect(readdirSync(folder)).toStrictEqual(["graph.onnx"]);
    expect(readFileSync(path, "utf8")).toBe("old");
  });

  test("an error of another kind is passed on", () => {
    const folder = makeFolder();
    expect(() => write(join(folder, "graph.onnx"), largeWidth, fail("EOTHER"))).toThrow("low-level");
    expect(readdirSync(folder)).toStrictEqual([]);
  });

  test("a folder in the place of a large graph", () => {
    const folder = makeFolder();
    const path = join(folder, "graph.onnx");
    mkdirSync(path);
    expect(() => write(path, largeWidth)).toThrow(`cannot write ${path}: it is a folder`);
    expect(readdirSync(folder)).toStrictEqual(["graph.onnx"]);
  });
});
