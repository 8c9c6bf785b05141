/** Graphs as somebody with bad intent, or a bad disk, would make them: each ends in one message, exit code 2, and no file. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  AttributeType,
  DataLocation,
  DataType,
  decodeOnnx,
  encodeOnnx,
  type onnx,
} from "../../../compiler/artifact/onnx.ts";
import { describe, expect, test } from "vitest";
import type { Draw } from "../../../compiler/artifact/draws.ts";
import { parseMetadata, printMetadata } from "../../../compiler/artifact/metadata.ts";
import { inferCommand } from "../../../runtime/commands/infer-command.ts";
import { createOutput } from "../../../runtime/commands/output.ts";
import { trainCommand } from "../../../runtime/commands/train-command.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { type LinearModel, linearModel, metadata, writeExternalModel } from "./linear-artifact.ts";

const cli = fileURLToPath(new URL("../../../dist/runtime/cli.js", import.meta.url));
let told = "";
const stream = { write: (text: string) => (told += text) !== "" } as unknown as NodeJS.WriteStream;
const output = createOutput(false, { stdout: stream, stderr: stream });

/** None is another's copy. */
const clips = Object.fromEntries(
  ["low", "high"].flatMap((name, first) =>
    ["a", "b"].map((clip, second) => [`clips/${name}/${clip}.wav`, wavBytes([9000, first, second, 1])]),
  ),
);

const commands = {
  infer: (folder: string, graph = join(folder, "graph.onnx")) =>
    inferCommand.run([graph, join(folder, "clips/low/a.wav"), "--device", "cpu"], output, new AbortController().signal),
  train: (folder: string) =>
    trainCommand.run(
      [join(folder, "graph.onnx"), "--data", join(folder, "clips"), "--out", join(folder, "run"), "--device", "cpu"],
      output,
      new AbortController().signal,
    ),
} as const;

/** What a command says of a graph; its folder holds nothing new. */
const refusal = async (command: keyof typeof commands, model: onnx.IModelProto): Promise<string> => {
  const folder = temporaryFolder(clips);
  writeFileSync(join(folder, "graph.onnx"), encodeOnnx(model));
  told = "";
  try {
    expect(await commands[command](folder)).toBe(2);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    told += error.message;
  }
  if (command === "infer") expect(readdirSync(folder).toSorted()).toStrictEqual(["clips", "graph.onnx"]);
  return told.replaceAll(folder, "");
};

/** A draw for an input that the gradients read. */
const uniform: Draw = {
  input: "level",
  dtype: "float32",
  shape: ["batch", 4],
  distribution: { kind: "uniform", from: 0, to: 1 },
};

type Entry = readonly [property: string, value: unknown, expected: string];

const counts = "a whole number from 1 to 1048576";
const lengths = "a whole number from 1 to 1000000000";

