import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { writeArtifact } from "../../../compiler/emit/write-artifact.ts";
import { resizePatches } from "../../../compiler/weights/adapt-patches.ts";
import type { Grid } from "../../../compiler/ir/flow.ts";
import { adaptPositions } from "../../../compiler/weights/adapt-positions.ts";
import { printCoverage } from "../../../compiler/weights/coverage.ts";
import { describeGeometry } from "../../../compiler/weights/facts/geometry.ts";
import { openCheckpoint } from "../../../compiler/weights/readers/open-checkpoint.ts";
import { initialize } from "../../../compiler/weights/initialize.ts";
import { geometryKey, metadataKey } from "../../../compiler/artifact/metadata.ts";
import { ast, sizes } from "../../../spec/ast.ts";
import {
  appendTokens,
  dense,
  layerNorm,
  type Layers,
  meanOfPatches,
  meanOfTokens,
  type Model,
  multiLabel,
  numbered,
} from "../../../spec/dsl/index.ts";
import { temporaryFolder } from "./readers/builders.ts";
import {
  filled,
  importMini,
  layoutTensors,
  lower,
  mini,
  miniOptions,
  type MiniTensors,
  referenceTensors,
  refusal,
  without,
  writeCheckpoint,
} from "./mini-ast.ts";

const width = 8;
const positions = "positionalEmbedding.weight";

const changed = (tensors: MiniTensors, changes: Readonly<Record<string, readonly number[]>>): MiniTensors =>
  new Map([...tensors, ...Object.entries(changes).map(([name, shape]) => [name, filled(shape)] as const)]);

/** The reference's tensors with positions of another grid, whose values are their indices. */
const withGrid = (patches: number): MiniTensors => {
  const shape = [1, 2 + patches, width];
  const values = Float32Array.from({ length: (2 + patches) * width }, (_, index) => index);
  return new Map([...referenceTensors(), ["v.pos_embed", { shape, values }]]);
};

const gridOf = async (tensors: MiniTensors, options = {}, model: Model = mini()) => {
  const { coverage, values } = importMini(await writeCheckpoint(tensors), options, model);
  const note = coverage.targets.find(({ name }) => name === positions)?.note;
  const warnings = coverage.warnings.filter((warning) => !warning.startsWith("its 5 classes are"));
  return { note, warnings, positions: values.get(positions) ?? new Float32Array() };
};

