/** Google's ViT checkpoints (google-research/vision_transformer): JAX names, kernels as [in, out]. */
import type { TensorEntry } from "../readers/checkpoint.ts";
import { type Converted, type Layout, type Rule } from "./layout.ts";

const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** [rows, columns] -> [columns, rows]. */
const transposed = (values: Float32Array, rows: number, columns: number): Float32Array => {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column] ?? 0;
  }
  return result;
};

/** A kernel whose first `inputs` axes are the input: [in..., out...] -> [out, in]. */
const kernel =
  (inputs: number) =>
  (entry: TensorEntry): Converted => {
    const rows = size(entry.shape.slice(0, inputs));
    const columns = size(entry.shape.slice(inputs));
    return { shape: [columns, rows], read: () => transposed(entry.readFloat32(), rows, columns) };
  };

/** [height, width, channels, out] -> [out, channels, height, width]. */
const patchKernel = (entry: TensorEntry): Converted => {
  const [height = 1, width = 1, channels = 1, out = 1] = entry.shape;
  const read = (): Float32Array => {
    const byPlace = transposed(entry.readFloat32(), height * width, channels * out);
    const result = new Float32Array(byPlace.length);
    const plane = height * width;
    for (let channel = 0; channel < channels; channel++) {
      for (let unit = 0; unit < out; unit++) {
        const source = (channel * out + unit) * plane;
        result.set(byPlace.subarray(source, source + plane), (unit * channels + channel) * plane);
      }
    }
    return result;
  };
  return { shape: [out, channels, height, width], read };
};

const flat = (entry: TensorEntry): Converted => ({ shape: [size(entry.shape)], read: entry.readFloat32 });

const block = "Transformer/encoderblock_(\\d+)";
const attention = `${block}/MultiHeadDotProductAttention_1`;

const pair = (from: string, to: string, inputs: number, third?: 0 | 1 | 2): readonly Rule[] => [
  {
    pattern: new RegExp(`^${from}/kernel$`),
    to: `${to}.weight`,
    convert: kernel(inputs),
    ...(third === undefined ? {} : { third }),
  },
  { pattern: new RegExp(`^${from}/bias$`), to: `${to}.bias`, convert: flat, ...(third === undefined ? {} : { third }) },
];

const norm = (from: string, to: string): readonly Rule[] => [
  { pattern: new RegExp(`^${from}/scale$`), to: `${to}.weight` },
  { pattern: new RegExp(`^${from}/bias$`), to: `${to}.bias` },
];

const marker = "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/query/kernel";

export const googleVit: Layout = {
  name: "Google ViT",
  prefixes: [""],
  markers: [marker],
  grid: "square",
  facts: { activation: "gelu", norm: "beforePooling" },
  rules: [
    { pattern: /^cls$/, to: "v.cls_token" },
    { pattern: /^Transformer\/posembed_input\/pos_embedding$/, to: "v.pos_embed" },
    { pattern: /^embedding\/kernel$/, to: "v.patch_embed.proj.weight", convert: patchKernel },
    { pattern: /^embedding\/bias$/, to: "v.patch_embed.proj.bias" },
    ...norm(`${block}/LayerNorm_0`, "v.blocks.$1.norm1"),
    ...pair(`${attention}/query`, "v.blocks.$1.attn.qkv", 1, 0),
    ...pair(`${attention}/key`, "v.blocks.$1.attn.qkv", 1, 1),
    ...pair(`${attention}/value`, "v.blocks.$1.attn.qkv", 1, 2),
    ...pair(`${attention}/out`, "v.blocks.$1.attn.proj", 2),
    ...norm(`${block}/LayerNorm_2`, "v.blocks.$1.norm2"),
    ...pair(`${block}/MlpBlock_3/Dense_0`, "v.blocks.$1.mlp.fc1", 1),
    ...pair(`${block}/MlpBlock_3/Dense_1`, "v.blocks.$1.mlp.fc2", 1),
    ...norm("Transformer/encoder_norm", "v.norm"),
    { pattern: /^(head|pre_logits)\//, to: undefined },
  ],
  // The kernel is [width, heads, width / heads].
  readFacts: (_, __, tensors) => {
    const { shape = [] } = tensors.get(marker) ?? {};
    return shape.length === 3 && shape[1] !== undefined ? { heads: shape[1] } : {};
  },
};
