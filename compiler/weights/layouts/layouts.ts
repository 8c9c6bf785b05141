/** The known checkpoint layouts. Reference names are those of the official AST code, `ASTModel.state_dict()`. */
import { googleVit } from "./google-vit.ts";
import { both, type Layout, only } from "./layout.ts";
import { referenceRules } from "./reference-name.ts";

/** timm's VisionTransformer and facebookresearch/deit, with or without a distillation token. */
const timm: Layout = {
  name: "timm ViT / DeiT",
  prefixes: ["module.", ""],
  marker: "blocks.0.attn.qkv.weight",
  grid: "square",
  rules: [only(/^(head|head_dist|pre_logits\.fc|fc_norm)\./, undefined), only(/^(.+)$/, "v.$1")],
};

/** YuanGongND/ast, saved from DataParallel or not. */
const officialAst: Layout = {
  name: "official AST",
  prefixes: ["module.", ""],
  marker: "v.blocks.0.attn.qkv.weight",
  grid: "any",
  rules: [only(/^v\.(head|head_dist)\./, undefined), only(/^((?:v|mlp_head)\..+)$/, "$1")],
};

const huggingFaceBody = [
  only(/^embeddings\.cls_token$/, "v.cls_token"),
  only(/^embeddings\.distillation_token$/, "v.dist_token"),
  only(/^embeddings\.position_embeddings$/, "v.pos_embed"),
  only(/^embeddings\.mask_token$/, undefined),
  both("embeddings\\.patch_embeddings\\.projection", "v.patch_embed.proj"),
  both("encoder\\.layer\\.(\\d+)\\.layernorm_before", "v.blocks.$1.norm1"),
  both("encoder\\.layer\\.(\\d+)\\.attention\\.attention\\.query", "v.blocks.$1.attn.qkv", 0),
  both("encoder\\.layer\\.(\\d+)\\.attention\\.attention\\.key", "v.blocks.$1.attn.qkv", 1),
  both("encoder\\.layer\\.(\\d+)\\.attention\\.attention\\.value", "v.blocks.$1.attn.qkv", 2),
  both("encoder\\.layer\\.(\\d+)\\.attention\\.output\\.dense", "v.blocks.$1.attn.proj"),
  both("encoder\\.layer\\.(\\d+)\\.layernorm_after", "v.blocks.$1.norm2"),
  both("encoder\\.layer\\.(\\d+)\\.intermediate\\.dense", "v.blocks.$1.mlp.fc1"),
  both("encoder\\.layer\\.(\\d+)\\.output\\.dense", "v.blocks.$1.mlp.fc2"),
  both("layernorm", "v.norm"),
];

const huggingFaceMarker = "encoder.layer.0.attention.attention.query.weight";

/** transformers' ViT and DeiT models. */
const huggingFaceVit: Layout = {
  name: "Hugging Face ViT / DeiT",
  prefixes: ["vit.", "deit.", ""],
  marker: huggingFaceMarker,
  grid: "square",
  rules: [...huggingFaceBody, only(/^(pooler|classifier|cls_classifier|distillation_classifier)\./, undefined)],
};

/** transformers' AST; told from its ViT by the prefix. */
const huggingFaceAst: Layout = {
  name: "Hugging Face AST",
  prefixes: ["audio_spectrogram_transformer."],
  marker: huggingFaceMarker,
  grid: "any",
  rules: [...huggingFaceBody, both("classifier\\.layernorm", "mlp_head.0"), both("classifier\\.dense", "mlp_head.1")],
};

/** A `graph.onnx` of our own. */
const specgraph: Layout = {
  name: "specgraph",
  prefixes: [""],
  marker: "blocks.0.residual1.attention.qkv.weight",
  grid: "any",
  rules: referenceRules,
};

export const layouts: readonly Layout[] = [specgraph, officialAst, timm, huggingFaceAst, huggingFaceVit, googleVit];