describe("positions", () => {
  test.each([
    ["12x101, AudioSet's", 1212, "12x101"],
    ["10x85, AudioSet's of stride 12", 850, "10x85"],
    ["8x64, AudioSet's of stride 16", 512, "8x64"],
    ["12x50, ESC-50's, or any other", 600, "12x50"],
    ["12x31, the only grid of the paper's strides", 372, "12x31"],
  ])("from %s", async (_, patches, grid) => {
    const [rows = 0, columns = 0] = grid.split("x").map(Number);
    const adapted = await gridOf(withGrid(patches));
    expect(adapted.note).toBe(`positions ${grid} -> 8x8`);
    const isSure = [1212, 850, 512].includes(patches);
    const warning = `its ${patches} positions are taken as ${grid}; if they are not, state checkpoint({ grid: { rows, columns } })`;
    expect(adapted.warnings).toStrictEqual(isSure ? [] : [warning]);
    const source = withGrid(patches).get("v.pos_embed")?.values ?? new Float32Array();
    const expected = adaptPositions(source.subarray(2 * width), { rows, columns }, { rows: 8, columns: 8 }, "bilinear");
    expect([...adapted.positions]).toStrictEqual([...source.subarray(0, 2 * width), ...expected]);
  });

  test.each([
    ["6x202", { stride: { bins: 20, frames: 5 }, frames: 1024 }],
    ["4x303", { stride: { bins: 37, frames: 3 }, frames: 922 }],
  ])("of as many patches as the spec's %s", async (grid, options) => {
    const { note } = await gridOf(withGrid(1212), {}, mini(options));
    expect(note).toBe(`positions 12x101 -> ${grid}`);
  });

  test.each([14, 24])("from a picture's %ix%i", async (side) => {
    const picture = changed(layoutTensors("timm distilled DeiT"), { pos_embed: [1, 2 + side * side, width] });
    const { note, warnings } = await gridOf(picture);
    expect(note).toBe(`positions ${side}x${side} -> 8x8`);
    expect(warnings).toStrictEqual([]);
  });

  test("of a stated grid", async () => {
    const { note, warnings } = await gridOf(withGrid(96), { grid: { rows: 4, columns: 24 } });
    expect(note).toBe("positions 4x24 -> 8x8");
    expect(warnings).toStrictEqual([]);
  });

  test("by the nearest", async () => {
    const from: Grid = { rows: 4, columns: 4 };
    const { positions } = await gridOf(withGrid(16), { positions: "nearest", grid: from });
    const source = (withGrid(16).get("v.pos_embed")?.values ?? new Float32Array()).subarray(2 * width);
    expect([...positions.subarray(2 * width)]).toStrictEqual([
      ...adaptPositions(source, from, { rows: 8, columns: 8 }, "nearest"),
    ]);
  });

  test("at random: as without a checkpoint, and the source's may be anything", async () => {
    const model = mini();
    const { note, positions } = await gridOf(without(referenceTensors(), /pos_embed/), { positions: "random" }, model);
    expect(note).toBe("random, as the spec says");
    const { parameters, spec } = lower(model);
    const state = parameters.find(({ value }) => value.name === "positionalEmbedding.weight");
    expect([...positions]).toStrictEqual([...(state ? initialize(state, spec.recipe.seed) : [])]);
  });

  test.each([
    ["no grid is a square", "timm distilled DeiT", "pos_embed", 60, {}, "has 60 positions, whose grid cannot be told"],
    [
      "no stride of the paper gives them",
      "official AST",
      "v.pos_embed",
      851,
      {},
      "has 851 positions, whose grid cannot be told",
    ],
    ["several strides give them", "official AST", "v.pos_embed", 96, {}, "has 96 positions, which may be 12x8 or 8x12"],
  ])("are refused when %s", async (_, layout, name, patches, options, message) => {
    const path = await writeCheckpoint(changed(layoutTensors(layout), { [name]: [1, 2 + patches, width] }));
    expect(refusal(path, options)).toBe(`FILE: ${message}; state checkpoint({ grid: { rows, columns } })`);
  });

  test("are refused when the stated grid has another size", async () => {
    const path = await writeCheckpoint(referenceTensors());
    expect(refusal(path, { grid: { rows: 4, columns: 4 } })).toBe(
      "FILE: has 64 positions, which the stated grid, 4x4, does not give",
    );
  });

  test("of a token that the checkpoint lacks", async () => {
    const model = mini();
    const network = model.network.map((layer) =>
      "kind" in layer && layer.kind === "addTokens" ? appendTokens("cls", "dist", "scene") : layer,
    );
    const path = await writeCheckpoint(referenceTensors());
    expect(refusal(path, {}, { ...model, network })).toBe(
      'FILE: has no position for the token "scene"; leave it out of the spec or state checkpoint({ positions: "random" })',
    );
    const { coverage } = importMini(path, { positions: "random" }, { ...model, network });
    expect(coverage.targets.find(({ name }) => name.endsWith(".scene"))?.note).toBe("new in this spec");
  });
});

/** The mini AST with other tokens, or another head. */
const withLayers = (tokens: Layers, head: Layers): Model => {
  const model = mini();
  const flat = model.network;
  const body = flat.slice(2, flat.findIndex((layer) => "kind" in layer && layer.kind === "repeat") + 1);
  return { ...model, network: [...flat.slice(0, 1), ...tokens, ...body, ...head] };
};
const usualHead = [
  layerNorm({ eps: 1e-6 }),
  meanOfTokens("cls", "dist"),
  layerNorm({ eps: 1e-5 }),
  dense("classes"),
] as const;