/** A property of the metadata, in dots, and what it is replaced by. */
const impossible: readonly Entry[] = [
  ["sampleRateHz", 0, "a whole number from 1000 to 1000000"],
  ["sampleRateHz", 1e300, "a whole number from 1000 to 1000000"],
  ["sampleRateHz", "16000", "a whole number from 1000 to 1000000"],
  ["minSamples", -1, lengths],
  ["frames", 1.5, lengths],
  ["bins", 1e9, counts],
  ["frameShiftSamples", null, lengths],
  ["specName", 5, "a text"],
  ["input", "file", '"waveform" or "features"'],
  ["objective", "constructor", '"multi-label" or "single-label"'],
  ["normalization", 5, "an object of mean, scale"],
  ["normalization.mean", null, "a number from -1e+30 to 1e+30"],
  ["classes", [], "a list of at least one"],
  ["classes", ["low", "low"], "names that differ"],
  ["classes.1", "", "a text that is not empty"],
  ["classes.1", 7, "a text"],
  ["frozen", "weight", "a list"],
  ["parameters", -1, "a whole number from 0 to 9007199254740991"],
  ["cost.inference.flops", -1, "a number from 0 to 1e+30"],
  ["cost.inference.flops", "frames", "a number of 0 or more, a named length, or a sum of products"],
  [
    "cost.inference.flops",
    { terms: [{ times: 2, factors: ["frames"] }] },
    "a number of 0 or more, a named length, or a sum of products",
  ],
  ["cost.update.largestTensorBytes", null, "a list"],
  ["cost.update.largestTensorBytes", Array.from({ length: 65 }, () => 1), "a list of at most 64"],
  [
    "recipe",
    null,
    "an object of learningRate, schedule, batch, accumulate, memoryBytes, epochs, seed, precision, stepsPerRun, sampling, augmentation, averaging, bestBy, earlyStopping",
  ],
  ["recipe.batch", 0, counts],
  ["recipe.batch", 2 ** 40, counts],
  ["recipe.accumulate", 0.5, counts],
  ["recipe.learningRate", -1, "a number from 0 to 1000000000"],
  ["recipe.epochs", 0, lengths],
  ["recipe.seed", 0.1, "a whole number from -9007199254740991 to 9007199254740991"],
  ["recipe.stepsPerRun", 1e9, counts],
  ["recipe.precision", "float64", '"float32" or "mixed-float16"'],
  ["recipe.schedule", { kind: "toString" }, "one of the kinds constant, multiStep, cosine"],
  ["recipe.schedule", { kind: "multiStep", milestones: [0], factor: 1, warmup: null }, lengths],
  ["recipe.schedule.warmup", { kind: "linear", steps: -5 }, lengths],
  ["recipe.augmentation", { noise: true }, "a list"],
  ["recipe.augmentation.0", 1, "a text"],
  ["recipe.averaging", { from: 1, to: 0 }, lengths],
  ["recipe.averaging", { from: 2, to: 1 }, "from that is not above to"],
  ["recipe.earlyStopping", { figure: "__proto__", patience: 1 }, '"accuracy" or "mAP" or "loss"'],
  ["draws", {}, "a list"],
  [
    "draws.0.distribution.kind",
    "cauchy",
    "one of the kinds uniform, integer, bernoulli, normal, beta, span, subset, clip, targets",
  ],
  ["draws.0.distribution", { kind: "uniform", from: 2, to: 1 }, "from that is not above to"],
  ["draws.0.dtype", "int64", '"float32"'],
  ["draws.0.shape", ["batch", 2 ** 20, 2 ** 20], "at most 16777216 values a clip, with those before it"],
  ["draws.0.shape.1", 2 ** 40, counts],
  ["draws.0.input", "", "a text that is not empty"],
  ["lines", 5, "an object of files and lines"],
  ["lines.dense", "spec.ts", "a file and a line such as spec.ts:12"],
  ["lines.dense", "spec.ts:0", "a file and a line such as spec.ts:12"],
  ["huggingFace", 5, "an object of names, config, preprocessor"],
];

/** A copy with one property replaced. */
const withProperty = (value: unknown, [key = "", ...rest]: readonly string[], replacement: unknown): unknown => {
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  const record = copy as Record<string, unknown>;
  record[key] = rest.length === 0 ? replacement : withProperty(record[key], rest, replacement);
  return copy;
};

const withMetadata = (key: string, text: string): LinearModel => {
  const model = linearModel();
  const others = (model.metadataProps ?? []).filter((entry) => entry.key !== `specgraph.${key}`);
  return { ...model, metadataProps: [...others, { key: `specgraph.${key}`, value: text }] };
};

