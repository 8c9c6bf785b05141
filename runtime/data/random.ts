import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A stream of random numbers that its keys decide. */
export interface Random {
  /** Uniform in [from, to). */
  readonly uniform: (from: number, to: number) => number;
  /** A whole number from 0 up to `below`, exclusive. */
  readonly below: (below: number) => number;
  /** A new array with the items in random order. */
  readonly shuffle: <Item>(items: readonly Item[]) => Item[];
  /** Fills with uniforms in [0, 1) of 24 bits, as `torch.rand` gives. */
  readonly fill: (target: Float32Array) => void;
}

type Generator = ReturnType<typeof xoroshiro128plus>;

const toRandom = (generator: Generator): Random => {
  const uniform = (from: number, to: number) => from + (to - from) * uniformFloat64(generator);
  return {
    uniform,
    below: (below) => Math.floor(uniform(0, below)),
    shuffle: (items) =>
      items
        .map((item) => ({ item, key: uniform(0, 1) }))
        .sort((a, b) => a.key - b.key)
        .map(({ item }) => item),
    fill: (target) => {
      for (let index = 0; index < target.length; index++) target[index] = (generator.next() >>> 8) * 2 ** -24;
    },
  };
};

/** Different keys, however near each other, give unrelated streams. */
export const randomOf = (...keys: readonly number[]): Random => toRandom(xoroshiro128plus(keys.reduce(mix, 0)));

/** MurmurHash3's block step and finaliser, 32 bits. */
const mix = (hash: number, key: number): number => {
  let h = Math.imul(hash ^ Math.imul(key, 0xcc9e2d51), 5) + 0xe6546b64;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};