describe("tokens", () => {
  const appended = withLayers([appendTokens("dist", "cls")], usualHead);

  test("last in the spec have their positions last", async () => {
    const { positions } = await gridOf(referenceTensors(), {}, appended);
    const source = referenceTensors().get("v.pos_embed")?.values ?? new Float32Array();
    expect([...positions]).toStrictEqual([
      ...source.subarray(2 * width),
      ...source.subarray(width, 2 * width),
      ...source.subarray(0, width),
    ]);
  });

  test("last in the checkpoint are found where its metadata tells", async () => {
    const geometry = JSON.stringify(describeGeometry(lower(appended).spec));
    const { values } = importMini(await writeCheckpoint(referenceTensors()), {}, appended);
    const own = [...values].map(([name, data]) => {
      const { value } = lower(appended).parameters.find((state) => state.value.name === name) ?? {};
      return [name, { shape: (value?.type.shape ?? []).map(Number), values: data }] as const;
    });
    const path = await writeCheckpoint(new Map(own), { [geometryKey]: geometry });
    const again = importMini(path, {}, appended);
    expect(again.coverage.layout).toBe("specgraph");
    expect(again.values).toStrictEqual(values);
    const first = importMini(path, {}, mini());
    expect([...(first.values.get(positions) ?? [])]).toStrictEqual([
      ...(referenceTensors().get("v.pos_embed")?.values ?? []),
    ]);
  });

  test("the metadata must be readable", async () => {
    const path = await writeCheckpoint(referenceTensors(), { [geometryKey]: "{" });
    expect(refusal(path)).toBe("FILE: its metadata property specgraph.geometry is damaged; compile or export it again");
  });

  const oneToken = layoutTensors("timm ViT");

  test("dist is missing", async () => {
    expect(refusal(await writeCheckpoint(oneToken))).toBe(
      'FILE: has no distillation token, but the spec has a token "dist"; ' +
        'either leave it out of the spec or state checkpoint({ missingDist: "copyOfCls" })',
    );
  });

  test("dist is a copy of cls, its position too", async () => {
    const { values, coverage } = importMini(await writeCheckpoint(oneToken), { missingDist: "copyOfCls" });
    expect(values.get("addTokens.dist")).toStrictEqual(values.get("addTokens.cls"));
    const table = values.get(positions) ?? new Float32Array();
    expect(table.subarray(width, 2 * width)).toStrictEqual(table.subarray(0, width));
    expect(coverage.sources.find(({ name }) => name === "cls_token")?.status).toBe("used");
    expect(coverage.targets.find(({ name }) => name === "addTokens.dist")).toStrictEqual({
      name: "addTokens.dist",
      shape: [1, 1, width],
      status: "filled",
      from: ["cls_token"],
      note: "a copy of the class token",
    });
  });

  test("dist is not wanted", async () => {
    const model = mini({ tokens: ["cls"] });
    const { values, coverage } = importMini(await writeCheckpoint(referenceTensors()), {}, model);
    const source = referenceTensors().get("v.pos_embed")?.values ?? new Float32Array();
    expect([...(values.get(positions) ?? [])]).toStrictEqual([
      ...source.subarray(0, width),
      ...source.subarray(2 * width),
    ]);
    expect(coverage.sources.find(({ name }) => name === "v.dist_token")?.note).toBe("not in the spec");
  });

  test("none are wanted", async () => {
    const model = withLayers([], [layerNorm({ eps: 1e-6 }), meanOfTokens(), dense("classes")]);
    const { coverage } = importMini(await writeCheckpoint(oneToken), {}, model);
    const dropped = coverage.sources.filter(({ note }) => note === "not in the spec");
    expect(dropped.map(({ name }) => name)).toStrictEqual(["cls_token"]);
  });
});

describe("patches", () => {
  const small = mini({ patch: { bins: 8, frames: 12 } });

  test("of another size are refused", async () => {
    expect(refusal(await writeCheckpoint(referenceTensors()), {}, small)).toBe(
      'FILE: has patches of 16x16, but the spec\'s are 8x12; make them equal or state checkpoint({ patches: "bilinear" })',
    );
  });

  test("of another size are adapted when the spec says so", async () => {
    const { values, coverage } = importMini(await writeCheckpoint(referenceTensors()), { patches: "bilinear" }, small);
    const kernel = referenceTensors().get("v.patch_embed.proj.weight")?.values ?? new Float32Array();
    const expected = resizePatches(kernel, width, { rows: 16, columns: 16 }, { rows: 8, columns: 12 });
    expect(values.get("patchEmbedding.weight")).toStrictEqual(expected);
    const note = coverage.sources.find(({ name }) => name === "v.patch_embed.proj.weight")?.note;
    expect(note).toBe("patches 16x16 -> 8x12");
  });

  test("of pictures too", async () => {
    const path = await writeCheckpoint(layoutTensors("timm distilled DeiT"));
    const { coverage } = importMini(path, { patches: "bilinear" }, small);
    const note = coverage.sources.find(({ name }) => name === "patch_embed.proj.weight")?.note;
    expect(note).toBe("3 input channels summed, patches 16x16 -> 8x12");
  });
});