describe("metadata", () => {
  test.each(impossible)("%s as %j", async (property, value, expected) => {
    const [key = ""] = property.split(".");
    const changed = withProperty({ ...metadata, draws: [uniform] }, property.split("."), value) as Record<
      string,
      unknown
    >;
    const message = await refusal("infer", withMetadata(key, JSON.stringify(changed[key])));
    expect(message).toMatch(/^\/graph\.onnx: not a graph that this runtime reads: its metadata property specgraph\./);
    expect(message).toContain(`specgraph.${property}`);
    expect(message.endsWith(`; expected ${expected}`)).toBe(true);
  });

  test("every property that is missing, no JSON, or of another type", async () => {
    for (const key of Object.keys(metadata)) {
      if (key === "formatVersion") continue;
      for (const text of ["", "{", "{}", "true", "-1", "[[[[1]]]]"]) {
        const message = await refusal("infer", withMetadata(key, text));
        expect(message).toContain(`its metadata property specgraph.${key}`);
      }
    }
  });

  test("nested deeper than a stack reaches", async () => {
    const nested = "[".repeat(100_000) + "]".repeat(100_000);
    expect(await refusal("infer", withMetadata("classes", nested))).toBe(
      "/graph.onnx: not a graph that this runtime reads: its metadata property specgraph.classes.0 is nested too deeply; expected a text",
    );
  });

  test("a part that is missing", async () => {
    const { to: _, ...averaging } = { from: 1, to: 2 };
    const recipe = JSON.stringify({ ...metadata.recipe, averaging });
    expect(await refusal("infer", withMetadata("recipe", recipe))).toBe(
      "/graph.onnx: not a graph that this runtime reads: its metadata property specgraph.recipe.averaging.to is missing",
    );
  });

  test("names of an object's own machinery change nothing", () => {
    const texts = printMetadata(metadata).map(({ key, value }) =>
      key === "specgraph.recipe"
        ? { key, value: value.replace("{", '{"__proto__":{"polluted":1},"constructor":1,') }
        : { key, value },
    );
    expect(parseMetadata([...texts, { key: "specgraph.__proto__", value: '{"polluted":1}' }])).toStrictEqual(metadata);
    expect({}).not.toHaveProperty("polluted");
  });
});

test("ONNX Runtime's options are not a file's: an optimized model, a profile, threads", () => {
  const folder = temporaryFolder({ ...clips, "precious.txt": "keep me" });
  const options = {
    optimizedModelFilePath: join(folder, "precious.txt"),
    enableProfiling: true,
    profileFilePrefix: join(folder, "profile"),
    intraOpNumThreads: 20_000,
  };
  writeFileSync(join(folder, "graph.onnx"), encodeOnnx(withMetadata("sessionOptions", JSON.stringify(options))));
  const before = readdirSync(folder);
  const args = [cli, "infer", "graph.onnx", "clips/low/a.wav", "--device", "cpu"];
  const { status } = spawnSync(process.execPath, args, { cwd: folder, timeout: 60_000 });
  expect(status).toBe(0);
  expect(readdirSync(folder)).toStrictEqual(before);
  expect(readFileSync(join(folder, "precious.txt"), "utf8")).toBe("keep me");
});

type Change = (model: LinearModel) => void;

const algorithmOf = (model: LinearModel): onnx.IGraphProto => model.trainingInfo?.[0]?.algorithm ?? {};
const updateOf = (model: LinearModel): onnx.IGraphProto => model.trainingInfo?.[1]?.algorithm ?? {};
const changeWeight =
  (changes: onnx.ITensorProto): Change =>
  (model) => {
    model.graph.initializer = model.graph.initializer.map((tensor) => ({ ...tensor, ...changes }));
  };
const externalAt = (place: Readonly<Record<string, string>>): onnx.ITensorProto => ({
  name: "secret",
  dims: [4, 2],
  dataType: DataType.FLOAT,
  dataLocation: DataLocation.EXTERNAL,
  externalData: Object.entries(place).map(([key, value]) => ({ key, value })),
});
const passwords = externalAt({ location: "/etc/passwd", offset: "0", length: "32" });
const constant =
  (attribute: onnx.IAttributeProto): Change =>
  (model) => {
    model.graph.node = [...(model.graph.node ?? []), { opType: "Constant", output: ["x"], attribute: [attribute] }];
  };
const elsewhere = "/graph.onnx: the file is damaged: secret is kept in another file, which is for parameters alone";
const damaged = (what: string): string => `/graph.onnx: the file is damaged: ${what}`;

