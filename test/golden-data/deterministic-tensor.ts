/** Tensors that follow from a key alone: the reference values were made with these weights and inputs. */

/** 32-bit FNV-1a. */
export const fnv1a32 = (bytes: Uint8Array): number =>
  bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;

/** `count` values offset + u * scale, where u in [-1, 1) are the upper 24 bits of mulberry32 seeded with the key's FNV-1a hash. */
export const generateTensor = (key: string, count: number, scale: number, offset = 0): Float32Array => {
  const values = new Float32Array(count);
  let state = fnv1a32(new TextEncoder().encode(key)) | 0;
  for (let index = 0; index < count; index++) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    // Exact in double precision: one rounding, when the value is stored.
    values[index] = offset + (((mixed ^ (mixed >>> 14)) >>> 8) / 2 ** 23 - 1) * scale;
  }
  return values;
};

/** Scalars in a tensor of this shape. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

interface Distribution {
  readonly scale: number;
  readonly offset: number;
}

const embeddings = /(^|\.)(pos_embed|cls_token|dist_token)$/;
const layerNormWeights = /(^|\.)(norm|norm1|norm2|mlp_head\.0)\.weight$/;
const queryKeyValueWeights = /(^|\.)qkv\.weight$/;

/** Chosen so that attention is far from uniform and logits have a standard deviation near 1. */
const distributionOf = (torchName: string, shape: readonly number[]): Distribution => {
  if (embeddings.test(torchName)) return { scale: 0.35, offset: 0 };
  if (torchName.endsWith(".bias")) return { scale: 0.1, offset: 0 };
  if (layerNormWeights.test(torchName)) return { scale: 0.2, offset: 1 };
  const gain = queryKeyValueWeights.test(torchName) ? 1.5 : 1;
  return { scale: gain * Math.sqrt(3 / elementCount(shape.slice(1))), offset: 0 };
};

/** The value of a parameter, by its torch name (`v.blocks.0.attn.qkv.weight`, `blocks.0...`), torch shape and the case's tag. */
export const parameterValue = (torchName: string, shape: readonly number[], tag: string): Float32Array => {
  const { scale, offset } = distributionOf(torchName, shape);
  return generateTensor(`${torchName}#${tag}`, elementCount(shape), scale, offset);
};
