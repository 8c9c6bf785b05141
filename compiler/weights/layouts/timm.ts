/** timm's VisionTransformer and facebookresearch's DeiT and MAE. */
import { audioMae, isAudioMae } from "./audio-mae.ts";
import { both, type Layout, only } from "./layout.ts";
import { isAveraged, timmBody } from "./timm-body.ts";

const head = only(/^(?:head|head_dist|pre_logits\.fc)\./, undefined);

const plain = {
  name: "timm ViT / DeiT",
  prefixes: [""],
  markers: ["blocks.0.attn.qkv.weight", "patch_embed.proj.weight"],
  grid: "square",
} as const;

/** Its patches averaged, then normalised (timm's `global_pool="avg"`): no norm stands before the mean. */
const averaged: Layout = {
  ...plain,
  facts: { activation: "gelu", norm: "afterPooling" },
  rules: [head, both("fc_norm", "v.norm"), ...timmBody],
};

/** With or without a distillation token. */
export const timm: Layout = {
  ...plain,
  facts: { activation: "gelu", norm: "beforePooling" },
  rules: [head, only(/^fc_norm\./, undefined), both("norm", "v.norm"), ...timmBody],
  variants: [
    { layout: audioMae, isVariant: isAudioMae },
    { layout: averaged, isVariant: isAveraged },
  ],
};
