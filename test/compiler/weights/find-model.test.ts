import { describe, expect, test } from "vitest";
import { printCoverage } from "../../../compiler/weights/coverage.ts";
import {
  filled,
  importMini,
  layoutTensors,
  mini,
  type MiniTensors,
  referenceTensors,
  refusal,
  renamed,
  writeCheckpoint,
} from "./mini-ast.ts";

const under = (prefix: string, tensors: MiniTensors): MiniTensors => renamed(tensors, (name) => prefix + name);
const merge = (...parts: readonly MiniTensors[]): MiniTensors => new Map(parts.flatMap((part) => [...part]));
/** The same with every value one higher. */
const raised = (tensors: MiniTensors): MiniTensors =>
  new Map([...tensors].map(([name, { shape, values }]) => [name, { shape, values: values.map((value) => value + 1) }]));

const timm = layoutTensors("timm ViT");
const oneToken = mini({ tokens: ["cls"] });
const plain = async () => importMini(await writeCheckpoint(timm), {}, oneToken).values;

describe("whatever stands before the names", () => {
  test.each([
    "module.",
    "_orig_mod.",
    "module._orig_mod.",
    "model.",
    "net.",
    "backbone.",
    "teacher.backbone.",
    "student.",
    "encoder.",
    "state_dict.model.module.",
    "state_dict_ema.",
    "ema.module.",
    "weights.",
    "lightning_module.0.anything_else.",
  ])("%s", async (prefix) => {
    const { values, coverage } = importMini(await writeCheckpoint(under(prefix, timm)), {}, oneToken);
    expect(values).toStrictEqual(await plain());
    expect(coverage.others).toStrictEqual([]);
    expect(coverage.leftOut).toStrictEqual([]);
  });

  test.each([
    ["official AST", "official AST"],
    ["Hugging Face AST", "Hugging Face AST"],
    ["Hugging Face AST without a classifier", "Hugging Face AST"],
    ["Hugging Face DeiT", "Hugging Face ViT / DeiT"],
  ])("a Lightning module's name before %s", async (name, layout) => {
    const tensors = layoutTensors(name);
    const { values, coverage } = importMini(await writeCheckpoint(under("model.", tensors)));
    expect(values).toStrictEqual(importMini(await writeCheckpoint(tensors)).values);
    expect(coverage.layout).toBe(layout);
    expect(coverage.taken).toBe("model");
  });

  test("and within them, where a part alone was compiled or sharded", async () => {
    const wrapped = renamed(timm, (name) =>
      `_fsdp_wrapped_module.${name}`
        .replace(/blocks\.(\d)/, "blocks.$1._checkpoint_wrapped_module")
        .replace("attn", "attn._orig_mod"),
    );
    const { values, coverage } = importMini(await writeCheckpoint(wrapped), {}, oneToken);
    expect(values).toStrictEqual(await plain());
    expect(coverage.taken).toBe("");
  });
});

describe("of several models", () => {
  const taken = async (tensors: MiniTensors, from?: string): Promise<string> => {
    const { coverage } = importMini(await writeCheckpoint(tensors), from === undefined ? {} : { from }, oneToken);
    return coverage.taken;
  };
  const pair = (first: string, second: string): MiniTensors => merge(under(first, timm), under(second, raised(timm)));

  test.each([
    ["model.", "model_ema.", "model"],
    ["state_dict_ema.", "state_dict.", "state_dict"],
    ["", "ema.", ""],
    ["ema_model.module.", "net.", "net"],
    ["swa.", "state_dict.net.", "state_dict.net"],
    ["avg_model.", "net.", "net"],
    ["module.base_encoder.", "module.momentum_encoder.", "module.base_encoder"],
    ["student.module.backbone.", "teacher.backbone.", "teacher.backbone"],
  ])("%s and %s", async (first, second, expected) => {
    expect(await taken(pair(first, second))).toBe(expected);
  });

  test.each([
    ["model_ema", "model_ema"],
    ["model", "model"],
  ])("the user's choice goes first: %s", async (from, expected) => {
    expect(await taken(pair("model.", "model_ema."), from)).toBe(expected);
  });

  test("which are its values, not only its name", async () => {
    const path = await writeCheckpoint(pair("model.", "model_ema."));
    const average = importMini(path, { from: "model_ema" }, oneToken).values;
    expect(average).toStrictEqual(importMini(await writeCheckpoint(raised(timm)), {}, oneToken).values);
    expect(importMini(path, {}, oneToken).values).toStrictEqual(await plain());
  });

  test("a part of the place is enough where it is the only one", async () => {
    const tensors = pair("state_dict.teacher.backbone.", "state_dict.student.backbone.");
    expect(await taken(tensors, "student")).toBe("state_dict.student.backbone");
    expect(await taken(tensors, "student.backbone")).toBe("state_dict.student.backbone");
    expect(refusal(await writeCheckpoint(tensors), { from: "backbone" }, oneToken)).toBe(
      "FILE: has the weights of 2 models, under state_dict.student.backbone, state_dict.teacher.backbone; " +
        "name one: --weights-from KEY or checkpoint({ from: KEY })",
    );
  });

  test("none is guessed where no rule tells", async () => {
    expect(refusal(await writeCheckpoint(pair("left.", "right.")), {}, oneToken)).toBe(
      "FILE: has the weights of 2 models, under left, right; name one: --weights-from KEY or checkpoint({ from: KEY })",
    );
  });

  test("an unknown one lists those there are", async () => {
    expect(refusal(await writeCheckpoint(pair("", "ema.")), { from: "emma" }, oneToken)).toBe(
      'FILE: has no weights under "emma"; it has them under the top level, ema',
    );
  });

  test("the report says which, and what is left out", async () => {
    const beside: MiniTensors = new Map(
      ["state_dict.criterion.weight", "state_dict.train_acc.tp", "state_dict.train_acc.fp", "optimizer.0.exp_avg"].map(
        (name) => [name, filled([3])] as const,
      ),
    );
    const path = await writeCheckpoint(merge(pair("state_dict.model.", "state_dict.ema."), beside));
    const { coverage } = importMini(path, {}, oneToken);
    expect(printCoverage(coverage).replace(path, "FILE").split("\n").slice(0, 3)).toStrictEqual([
      "FILE (timm ViT / DeiT): 33 tensors, 29 used, 1 resized, 3 dropped",
      "  taken: state_dict.model; --weights-from takes another: state_dict.ema",
      "  left out, with their tensors: optimizer (1), state_dict.criterion (1), state_dict.ema (33), state_dict.train_acc (2)",
    ]);
  });
});

test("stages of another network, which end like a ViT's blocks, are no models", async () => {
  const stage = (name: string): MiniTensors => new Map([[`${name}.blocks.0.attn.qkv.weight`, filled([24, 8])]]);
  const swin = merge(
    stage("layers.0"),
    stage("layers.1"),
    new Map([["patch_embed.proj.weight", filled([8, 3, 4, 4])]]),
  );
  expect(refusal(await writeCheckpoint(swin))).toMatch(/^FILE: has no layout known here /);
});

test("a name that only ends alike is another tensor", async () => {
  const decoder = renamed(referenceTensors(["cls"]), (name) => name.replace("v.blocks", "decoder_blocks"));
  expect(refusal(await writeCheckpoint(decoder))).toMatch(/^FILE: has no layout known here /);
});
