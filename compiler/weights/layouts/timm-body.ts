/** Names that all models of timm's ViT have. */
import { both, dropped, only, refused, type Rule, type Tensors } from "./layout.ts";

/** Whether its norm stands after the mean of its patches. */
export const isAveraged = (tensors: Tensors): boolean => tensors.has("fc_norm.weight") && !tensors.has("norm.weight");

export const timmBody: readonly Rule[] = [
  only(/^(cls_token|dist_token|pos_embed)$/, "v.$1"),
  both("patch_embed\\.proj", "v.patch_embed.proj"),
  both("(blocks\\.\\d+\\.(?:norm[12]|attn\\.(?:qkv|proj)|mlp\\.fc[12]))", "v.$1"),
  dropped(/^(?:mask_token$|decoder_)/, "of the decoder that masked pretraining has"),
  only(/^blocks\.(\d+)\.ls1\.gamma$/, "v.blocks.$1.attn.proj.scale"),
  only(/^blocks\.(\d+)\.ls2\.gamma$/, "v.blocks.$1.mlp.fc2.scale"),
  refused(/^reg_token$/, "register tokens"),
  refused(/^norm_pre\.(?:weight|bias)$/, "a norm before its blocks"),
  refused(/^blocks\.\d+\.attn\.[qk]_norm\.(?:weight|bias)$/, "norms of its queries and keys"),
];
