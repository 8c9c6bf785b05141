/** Checkpoints of models whose patches are a spectrogram's, but laid out otherwise than AST's. */
import { describe, expect, test } from "vitest";
import { ast, type AstOptions } from "../../../spec/ast.ts";
import { dense, layerNorm, type Layers, meanOfPatches, type Model } from "../../../spec/dsl/index.ts";
import {
  filled,
  importMini,
  layoutTensors,
  mini,
  miniOptions,
  type MiniTensor,
  type MiniTensors,
  referenceTensors,
  refusal,
  without,
  writeCheckpoint,
} from "./mini-ast.ts";

const width = 8;
const merge = (...parts: readonly MiniTensors[]): MiniTensors => new Map(parts.flatMap((part) => [...part]));
const scalar = (value: number): MiniTensor => ({ shape: [], values: Float32Array.of(value) });
const counted = (shape: readonly number[]): MiniTensor => ({
  shape,
  values: filled(shape).values.map((_, index) => index),
});
const valuesOf = (tensors: MiniTensors, name: string): readonly number[] => [...(tensors.get(name)?.values ?? [])];

/** The mini AST with another head. */
const withHead = (options: AstOptions, ...head: Layers): Model => {
  const model = ast({ ...miniOptions, ...options });
  const blocks = model.network.findIndex((layer) => "kind" in layer && layer.kind === "repeat");
  return { ...model, network: [...model.network.slice(0, blocks + 1), ...head] };
};

describe("SSAST", () => {
  const pretraining = (frames: number): MiniTensors =>
    new Map([
      ["p_input_fdim", scalar(128)],
      ["p_input_tdim", scalar(frames)],
      ["mask_embed", filled([1, 1, width])],
      ["cpredlayer.0.weight", filled([width, width])],
      ["gpredlayer.2.bias", filled([256])],
    ]);
  const body = without(referenceTensors(), /^mlp_head/);

  test("pretrained: its file tells the grid", async () => {
    const positions = new Map([["v.pos_embed", filled([1, 2 + 96, width])]]);
    const tensors = merge(body, positions, pretraining(192));
    const prefixed = new Map([...tensors].map(([name, tensor]) => [`module.${name}`, tensor]));
    const { coverage } = importMini(await writeCheckpoint(prefixed));
    expect(coverage.layout).toBe("SSAST");
    expect(coverage.sources.find(({ name }) => name === "module.v.pos_embed")?.note).toBe("positions 8x12 -> 8x8");
    const dropped = coverage.sources.filter(({ note }) => note === "of SSAST's pretraining");
    expect(dropped).toHaveLength(5);
    expect(coverage.warnings).toStrictEqual([]);
  });

  test("fine-tuned on another length: the grid is no longer pretraining's", async () => {
    const positions = new Map([["v.pos_embed", filled([1, 2 + 96, width])]]);
    expect(refusal(await writeCheckpoint(merge(body, positions, pretraining(1024))))).toBe(
      "FILE: has 96 positions, which may be 12x8 or 8x12; state checkpoint({ grid: { rows, columns } })",
    );
  });

  test("of frames: its patches are as high as the spectrogram", async () => {
    const frames = new Map([
      ["v.patch_embed.proj.weight", counted([width, 1, 128, 2])],
      ["v.pos_embed", counted([1, 2 + 127, width])],
    ]);
    const patch = { bins: 128, frames: 2 };
    const model = mini({ patch, stride: { bins: 128, frames: 1 }, frames: 128 });
    const fineTuned = merge(referenceTensors(), frames);
    const { values, coverage } = importMini(await writeCheckpoint(fineTuned), {}, model);
    expect(coverage.layout).toBe("SSAST");
    expect([...(values.get("positionalEmbedding.weight") ?? [])]).toStrictEqual(valuesOf(fineTuned, "v.pos_embed"));
    expect(coverage.sources.find(({ name }) => name === "v.pos_embed")?.status).toBe("used");
  });

  test("fine-tuned: what its classifier reads is told, as the file does not say it", async () => {
    const path = await writeCheckpoint(merge(referenceTensors(), pretraining(128)));
    const told = (reads: string): string =>
      "its classifier reads the mean of the patches (ft_avgtok) or of the tokens (ft_cls), which the file does not tell; " +
      `the spec's reads that of ${reads}`;
    expect(importMini(path).coverage.warnings.at(-1)).toBe(told("cls and dist"));
    const head = [layerNorm({ eps: 1e-6 }), meanOfPatches(), layerNorm({ eps: 1e-5 }), dense("classes")];
    expect(importMini(path, {}, withHead({}, ...head)).coverage.warnings.at(-1)).toBe(told("patches"));
  });
});