const hostile: readonly (readonly [name: string, change: Change, message: string])[] = [
  ["a negative dimension", changeWeight({ dims: [-4, -2] }), damaged("weight has an impossible shape [-4, -2]")],
  [
    "dimensions beyond 2^53",
    changeWeight({ dims: [2 ** 40, 2 ** 40] }),
    damaged("weight has an impossible shape [1099511627776, 1099511627776]"),
  ],
  [
    "an absurd dimension behind a zero",
    changeWeight({ dims: [0, 2 ** 52], rawData: new Uint8Array() }),
    damaged("weight has an impossible shape [0, 4503599627370496]"),
  ],
  [
    "an unknown element type",
    changeWeight({ dataType: 999 }),
    "/graph.onnx: weight has an element type that this runtime does not read",
  ],
  [
    "a parameter of integers",
    changeWeight({ dataType: DataType.INT32 }),
    damaged("the parameter weight is of int32, not of float32"),
  ],
  ...(["..", ".", "", "/etc/passwd", "../graph.onnx", "sub/x"] as const).map(
    (location) =>
      [
        `a location of "${location}"`,
        changeWeight({ ...externalAt({ location }), name: "weight" }),
        damaged(`weight is kept in "${location}", not beside the graph`),
      ] as const,
  ),
  ...(["-4", "1e3", "0x10", "99999999999999999999", " 1"] as const).map(
    (offset) =>
      [
        `an offset of "${offset}"`,
        changeWeight({ ...externalAt({ location: "graph.onnx", offset }), name: "weight" }),
        damaged(`weight starts at byte "${offset}" of graph.onnx`),
      ] as const,
  ),
  [
    "another length than the shape's",
    changeWeight({ ...externalAt({ location: "graph.onnx", length: "99999999999999" }), name: "weight" }),
    damaged("weight has 99999999999999 bytes in graph.onnx; its shape needs 32"),
  ],
  ["a constant of another file", constant({ name: "value", type: AttributeType.TENSOR, t: passwords }), elsewhere],
  [
    "a sparse constant of another file",
    constant({ name: "sparse_value", type: AttributeType.SPARSE_TENSOR, sparseTensor: { values: passwords } }),
    elsewhere,
  ],
  [
    "a graph in a graph that reads another file",
    (model) => {
      const inner: onnx.IGraphProto = { name: "inner", initializer: [passwords] };
      const outer: onnx.IGraphProto = {
        name: "outer",
        node: [{ opType: "If", attribute: [{ name: "then_branch", type: AttributeType.GRAPH, g: inner }] }],
      };
      const attribute = [{ name: "body", type: AttributeType.GRAPH, g: outer }];
      model.graph.node = [...(model.graph.node ?? []), { opType: "Loop", output: ["x"], attribute }];
    },
    elsewhere,
  ],
  [
    "a function that reads another file",
    (model) => {
      const attribute = [{ name: "value", type: AttributeType.TENSOR, t: passwords }];
      model.functions = [{ name: "f", domain: "custom", node: [{ opType: "Constant", attribute }] }];
    },
    elsewhere,
  ],
  [
    "a training program that reads another file",
    (model) => void algorithmOf(model).initializer?.push(passwords),
    elsewhere,
  ],
  [
    "two tensors of a name",
    (model) => void model.graph.initializer.push(...model.graph.initializer),
    damaged('two tensors are called "weight"'),
  ],
  [
    "a tensor called __proto__",
    (model) =>
      void model.graph.initializer.push({ ...passwords, name: "__proto__", dataLocation: 0, externalData: [] }),
    damaged('a tensor is called "__proto__"'),
  ],
  [
    "other classes than outputs",
    (model) => {
      model.graph.output =
        model.graph.output?.map((output) => ({
          ...output,
          type: { tensorType: { elemType: DataType.FLOAT, shape: { dim: [{ dimParam: "batch" }, { dimValue: 3 }] } } },
        })) ?? [];
    },
    damaged("its output logits is [batch, 3], and it names 2 classes"),
  ],
  ["no scores", (model) => void model.graph.output?.pop(), damaged("it has no output scores")],
  [
    "a custom operator",
    (model) => {
      model.graph.node = (model.graph.node ?? []).map((node) => ({ ...node, domain: "evil" }));
    },
    "ONNX Runtime refuses the graph",
  ],
  [
    "an input that nobody feeds",
    (model) => {
      model.graph.input?.push({ ...model.graph.input[0], name: "more" });
      model.graph.node = (model.graph.node ?? []).map((node, index) =>
        index === 0 ? { ...node, input: ["more", "weight"] } : node,
      );
    },
    "ONNX Runtime cannot run the graph",
  ],
];

