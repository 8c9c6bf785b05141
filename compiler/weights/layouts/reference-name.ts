/** Parameter names of the official AST code (YuanGongND/ast, `ASTModel.state_dict()`), whose layout our parameters share. */

const rules: readonly (readonly [RegExp, string])[] = [
  [/^patchEmbedding\./, "v.patch_embed.proj."],
  [/^addTokens\.(cls|dist)$/, "v.$1_token"],
  [/^positionalEmbedding\.weight$/, "v.pos_embed"],
  [/^blocks\.(\d+)\.residual1\.layerNorm\./, "v.blocks.$1.norm1."],
  [/^blocks\.(\d+)\.residual1\.attention\./, "v.blocks.$1.attn."],
  [/^blocks\.(\d+)\.residual2\.layerNorm\./, "v.blocks.$1.norm2."],
  [/^blocks\.(\d+)\.residual2\.dense([12])\./, "v.blocks.$1.mlp.fc$2."],
  [/^layerNorm1\./, "v.norm."],
  [/^layerNorm2\./, "mlp_head.0."],
  [/^dense\./, "mlp_head.1."],
];

/** The reference's name of a parameter of `spec/ast.ts`; undefined for a parameter that the reference does not have. */
export const referenceName = (name: string): string | undefined => {
  const rule = rules.find(([pattern]) => pattern.test(name));
  return rule && name.replace(rule[0], rule[1]);
};
