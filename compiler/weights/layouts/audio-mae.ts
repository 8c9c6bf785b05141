/**
 * facebookresearch/AudioMAE: timm's names, one input channel of [frames, bins]. Pretrained it has a norm and a decoder, fine-tuned
 * the mean of the patches, `fc_norm` and a classifier (models_mae.py, models_vit.py).
 */
import { both, type Layout, type Tensors } from "./layout.ts";
import { isAveraged, timmBody } from "./timm-body.ts";

const isPretrained = (tensors: Tensors): boolean => tensors.has("decoder_embed.weight");

export const isAudioMae = (tensors: Tensors): boolean =>
  tensors.get("patch_embed.proj.weight")?.shape[1] === 1 && (isPretrained(tensors) || isAveraged(tensors));

export const audioMae: Layout = {
  name: "AudioMAE",
  prefixes: [""],
  markers: ["blocks.0.attn.qkv.weight", "patch_embed.proj.weight"],
  grid: "any",
  facts: { activation: "gelu", order: "timeFirst" },
  readFacts: (_, __, tensors) =>
    isPretrained(tensors) ? { norm: "beforePooling" } : { norm: "afterPooling", pooling: ["patches"] },
  rules: [both("(?:norm|fc_norm)", "v.norm"), both("head", "mlp_head.1"), ...timmBody],
};