describe("AudioMAE", () => {
  const [rows, columns] = [8, 64];
  const timm = without(layoutTensors("timm ViT"), /^(?:norm|head|pre_logits)/);
  const spectrogram = new Map([
    ["patch_embed.proj.weight", counted([width, 1, 16, 16])],
    ["pos_embed", counted([1, 1 + rows * columns, width])],
  ]);
  const norm = (name: string): MiniTensors =>
    new Map([
      [`${name}.weight`, filled([width], 2)],
      [`${name}.bias`, filled([width], 3)],
    ]);
  const decoder = new Map([
    ["mask_token", filled([1, 1, 4])],
    ["decoder_pos_embed", filled([1, 1 + rows * columns, 4])],
    ["decoder_embed.weight", filled([4, width])],
    ["decoder_blocks.0.norm1.weight", filled([4])],
  ]);
  const head = new Map([
    ["head.weight", counted([5, width])],
    ["head.bias", counted([5])],
  ]);
  const pretrained = merge(timm, spectrogram, norm("norm"), decoder);
  const fineTuned = merge(timm, spectrogram, norm("fc_norm"), head);
  const options = { tokens: ["cls"], frames: 1024 } as const;
  const averaged = withHead(options, meanOfPatches(), layerNorm({ eps: 1e-6 }), dense("classes"));

  const expectTransposed = (values: ReadonlyMap<string, Float32Array>): void => {
    const positions = values.get("positionalEmbedding.weight") ?? new Float32Array();
    const kernels = values.get("patchEmbedding.weight") ?? new Float32Array();
    const place = (row: number, column: number): number => (1 + column * rows + row) * width;
    for (const [row, column] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [7, 63],
      [3, 40],
    ] as const) {
      expect(positions[(1 + row * columns + column) * width]).toBe(place(row, column));
    }
    expect([...positions.subarray(0, width)]).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(kernels[2 * 256 + 5 * 16 + 9]).toBe(2 * 256 + 9 * 16 + 5);
  };

  test("fine-tuned, into a spec of its form: all is used", async () => {
    const { values, coverage } = importMini(await writeCheckpoint(fineTuned), {}, averaged);
    expect(coverage.layout).toBe("AudioMAE");
    expectTransposed(values);
    expect([...(values.get("layerNorm.weight") ?? [])]).toStrictEqual([...filled([width], 2).values]);
    expect([...(values.get("dense.weight") ?? [])]).toStrictEqual(valuesOf(fineTuned, "head.weight"));
    expect(coverage.targets.every(({ status }) => status === "filled")).toBe(true);
    const notes = coverage.sources.flatMap(({ note }) => note ?? []);
    expect(notes.toSorted()).toStrictEqual([
      "from time first to frequency first",
      "kernels [frames, bins] -> [bins, frames]",
    ]);
  });

  test("fine-tuned, into AST: its norm stands elsewhere", async () => {
    expect(refusal(await writeCheckpoint(fineTuned), {}, mini(options))).toBe(
      "FILE: has its norm (fc_norm.weight) after the mean of the tokens, but the spec's stands before the mean of the tokens; " +
        'its network would end in meanOfPatches(), layerNorm({ eps: 1e-6 }), dense("classes")',
    );
  });

  test("pretrained, into AST: the decoder is dropped", async () => {
    const { values, coverage } = importMini(await writeCheckpoint(pretrained), {}, mini(options));
    expectTransposed(values);
    expect([...(values.get("layerNorm1.weight") ?? [])]).toStrictEqual([...filled([width], 2).values]);
    const dropped = coverage.sources.filter(({ status }) => status === "dropped");
    expect(dropped.map(({ name }) => name)).toStrictEqual([...decoder.keys()].toSorted());
    expect(new Set(dropped.map(({ note }) => note))).toStrictEqual(
      new Set(["of the decoder that masked pretraining has"]),
    );
  });

  test("pretrained, into a spec of its form: the norm after the mean starts anew", async () => {
    const { coverage } = importMini(await writeCheckpoint(pretrained), {}, averaged);
    expect(coverage.targets.filter(({ name }) => name.startsWith("layerNorm.")).map(({ note }) => note)).toStrictEqual([
      "the checkpoint's stands before the mean of the tokens",
      "the checkpoint's stands before the mean of the tokens",
    ]);
  });

  test("into another length and stride", async () => {
    const model = mini({ ...options, stride: { bins: 10, frames: 10 }, frames: 512 });
    const { coverage } = importMini(await writeCheckpoint(pretrained), {}, model);
    expect(coverage.sources.find(({ name }) => name === "pos_embed")?.note).toBe(
      "positions 8x64 -> 12x50, from time first to frequency first",
    );
  });

  test("a square of patches may be a grey picture's", async () => {
    const square = merge(fineTuned, new Map([["pos_embed", filled([1, 1 + 256, width])]]));
    const path = await writeCheckpoint(square);
    expect(refusal(path, {}, averaged)).toBe(
      "FILE: has 256 positions, which may be a picture's; state checkpoint({ grid: { rows, columns } })",
    );
    const { coverage } = importMini(path, { grid: { rows: 8, columns: 32 } }, averaged);
    expect(coverage.sources.find(({ name }) => name === "pos_embed")?.note).toBe(
      "positions 8x32 -> 8x64, from time first to frequency first",
    );
  });
});

