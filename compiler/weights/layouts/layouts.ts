/** The known checkpoint layouts. Reference names are those of the official AST code, `ASTModel.state_dict()`. */
import { googleVit } from "./google-vit.ts";
import { huggingFaceAst, huggingFaceVit } from "./hugging-face.ts";
import { both, type Layout, only } from "./layout.ts";
import { specgraph } from "./specgraph.ts";

/** timm's VisionTransformer and facebookresearch/deit, with or without a distillation token. */
const timm: Layout = {
  name: "timm ViT / DeiT",
  prefixes: [""],
  markers: ["blocks.0.attn.qkv.weight", "patch_embed.proj.weight"],
  grid: "square",
  rules: [
    only(/^(?:head|head_dist|pre_logits\.fc|fc_norm)\./, undefined),
    only(/^(cls_token|dist_token|pos_embed)$/, "v.$1"),
    both("(patch_embed\\.proj|norm)", "v.$1"),
    both("(blocks\\.\\d+\\.(?:norm[12]|attn\\.(?:qkv|proj)|mlp\\.fc[12]))", "v.$1"),
  ],
};

/** YuanGongND/ast. */
const officialAst: Layout = {
  name: "official AST",
  prefixes: [""],
  markers: ["v.blocks.0.attn.qkv.weight", "v.patch_embed.proj.weight"],
  grid: "any",
  rules: [only(/^v\.(head|head_dist)\./, undefined), only(/^((?:v|mlp_head)\..+)$/, "$1")],
};

export const layouts: readonly Layout[] = [specgraph, officialAst, timm, huggingFaceAst, huggingFaceVit, googleVit];
