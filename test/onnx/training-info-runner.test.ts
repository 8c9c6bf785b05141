import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AttributeType, DataLocation, DataType, encodeOnnx, type onnx } from "../../compiler/artifact/onnx.ts";
import { Tensor } from "../onnxruntime.ts";
import { describe, expect, test } from "vitest";
import { createRunner } from "./training-info-runner.ts";

const folder = mkdtempSync(join(tmpdir(), "training-info-"));

const floats = (name: string, dims: readonly number[], values: readonly number[]): onnx.ITensorProto => ({
  name,
  dims: [...dims],
  dataType: DataType.FLOAT,
  floatData: [...values],
});
const valueInfo = (name: string, ...dims: readonly (number | string)[]): onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: DataType.FLOAT,
      shape: { dim: dims.map((dim) => (typeof dim === "string" ? { dimParam: dim } : { dimValue: dim })) },
    },
  },
});
const node = (opType: string, input: readonly string[], output: string): onnx.INodeProto => ({
  opType,
  input: [...input],
  output: [output],
});

/** y = x * weight, trained by gradient descent with momentum on the mean squared error; `steps` counts them. */
const regression = (
  momentum = 0,
): onnx.IModelProto & { graph: onnx.IGraphProto; trainingInfo: [onnx.ITrainingInfoProto] } => ({
  irVersion: 8,
  opsetImport: [{ domain: "", version: 17 }],
  graph: {
    name: "inference",
    node: [node("MatMul", ["x", "weight"], "y")],
    initializer: [floats("weight", [1, 1], [0.5])],
    input: [valueInfo("x", "batch", 1)],
    output: [valueInfo("y", "batch", 1)],
  },
  trainingInfo: [
    {
      algorithm: {
        name: "step",
        node: [
          node("Sub", ["y", "target"], "error"),
          node("Mul", ["error", "error"], "squared"),
          {
            ...node("ReduceMean", ["squared"], "loss"),
            attribute: [{ name: "keepdims", type: AttributeType.INT, i: 0 }],
          },
          node("Transpose", ["x"], "x_transposed"),
          node("MatMul", ["x_transposed", "error"], "correlation"),
          node("Mul", ["correlation", "two_by_batch"], "gradient"),
          node("Mul", ["velocity", "momentum"], "carried"),
          node("Add", ["carried", "gradient"], "velocity_next"),
          node("Mul", ["velocity_next", "learning_rate"], "movement"),
          node("Sub", ["weight", "movement"], "weight_next"),
          node("Add", ["steps", "one"], "steps_next"),
        ],
        initializer: [
          floats("two_by_batch", [], [1]),
          floats("momentum", [], [momentum]),
          { name: "one", dims: [], dataType: DataType.INT64, int64Data: [1] },
          { name: "steps", dims: [], dataType: DataType.INT64, int64Data: [0] },
        ],
        sparseInitializer: [
          {
            dims: [1, 1],
            values: floats("velocity", [0], []),
            indices: { dims: [0], dataType: DataType.INT64 },
          },
        ],
        input: [valueInfo("x", "batch", 1), valueInfo("target", "batch", 1), valueInfo("learning_rate")],
        output: [
          valueInfo("loss"),
          valueInfo("weight_next", 1, 1),
          valueInfo("velocity_next", 1, 1),
          { name: "steps_next", type: { tensorType: { elemType: DataType.INT64, shape: { dim: [] } } } },
        ],
      },
      updateBinding: [
        { key: "weight", value: "weight_next" },
        { key: "velocity", value: "velocity_next" },
        { key: "steps", value: "steps_next" },
      ],
    },
  ],
});

const write = (name: string, model: onnx.IModelProto): string => {
  const path = join(folder, name);
  writeFileSync(path, encodeOnnx(model));
  return path;
};

const scalar = (value: number): Tensor => new Tensor("float32", [value], []);
const column = (...values: readonly number[]): Tensor => new Tensor("float32", values, [values.length, 1]);

// Two samples x = 1 and 2 of y = 3 x: mean(x^2) = 2.5, so the loss is 2.5 (weight - 3)^2.
const feeds = { x: column(1, 2), target: column(3, 6), learning_rate: scalar(0.1) };
const distanceOf = (loss: Tensor | undefined): number => Math.sqrt(Number(loss?.data[0]) / 2.5);

