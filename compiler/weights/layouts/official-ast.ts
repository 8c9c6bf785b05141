/** YuanGongND/ast and YuanGongND/ssast. */
import type { Checkpoint } from "../readers/checkpoint.ts";
import type { SourceFacts } from "../facts/source-facts.ts";
import { dropped, type Layout, only, type Rule, type Tensors } from "./layout.ts";

const kernel = "v.patch_embed.proj.weight";

const rules: readonly Rule[] = [only(/^v\.(head|head_dist)\./, undefined), only(/^((?:v|mlp_head)\..+)$/, "$1")];

const plain = {
  name: "official AST",
  prefixes: [""],
  markers: ["v.blocks.0.attn.qkv.weight", kernel],
  grid: "any",
} as const;

/** Pretraining does not overlap patches, and keeps its spectrogram's size in the file (ssast's ast_models.py). */
const readPretrainingGrid = (_: Checkpoint, __: string, tensors: Tensors): SourceFacts => {
  const [, , patchBins = 1, patchFrames = 1] = tensors.get(kernel)?.shape ?? [];
  const read = (name: string): number => tensors.get(name)?.readFloat32()[0] ?? 0;
  const rows = Math.floor(read("p_input_fdim") / patchBins);
  const columns = Math.floor(read("p_input_tdim") / patchFrames);
  const tokens = ["cls", "dist"].filter((token) => tensors.has(`v.${token}_token`)).length;
  // Fine-tuned on clips of another length or with overlapping patches it has other positions, and no record of their grid.
  const isGrid = rows > 0 && rows * columns + tokens === tensors.get("v.pos_embed")?.shape[1];
  return isGrid ? { grid: { rows, columns } } : {};
};

const ownNames = /^(?:p_input_[ft]dim|mask_embed|[cg]predlayer\..+)$/;

/** Fine-tuned by its authors' code, a file has none of these names any more; AST itself has square patches only. */
const isSsast = (tensors: Tensors): boolean => {
  const [, , patchBins, patchFrames] = tensors.get(kernel)?.shape ?? [];
  return patchBins !== patchFrames || [...tensors.keys()].some((name) => ownNames.test(name));
};

/** Fine-tuned, its head reads the mean of the patches or of the tokens, which the file does not tell. */
const ssast: Layout = {
  ...plain,
  name: "SSAST",
  facts: { activation: "gelu", norm: "beforePooling" },
  readFacts: readPretrainingGrid,
  rules: [dropped(ownNames, "of SSAST's pretraining"), ...rules],
};

export const officialAst: Layout = {
  ...plain,
  facts: { activation: "gelu", norm: "beforePooling", pooling: ["cls", "dist"] },
  rules,
  variants: [{ layout: ssast, isVariant: isSsast }],
};