describe("timm's ViT", () => {
  const timm = layoutTensors("timm ViT");
  const oneToken = mini({ tokens: ["cls"] });

  test("of one channel and a square grid: its kernels are taken as ours, with a warning", async () => {
    const tensors = merge(timm, new Map([["patch_embed.proj.weight", counted([width, 1, 16, 16])]]));
    const path = await writeCheckpoint(tensors);
    expect(importMini(path, {}, oneToken).coverage.warnings).toStrictEqual([
      "its kernels of one channel are taken as [bins, frames]; if they are [frames, bins], " +
        'state checkpoint({ order: "timeFirst" })',
    ]);
    expect(importMini(path, { order: "frequencyFirst" }, oneToken).coverage.warnings).toStrictEqual([]);
  });

  describe("with layer scale", () => {
    const gammas = (units: number): MiniTensors =>
      new Map([
        ["blocks.1.ls1.gamma", counted([units])],
        ["blocks.1.ls2.gamma", filled([units], 0.5)],
      ]);

    test("has it multiplied into the layers that it scales", async () => {
      const { values, coverage } = importMini(await writeCheckpoint(merge(timm, gammas(width))), {}, oneToken);
      const scaled = (name: string, factor: (row: number) => number): readonly number[] => {
        const { shape, values } = timm.get(name) ?? filled([0]);
        const rowLength = values.length / (shape[0] ?? 1);
        return Array.from(values, (value, index) => Math.fround(value * factor(Math.floor(index / rowLength))));
      };
      const block = "blocks.1.residual";
      for (const leaf of ["weight", "bias"]) {
        expect([...(values.get(`${block}1.attention.proj.${leaf}`) ?? [])]).toStrictEqual(
          scaled(`blocks.1.attn.proj.${leaf}`, (row) => row),
        );
        expect([...(values.get(`${block}2.dense2.${leaf}`) ?? [])]).toStrictEqual(
          scaled(`blocks.1.mlp.fc2.${leaf}`, () => 0.5),
        );
      }
      const notes = coverage.sources.filter(({ note }) => note === "layer scale multiplied in");
      expect(notes.map(({ name }) => name).toSorted()).toStrictEqual([
        "blocks.1.attn.proj.bias",
        "blocks.1.attn.proj.weight",
        "blocks.1.ls1.gamma",
        "blocks.1.ls2.gamma",
        "blocks.1.mlp.fc2.bias",
        "blocks.1.mlp.fc2.weight",
      ]);
    });

    test("must fit it", async () => {
      expect(refusal(await writeCheckpoint(merge(timm, gammas(4))), {}, oneToken)).toBe(
        "FILE: has blocks.1.ls1.gamma [4] to scale the rows of blocks.1.attn.proj.bias [8]",
      );
      const alone = new Map([["blocks.7.ls1.gamma", filled([width])]]);
      expect(refusal(await writeCheckpoint(merge(timm, alone)), {}, oneToken)).toBe(
        "FILE: has blocks.7.ls1.gamma, but not the layer that it scales",
      );
    });
  });

  test("whose class token has no position (no_embed_class)", async () => {
    const tensors = merge(timm, new Map([["pos_embed", counted([1, 64, width])]]));
    const { values, coverage } = importMini(await writeCheckpoint(tensors), {}, oneToken);
    expect([...(values.get("positionalEmbedding.weight") ?? [])]).toStrictEqual([
      ...filled([width]).values,
      ...valuesOf(tensors, "pos_embed"),
    ]);
    expect(coverage.sources.find(({ name }) => name === "pos_embed")?.note).toBe("no position for cls: zero");
  });

  test("the same of a stated grid, which is no square", async () => {
    const tensors = merge(timm, new Map([["pos_embed", counted([1, 32, width])]]));
    const path = await writeCheckpoint(tensors);
    expect(refusal(path, {}, oneToken)).toBe(
      "FILE: has 31 positions, whose grid cannot be told; state checkpoint({ grid: { rows, columns } })",
    );
    const { coverage } = importMini(path, { grid: { rows: 4, columns: 8 } }, oneToken);
    expect(coverage.sources.find(({ name }) => name === "pos_embed")?.note).toBe(
      "positions 4x8 -> 8x8, no position for cls: zero",
    );
  });

  test("a second token without a position", async () => {
    const tensors = merge(layoutTensors("timm distilled DeiT"), new Map([["pos_embed", counted([1, 196, width])]]));
    const { coverage } = importMini(await writeCheckpoint(tensors));
    expect(coverage.sources.find(({ name }) => name === "pos_embed")?.note).toBe(
      "positions 14x14 -> 8x8, no position for cls and dist: zero",
    );
  });

  test("of one channel and an oblong grid: its order must be stated", async () => {
    const tensors = merge(
      timm,
      new Map([
        ["patch_embed.proj.weight", counted([width, 1, 16, 16])],
        ["pos_embed", counted([1, 1 + 32, width])],
      ]),
    );
    const path = await writeCheckpoint(tensors);
    const grid = { rows: 4, columns: 8 };
    expect(refusal(path, { grid }, oneToken)).toBe(
      'FILE: has patches of one channel, by frequency or by time first; state checkpoint({ order: "frequencyFirst" }), ' +
        'with kernels [bins, frames], or "timeFirst", with kernels [frames, bins]',
    );
    const notes = (order: "frequencyFirst" | "timeFirst"): readonly string[] =>
      importMini(path, { grid, order }, oneToken).coverage.sources.flatMap(({ note }) =>
        note?.includes("time first") ? [note] : [],
      );
    expect(notes("timeFirst")).toStrictEqual(["positions 4x8 -> 8x8, from time first to frequency first"]);
    expect(notes("frequencyFirst")).toStrictEqual([]);
  });
});
