import { describe, expect, test } from "vitest";
import { matchLayout } from "../../../compiler/weights/match-layout.ts";
import { openCheckpoint } from "../../../compiler/weights/readers/open-checkpoint.ts";
import { pickle, pytorchZip, tensor, writeTemporary } from "./readers/builders.ts";
import {
  filled,
  layoutTensors,
  type MiniTensors,
  referenceTensors,
  refusal,
  without,
  writeCheckpoint,
} from "./mini-ast.ts";

const refused = async (tensors: MiniTensors): Promise<string> => refusal(await writeCheckpoint(tensors));
const extended = (tensors: MiniTensors, ...names: readonly string[]): MiniTensors =>
  new Map([...tensors, ...names.map((name) => [name, filled([1])] as const)]);

describe("a checkpoint is refused", () => {
  test("when nothing tells its layout", async () => {
    const tensors = new Map(["f", "a", "b", "c", "d", "e"].map((name) => [name, filled([1])]));
    expect(await refused(tensors)).toBe(
      "FILE: has no layout known here (specgraph, official AST, timm ViT / DeiT, Hugging Face AST, Hugging Face ViT / DeiT, Google ViT); " +
        "its first tensors are a, b, c, d, e and 1 more",
    );
  });

  test.each([
    ["timm distilled DeiT", "blocks.0.attn.relative_position_bias_table", "timm ViT / DeiT"],
    ["official AST", "extra", "official AST"],
    ["Hugging Face DeiT", "deit.encoder.layer.0.layer_scale1.lambda1", "Hugging Face ViT / DeiT"],
    ["Hugging Face AST", "audio_spectrogram_transformer.pooler.weight", "Hugging Face AST"],
    ["Google ViT", "Transformer/encoderblock_0/LayerNorm_1/scale", "Google ViT"],
  ])("of %s with %s", async (name, extra, layout) => {
    const names = extra.split(", ");
    const message = await refused(extended(layoutTensors(name), ...names));
    expect(message).toBe(`FILE: has tensors that no ${layout} checkpoint has: ${names.toSorted().join(", ")}`);
  });

  test.each([
    ["norm_pre.bias, norm_pre.weight", "a norm before its blocks"],
    ["reg_token", "register tokens"],
    ["blocks.1.attn.k_norm.weight, blocks.1.attn.q_norm.weight", "norms of its queries and keys"],
  ])("with %s, which cannot be imported", async (extra, part) => {
    expect(await refused(extended(layoutTensors("timm distilled DeiT"), ...extra.split(", ")))).toBe(
      `FILE: has ${part} (${extra}), without which it computes something else; that cannot be imported`,
    );
  });

  test("without a third of query, key and value", async () => {
    const body = layoutTensors("Hugging Face DeiT");
    expect(await refused(without(body, /layer\.1\.attention\.attention\.key\.weight/))).toBe(
      "FILE: lacks the key of v.blocks.1.attn.qkv.weight",
    );
    expect(await refused(without(body, /layer\.0\.attention\.attention\.(query|value)\.bias/))).toBe(
      "FILE: lacks the query and value of v.blocks.0.attn.qkv.bias",
    );
  });

  test("when the thirds differ in shape", async () => {
    const name = "deit.encoder.layer.0.attention.attention.value.bias";
    expect(await refused(new Map([...layoutTensors("Hugging Face DeiT"), [name, filled([4])]]))).toBe(
      "FILE: has query, key and value of v.blocks.0.attn.qkv.bias in different shapes",
    );
  });

  test("when two of its tensors are the same one", async () => {
    const timm = layoutTensors("timm distilled DeiT");
    expect(await refused(new Map([...timm, ["blocks.0._orig_mod.attn.qkv.weight", filled([24, 8])]]))).toBe(
      "FILE: has two tensors for v.blocks.0.attn.qkv.weight: blocks.0._orig_mod.attn.qkv.weight and blocks.0.attn.qkv.weight",
    );
    const query = "deit.encoder.layer.0.attention.attention.query.weight";
    const bare = query.replace("deit.", "");
    expect(await refused(new Map([...layoutTensors("Hugging Face DeiT"), [bare, filled([8, 8])]]))).toBe(
      `FILE: has two tensors for the query of v.blocks.0.attn.qkv.weight: ${query} and ${bare}`,
    );
  });
});

test("weights rounded to whole numbers are refused", () => {
  const int8 = tensor({ storage: "CharStorage", elements: 8 });
  const names = ["blocks.0.attn.qkv.weight", "patch_embed.proj.weight"];
  const path = writeTemporary(pytorchZip(pickle.dict(Object.fromEntries(names.map((name) => [name, int8])))));
  expect(refusal(path)).toBe(
    "FILE: has weights rounded to whole numbers: blocks.0.attn.qkv.weight (int8), patch_embed.proj.weight (int8); expected the ones before",
  );
});

describe("a Python object", () => {
  /** A file of torch.save with an object at one name; every tensor is two numbers. */
  const withObject = (name: string): string => {
    const object = pickle.ops(pickle.global("torchao", "Quantised"), ")R");
    const rest = ["blocks.0.attn.qkv.weight", "patch_embed.proj.weight", "norm.weight"].filter(
      (other) => other !== name,
    );
    const tensors = Object.fromEntries(rest.map((other) => [other, tensor()]));
    return writeTemporary(pytorchZip(pickle.dict({ model: pickle.dict({ ...tensors, [name]: object }) })));
  };

  test.each(["norm.weight", "blocks.0.attn.qkv.weight"])("in the place of a tensor is refused by name: %s", (name) => {
    expect(refusal(withObject(name))).toBe(
      `FILE: model.${name} is no tensor, but a Python object of torchao.Quantised`,
    );
  });

  test("elsewhere does no harm", () => {
    const path = withObject("args");
    expect(matchLayout(openCheckpoint(path), path).tensors.size).toBe(3);
  });
});

test("timm's fc_norm is dropped beside a norm; alone it stands after the mean, where AST's does not", async () => {
  const timm = extended(layoutTensors("timm distilled DeiT"), "fc_norm.weight", "fc_norm.bias");
  expect(await refused(timm)).toBe("no error");
  expect(await refused(without(timm, /^norm\./))).toBe(
    "FILE: has its norm (fc_norm.weight) after the mean of the tokens, but the spec's stands before the mean of the tokens; " +
      'its network would end in meanOfPatches(), layerNorm({ eps: 1e-6 }), dense("classes")',
  );
});

test("a reference's tensors alone are official AST's", async () => {
  expect(await refused(referenceTensors())).toBe("no error");
});
