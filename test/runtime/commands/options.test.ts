import { describe, expect, test } from "vitest";
import { commonOptions, oneOperand, parseOptions, printUsage, type Usage } from "../../../runtime/commands/options.ts";
import { saying } from "../saying.ts";

const options = {
  data: { kind: "text", value: "PATH", help: "clips" },
  epochs: { kind: "integer", value: "N", least: 1, help: "passes over the data" },
  lr: { kind: "positive", value: "X", help: "learning rate" },
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "train",
  synopsis: "GRAPH [options]",
  description: "Trains a graph.",
  operands: [["GRAPH", "a graph.onnx"]],
  options,
  examples: ["runtime train graph.onnx"],
};

const parse = (line: string) => parseOptions(usage, line.split(" "));

describe("values", () => {
  test("by kind, before and after operands, with and without =", () => {
    expect(parse("--data clips graph.onnx --epochs=3 --json --lr 1e-5")).toStrictEqual({
      values: { data: "clips", epochs: 3, json: true, lr: 1e-5 },
      operands: ["graph.onnx"],
    });
  });

  test("the last of a repeated option counts", () => {
    expect(parse("--epochs 3 --epochs 4").values).toStrictEqual({ epochs: 4 });
  });

  test("after -- everything is an operand", () => {
    expect(parse("-- --data.onnx").operands).toStrictEqual(["--data.onnx"]);
  });
});

test.each([
  ["--epoch 3", "unknown option --epoch; did you mean --epochs?"],
  ["--dta=x", "unknown option --dta; did you mean --data?"],
  ["--learning-rate 3", "unknown option --learning-rate; see runtime train --help"],
  ["-e 3", "unknown option -e; see runtime train --help"],
  ["--toString", "unknown option --toString; see runtime train --help"],
  ["--lr", "--lr needs a value: --lr X"],
  ["--data --json", "--data needs a value: --data PATH"],
  ["--json=yes", "--json takes no value, but got yes"],
  ["--epochs 0", "--epochs is a whole number, 1 or more, not 0"],
  ["--epochs 2.5", "--epochs is a whole number, 1 or more, not 2.5"],
  ["--epochs=", "--epochs needs a value: --epochs N"],
  ["--data ", "--data needs a value: --data PATH"],
  ["--lr -1", "--lr is a number above 0, not -1"],
  ["--lr fast", "--lr is a number above 0, not fast"],
])("%s: %s", (line, message) => {
  expect(() => parse(line)).toThrow(saying(message));
});

test("one of several", () => {
  const device = { kind: "choice", value: "NAME", choices: ["auto", "cpu", "cuda"], help: "what computes" } as const;
  const parseDevice = (line: string) => parseOptions({ ...usage, options: { device } }, line.split(" ")).values;
  expect(parseDevice("--device cpu")).toStrictEqual({ device: "cpu" });
  expect(() => parseDevice("--device gpu")).toThrow(saying("--device is auto, cpu or cuda, not gpu"));
});

test("exactly one graph", () => {
  expect(oneOperand(usage, ["a.onnx"])).toBe("a.onnx");
  expect(() => oneOperand(usage, [])).toThrow(
    "runtime train takes one graph, and none is given; see runtime train --help",
  );
  expect(() => oneOperand(usage, ["a.onnx", "b.onnx"])).toThrow(
    "runtime train takes one graph, and 2 are given: a.onnx b.onnx; see runtime train --help",
  );
});

test("help", () => {
  expect(printUsage(usage)).toBe(`Usage: runtime train GRAPH [options]

Trains a graph.

  GRAPH        a graph.onnx

  --data PATH  clips
  --epochs N   passes over the data
  --lr X       learning rate
  --json       print JSON on stdout, one object per line, and nothing else there
  --help       print this

Examples:
  runtime train graph.onnx`);
});
