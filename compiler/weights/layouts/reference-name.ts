/** Parameter names of the official AST code (YuanGongND/ast, `ASTModel.state_dict()`), whose shapes our parameters share. */
import { only, type Rule } from "./layout.ts";

/**
 * From the parameters of `spec/ast.ts` to the reference's. A table of the network and not of its layers: what a layer is called
 * there depends on where it stands (a norm is `norm1`, `norm2`, `v.norm` or `mlp_head.0`).
 */
export const referenceRules: readonly Rule[] = [
  only(/^patchEmbedding\.(.+)$/, "v.patch_embed.proj.$1"),
  only(/^addTokens\d*\.(cls|dist)$/, "v.$1_token"),
  only(/^positionalEmbedding\.weight$/, "v.pos_embed"),
  only(/^blocks\.(\d+)\.residual1\.layerNorm\.(.+)$/, "v.blocks.$1.norm1.$2"),
  only(/^blocks\.(\d+)\.residual1\.attention\.(.+)$/, "v.blocks.$1.attn.$2"),
  only(/^blocks\.(\d+)\.residual2\.layerNorm\.(.+)$/, "v.blocks.$1.norm2.$2"),
  only(/^blocks\.(\d+)\.residual2\.dense([12])\.(.+)$/, "v.blocks.$1.mlp.fc$2.$3"),
  only(/^layerNorm1?\.(.+)$/, "v.norm.$1"),
  only(/^layerNorm2\.(.+)$/, "mlp_head.0.$1"),
  only(/^dense\.(.+)$/, "mlp_head.1.$1"),
];

/** The reference's name of a parameter of `spec/ast.ts`; undefined for a parameter that the reference does not have. */
export const referenceName = (name: string): string | undefined => {
  const rule = referenceRules.find(({ pattern }) => pattern.test(name));
  return rule?.to && name.replace(rule.pattern, rule.to);
};