describe("the classifier", () => {
  const sevenClasses = mini({ objective: multiLabel({ classes: numbered(7) }) });

  test("of another number of classes starts anew", async () => {
    const path = await writeCheckpoint(referenceTensors());
    const { coverage } = importMini(path, {}, sevenClasses);
    const notes = [...coverage.sources, ...coverage.targets].filter(({ note }) => note === "5 -> 7 classes");
    expect(notes.map(({ name }) => name)).toStrictEqual([
      "mlp_head.0.bias",
      "mlp_head.0.weight",
      "mlp_head.1.bias",
      "mlp_head.1.weight",
      "layerNorm2.weight",
      "layerNorm2.bias",
      "dense.weight",
      "dense.bias",
    ]);
  });

  test("of another build starts anew, the rest is used", async () => {
    const head = [layerNorm({ eps: 1e-6 }), meanOfTokens("cls"), dense(6), dense("classes")];
    const model = withLayers([appendTokens("cls")], head);
    const { coverage } = importMini(await writeCheckpoint(referenceTensors()), {}, model);
    const initialised = coverage.targets.filter(({ status }) => status === "initialised");
    expect(initialised.map(({ name, note }) => `${name}: ${note}`)).toStrictEqual([
      "dense1.weight: new in this spec",
      "dense1.bias: new in this spec",
      "dense2.weight: new in this spec",
      "dense2.bias: new in this spec",
    ]);
    const dropped = coverage.sources.filter(({ status }) => status === "dropped");
    expect(new Set(dropped.map(({ note }) => note))).toStrictEqual(new Set(["not in the spec"]));
  });
});

describe("classes with names", () => {
  const labels = (...names: readonly string[]): string => {
    const path = join(temporaryFolder(), "labels.csv");
    const rows = names.map((name, index) => `${index},/m/${index},"${name}"\n`);
    writeFileSync(path, `index,mid,display_name\n${rows.join("")}`);
    return path;
  };
  const source = ["a", "b", "c", "d", "e"];
  const row = (values: Float32Array | undefined, index: number): readonly number[] => [
    ...(values?.subarray(index * width, (index + 1) * width) ?? []),
  ];
  const head = referenceTensors().get("mlp_head.1.weight")?.values;
  const bias = referenceTensors().get("mlp_head.1.bias")?.values;

  test("take their rows, the others start anew", async () => {
    const model = mini({ objective: multiLabel({ classes: ["d", "new", "b"] }) });
    const path = await writeCheckpoint(referenceTensors());
    const { values, coverage } = importMini(path, { labels: labels(...source) }, model);
    const { parameters, spec } = lower(model);
    const initial = (name: string): Float32Array | undefined => {
      const state = parameters.find(({ value }) => value.name === name);
      return state && initialize(state, spec.recipe.seed);
    };
    const weight = values.get("dense.weight");
    expect([0, 1, 2].map((index) => row(weight, index))).toStrictEqual([
      row(head, 3),
      row(initial("dense.weight"), 1),
      row(head, 1),
    ]);
    expect([...(values.get("dense.bias") ?? [])]).toStrictEqual([bias?.[3], initial("dense.bias")?.[1], bias?.[1]]);
    expect([...(values.get("layerNorm2.weight") ?? [])]).toStrictEqual([
      ...(referenceTensors().get("mlp_head.0.weight")?.values ?? []),
    ]);
    expect(coverage.classes).toStrictEqual({ kept: ["d", "b"], initialised: ["new"], dropped: ["a", "c", "e"] });
    expect(coverage.targets.find(({ name }) => name === "dense.weight")?.note).toBe("rows by class name");
    expect(coverage.warnings).toStrictEqual([]);
  });

  test("of which the checkpoint has none: the whole head starts anew", async () => {
    const model = mini({ objective: multiLabel({ classes: ["v", "w", "x", "y", "z"] }) });
    const path = await writeCheckpoint(referenceTensors());
    const { coverage } = importMini(path, { labels: labels(...source) }, model);
    const initialised = coverage.targets.filter(({ status }) => status === "initialised");
    expect(initialised.map(({ name, note }) => `${name}: ${note}`)).toStrictEqual(
      ["layerNorm2.weight", "layerNorm2.bias", "dense.weight", "dense.bias"].map(
        (name) => `${name}: the checkpoint has none of the spec's classes`,
      ),
    );
    expect(coverage.classes?.dropped).toStrictEqual(source);
  });

  test("the file of names must fit", async () => {
    const path = await writeCheckpoint(referenceTensors());
    expect(refusal(path, { labels: labels("a", "b") })).toBe("FILE: has 5 rows in its classifier, but 2 class names");
    expect(refusal(path, { labels: "nowhere.csv" })).toBe(
      "nowhere.csv: cannot give the checkpoint's class names: there is no file nowhere.csv",
    );
    const headless = await writeCheckpoint(layoutTensors("timm distilled DeiT"));
    expect(refusal(headless, { labels: "labels.csv" })).toBe(
      "FILE: has no audio classifier whose classes labels.csv could name",
    );
  });

  test("a classifier that reads other tokens is told", async () => {
    const model = withLayers(
      [appendTokens("cls", "dist")],
      [layerNorm({ eps: 1e-6 }), meanOfPatches(), layerNorm({ eps: 1e-5 }), dense("classes")],
    );
    const { coverage } = importMini(await writeCheckpoint(referenceTensors()), {}, model);
    expect(coverage.warnings.at(-1)).toBe("its classifier reads the mean of cls and dist, the spec's that of patches");
  });
});

