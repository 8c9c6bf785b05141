import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { referenceName } from "../../../compiler/weights/layouts/reference-name.ts";
import {
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

const expectReference = ({ values }: Imported, tokens: readonly ("cls" | "dist")[], hasHead: boolean): void => {
  const reference = referenceTensors(tokens);
  for (const [name, actual] of values) {
    const expected = reference.get(referenceName(name) ?? "");
    if (!hasHead && referenceName(name)?.startsWith("mlp_head.")) continue;
    expect([name, ...actual]).toStrictEqual([name, ...(expected?.values ?? [])]);
  }
};

describe("the same AST in every layout", () => {
  test.each(Object.entries(miniLayouts))("%s", async (_, { tensors, layout, tokens, hasHead }) => {
    const imported = importMini(await writeCheckpoint(tensors), {}, mini({ tokens }));
    expect(imported.coverage.layout).toBe(layout);
    expect(imported.coverage.sources).toHaveLength(tensors.size);
    expect(imported.coverage.warnings).toStrictEqual([]);
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