describe("createRunner", () => {
  test("descends as the closed form does: each step halves the distance to the solution", async () => {
    const runner = await createRunner(write("descent.onnx", regression()));
    const distances: number[] = [];
    for (let step = 0; step < 10; step++) distances.push(distanceOf((await runner.step(feeds))["loss"]));
    // distance_{t+1} = (1 - 0.1 * 2 * 2.5) distance_t
    for (const [step, distance] of distances.entries()) expect(distance).toBeCloseTo(2.5 / 2 ** step, 6);
    expect(runner.state.get("weight")?.data[0]).toBeCloseTo(3 - 2.5 / 2 ** 10, 6);
    expect(runner.state.get("steps")?.data).toStrictEqual(BigInt64Array.of(10n));
  });

  test("carries state that starts as an empty sparse initializer", async () => {
    const runner = await createRunner(write("momentum.onnx", regression(0.5)));
    expect(runner.state.get("velocity")).toMatchObject({ dims: [1, 1], data: Float32Array.of(0) });
    await runner.step(feeds);
    // gradient = 2 * 2.5 * (0.5 - 3) = -12.5, weight = 0.5 + 1.25
    expect(runner.state.get("velocity")?.data).toStrictEqual(Float32Array.of(-12.5));
    await runner.step(feeds);
    // 0.5 * -12.5 + 5 * (1.75 - 3) = -12.5 again
    expect(runner.state.get("velocity")?.data).toStrictEqual(Float32Array.of(-12.5));
    expect(runner.state.get("weight")?.data).toStrictEqual(Float32Array.of(3));
  });

  test("returns the inference graph's outputs too", async () => {
    const runner = await createRunner(write("outputs.onnx", regression()));
    const outputs = await runner.step(feeds);
    expect(outputs["y"]).toMatchObject({ dims: [2, 1], data: Float32Array.of(0.5, 1) });
  });

  test("reads state from external data", async () => {
    const model = regression();
    writeFileSync(join(folder, "external.data"), new Uint8Array(Float32Array.of(99, 2).buffer));
    model.graph.initializer = [
      {
        name: "weight",
        dims: [1, 1],
        dataType: DataType.FLOAT,
        dataLocation: DataLocation.EXTERNAL,
        externalData: [
          { key: "location", value: "external.data" },
          { key: "offset", value: "4" },
          { key: "length", value: "4" },
        ],
      },
    ];
    const runner = await createRunner(write("external.onnx", model));
    expect(runner.state.get("weight")?.data).toStrictEqual(Float32Array.of(2));
    expect(distanceOf((await runner.step(feeds))["loss"])).toBeCloseTo(1, 6);
  });

  test("places the values of a sparse initializer", async () => {
    const model = regression();
    model.graph.initializer = [];
    model.graph.sparseInitializer = [
      {
        dims: [1, 1],
        values: floats("weight", [1], [1.5]),
        indices: { dims: [1, 2], dataType: DataType.INT64, int64Data: [0, 0] },
      },
    ];
    const runner = await createRunner(write("sparse.onnx", model));
    expect(runner.state.get("weight")?.data).toStrictEqual(Float32Array.of(1.5));
  });

  test("starts from what the initialization graph computes", async () => {
    const model = regression();
    model.trainingInfo[0].initialization = {
      name: "start",
      node: [node("Mul", ["two", "two"], "four")],
      initializer: [floats("two", [1, 1], [2])],
      output: [valueInfo("four", 1, 1)],
    };
    model.trainingInfo[0].initializationBinding = [{ key: "weight", value: "four" }];
    const runner = await createRunner(write("initialization.onnx", model));
    expect(distanceOf((await runner.step(feeds))["loss"])).toBeCloseTo(1, 6);
  });

  test("refuses a file without a training program", async () => {
    const path = write("inference.onnx", { ...regression(), trainingInfo: [] });
    await expect(createRunner(path)).rejects.toThrow(`${path} has no training program`);
  });

  test("refuses to update what is not an initializer", async () => {
    const model = regression();
    model.trainingInfo[0].updateBinding?.push({ key: "y", value: "loss" });
    const path = write("unbound.onnx", model);
    await expect(createRunner(path)).rejects.toThrow(`${path}: y is updated but is not an initializer`);
  });
});