describe("an architecture that differs is refused", () => {
  test.each([
    [
      "width",
      { size: { width: 16, depth: 2, heads: 2 } },
      "has depth 2, width 8, but the spec has depth 2, width 16; the spec would need width 8",
    ],
    [
      "depth",
      { size: { width: 8, depth: 3, heads: 2 } },
      "has depth 2, width 8, but the spec has depth 3, width 8; the spec would need depth 2",
    ],
    [
      "both",
      { size: sizes.tiny224 },
      "has depth 2, width 8, but the spec has depth 12, width 192; the spec would need depth 2 and width 8",
    ],
  ])("by %s", async (_, options, message) => {
    expect(refusal(await writeCheckpoint(referenceTensors()), {}, mini(options))).toBe(`FILE: ${message}`);
  });

  test("by a tensor's shape", async () => {
    const cases = {
      "v.blocks.1.mlp.fc1.weight": [[16, 8], "[32, 8]"],
      "v.pos_embed": [[66, 8], "[1, any, 8]"],
      "v.cls_token": [[1, 8], "[1, 1, 8]"],
      "v.dist_token": [[1, 1, 4], "[1, 1, 8]"],
      "v.patch_embed.proj.weight": [[8, 256], "[8, any, any, any]"],
      "mlp_head.1.bias": [[4], "[5]"],
    } as const;
    for (const [name, [shape, expected]] of Object.entries(cases)) {
      expect(refusal(await writeCheckpoint(changed(referenceTensors(), { [name]: shape })))).toBe(
        `FILE: ${name} has shape [${shape.join(", ")}], but the spec's is ${expected}`,
      );
    }
  });

  test("by a tensor that is missing", async () => {
    expect(refusal(await writeCheckpoint(without(referenceTensors(), /norm1/)))).toBe(
      "FILE: lacks what the spec needs, as official AST names it: v.blocks.0.norm1.weight, v.blocks.0.norm1.bias, v.blocks.1.norm1.weight, v.blocks.1.norm1.bias",
    );
    expect(refusal(await writeCheckpoint(without(referenceTensors(), /proj/)))).toBe(
      "FILE: has no tensor for v.patch_embed.proj.weight (as official AST names it), which the spec needs",
    );
    expect(refusal(await writeCheckpoint(without(referenceTensors(), /mlp_head\.0/)))).toBe(
      "FILE: has no tensor for mlp_head.0.weight (as official AST names it), which the spec needs",
    );
  });

  test("but one without biases of queries, keys and values has zeros there", async () => {
    const { values, coverage } = importMini(await writeCheckpoint(without(referenceTensors(), /qkv\.bias/)));
    const name = "blocks.0.residual1.attention.qkv.bias";
    expect([...(values.get(name) ?? [])]).toStrictEqual([...filled([3 * width]).values]);
    expect(coverage.targets.find((target) => target.name === name)).toStrictEqual({
      name,
      shape: [3 * width],
      status: "filled",
      from: [],
      note: "zero: the checkpoint has no such biases",
    });
    expect(refusal(await writeCheckpoint(without(referenceTensors(), /0\.attn\.qkv\.bias/)))).toBe(
      "FILE: lacks what the spec needs, as official AST names it: v.blocks.0.attn.qkv.bias",
    );
  });

  test("by a tensor without a place", async () => {
    const model = withLayers([appendTokens("cls")], [meanOfTokens("cls"), dense("classes")]);
    expect(refusal(await writeCheckpoint(referenceTensors()), {}, model)).toBe(
      "FILE: has tensors that the spec has no place for: v.norm.bias, v.norm.weight",
    );
  });
});

