import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { openModel } from "../../../compiler/weights/open-model.ts";
import { referenceName } from "../../../compiler/weights/layouts/reference-name.ts";
import { matchLayout } from "../../../compiler/weights/match-layout.ts";
import { openCheckpoint } from "../../../compiler/weights/readers/open-checkpoint.ts";
import type { SourceFacts } from "../../../compiler/weights/facts/source-facts.ts";
import { multiLabel } from "../../../spec/dsl/index.ts";
import {
  filled,
  importMini,
  type Imported,
  layoutTensors,
  mini,
  miniLayouts,
  miniOptions,
  referenceTensors,
  refusal,
  writeCheckpoint,
  writeNpz,
} from "./mini-ast.ts";
import { temporaryFolder } from "./readers/builders.ts";
import { writeSafetensors } from "../../../runtime/safetensors/write-safetensors.ts";

const expectReference = ({ values }: Imported, tokens: readonly ("cls" | "dist")[], hasHead: boolean): void => {
  const reference = referenceTensors(tokens);
  for (const [name, actual] of values) {
    const expected = reference.get(referenceName(name) ?? "");
    if (!hasHead && referenceName(name)?.startsWith("mlp_head.")) continue;
    expect([name, ...actual]).toStrictEqual([name, ...(expected?.values ?? [])]);
  }
};

const unnamed =
  "its 5 classes are taken to be the spec's, in order, as the checkpoint does not name them; " +
  'checkpoint({ labels: "FILE.csv" }) or --weights-labels names them';

describe("the same AST in every layout", () => {
  test.each(Object.entries(miniLayouts))("%s", async (_, { tensors, layout, tokens, hasHead }) => {
    const imported = importMini(await writeCheckpoint(tensors), {}, mini({ tokens }));
    expect(imported.coverage.layout).toBe(layout);
    expect(imported.coverage.sources).toHaveLength(tensors.size);
    expect(imported.coverage.warnings).toStrictEqual(hasHead ? [unnamed] : []);
    expectReference(imported, tokens, hasHead);
    const initialised = imported.coverage.targets.filter(({ status }) => status === "initialised");
    expect(initialised).toHaveLength(hasHead ? 0 : 4);
    const shapes = (from: Iterable<readonly [string, readonly number[]]>) => Object.fromEntries(from);
    expect(shapes(imported.coverage.sources.map(({ name, shape }) => [name, shape]))).toStrictEqual(
      shapes([...tensors].map(([name, { shape }]) => [name, shape])),
    );
  });

  test("Google ViT as .npz, whose names hold slashes", () => {
    const imported = importMini(writeNpz(layoutTensors("Google ViT")), {}, mini({ tokens: ["cls"] }));
    expect(imported.coverage.layout).toBe("Google ViT");
    expectReference(imported, ["cls"], false);
  });
});

describe("heads", () => {
  const fourHeads = mini({ tokens: ["cls"], size: { ...miniOptions.size, heads: 4 } });
  const message =
    "FILE: has depth 2, width 8, heads 2, but the spec has depth 2, width 8, heads 4; the spec would need heads 2";

  test("Google's kernels tell them", async () => {
    expect(refusal(await writeCheckpoint(layoutTensors("Google ViT")), {}, fourHeads)).toBe(message);
  });

  test("transformers' config.json tells them", async () => {
    const path = await writeCheckpoint(layoutTensors("Hugging Face ViT"));
    writeFileSync(join(dirname(path), "config.json"), JSON.stringify({ model_type: "vit", num_attention_heads: 2 }));
    expect(refusal(path, {}, fourHeads)).toBe(message);
    writeFileSync(
      join(dirname(path), "config.json"),
      JSON.stringify({ model_type: "vit_mae", num_attention_heads: 2 }),
    );
    expect(refusal(path, {}, fourHeads)).toBe(message);
  });

  test("and the grid of a picture that is no square", async () => {
    const path = await writeCheckpoint(layoutTensors("Hugging Face ViT"));
    const gridOf = (image: unknown, patch_size: unknown): readonly string[] => {
      const config = { model_type: "vit", num_attention_heads: 2, image_size: image, patch_size };
      writeFileSync(join(dirname(path), "config.json"), JSON.stringify(config));
      return importMini(path, {}, mini({ tokens: ["cls"] })).coverage.sources.flatMap(({ name, note }) =>
        note !== undefined && name.endsWith("position_embeddings") ? [note] : [],
      );
    };
    expect(gridOf(undefined, 16)).toStrictEqual([]);
    expect(gridOf(128, 16)).toStrictEqual([]);
    expect(gridOf([64, 256], [16, 16])).toStrictEqual(["positions 4x16 -> 8x8"]);
  });

  test("elsewhere they are the spec's", async () => {
    const { coverage } = importMini(await writeCheckpoint(layoutTensors("timm ViT")), {}, fourHeads);
    expect(coverage.warnings).toStrictEqual([]);
  });
});

