/** A graph cut to fewer classes is the graph that compiling for so many gives. */
import { expect, test } from "vitest";
import type { onnx } from "../../../compiler/artifact/onnx.ts";
import { decodeArtifact, type Artifact } from "../../../runtime/artifact/decode-artifact.ts";
import { encodeArtifact } from "../../../runtime/artifact/encode-artifact.ts";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { readerOf, readTensor } from "../../../runtime/artifact/stored-tensor.ts";
import { withClasses } from "../../../runtime/artifact/with-classes.ts";
import { trainingProgram } from "../../../runtime/engine/session-program.ts";
import { compileTiny } from "../engine/compile-tiny.ts";

const five = ["a", "b", "c", "d", "e"];
const compileFor = (classes: readonly string[], training: string, objective = "singleLabel", smoothing = 0): Artifact =>
  readArtifact(
    compileTiny(
      training,
      `objective: ${objective}({ classes: ${JSON.stringify(classes)}, labelSmoothing: ${smoothing} })`,
    ),
  );

const shapesOf = (infos: readonly onnx.IValueInfoProto[] | null | undefined) =>
  (infos ?? []).map(({ name, type }) => [
    name,
    type?.tensorType?.shape?.dim?.map(({ dimValue, dimParam }) => dimParam || Number(dimValue)),
  ]);

const outline = (graph: onnx.IGraphProto | null | undefined) => ({
  nodes: graph?.node?.map(({ name, opType, input, output, attribute }) => [
    name,
    opType,
    input,
    output,
    attribute?.map(({ name, i, f, ints }) => [name, Number(i), f, ints?.map(Number)]),
  ]),
  tensors: graph?.initializer?.map(({ name, dims }) => [name, dims?.map(Number)]),
  zeros: graph?.sparseInitializer?.map(({ values, dims }) => [values?.name, dims?.map(Number)]),
  input: shapesOf(graph?.input),
  output: shapesOf(graph?.output),
});

const outlines = ({ model, metadata }: Artifact) => {
  const { classes, draws, parameters, objective } = metadata;
  return {
    graphs: [model.graph, ...(model.trainingInfo ?? []).map(({ algorithm }) => algorithm)].map(outline),
    metadata: { classes, draws, parameters, objective },
  };
};

const adam = "optimizer: adamW({ learningRate: 0.01 })";
const mixtures = "augment: [mixup({ rate: 0.5 }), noise()]";
test.each([
  ["softmax", adam, "singleLabel", 0],
  [
    "softmax, of mixtures, accumulated, clipped",
    `${adam}, accumulate: 2, clipNorm: 1, memory: "1 TB", ${mixtures}`,
    "singleLabel",
    0,
  ],
  ["sigmoid", adam, "multiLabel", 0],
  ["sigmoid, of mixtures, smoothed", `${adam}, ${mixtures}`, "multiLabel", 0.1],
  ["softmax, all frozen but it", `${adam}, rates: { "*": 0, "dense.*": 1 }`, "singleLabel", 0],
  ["softmax that is frozen", `${adam}, rates: { "dense.*": 0 }`, "singleLabel", 0],
  ["softmax, in half precision", `${adam}, precision: mixedFloat16()`, "singleLabel", 0],
] as const)("%s", async (_, training, objective, smoothing) => {
  const compile = (classes: readonly string[]) => compileFor(classes, training, objective, smoothing);
  const [wide, narrow] = [compile(five), compile(["d", "z"])];
  const cut = await withClasses(wide, ["d", "z"]);
  expect(outlines(cut)).toStrictEqual(outlines(narrow));
  expect(() => trainingProgram(cut)).not.toThrow();
  const weight = cut.parameters.find(({ dims }) => dims.length === 2 && dims[0] === 2);
  const own = wide.parameters.find(({ name }) => name === weight?.name);
  if (!weight || !own) throw new Error("no head");
  const width = own.dims[1] ?? 0;
  const before = await readTensor(own);
  const rows = [3, 0].flatMap((row) => [...before.subarray(row * width, (row + 1) * width)].map(Number));
  expect([...(await readTensor(weight))].map(Number)).toStrictEqual(rows);
});

test("what is cut is a whole file", async () => {
  const cut = await withClasses(compileFor(five, adam), ["x", "y"]);
  const decoded = decodeArtifact("cut", await encodeArtifact(cut, readerOf(cut.parameters)));
  expect(decoded.metadata.classes).toStrictEqual(["x", "y"]);
  expect(outlines(decoded)).toStrictEqual(outlines(cut));
});

test("as many classes have their names, in their order; the same are left alone", async () => {
  const artifact = compileFor(["a", "b"], adam);
  expect(await withClasses(artifact, ["a", "b"])).toBe(artifact);
  expect((await withClasses(artifact, ["b", "x"])).metadata.classes).toStrictEqual(["b", "x"]);
  const smoothing = compileFor(["a", "b"], adam, "singleLabel", 0.1);
  expect((await withClasses(smoothing, ["p", "q"])).metadata.classes).toStrictEqual(["p", "q"]);
});

test("more than there is room for, and what depends on how many there are", async () => {
  const artifact = compileFor(["a", "b"], adam);
  const { path } = artifact;
  await expect(withClasses(artifact, ["a", "b", "c"])).rejects.toThrow(
    `${path}: has room for 2 classes, and 3 are named; compile its spec with 3 or more`,
  );
  const smoothing = compileFor(five, adam, "singleLabel", 0.1);
  await expect(withClasses(smoothing, ["a", "b"])).rejects.toThrow(
    `${smoothing.path}: is for 5 classes, and cannot be cut to the 2 that are named: its loss smooths labels over its classes; compile its spec with 2`,
  );
});