test("a folder as Hugging Face has them is its checkpoint, and what it has besides is told", async () => {
  const path = await writeCheckpoint(layoutTensors("Hugging Face AST"));
  const { values } = importMini(path);
  writeFileSync(join(dirname(path), "pytorch_model.bin"), "");
  const { values: same, coverage } = importMini(dirname(path));
  expect(same).toStrictEqual(values);
  expect(coverage.file).toBe(path);
  expect(coverage.warnings[0]).toBe("pytorch_model.bin in the same folder is not read");
});

test("values that are not finite are told", async () => {
  const kernel = filled([8, 1, 16, 16]);
  kernel.values.set([Number.NaN, Number.POSITIVE_INFINITY, 1]);
  const bias = filled([8], Number.NaN);
  const tensors = new Map([
    ...referenceTensors(),
    ["v.patch_embed.proj.weight", kernel] as const,
    ["v.norm.bias", bias] as const,
  ]);
  expect(importMini(await writeCheckpoint(tensors)).coverage.warnings.slice(1)).toStrictEqual([
    "v.patch_embed.proj.weight has 2 values that are not finite",
    "v.norm.bias has 8 values that are not finite",
  ]);
});

describe("a graph.onnx", () => {
  /** Compiles the model with values from `path`. */
  const compileTo = (out: string, model: Model, path: string): void => {
    const { spec, program, parameters } = lower(model);
    const { values } = importMini(path, {}, model);
    const read = ({ value }: (typeof parameters)[number]): Float32Array => values.get(value.name) ?? new Float32Array();
    const metadata = [
      { key: geometryKey, value: JSON.stringify(describeGeometry(spec)) },
      { key: metadataKey("classes"), value: JSON.stringify(spec.classes) },
    ];
    writeArtifact(out, program, read, metadata, "test");
  };

  test("into the same spec is the same", async () => {
    const path = await writeCheckpoint(referenceTensors());
    const out = join(temporaryFolder(), "graph.onnx");
    compileTo(out, mini(), path);
    const { values, coverage } = importMini(out);
    expect(values).toStrictEqual(importMini(path).values);
    expect(coverage.sources.filter(({ status }) => status !== "used")).toStrictEqual([]);
  });

  test("into another length: it knows its grid", async () => {
    const out = join(temporaryFolder(), "graph.onnx");
    compileTo(out, mini(), await writeCheckpoint(referenceTensors()));
    const longer = ast({ ...miniOptions, stride: { bins: 12, frames: 12 }, frames: 200 });
    const { coverage } = importMini(out, {}, longer);
    expect(coverage.sources.flatMap(({ note }) => note ?? [])).toStrictEqual(["positions 8x8 -> 10x16"]);
  });

  test("of another activation, or for other scores, is warned of", async () => {
    const { spec } = lower(mini());
    const geometry = describeGeometry(spec);
    expect(geometry.activation).toBe("gelu");
    const told = async (activation: string, objective: string): Promise<readonly string[]> => {
      const metadata = {
        [geometryKey]: JSON.stringify({ ...geometry, activation }),
        [metadataKey("classes")]: JSON.stringify(spec.classes),
        [metadataKey("objective")]: JSON.stringify(objective),
      };
      return importMini(await writeCheckpoint(referenceTensors(), metadata)).coverage.warnings;
    };
    expect(await told("gelu", "multi-label")).toStrictEqual([]);
    expect(await told("relu", "single-label")).toStrictEqual([
      "its activation is relu, the spec's gelu: the same weights compute something else",
      "its classifier was trained for scores that sum to one (single-label), the spec's gives independent scores (multi-label)",
    ]);
  });

  test("of other heads is refused", async () => {
    const out = join(temporaryFolder(), "graph.onnx");
    compileTo(out, mini(), await writeCheckpoint(referenceTensors()));
    expect(refusal(out, {}, mini({ size: { ...miniOptions.size, heads: 1 } }))).toBe(
      "FILE: has depth 2, width 8, heads 2, but the spec has depth 2, width 8, heads 1; the spec would need heads 2",
    );
  });

  test("of a head of one's own keeps it where it fits", async () => {
    const head = (units: number): Layers => [...usualHead.slice(0, 2), dense(units), dense("classes")];
    const tokens = [appendTokens("cls", "dist")];
    const out = join(temporaryFolder(), "graph.onnx");
    compileTo(out, withLayers(tokens, head(6)), await writeCheckpoint(referenceTensors()));
    const same = importMini(out, {}, withLayers(tokens, head(6)));
    expect(same.coverage.targets.filter(({ status }) => status === "initialised")).toStrictEqual([]);
    const other = importMini(out, {}, withLayers(tokens, head(3)));
    const initialised = other.coverage.targets.filter(({ status }) => status === "initialised");
    expect(initialised.map(({ name, note }) => `${name}: ${note}`)).toStrictEqual(
      ["dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"].map((name) => `${name}: new in this spec`),
    );
  });

  test("of a head of one's own gives each class its row all the same", async () => {
    const network = (...classes: readonly string[]): Model => ({
      ...withLayers([appendTokens("cls", "dist")], [...usualHead.slice(0, 2), dense(6), dense("classes")]),
      objective: multiLabel({ classes }),
    });
    const out = join(temporaryFolder(), "graph.onnx");
    compileTo(out, network("a", "b", "c"), await writeCheckpoint(referenceTensors()));
    const bias = (path: string): number[] => [
      ...(openCheckpoint(path).tensors.get("dense2.weight")?.readFloat32() ?? []),
    ];
    const { values, coverage } = importMini(out, {}, network("c", "b", "new"));
    expect(coverage.classes).toStrictEqual({ kept: ["c", "b"], initialised: ["new"], dropped: ["a"] });
    expect([...(values.get("dense2.weight") ?? [])].slice(0, 12)).toStrictEqual([
      ...bias(out).slice(12, 18),
      ...bias(out).slice(6, 12),
    ]);
    const deeper = {
      ...network("a", "b", "c", "d", "e", "f"),
      network: withLayers(
        [appendTokens("cls", "dist")],
        [...usualHead.slice(0, 2), dense(6), dense(3), dense("classes")],
      ).network,
    };
    const fresh = importMini(out, {}, deeper).coverage.targets.filter(({ status }) => status === "initialised");
    expect(fresh.map(({ name }) => name)).toStrictEqual([
      "dense2.weight",
      "dense2.bias",
      "dense3.weight",
      "dense3.bias",
    ]);
  });
});