describe("config.json beside a Hugging Face checkpoint", () => {
  const astConfig = { model_type: "audio-spectrogram-transformer", num_attention_heads: 2 };
  const withConfig = async (config: object | string): Promise<string> => {
    const path = await writeCheckpoint(layoutTensors("Hugging Face AST"));
    const text = typeof config === "string" ? config : JSON.stringify(config);
    writeFileSync(join(dirname(path), "config.json"), text);
    return path;
  };
  const resized = async (config: object): Promise<readonly (string | undefined)[]> => {
    const { coverage } = importMini(await withConfig(config));
    return coverage.sources.filter(({ name }) => name.endsWith("position_embeddings")).map(({ note }) => note);
  };

  test("gives the grid", async () => {
    const strides = { frequency_stride: 16, time_stride: 16 };
    expect(await resized({ ...astConfig, ...strides, max_length: 128 })).toStrictEqual([undefined]);
    const narrow = { ...strides, num_mel_bins: 64, max_length: 256 };
    expect(await resized({ ...astConfig, ...narrow })).toStrictEqual(["positions 4x16 -> 8x8"]);
  });

  test("must give as many positions as there are; transformers' defaults fill it up", async () => {
    expect(refusal(await withConfig(astConfig))).toBe(
      "FILE: has 64 positions, which the grid it was saved with, 12x101, does not give",
    );
  });

  test("without it, the grid of a checkpoint may be unknown", async () => {
    const body = layoutTensors("Hugging Face AST");
    const name = "audio_spectrogram_transformer.embeddings.position_embeddings";
    const path = await writeCheckpoint(new Map([...body, [name, filled([1, 50, 8])]]));
    expect(refusal(path)).toBe(
      "FILE: has 48 positions, which may be 12x4 or 8x6; put its config.json beside it or state checkpoint({ grid: { rows, columns } })",
    );
  });

  const strides = { frequency_stride: 16, time_stride: 16, max_length: 128 };
  const nameThem = 'name its classes: checkpoint({ labels: "FILE.csv" }) or --weights-labels';
  const abc = mini({ objective: multiLabel({ classes: ["a", "b", "c", "d", "e"] }) });

  test("names the classes", async () => {
    const id2label = { 0: "e", 1: "d", 2: "c", 3: "b", 4: "rain" };
    const path = await withConfig({ ...astConfig, ...strides, layer_norm_eps: 1e-6, id2label });
    const { coverage } = importMini(path, {}, abc);
    expect(coverage.classes).toStrictEqual({ kept: ["b", "c", "d", "e"], initialised: ["a"], dropped: ["rain"] });
  });

  test("with transformers' default names it does not", async () => {
    const id2label = Object.fromEntries([0, 1, 2, 3, 4].map((index) => [index, `LABEL_${index}`]));
    const { coverage } = importMini(await withConfig({ ...astConfig, ...strides, id2label }), {}, abc);
    expect(coverage.warnings).toStrictEqual([unnamed]);
  });

  test("must name all classes", async () => {
    const told = async (id2label: object): Promise<string> =>
      refusal(await withConfig({ ...astConfig, ...strides, id2label }), {}, abc);
    expect(await told({ 0: "a", 1: "b" })).toBe("FILE: has 5 rows in its classifier, but 2 class names");
    expect(await told({ 0: "a", 2: "b" })).toBe(
      `FILE: its config.json has an id2label without a name for 1; ${nameThem}`,
    );
    expect(await told({ 0: null })).toBe(`FILE: its config.json has an id2label whose name for 0 is null; ${nameThem}`);
    expect(await told({ 0: "a", "01": "b" })).toBe(
      `FILE: its config.json has an id2label without a name for 1; ${nameThem}`,
    );
  });

  test("that it cannot name, a table does", async () => {
    const labels = join(temporaryFolder(), "labels.csv");
    writeFileSync(labels, "index,name\n0,e\n1,d\n2,c\n3,b\n4,a\n");
    const path = await withConfig({ ...astConfig, ...strides, id2label: { 1: "a" } });
    expect(importMini(path, { labels }, abc).coverage.classes?.kept).toStrictEqual(["a", "b", "c", "d", "e"]);
  });

  test("names them by row or rows by name, and both must agree", async () => {
    const names = ["e", "d", "c", "b", "a"];
    const byRow = Object.fromEntries(names.entries());
    const byName = Object.fromEntries(names.map((name, row) => [name, row]));
    const numbered = Object.fromEntries(names.map((_, row) => [row, `LABEL_${row}`]));
    const rowsOf = async (labels: object): Promise<readonly (string | undefined)[]> => {
      const path = await withConfig({ ...astConfig, ...strides, ...labels });
      const { values } = importMini(path, {}, abc);
      const rows = openCheckpoint(path).tensors.get("classifier.dense.bias")?.readFloat32() ?? [];
      const own = Array.from(values.get("dense.bias") ?? []);
      return own.map((value) => names[Array.from(rows).indexOf(value)]);
    };
    const expected = ["a", "b", "c", "d", "e"];
    expect(await rowsOf({ id2label: byRow })).toStrictEqual(expected);
    expect(await rowsOf({ label2id: byName })).toStrictEqual(expected);
    expect(await rowsOf({ id2label: byRow, label2id: byName })).toStrictEqual(expected);
    expect(await rowsOf({ id2label: numbered, label2id: byName })).toStrictEqual(expected);
    const digits = { id2label: { 0: "1", 1: "0" }, label2id: { 0: 0, 1: 1 } };
    expect(refusal(await withConfig({ ...astConfig, ...strides, ...digits }), {}, abc)).toBe(
      `FILE: its config.json has an id2label with "0" in row 1, and a label2id with it in row 0; ${nameThem}`,
    );
    // Left over from before a script gave the model its names.
    expect(await rowsOf({ id2label: byRow, label2id: { LABEL_0: 1, LABEL_1: 0 } })).toStrictEqual(expected);

    const moved = await withConfig({ ...astConfig, ...strides, id2label: byRow, label2id: { ...byName, e: 1, d: 0 } });
    expect(refusal(moved, {}, abc)).toBe(
      `FILE: its config.json has an id2label with "e" in row 0, and a label2id with it in row 1; ${nameThem}`,
    );
  });

  test("tells the activation, and a spec with another is warned of", async () => {
    const warnings = async (config: object): Promise<readonly string[]> =>
      importMini(await withConfig({ ...astConfig, ...strides, ...config })).coverage.warnings;
    const [unnamedOnly, ...others] = [await warnings({}), await warnings({ hidden_act: "gelu_python" })];
    expect(others).toStrictEqual([unnamedOnly]);
    expect(await warnings({ hidden_act: "relu" })).toContain(
      "its activation is relu, the spec's gelu: the same weights compute something else",
    );
  });

  test("tells the objective, and a spec with another is warned of", async () => {
    const warnings = async (problem_type: string): Promise<readonly string[]> =>
      importMini(
        await withConfig({
          ...astConfig,
          ...strides,
          problem_type,
          id2label: { 0: "a", 1: "b", 2: "c", 3: "d", 4: "e" },
        }),
        {},
        abc,
      ).coverage.warnings;
    expect(await warnings("multi_label_classification")).toStrictEqual([]);
    expect(await warnings("single_label_classification")).toStrictEqual([
      "its classifier was trained for scores that sum to one (single-label), the spec's gives independent scores (multi-label)",
    ]);
  });

  test("goes before a grid that is stated, which must be the same", async () => {
    const config = { ...astConfig, ...strides };
    expect(refusal(await withConfig(config), { grid: { rows: 8, columns: 8 } })).toBe("no error");
    expect(refusal(await withConfig(config), { grid: { rows: 4, columns: 16 } })).toBe(
      "FILE: has 8x8 positions by its own record, not 4x16 as stated; leave checkpoint({ grid }) out",
    );
  });

  test("tells the epsilon, which is noted where it differs", async () => {
    const notes = async (config: object): Promise<readonly string[]> =>
      importMini(await withConfig({ ...astConfig, ...strides, ...config })).coverage.notes;
    expect(await notes({})).toStrictEqual(["its layer norms have eps 1e-12, the spec's 1e-6 and 1e-5"]);
    expect(await notes({ layer_norm_eps: 1e-5 })).toStrictEqual([
      "its layer norms have eps 1e-5, the spec's 1e-6 and 1e-5",
    ]);
  });

  test("of another kind of model counts for nothing", async () => {
    expect(refusal(await withConfig({ model_type: "bert", num_attention_heads: 4 }))).toBe("no error");
    expect(refusal(await withConfig("null"))).toBe("no error");
  });

  test("must be readable", async () => {
    const told = async (config: object | string): Promise<string> =>
      refusal(await withConfig(config)).replace(/^.*config\.json/, "CONFIG");
    expect(await told("{")).toBe(
      "CONFIG: is not JSON, but lies beside a Hugging Face checkpoint; replace or remove it",
    );
    expect(await told({ ...astConfig, time_stride: 0 })).toBe("CONFIG: has an impossible time_stride: 0");
    expect(await told({ ...astConfig, patch_size: "16" })).toBe('CONFIG: has an impossible patch_size: "16"');
  });
});