describe("infer", () => {
  test.each(hostile)("%s", async (_, change, message) => {
    const model = linearModel();
    change(model);
    expect(await refusal("infer", model)).toContain(message);
  });

  test("a tensor in another's place in the data file", async () => {
    const folder = temporaryFolder(clips);
    writeExternalModel(folder);
    const model = decodeOnnx(readFileSync(join(folder, "graph.onnx")));
    model.graph?.initializer?.push({ ...model.graph.initializer[0], name: "other" });
    writeFileSync(join(folder, "graph.onnx"), encodeOnnx(model));
    await expect(commands.infer(folder)).rejects.toThrow(
      `the file is damaged: other lies in another tensor's place in ${join(folder, "graph.onnx.data")}`,
    );
  });

  test("a data file that is a link to another folder; one within the folder, and a link to both, are read", async () => {
    const folder = temporaryFolder({ ...clips, "elsewhere/x": "" });
    const graph = writeExternalModel(folder);
    const [data, moved] = [`${graph}.data`, join(folder, "moved")];
    renameSync(data, moved);
    symlinkSync(moved, data);
    expect(await commands.infer(folder)).toBe(0);
    mkdirSync(join(folder, "links"));
    symlinkSync(graph, join(folder, "links", "graph.onnx"));
    symlinkSync(moved, join(folder, "links", "graph.onnx.data"));
    expect(await commands.infer(folder, join(folder, "links", "graph.onnx"))).toBe(0);
    renameSync(moved, join(folder, "elsewhere", "data"));
    rmSync(data);
    symlinkSync(join(folder, "elsewhere", "data"), data);
    await expect(commands.infer(folder)).rejects.toThrow(
      `${graph}: its data file ${data} is a link to another folder; copy the file there`,
    );
  });

  test("no regular file", async () => {
    await expect(commands.infer(temporaryFolder(clips), "/dev/zero")).rejects.toThrow(
      "/dev/zero: cannot be read: it is no regular file",
    );
  });
});

