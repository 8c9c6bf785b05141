/** The parameters of the official AST model, as torch names and orders them. */

/** What decides their shapes; the patch is 16 x 16. */
export interface ReferenceGeometry {
  readonly width: number;
  readonly depth: number;
  readonly bins?: number;
  readonly frames: number;
  readonly frequencyStride: number;
  readonly timeStride: number;
  readonly classes: number;
  /** Tokens before the patches: ["cls", "dist"] unless told. */
  readonly tokens?: readonly ("cls" | "dist")[];
}

export interface ReferenceParameter {
  readonly name: string;
  /** As torch has it: linear weights are [out, in]. */
  readonly shape: readonly number[];
}

const patchSize = 16;
const patchesAlong = (size: number, stride: number): number => Math.floor((size - patchSize) / stride) + 1;

const affine = (name: string, ...weightShape: readonly [number, ...number[]]): ReferenceParameter[] => [
  { name: `${name}.weight`, shape: weightShape },
  { name: `${name}.bias`, shape: [weightShape[0]] },
];

const block = (index: number, width: number): ReferenceParameter[] => {
  const name = `v.blocks.${index}`;
  return [
    ...affine(`${name}.norm1`, width),
    ...affine(`${name}.attn.qkv`, 3 * width, width),
    ...affine(`${name}.attn.proj`, width, width),
    ...affine(`${name}.norm2`, width),
    ...affine(`${name}.mlp.fc1`, 4 * width, width),
    ...affine(`${name}.mlp.fc2`, width, 4 * width),
  ];
};

/** Every parameter that the forward pass uses (DeiT's own heads, which AST leaves unused, are not among them). */
export const referenceParameters = ({
  width,
  depth,
  bins = 128,
  frames,
  frequencyStride,
  timeStride,
  classes,
  tokens = ["cls", "dist"],
}: ReferenceGeometry): ReferenceParameter[] => {
  const patches = patchesAlong(bins, frequencyStride) * patchesAlong(frames, timeStride);
  return [
    ...(tokens.includes("cls") ? [{ name: "v.cls_token", shape: [1, 1, width] }] : []),
    { name: "v.pos_embed", shape: [1, tokens.length + patches, width] },
    ...(tokens.includes("dist") ? [{ name: "v.dist_token", shape: [1, 1, width] }] : []),
    ...affine("v.patch_embed.proj", width, 1, patchSize, patchSize),
    ...Array.from({ length: depth }, (_, index) => block(index, width)).flat(),
    ...affine("v.norm", width),
    ...affine("mlp_head.0", width),
    ...affine("mlp_head.1", classes, width),
  ];
};
