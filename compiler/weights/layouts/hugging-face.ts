/** The layouts of transformers' ViT, DeiT and AST: the names on its hub, and those that transformers 5 has in memory. */
import { readHuggingFaceFiles } from "./hugging-face-files.ts";
import { both, type Layout, only, type Rule } from "./layout.ts";

const kernel = "embeddings.patch_embeddings.projection.weight";

const onHub = "encoder\\.layer\\.(\\d+)";
const inMemory = "layers\\.(\\d+)";
const block = "v.blocks.$1";

const body: readonly Rule[] = [
  only(/^embeddings\.cls_token$/, "v.cls_token"),
  only(/^embeddings\.distillation_token$/, "v.dist_token"),
  only(/^embeddings\.position_embeddings$/, "v.pos_embed"),
  only(/^embeddings\.mask_token$/, undefined),
  both("embeddings\\.patch_embeddings\\.projection", "v.patch_embed.proj"),
  both(`(?:${onHub}|${inMemory})\\.layernorm_before`, "v.blocks.$1$2.norm1"),
  both(`${onHub}\\.attention\\.attention\\.query`, `${block}.attn.qkv`, 0),
  both(`${onHub}\\.attention\\.attention\\.key`, `${block}.attn.qkv`, 1),
  both(`${onHub}\\.attention\\.attention\\.value`, `${block}.attn.qkv`, 2),
  both(`${onHub}\\.attention\\.output\\.dense`, `${block}.attn.proj`),
  both(`${inMemory}\\.attention\\.q_proj`, `${block}.attn.qkv`, 0),
  both(`${inMemory}\\.attention\\.k_proj`, `${block}.attn.qkv`, 1),
  both(`${inMemory}\\.attention\\.v_proj`, `${block}.attn.qkv`, 2),
  both(`${inMemory}\\.attention\\.o_proj`, `${block}.attn.proj`),
  both(`(?:${onHub}|${inMemory})\\.layernorm_after`, "v.blocks.$1$2.norm2"),
  both(`${onHub}\\.intermediate\\.dense`, `${block}.mlp.fc1`),
  both(`${onHub}\\.output\\.dense`, `${block}.mlp.fc2`),
  both(`${inMemory}\\.mlp\\.fc1`, `${block}.mlp.fc1`),
  both(`${inMemory}\\.mlp\\.fc2`, `${block}.mlp.fc2`),
  both("layernorm", "v.norm"),
];

export const huggingFaceVit: Layout = {
  name: "Hugging Face ViT / DeiT",
  prefixes: ["vit.", "deit.", ""],
  markers: [kernel],
  grid: "square",
  facts: { norm: "beforePooling" },
  rules: [...body, only(/^(pooler|classifier|cls_classifier|distillation_classifier|decoder)\./, undefined)],
  readFacts: (_, path) => readHuggingFaceFiles(path),
};

/** Comes before ViT: without the classifier (`ASTModel`) only the number of input channels tells them apart. */
export const huggingFaceAst: Layout = {
  name: "Hugging Face AST",
  prefixes: ["audio_spectrogram_transformer.", ""],
  markers: [kernel],
  accepts: ({ shape }, prefix) => prefix !== "" || shape[1] === 1,
  grid: "any",
  gridFile: "config.json",
  facts: { norm: "beforePooling", pooling: ["cls", "dist"] },
  rules: [...body, both("classifier\\.layernorm", "mlp_head.0"), both("classifier\\.dense", "mlp_head.1")],
  readFacts: (_, path) => readHuggingFaceFiles(path),
};