const weightsFolder = process.env["AST_WEIGHTS"];

describe.skipIf(!weightsFolder)("the real DeiT-tiny", () => {
  test("into a tiny AST of one token: every tensor is accounted for", () => {
    const path = join(weightsFolder ?? "", "deit_tiny_patch16_224.npz");
    const model = ast({ size: sizes.tiny224, tokens: ["cls"], frames: 512 });
    const { coverage } = importMini(path, {}, model);
    expect(printCoverage(coverage).replace(path, "FILE")).toBe(
      [
        "FILE (timm ViT / DeiT): 152 tensors, 148 used, 2 resized, 2 dropped",
        "  pos_embed: positions 14x14 -> 12x50",
        "  patch_embed.proj.weight: 3 input channels summed",
        "  head.weight, head.bias: of no use to AST",
        "154 parameters of the model: 150 filled, 4 initialised",
        "  patchEmbedding.weight: 3 input channels summed",
        "  positionalEmbedding.weight: positions 14x14 -> 12x50",
        "  layerNorm2.weight, layerNorm2.bias, dense.weight, dense.bias: the checkpoint has no audio classifier",
      ].join("\n"),
    );
  });

  test("into the paper's AST it says what is missing", () => {
    const path = join(weightsFolder ?? "", "deit_tiny_patch16_224.npz");
    expect(refusal(path, {}, ast({ size: sizes.tiny224 }))).toBe(
      'FILE: has no distillation token, but the spec has a token "dist"; ' +
        'either leave it out of the spec or state checkpoint({ missingDist: "copyOfCls" })',
    );
    expect(refusal(path, {}, ast())).toBe(
      "FILE: has depth 12, width 192, but the spec has depth 12, width 768; the spec would need width 192",
    );
  });
});
