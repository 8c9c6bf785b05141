/** Initial values of parameters, each drawn from its own stream: adding a layer changes no other parameter. */
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { elements } from "../ir/shape.ts";
import type { State } from "../ir/graph.ts";

/** FNV-1a, 32 bits. */
const hash = (text: string): number => {
  let state = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) state = Math.imul(state ^ byte, 0x01000193);
  return state >>> 0;
};

/** Uniform in (0, 1). */
const uniform = (seed: number): (() => number) => {
  const generator = xoroshiro128plus(seed);
  return () => ((generator.next() >>> 0) + 0.5) / 2 ** 32;
};

/** Standard normal, by Box and Muller's transform. */
const normal = (draw: () => number): (() => number) => {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(draw()));
    const angle = 2 * Math.PI * draw();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
};

/** A state's initial values, row-major, determined by its name and `seed`. */
export const initialize = ({ value, initializer, fanIn }: State, seed: number): Float32Array => {
  const data = new Float32Array(elements(value.type.shape));
  const draw = uniform(hash(`${seed}/${value.name}`));
  switch (initializer.kind) {
    case "zeros":
      return data;
    case "ones":
      return data.fill(1);
    case "constant":
      return data.fill(initializer.value);
    case "uniformFanIn": {
      const bound = 1 / Math.sqrt(fanIn);
      return data.map(() => (2 * draw() - 1) * bound);
    }
    case "truncatedNormal": {
      const gauss = normal(draw);
      const { std } = initializer;
      for (let index = 0; index < data.length;) {
        const sample = gauss() * std;
        if (Math.abs(sample) <= 2) data[index++] = sample;
      }
      return data;
    }
  }
};