describe("preprocessor_config.json beside a Hugging Face checkpoint", () => {
  const factsOf = async (config: object | string): Promise<SourceFacts> => {
    const path = await writeCheckpoint(layoutTensors("Hugging Face AST"));
    const text = typeof config === "string" ? config : JSON.stringify(config);
    writeFileSync(join(dirname(path), "preprocessor_config.json"), text);
    const { facts } = matchLayout(openCheckpoint(path), path);
    return facts;
  };
  const type = { feature_extractor_type: "ASTFeatureExtractor" };

  test("tells the features: (x - mean) / (2 std)", async () => {
    const config = { ...type, mean: -6.8, std: 5.5, num_mel_bins: 64, max_length: 96, sampling_rate: 22_050 };
    expect((await factsOf(config)).features).toStrictEqual({
      file: expect.stringMatching(/preprocessor_config\.json$/) as string,
      mean: -6.8,
      scale: 1 / 11,
      bins: 64,
      frames: 96,
      sampleRateHz: 22_050,
      frameLengthSamples: 551,
      frameShiftSamples: 220,
      filters: {
        gain: 1,
        emphasis: null,
        window: "hanning",
        lowHz: 20,
        highHz: 11_025,
        preemphasis: 0.97,
        stft: null,
        compression: { kind: "log", floor: 2 ** -23 },
        perClip: null,
        fill: 0,
      },
    });
  });

  test("transformers' defaults fill it up", async () => {
    expect((await factsOf(type)).features).toMatchObject({
      mean: -4.2677393,
      scale: 0.5 / 4.5689974,
      bins: 128,
      frames: 1024,
      sampleRateHz: 16_000,
    });
    expect((await factsOf({ ...type, do_normalize: false })).features).toMatchObject({ mean: 0, scale: 1 });
  });

  test("of another kind of extractor counts for nothing", async () => {
    const { features } = await factsOf({ feature_extractor_type: "ViTFeatureExtractor", image_mean: [0.5] });
    expect(features).toBeUndefined();
  });

  test("without a type, or of a type of one's own, is that of the model beside it", async () => {
    const path = await writeCheckpoint(layoutTensors("Hugging Face AST"));
    const strides = { frequency_stride: 16, time_stride: 16, max_length: 128 };
    const config = { model_type: "audio-spectrogram-transformer", num_attention_heads: 2, ...strides };
    const told = (kind: object, extractor: object): SourceFacts => {
      writeFileSync(join(dirname(path), "config.json"), JSON.stringify(kind));
      writeFileSync(join(dirname(path), "preprocessor_config.json"), JSON.stringify(extractor));
      return matchLayout(openCheckpoint(path), path).facts;
    };
    expect(told(config, { mean: -6.8, std: 5.5 }).features).toMatchObject({ mean: -6.8, scale: 1 / 11 });
    expect(told({ model_type: "vit" }, { image_mean: [0.5], image_std: [0.5] }).features).toBeUndefined();
    const own = told(config, { feature_extractor_type: "BirdFeatureExtractor", mean: -6.8, std: 5.5 });
    expect([own.features, own.warnings]).toStrictEqual([
      undefined,
      [
        "its preprocessor_config.json is not of ASTFeatureExtractor, so that nothing of it is compared: " +
          "the spec's features must be those that it was trained on",
      ],
    ]);
  });

  test("must be readable", async () => {
    await expect(factsOf({ ...type, std: 0 })).rejects.toThrow(/preprocessor_config\.json: has an impossible std: 0$/);
    await expect(factsOf("{")).rejects.toThrow(
      /preprocessor_config\.json: is not JSON, but lies beside a Hugging Face checkpoint; replace or remove it$/,
    );
  });
});

test("a training's checkpoint has all states, and is told from a graph", async () => {
  const path = join(temporaryFolder(), "checkpoint.safetensors");
  const tensor = { name: "state/dense.weight", shape: [1], read: () => Promise.resolve(Float32Array.of(1)) };
  await writeSafetensors(path, [tensor], { format: "specgraph checkpoint" });
  expect(() => openModel(path)).toThrow(
    `${path}: is a training's checkpoint, for runtime train --resume; name the graph.onnx or best.onnx beside it`,
  );
});