const hostileTraining: readonly (readonly [name: string, change: Change, message: string])[] = [
  [
    "a state that is larger than any parameter",
    (model) => void Object.assign(algorithmOf(model).sparseInitializer?.[0] ?? {}, { dims: [2 ** 20, 2 ** 20] }),
    damaged("gradient.weight [1048576, 1048576] is larger than any parameter"),
  ],
  [
    "a state of a negative size",
    (model) => void Object.assign(algorithmOf(model).sparseInitializer?.[0] ?? {}, { dims: [-1] }),
    damaged("gradient.weight has an impossible shape [-1]"),
  ],
  [
    "a sparse state with values",
    (model) => void Object.assign(algorithmOf(model).sparseInitializer?.[0]?.values ?? {}, { dims: [1] }),
    damaged("gradient.weight does not start at zero"),
  ],
  [
    "an update by what no step gives",
    (model) => void model.trainingInfo?.[0]?.updateBinding?.push({ key: "weight", value: "nothing" }),
    damaged("a training step does not give nothing"),
  ],
  ["no loss", (model) => void algorithmOf(model).output?.shift(), damaged("a training step does not give loss")],
  [
    "a state of another shape than its update",
    (model) => void Object.assign(updateOf(model).sparseInitializer?.[1] ?? {}, { dims: [2] }),
    "ONNX Runtime",
  ],
  [
    "a state that two algorithms describe differently",
    (model) => void Object.assign(algorithmOf(model).sparseInitializer?.[0] ?? {}, { dims: [2] }),
    damaged("its training algorithms disagree about gradient.weight"),
  ],
  [
    "one algorithm only",
    (model) => void model.trainingInfo?.pop(),
    damaged("it has 1 training algorithms; expected two, gradients and update"),
  ],
  [
    "a state that no algorithm replaces",
    (model) => void model.trainingInfo?.[1]?.updateBinding?.splice(1, 1),
    damaged("no training algorithm replaces its state velocity"),
  ],
  [
    "an update that reads the batch",
    (model) => {
      const update = updateOf(model);
      update.input?.push({
        name: "targets",
        type: { tensorType: { elemType: 1, shape: { dim: [{}, { dimValue: 2 }] } } },
      });
      const movement = update.node?.find(({ output }) => output?.[0] === "movement");
      movement?.input?.splice(1, 1, "targets");
    },
    damaged("its update reads targets, which is of the batch"),
  ],
];

const views: readonly (readonly [name: string, nodes: readonly onnx.INodeProto[], read: string])[] = [
  [
    "views that read one another",
    [
      { opType: "Reshape", input: ["b", "velocity"], output: ["a"] },
      { opType: "Reshape", input: ["a", "velocity"], output: ["b"] },
    ],
    "a",
  ],
  [
    "more ways through views than there is time",
    Array.from({ length: 60 }, (_, index) => [
      { opType: "Identity", input: [index === 0 ? "velocity" : `c${index - 1}`], output: [`a${index}`] },
      { opType: "Identity", input: [index === 0 ? "velocity" : `c${index - 1}`], output: [`b${index}`] },
      { opType: "Reshape", input: [`a${index}`, `b${index}`], output: [`c${index}`] },
    ]).flat(),
    "c59",
  ],
];

const hostileUpdates: typeof hostileTraining = [
  [
    "a state that an algorithm replaces twice",
    (model) => void model.trainingInfo?.[1]?.updateBinding?.push({ key: "weight", value: "velocity_next" }),
    damaged("a training algorithm replaces weight twice"),
  ],
  [
    "gradients that replace a parameter",
    (model) => void model.trainingInfo?.[0]?.updateBinding?.push({ key: "weight", value: "gradient" }),
    damaged("both training algorithms replace weight; expected one of them"),
  ],
  [
    "a parameter that no algorithm replaces",
    (model) => void model.trainingInfo?.[1]?.updateBinding?.shift(),
    damaged("no training algorithm replaces weight, whose gradient it takes"),
  ],
  [
    "a gradient that the update does not read",
    (model) => {
      const added = updateOf(model).node?.find(({ output }) => output?.[0] === "velocity_next");
      added?.input?.splice(1, 1, "velocity");
    },
    damaged("its update does not read gradient.weight"),
  ],
  [
    "parts whose gradients it does not add up",
    (model) => {
      model.metadataProps = printMetadata({ ...metadata, recipe: { ...metadata.recipe, accumulate: 2 } });
    },
    damaged("its recipe has 2 parts in a step, whose gradients it does not add up"),
  ],
  ...views.map(
    ([name, nodes, read]) =>
      [
        name,
        (model: LinearModel) => {
          const { node } = updateOf(model);
          node?.unshift(...nodes);
          node?.find(({ output }) => output?.[0] === "carried")?.input?.splice(0, 1, read);
        },
        "ONNX Runtime",
      ] as const,
  ),
];

/** The graph draws, and its gradients have these inputs. */
const drawing =
  (draws: readonly Draw[], ...inputs: readonly onnx.IValueInfoProto[]): Change =>
  (model) => {
    model.metadataProps = printMetadata({ ...metadata, draws });
    algorithmOf(model).input?.push(...inputs);
  };
const input = (name: string, elemType: number, ...dims: readonly (number | string)[]): onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType,
      shape: { dim: dims.map((dim) => (typeof dim === "string" ? { dimParam: dim } : { dimValue: dim })) },
    },
  },
});
const level = input("level", DataType.FLOAT, "batch", 4);

const hostileDraws: readonly (readonly [name: string, change: Change, message: string])[] = [
  [
    "a draw for an input that the gradients do not have",
    drawing([uniform]),
    damaged('it draws "level", which its gradients do not have as an input'),
  ],
  [
    "a draw for an input of inference",
    drawing([{ ...uniform, input: "waveform" }]),
    damaged('it draws "waveform", which the runtime gives'),
  ],
  [
    "a draw for the targets",
    drawing([{ ...uniform, input: "targets", shape: ["batch", 2] }]),
    damaged('it draws "targets", which the runtime gives'),
  ],
  [
    "a draw for the learning rate",
    drawing([{ ...uniform, input: "learning_rate" }], input("learning_rate", DataType.FLOAT, "batch", 4)),
    damaged('it draws "learning_rate", which the runtime gives'),
  ],
  [
    "a draw of another type than the input's",
    drawing([uniform], input("level", DataType.INT64, "batch", 4)),
    damaged('it draws "level" as float32 [batch, 4], which its gradients read as int64 [batch, 4]'),
  ],
  [
    "a draw of another shape than the input's",
    drawing([uniform], input("level", DataType.FLOAT, "batch", 5)),
    damaged('it draws "level" as float32 [batch, 4], which its gradients read as float32 [batch, 5]'),
  ],
  [
    "a draw for an input of no type",
    drawing([uniform], { name: "level" }),
    damaged('it draws "level" as float32 [batch, 4], which its gradients read as a tensor of no type'),
  ],
  [
    "targets of other classes",
    drawing(
      [
        {
          ...uniform,
          input: "partner",
          shape: ["batch", "drawn_samples"],
          distribution: { kind: "clip", where: null },
        },
        { ...uniform, shape: ["batch", 3], distribution: { kind: "targets", of: "partner" } },
      ],
      input("partner", DataType.FLOAT, "batch", "drawn_samples"),
      input("level", DataType.FLOAT, "batch", 3),
    ),
    damaged('it draws "level" as targets of 3 classes, and it names 2'),
  ],
  [
    "an input that is neither of the batch nor drawn",
    (model) => {
      drawing([], level)(model);
      algorithmOf(model)
        .node?.find(({ output }) => output?.[0] === "waveform_transposed")
        ?.input?.splice(0, 1, "level");
    },
    damaged('its gradients read "level", which is neither of the batch nor drawn'),
  ],
];

test("draws that no memory holds", () => {
  const many = Array.from({ length: 520 }, (_, index) => [
    `clips/${index % 2 ? "low" : "high"}/${index}.wav`,
    wavBytes([9000, index, 0, 1]),
  ]);
  const folder = temporaryFolder(Object.fromEntries(many));
  const model = linearModel();
  drawing(
    [{ ...uniform, shape: ["batch", 2 ** 12, 2 ** 12] }],
    input("level", DataType.FLOAT, "batch", 2 ** 12, 2 ** 12),
  )(model);
  writeFileSync(join(folder, "graph.onnx"), encodeOnnx(model));
  const args = [
    cli,
    "train",
    "graph.onnx",
    "--data",
    "clips",
    "--out",
    "run",
    "--device",
    "cpu",
    "--batch",
    "520",
    "--json",
  ];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  expect({ status, stderr }).toStrictEqual({
    status: 2,
    stderr: "this takes more memory than there is; use a smaller --batch or another graph\n",
  });
});

describe("train", () => {
  test.each([...hostileTraining, ...hostileUpdates, ...hostileDraws])("%s", async (_, change, message) => {
    const model = linearModel();
    change(model);
    expect(await refusal("train", model)).toContain(message);
  });
});
